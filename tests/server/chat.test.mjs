// The chat log by the official client: durable before it is acknowledged, each message once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startServer } from "../e2e/support/server.mjs";
import { instance, join, messageId, rejoin } from "./support.mjs";

let server;
let sessions = 0;
const fresh = () => `c-${(sessions += 1)}`;
const message = (text) => ({ id: messageId(), text });

before(async () => {
  server = await startServer();
});
after(() => server.stop());

test("what is acknowledged survives SIGKILL, and a repeated message is written once", async () => {
  const session = fresh();
  const me = instance();
  const messages = [message("one"), message("two")];
  let a = await join(server, session, "7", { auth: { instance: me } });
  const { log } = a.welcome.chat;
  const first = await a.emit("chat", { messages });
  assert.deepEqual(first.accepted.map((m) => m.seq), [1, 2]);
  await server.kill("SIGKILL");
  await server.start();
  a = await join(server, session, "7", { auth: { instance: me, since: 1, log } });
  assert.equal(a.welcome.chat.log, log);
  assert.deepEqual(a.welcome.chat.messages.map((m) => [m.seq, m.text]), [[2, "two"]]);
  const again = await a.emit("chat", { messages: [...messages, message("three")] });
  assert.deepEqual(again.accepted.map((m) => m.seq), [1, 2, 3]);
  a.leave();
});

test("another log than the client knows gives everything anew", async () => {
  const session = fresh();
  const a = await join(server, session, "7", { auth: { since: 99, log: "another" } });
  await a.emit("chat", { messages: [message("one")] });
  const b = await join(server, session, "9", { auth: { since: 99, log: "another" } });
  assert.equal(b.welcome.chat.messages.length, 1);
  a.leave();
  b.leave();
});

test("bad texts are refused, what came before them is kept, nothing is shown to the other", async () => {
  const session = fresh();
  const a = await join(server, session, "7");
  const b = await join(server, session, "9");
  for (const text of ["", "   ", "x".repeat(8001), "a\u0000b"]) {
    const good = message("good");
    const bad = message(text);
    const answer = await a.emit("chat", { messages: [good, bad, message("after")] });
    assert.equal(answer.ok, false);
    assert.deepEqual(answer.accepted.map((m) => m.id), [good.id]);
    assert.equal(answer.refusedId, bad.id);
    assert.equal(answer.error.code, "bad-text");
    assert.equal(answer.error.retryable, false);
  }
  const many = { messages: Array.from({ length: 65 }, () => message("x")) };
  const texts = [null, { messages: 7 }, { messages: [{ id: "x", text: "y" }] }, { messages: [{ id: messageId(), text: 7 }] }];
  for (const [garbage, code] of [...texts.map((text) => [text, "bad-request"]), [many, "too-large"]]) {
    const c = await join(server, fresh(), "7");
    assert.equal((await c.emit("chat", garbage)).error.code, code);
    c.leave();
  }
  await b.until("chat", (all) => all.length === 4);
  assert.ok(b.of("chat").every(({ messages }) => messages.every((m) => m.text === "good" && m.sender === "7")));
  a.leave();
  b.leave();
});

test("an ID of the other's is refused, and so is a foreign sender; nothing of it is shown", async () => {
  const session = fresh();
  const [a, b] = [await join(server, session, "7"), await join(server, session, "9")];
  const shared = message("mine");
  await a.emit("chat", { messages: [shared] });
  const [before, after] = [message("before"), message("after")];
  const answer = await b.emit("chat", { messages: [before, { ...shared, text: "squatted" }, after] });
  assert.deepEqual([answer.ok, answer.error.code, answer.error.retryable], [false, "id-taken", false]);
  assert.deepEqual([answer.refusedId, answer.accepted.map((m) => m.id)], [shared.id, [before.id]]);
  const foreign = await b.emit("chat", { messages: [{ ...message("as 7"), sender: "7" }] });
  assert.deepEqual([foreign.error.code, foreign.error.retryable], ["foreign-sender", false]);
  assert.equal((await b.emit("chat", { messages: [{ ...after, sender: "9" }] })).ok, true);
  const page = await a.emit("history", { before: 100, limit: 10 });
  assert.deepEqual(page.messages.map((m) => [m.sender, m.text]), [["7", "mine"], ["9", "before"], ["9", "after"]]);
  a.leave();
  b.leave();
});

test("a log that was set back and went on is not taken for the one that the client knows", async () => {
  const session = fresh();
  const me = instance();
  const a = await join(server, session, "7", { auth: { instance: me } });
  const [one, two] = [message("one"), message("two")];
  await a.emit("chat", { messages: [one, two] });
  const { log } = a.welcome.chat;
  a.leave();
  const known = await join(server, session, "7", { auth: { instance: me, log, since: 2, tip: two.id } });
  assert.deepEqual([known.welcome.chat.since, known.welcome.chat.messages], [2, []]);
  known.leave();
  const other = await join(server, session, "7", { auth: { instance: me, log, since: 2, tip: messageId() } });
  assert.deepEqual([other.welcome.chat.since, other.welcome.chat.messages.length], [0, 2]);
  other.leave();
  const short = await join(server, session, "7", { auth: { instance: me, log, since: 3 } });
  assert.deepEqual([short.welcome.chat.since, short.welcome.chat.messages.length], [0, 2]);
  short.leave();
});

test("a flood is refused with a time to wait; what was acknowledged stays, and so does the other", async () => {
  const session = fresh();
  const [a, b] = [await join(server, session, "7"), await join(server, session, "9")];
  const flood = Array.from({ length: 1_500 }, (_, n) => message(`flood ${n}`));
  const gone = a.gone();
  const answers = await Promise.all(flood.map((m) => a.emit("chat", { messages: [m] }).catch(() => undefined)));
  await gone;
  const refused = answers.filter((answer) => answer?.ok === false);
  assert.equal(refused.length, 3, "the third refusal is the last");
  for (const { error } of refused) {
    assert.deepEqual([error.code, error.retryable], ["rate-limited", true]);
    assert.ok(error.afterMs > 0, JSON.stringify(error));
  }
  const back = await rejoin(server, session, "7", { auth: { instance: a.instance } });
  const last = message("after the flood");
  for (let answer; !answer?.ok; ) {
    answer = await back.emit("chat", { messages: [last] });
    assert.ok(answer.ok || answer.error.retryable, JSON.stringify(answer));
    // Whoever does not wait as told is hung up on.
    if (!answer.ok) await new Promise((resolve) => setTimeout(resolve, answer.error.afterMs));
  }
  const heard = (await b.until("chat", (all) => all.some((d) => d.messages.some((m) => m.id === last.id)))).flatMap((d) => d.messages);
  assert.deepEqual(heard.map((m) => m.seq), heard.map((_, n) => n + 1), "in the log's order, without a hole");
  const known = new Set(heard.map((m) => m.id));
  for (const { id } of answers.flatMap((answer) => answer?.accepted ?? [])) assert.ok(known.has(id));
  back.leave();
  b.leave();
});

test("receipts never fall, never exceed the log, and are there for the next welcome", async () => {
  const session = fresh();
  const [a, b] = [await join(server, session, "7"), await join(server, session, "9")];
  await a.emit("chat", { messages: [message("one"), message("two")] });
  await b.emit("receipt", { user: "7", delivered: 99, read: 1 });
  await b.emit("receipt", { user: "9", delivered: 1, read: 0 });
  const receipts = await a.until("receipt", (all) => all.length === 2);
  assert.deepEqual(receipts.at(-1), { user: "9", delivered: 2, read: 1 });
  const again = await join(server, session, "7");
  assert.deepEqual(again.welcome.chat.receipts, [{ user: "9", delivered: 2, read: 1 }]);
  for (const client of [a, b, again]) client.leave();
});
