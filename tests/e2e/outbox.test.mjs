// What was typed is sent once, whatever happens to the page, the server or the network meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";

import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";
import { bothHear } from "./support/browser.mjs";

const two = pair();
const textOnly = { query: { voice: "off" } };

test("typed offline, tab closed, opened again, online: delivered once and in order", async () => {
  const here = fresh();
  const a = await two.low("1", here(textOnly));
  await a.session("joined");
  await a.goOffline();
  for (const line of ["one", "two"]) await a.says(line);
  await a.until((s) => s.chat.unsent === 2 && s.chat.durable === true);
  // What the page shows as kept is kept once the browser has written it.
  await a.page.waitForFunction(stored, 2);
  await a.page.close();
  await a.newPage();
  await a.visit();
  await a.until((s) => s.session?.state === "joined" && s.chat.unsent === 0 && s.chat.messages.length === 2);
  const b = await two.high("2", here(textOnly));
  await Promise.all([a.reads(["one", "two"]), b.reads(["one", "two"])]);
  await a.page.waitForFunction(stored, 0);
});

test("what is unsent is shown before the log is there, and the log comes before it", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here(textOnly)), two.high("2", here(textOnly))]);
  await b.says("from the log");
  await a.reads(["from the log"]);
  await a.goOffline();
  await a.says("unsent");
  await a.page.waitForFunction(stored, 1);
  await a.context.addInitScript(() => globalThis.witness.cut(true));
  await a.page.reload();
  await a.reads(["unsent"]);
  await a.goOnline();
  for (const person of [a, b]) await person.reads(["from the log", "unsent"]);
});

test("what one tab left unsent goes out from the tab that took over", async () => {
  const here = fresh();
  const a = await two.low("1", here(textOnly));
  await a.session("joined");
  await a.goOffline();
  await a.says("from the first tab");
  await a.page.waitForFunction(stored, 1);
  const second = await a.context.newPage();
  await second.goto(a.address);
  await second.waitForFunction(() => globalThis.session?.getState().chat.messages[0]?.saved);
  await a.says("and one more");
  await a.until((s) => s.chat.unsent === 2);
  await a.goOnline();
  await a.session("ended");
  await second.waitForFunction(() => {
    const { messages, unsent } = globalThis.session.getState().chat;
    return unsent === 0 && messages.map((m) => m.text).join() === "from the first tab,and one more";
  });
});

test("the server is killed in mid-call: the chat goes on over the data channel and is durable later, equal on both sides", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await bothHear(a, LOW, b, HIGH);
  await two.server.kill();
  await Promise.all([a.session("offline"), b.session("offline")]);
  await a.says("over the call");
  await b.reads(["over the call"]);
  await b.says("and back");
  for (const person of [a, b]) {
    await person.reads(["over the call", "and back"]);
    const { messages } = (await person.state()).chat;
    assert.ok(messages.every((m) => !m.saved && m.seq === null), "only the data channel can have brought it");
    assert.match(await person.page.locator("#messages").textContent(), /not saved yet/);
  }
  await a.until((s) => s.chat.messages.filter((m) => m.own).every((m) => ["delivered", "read"].includes(m.status)));
  await a.page.getByLabel("Message", { exact: true }).pressSequentially("hi");
  await b.page.getByText("1 is typing …").waitFor();
  await two.server.start();
  for (const person of [a, b]) {
    await person.until((s) => s.session.state === "joined" && s.chat.unsent === 0 && s.chat.messages.every((m) => m.saved));
  }
  const [left, right] = await Promise.all([a, b].map(async (p) => (await p.state()).chat.messages.map((m) => `${m.seq} ${m.id}`)));
  assert.deepEqual(left, right);
  assert.equal(left.length, 2);
  await bothHear(a, LOW, b, HIGH);
});

test("without IndexedDB the chat works from memory and says so", async () => {
  const here = fresh({ init: 'Object.defineProperty(globalThis, "indexedDB", { value: undefined });' });
  const a = await two.low("1", here(textOnly));
  await a.until((s) => s.session?.state === "joined" && s.chat.durable === false);
  await a.page.getByText("This browser keeps no unsent messages").waitFor();
  await a.says("from memory");
  await a.until((s) => s.chat.messages[0]?.saved);
});

/** Runs in the page: this origin's outbox holds so many messages. */
function stored(wanted) {
  return new Promise((resolve) => {
    const opening = indexedDB.open("pairvoice");
    opening.onsuccess = () => {
      const counting = opening.result.transaction("outbox").objectStore("outbox").count();
      counting.onsuccess = () => {
        opening.result.close();
        resolve(counting.result === wanted);
      };
    };
  });
}
