// What was never on the screen is not read: it waits where it begins, for whoever comes back.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Person, launch } from "./support/browser.mjs";
import { fresh } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";
import { TabPerson, launchTabs } from "./support/tabs.mjs";

const text = { query: { voice: "off" } };
let server;
let tabs;
let browser;
const people = [];

before(async () => {
  [server, tabs, browser] = await Promise.all([startServer(), launchTabs(), launch()]);
});
afterEach(() => Promise.all(people.splice(0).map((person) => person.close())));
after(async () => {
  await Promise.all([tabs?.close(), browser?.close()]);
  await server?.stop();
});

/** Two people who write; `open` brings the one who reads. */
async function writing(open) {
  const here = fresh(text);
  const both = await Promise.all([open(here), Person.open(browser, server, "2", here())]);
  people.push(...both);
  await Promise.all(both.map((person) => person.session("joined")));
  return both;
}
const inTab = (here) => TabPerson.open(tabs, server, "1", here());
const inPage = (here, init) => Person.open(browser, server, "1", here({ init }));

/** The second one says so many lines, which the first one's page has then. */
async function said([a, b], lines) {
  const before = (await a.state()).chat.messages.length;
  await b.page.evaluate((count) => {
    for (let i = 0; i < count; i += 1) globalThis.session.send(`line ${i}`);
  }, lines);
  await a.until((s, count) => s.chat.messages.length === count, before + lines);
}

/** Waits until the chip says so. */
const chip = (person, words) =>
  person.page.waitForFunction((wanted) => {
    const { hidden, textContent } = document.querySelector("pairvoice-session").shadowRoot.querySelector("#fresh");
    return wanted === "" ? hidden : !hidden && textContent === wanted;
  }, words);

/** Where the list stands: whether its end is in sight, and what is the first message of which all is. */
const place = (person) =>
  person.page.evaluate(() => {
    const list = document.querySelector("pairvoice-session").shadowRoot.querySelector("#messages");
    const { top } = list.getBoundingClientRect();
    const first = [...list.querySelectorAll(".message")].find((item) => item.getBoundingClientRect().top >= top);
    return { isEnd: list.scrollHeight - list.scrollTop - list.clientHeight < 2, first: first?.querySelector("p").textContent };
  });

/** Scrolls by what a wheel does. */
async function wheel(person, pixels) {
  const box = await person.page.evaluate(() => {
    const { x, y, width, height } = document.querySelector("pairvoice-session").shadowRoot.querySelector("#messages").getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  });
  await person.page.mouse.move(...box);
  // The one of a tab, and the one of a page.
  await (person instanceof TabPerson ? person.page.mouse.wheel({ deltaY: pixels }) : person.page.mouse.wheel(0, pixels));
}

const isRead = (person) => person.until((s) => s.chat.messages.filter((m) => m.own).every((m) => m.status === "read"));

test("what comes to a hidden tab waits where it begins, and is read once its end was in sight", async () => {
  const [a, b] = await writing(inTab);
  await said([a, b], 3);
  await isRead(b);
  await a.cover();
  await said([a, b], 30);
  await said([a, b], 10);
  await a.uncover();
  await chip(a, "40 new messages");
  assert.deepEqual(await place(a), { isEnd: false, first: "line 0" });
  assert.equal((await a.state()).chat.unread, 40);
  // What comes now moves nothing under one's eyes.
  await said([a, b], 1);
  await chip(a, "41 new messages");
  assert.deepEqual(await place(a), { isEnd: false, first: "line 0" });
  assert.equal((await b.state()).chat.messages.filter((m) => m.status === "read").length, 3);
  await wheel(a, 20_000);
  await isRead(b);
  await chip(a, "");
});

test("the chip takes whoever has seen where it begins to the end", async () => {
  const [a, b] = await writing(inTab);
  await a.cover();
  await said([a, b], 40);
  await a.uncover();
  await chip(a, "40 new messages");
  await a.page.evaluate(() => document.querySelector("pairvoice-session").shadowRoot.querySelector("#fresh").click());
  await isRead(b);
  assert.equal((await place(a)).isEnd, true);
});

test("what comes to a hidden tab and is all in sight when it comes back is read by that", async () => {
  const [a, b] = await writing(inTab);
  await said([a, b], 40);
  await isRead(b);
  await a.cover();
  await said([a, b], 1);
  assert.equal((await a.state()).chat.unread, 1);
  await a.uncover();
  await isRead(b);
  assert.equal((await place(a)).isEnd, true);
  // And what comes then is followed.
  await said([a, b], 10);
  await isRead(b);
  assert.equal((await place(a)).isEnd, true);
});

test("what was written while nobody was there waits where it begins, also after a reload, and what is read does not", async () => {
  const here = fresh(text);
  const b = await Person.open(browser, server, "2", here());
  people.push(b);
  await b.session("joined");
  await b.page.evaluate(() => {
    for (let i = 0; i < 40; i += 1) globalThis.session.send(`line ${i}`);
  });
  await b.until((s) => s.chat.unsent === 0);
  const a = await Person.open(browser, server, "1", here());
  people.push(a);
  await chip(a, "40 new messages");
  assert.deepEqual(await place(a), { isEnd: false, first: "line 0" });
  await a.page.reload();
  await chip(a, "40 new messages");
  assert.deepEqual(await place(a), { isEnd: false, first: "line 0" });
  await wheel(a, 20_000);
  await isRead(b);
  await a.page.reload();
  await a.session("joined");
  await a.until((s) => s.chat.messages.length === 40);
  await chip(a, "");
  await a.page.waitForFunction(() => {
    const list = document.querySelector("pairvoice-session").shadowRoot.querySelector("#messages");
    return list.scrollHeight - list.scrollTop - list.clientHeight < 2;
  });
});

test("what comes while the page shows something else in the panel's place waits, too", async () => {
  const [a, b] = await writing(inPage);
  const compact = (on) =>
    a.page.evaluate(async (isCompact) => {
      document.querySelector("pairvoice-session").toggleAttribute("compact", isCompact);
      // The browser has drawn it, and told so.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))));
    }, on);
  await compact(true);
  await said([a, b], 40);
  assert.equal((await a.state()).chat.unread, 40);
  await compact(false);
  await chip(a, "40 new messages");
  assert.deepEqual(await place(a), { isEnd: false, first: "line 0" });
});

test("on a phone the tab of the call says how many messages wait there, until they are seen, also after the end", async () => {
  const [a, b] = await writing((here) => Person.open(browser, server, "1", here({ context: { viewport: { width: 375, height: 740 } } })));
  const tab = (name) => a.page.getByRole("button", { name, exact: true });
  await a.click("Code");
  await said([a, b], 1);
  await tab("Voice and chat 1 new message").waitFor();
  await said([a, b], 1);
  await tab("Voice and chat 2 new messages").click();
  await tab("Voice and chat").waitFor();
  await isRead(b);
  await a.click("Code");
  await said([a, b], 1);
  await tab("Voice and chat 1 new message").waitFor();
  await a.click("Leave");
  await a.session("ended");
  await tab("Voice and chat 1 new message").click();
  await tab("Voice and chat").waitFor();
});

test("a window that is visible follows what comes, and tells that it is read when it is used again", async () => {
  const [a, b] = await writing((here) => inPage(here, "document.hasFocus = () => globalThis.isUsed === true;"));
  await said([a, b], 40);
  await a.page.waitForFunction(() => {
    const list = document.querySelector("pairvoice-session").shadowRoot.querySelector("#messages");
    return list.scrollHeight > list.clientHeight && list.scrollHeight - list.scrollTop - list.clientHeight < 2;
  });
  assert.equal((await a.state()).chat.unread, 40);
  await a.page.evaluate(() => {
    globalThis.isUsed = true;
    dispatchEvent(new Event("focus"));
  });
  await isRead(b);
});

test("what a session that was taken over left unread is told by the title until it was seen", async () => {
  const here = fresh(text);
  const [a, b] = await Promise.all([TabPerson.open(tabs, server, "1", here()), Person.open(browser, server, "2", here())]);
  people.push(a, b);
  await Promise.all([a.session("joined"), b.session("joined")]);
  await a.cover();
  await said([a, b], 2);
  const title = (pattern) => a.page.waitForFunction((wanted) => new RegExp(wanted).test(document.title), pattern);
  await title("^\\(2\\) ");
  people.push(await Person.open(browser, server, "1", here()));
  await a.session("ended");
  await title("^\\(2\\) ");
  await a.uncover();
  await wheel(a, 20_000);
  await title("^[^(]");
  await chip(a, "");
});
