// What browsers do with pages that nobody looks at: they are slowed down, frozen, or kept for the way back.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";
import { TabPerson, launchTabs } from "./support/tabs.mjs";

let server;
let browsers;
const people = [];

before(async () => {
  [server, ...browsers] = await Promise.all([startServer(), launchTabs({ hertz: LOW }), launchTabs({ hertz: HIGH })]);
});
afterEach(() => Promise.all(people.splice(0).map((person) => person.close())));
after(async () => {
  await Promise.all((browsers ?? []).map((browser) => browser.close()));
  await server?.stop();
});

async function call(names) {
  const here = fresh()();
  const both = await Promise.all(browsers.map((browser, side) => TabPerson.open(browser, server, names[side], here)));
  people.push(...both);
  await bothHear(both[0], LOW, both[1], HIGH);
  return both;
}

const says = (person, text) => person.page.evaluate((line) => globalThis.session.send(line), text);
const has = (person, text) => person.until((s, line) => s.chat.messages.some((m) => m.text === line && m.saved), text);

for (const names of [["1", "2"], ["2", "1"]]) {
  const role = names[0] === "1" ? "offerer" : "answerer";

  test(`the ${role}'s tab is hidden: the call goes on, and what is written arrives`, async () => {
    const [a, b] = await call(names);
    await a.cover();
    await b.hears(LOW);
    await says(b, "to a hidden page");
    await has(a, "to a hidden page");
    await says(a, "from a hidden page");
    await has(b, "from a hidden page");
    await a.uncover();
    await bothHear(a, LOW, b, HIGH);
    for (const person of [a, b]) assert.equal(await person.page.evaluate(() => globalThis.witness.connections.length), 1);
  });

  test(`the ${role}'s tab is frozen and thawed: it is brought up to date instead of leaving`, async () => {
    const [a, b] = await call(names);
    await a.cover();
    await a.lifecycle("frozen");
    await says(b, "to a frozen page");
    await b.until((s) => s.chat.unsent === 0);
    // The server goes, which a frozen page can't see.
    await server.kill("SIGKILL");
    await b.session("offline");
    await server.start();
    await b.session("joined");
    await says(b, "later");
    await a.lifecycle("active");
    await a.uncover();
    await has(a, "later");
    await a.session("joined");
    await bothHear(a, LOW, b, HIGH);
    for (const person of [a, b]) assert.equal(await person.witnessed("prompts"), 1);
  });

  test(`the ${role} goes to another page and comes back by the browser's cache: the call begins anew by itself`, async () => {
    const [a, b] = await call(names);
    await a.page.evaluate(() => {
      globalThis.kept = true;
      addEventListener("pageshow", (event) => (globalThis.persisted = event.persisted));
    });
    await a.page.goto(`${server.url}/healthz`);
    await b.until((s) => s.peer.presence === "absent" && s.voice.state === "waiting");
    await a.page.goBack();
    await a.page.waitForFunction(() => globalThis.session);
    await bothHear(a, LOW, b, HIGH);
    assert.equal(await a.page.evaluate(() => globalThis.kept && globalThis.persisted), true, "it was kept, not loaded anew");
  });
}
