// pairvoice/yjs: two documents and two awarenesses are the same, whatever breaks, and no more is sent than that takes.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Awareness } from "y-protocols/awareness";
import { Doc, encodeStateAsUpdate } from "yjs";

import { PairvoiceProvider } from "../../npm/yjs.js";
import { meet, page, pages, quiet, until } from "./support/pages.mjs";

const MIB = 1024 * 1024;
/** Heads of pieces: the first, the last, and the number above these. */
const [FIRST, LAST, SECOND] = [1, 2, 1 << 2];

const docs = new Set();
afterEach(() => {
  for (const doc of docs) doc.destroy();
  docs.clear();
});

/** A document of so many MiB, in few insertions. */
function document(size = 0, letter = "a") {
  const doc = new Doc();
  docs.add(doc);
  for (let count = 0; count < size; count += 1) doc.getText(letter).insert(0, letter.repeat(MIB));
  return doc;
}

const text = (doc, name = "a") => doc.getText(name).length;

function write(doc, words) {
  doc.getText("a").insert(0, words);
}

/** Somebody of a name in a page. */
function joins(session, doc, name, options) {
  const provider = new PairvoiceProvider(session, doc, options);
  provider.awareness.setLocalState({ name });
  return provider;
}

const names = ({ awareness }) => [...awareness.getStates()].filter(([client]) => client !== awareness.clientID).map(([, { name }]) => name);
const sees = (provider, name) => until(`${name} to be seen`, () => names(provider).includes(name));
const sync = (...providers) => until("both to have all", () => providers.every(({ synced }) => synced));

test("ten MiB on both sides arrive on both, once", async () => {
  const [a, b] = pages();
  const [one, two] = [document(10, "a"), document(10, "b")];
  const providers = [joins(a, one, "one"), joins(b, two, "two")];
  await sync(...providers);
  await quiet(a, b);
  for (const doc of [one, two]) assert.deepEqual([text(doc, "a"), text(doc, "b")], [10 * MIB, 10 * MIB]);
  for (const { sent, refused } of [a, b]) {
    assert.deepEqual(refused, []);
    assert.ok(sent < 10.5 * MIB, `${sent} bytes were sent`);
  }
});

test("who comes later gets ten MiB, and only what they lack the next time", async () => {
  const [a, b] = pages();
  const [one, two] = [document(10), document()];
  const here = joins(a, one, "one");
  await quiet(a, b);
  const there = joins(b, two, "two");
  await sync(here, there);
  await quiet(a, b);
  assert.equal(text(two), 10 * MIB);
  assert.ok(a.sent < 10.5 * MIB && b.sent < MIB, `${a.sent} and ${b.sent} bytes were sent`);
  there.destroy();
  write(one, "apart");
  joins(b, two, "two again");
  await until("what was written apart", () => text(two) === text(one));
  await quiet(a, b);
  assert.ok(a.sent < 10.5 * MIB && b.sent < MIB, `${a.sent} and ${b.sent} bytes were sent`);
});

test("what is written while much is sent comes after it, and cursors come beside it", async () => {
  const [a, b] = pages();
  const [one, two] = [document(10), document()];
  const here = joins(a, one, "one");
  const there = joins(b, two, "two");
  await until("the document to be under way", () => a.sent > MIB);
  write(one, "meanwhile");
  here.awareness.setLocalState({ name: "one writes" });
  await sees(there, "one writes");
  assert.equal(text(two), 0, "the document is still under way");
  await until("all of the text", () => text(two) === text(one));
  assert.ok(a.sent < 10.5 * MIB, `${a.sent} bytes were sent`);
});

test("a provider that is made anew shows its cursor at once, in the same page and in another one", async () => {
  const [a, b] = pages();
  const [one, two] = [document(), document()];
  const here = joins(a, one, "one");
  let there = joins(b, two, "two");
  for (let count = 0; count < 9; count += 1) there.awareness.setLocalState({ name: `two ${count}` });
  await sees(here, "two 8");
  there.destroy();
  there = joins(b, two, "the same page");
  await sees(here, "the same page");
  await sees(there, "one");
  b.end();
  assert.deepEqual(names(there), []);
  there.destroy();
  const next = page();
  there = joins(next, two, "another page");
  meet(a, next);
  await sees(here, "another page");
  await sees(there, "one");
});

test("one that was destroyed is gone there, and says nothing more", async () => {
  const [a, b] = pages();
  const here = joins(a, document(), "one");
  const there = joins(b, document(9), "two");
  await sees(here, "two");
  await until("the document to be under way", () => b.sent > MIB);
  const before = b.calls;
  there.destroy();
  there.destroy();
  assert.equal(b.calls, before + 1);
  await until("two to be gone", () => names(here).length === 0);
  b.sees("away");
  b.sees("present");
  write(there.doc, "alone");
  await quiet(a, b);
  assert.equal(b.calls, before + 1);
  assert.equal(here.synced, false);
});

test("an awareness of another document keeps its own state when the other goes", async () => {
  const [a, b] = pages();
  const one = document();
  const awareness = new Awareness(document());
  const here = joins(a, one, "one", { awareness });
  const there = joins(b, document(), "two");
  await sees(here, "two");
  await sees(there, "one");
  a.sees("absent");
  assert.deepEqual(names(here), []);
  assert.deepEqual(awareness.getLocalState(), { name: "one" });
  a.sees("present");
  await sees(here, "two");
  here.destroy();
  await until("one to be gone", () => names(there).length === 0);
  assert.deepEqual(awareness.getLocalState(), { name: "one" }, "it goes on");
});

test("the other goes in the middle of a long message, and gets all when they are there again", async (t) => {
  const returns = {
    "the same page, whose connection broke off": (a, b) => {
      for (const one of [a, b]) one.sees("away");
      return () => meet(a, b);
    },
    "the same page, which had said goodbye": (a, b) => {
      a.sees("absent");
      return () => meet(a, b);
    },
    "another page with the same document": (a, b, doc) => {
      a.sees("absent");
      b.end();
      return () => {
        const next = page();
        joins(next, doc, "two");
        meet(a, next);
        return next;
      };
    },
    "another page that took its place": (a, b, doc) => () => {
      const next = page();
      joins(next, doc, "two");
      meet(a, next);
      return next;
    },
  };
  for (const [name, goes] of Object.entries(returns)) {
    await t.test(name, async () => {
      const [a, b] = pages();
      const [one, two] = [document(9), document()];
      const here = joins(a, one, "one");
      joins(b, two, "two");
      await until("half of it", () => a.sent > 4 * MIB);
      a.moves(true);
      const back = goes(a, b, two);
      write(one, "meanwhile");
      await quiet(a, b);
      const last = back() ?? b;
      a.moves(false);
      await until("all of it", () => text(two) === text(one));
      await sync(here);
      await sees(here, "two");
      await quiet(a, last);
      assert.ok(a.sent < 15 * MIB, `${a.sent} bytes were sent`);
    });
  }
});

test("where the app's own data fills the queue, all arrives once there is room, and little of it twice", async () => {
  const [a, b] = pages();
  const [one, two] = [document(9), document()];
  const here = joins(a, one, "one");
  const there = joins(b, two, "two");
  await until("half of it", () => a.sent > 4 * MIB);
  a.full = 4;
  await until("refusals", () => a.refused.length === a.full);
  await until("all of it", () => text(two) === text(one));
  await sync(here, there);
  await quiet(a, b);
  assert.ok(a.sent < 15 * MIB && b.sent < MIB, `${a.sent} and ${b.sent} bytes were sent`);
});

test("what is written while nothing gets through waits in few pieces", async () => {
  const [a, b] = pages();
  const [one, two] = [document(1), document()];
  await sync(joins(a, one, "one"), joins(b, two, "two"));
  await quiet(a, b);
  a.sees("away");
  a.moves(true);
  const before = a.calls;
  for (let count = 0; count < 2_000; count += 1) write(one, "x");
  for (let count = 0; count < 12; count += 1) write(one, "y".repeat(MIB));
  one.getText("a").delete(5, 7);
  const waiting = a.calls - before;
  assert.ok(waiting < 20, `${waiting} pieces`);
  a.moves(false);
  await until("all of it", () => text(two) === text(one));
  assert.equal(two.getText("a").toString() === one.getText("a").toString(), true);
  assert.deepEqual(a.refused, []);
});

test("what can't be read changes nothing, and is not called all", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const error = t.mock.method(console, "error", () => {});
  const [a, b] = pages();
  const two = document();
  const there = joins(b, two, "two");
  const update = encodeStateAsUpdate(document(1));
  const step = (content) => [0, 1, 0x80 | (content.length & 127), 0x80 | ((content.length >> 7) & 127), content.length >> 14, ...content];
  const say = (head, bytes) => b.take("yjs", Uint8Array.from([head, ...bytes]));
  const whole = step(update.slice(0, 60_000));
  say(FIRST | LAST, whole);
  assert.equal(warn.mock.callCount(), 1, "a second step that ends too early");
  say(FIRST, whole.slice(0, 9));
  say(LAST | (SECOND * 2), whole.slice(9));
  say(LAST | SECOND, whole.slice(9));
  assert.equal(warn.mock.callCount(), 1, "one with a hole is not put together");
  say(FIRST | LAST, [2, 0, 3, 9, 9, 9]);
  assert.equal(warn.mock.callCount(), 2, "a first step that is none");
  assert.equal(there.synced, false);
  assert.equal(text(two), 0);
  two.on("update", () => {
    throw new Error("of the app");
  });
  joins(a, document(1), "one");
  await sync(there);
  assert.equal(text(two), MIB);
  assert.equal(error.mock.callCount(), 1, "a listener's failure is told");
});

test("a document that is too large is not sent at all", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const [a, b] = pages();
  const here = joins(a, document(33), "one");
  const there = joins(b, document(), "two");
  await sync(here);
  await sees(there, "one");
  write(here.doc, "more");
  await quiet(a, b);
  assert.ok(warn.mock.callCount() >= 1);
  assert.equal(there.synced, false);
  assert.ok(a.sent < MIB, `${a.sent} bytes were sent`);
});

test("a topic that is none is said at once", () => {
  const [a] = pages();
  for (const topic of ["x".repeat(129), "é".repeat(65), 7, null]) {
    assert.throws(() => joins(a, document(), "one", { topic }), { name: "PairvoiceError", code: "invalid-options" });
  }
  joins(a, document(), "one", { topic: "é".repeat(64) });
});

test("what is refused for good is said once, and not tried again", async (t) => {
  const error = t.mock.method(console, "error", () => {});
  const [a, b] = pages();
  let calls = 0;
  a.sendData = () => {
    calls += 1;
    return Promise.reject(Object.assign(new Error("no"), { code: "invalid-options" }));
  };
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const here = joins(a, document(), "one");
  await until("a refusal", () => calls > 0);
  await quiet(a, b);
  const before = calls;
  for (let second = 0; second < 5; second += 1) {
    t.mock.timers.tick(1_000);
    a.sees("away");
    a.sees("present");
    write(here.doc, "more");
    await quiet(a, b);
  }
  assert.equal(calls, before);
  // Node's own warning of timers that are a test's goes there, too.
  assert.equal(error.mock.calls.filter(({ arguments: [said] }) => said.startsWith("pairvoice")).length, 1);
});
