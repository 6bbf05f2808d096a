// The server goes and comes back: what flows is not touched, what was written arrives, seats are kept.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();

test("the server is killed and restarted in mid-call: the call goes on untouched, messages arrive in order", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await bothHear(a, LOW, b, HIGH);
  await a.says("before");
  await b.reads(["before"]);
  await two.server.kill("SIGKILL");
  await Promise.all([a.session("offline"), b.session("offline")]);
  for (const person of [a, b]) {
    assert.equal((await person.state()).voice.state, "connected");
    assert.match(await person.page.locator("#hint").textContent(), /Your call goes on/);
  }
  await a.click("Mute");
  await b.until((s) => s.peer.muted);
  await a.click("Mute");
  await a.says("one");
  await a.says("two");
  await b.says("three");
  // The data channel carries them meanwhile.
  for (const person of [a, b]) await person.until((s) => s.chat.messages.filter((m) => !m.saved).length === 3);
  assert.equal((await a.state()).chat.unsent, 2);
  await two.server.start();
  await Promise.all([a, b].map((p) => p.until((s) => s.session.state === "joined" && s.chat.unsent === 0)));
  await Promise.all([a, b].map((p) => p.until((s) => s.chat.messages.length === 4)));
  const [left, right] = await Promise.all([a, b].map(async (p) => (await p.state()).chat.messages.map((m) => m.text)));
  assert.deepEqual(left, right);
  assert.deepEqual(left.filter((text) => text !== "three"), ["before", "one", "two"]);
  await bothHear(a, LOW, b, HIGH);
  for (const person of [a, b]) assert.equal(await person.page.evaluate(() => globalThis.witness.connections.length), 1);
});

test("one leaves while the server is down: the other sees it over the link", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await bothHear(a, LOW, b, HIGH);
  await two.server.kill("SIGKILL");
  await Promise.all([a.session("offline"), b.session("offline")]);
  await a.click("Leave");
  await b.until((s) => s.peer.presence === "absent");
  await two.server.start();
});

test("the server is not there from the very start: messages wait, the call begins once it is", async () => {
  const here = fresh();
  const text = { query: { voice: "off" } };
  // The page is loaded while the server is there, and joins when it is gone.
  const a = await two.low("1", here(text));
  await a.session("joined");
  await two.server.kill("SIGKILL");
  await a.session("offline");
  await a.click("Leave");
  await a.session("ended");
  await a.click("Join again");
  await a.session("offline");
  // The demo's tokens come from the same server: it is the page's own request that failed.
  const { reason, cause } = (await a.state()).session;
  assert.deepEqual([reason, /^TypeError: /.test(cause)], ["token-failed", true], cause);
  await a.click("Turn voice on");
  await a.voice("starting");
  for (const line of ["one", "two", "three"]) await a.says(line);
  await a.until((s) => s.chat.unsent === 3);
  await two.server.start();
  await a.until((s) => s.session.state === "joined" && s.chat.unsent === 0);
  const b = await two.high("2", here());
  await b.reads(["one", "two", "three"]);
  await bothHear(a, LOW, b, HIGH);
});

test("a socket that breaks in mid-call comes back by itself and resumes its seat", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await bothHear(a, LOW, b, HIGH);
  for (const person of [a, b]) {
    const before = await person.page.evaluate(() => globalThis.witness.sockets.length);
    await person.page.evaluate(() => globalThis.witness.sockets.at(-1).close());
    await person.page.waitForFunction((count) => globalThis.witness.sockets.length > count, before);
    await person.session("joined");
  }
  await bothHear(a, LOW, b, HIGH);
  for (const person of [a, b]) {
    assert.equal(await person.page.evaluate(() => globalThis.witness.connections.length), 1);
    assert.equal((await person.held()).sockets, 1);
  }
  await a.says("still here");
  await b.reads(["still here"]);
});

test("the server restarts while one waits: the offer is there for the one who comes", async () => {
  for (const [first, second] of [["1", "2"], ["2", "1"]]) {
    const here = fresh();
    const early = await two.low(first, here({ query: { peer: second } }));
    await early.voice("waiting");
    await two.server.kill("SIGTERM");
    await early.session("offline");
    await two.server.start();
    await early.session("joined");
    const late = await two.high(second, here({ query: { peer: first } }));
    await bothHear(early, LOW, late, HIGH);
  }
});
