// What one connection and one user may send.
import assert from "node:assert/strict";

import { conformance, life, messages } from "./support.mjs";

/** More than a bucket holds, and than it is filled with while a slow machine sends them. */
const FLOOD = 5_000;

conformance((test) => {
  test("A connection may send 100 events a second and 400 at once (`--rate`)", async ({ join }) => {
    const a = await join("7");
    const answers = await Promise.all(Array.from({ length: 370 }, () => a.emit("probe", null)));
    assert.ok(answers.every(({ ok }) => ok), "a handshake counted as 20");
  });

  test("What is over is `rate-limited` with `afterMs`, an event as well as a handshake.", async ({ join }) => {
    const a = await join("7");
    const gone = a.gone();
    const answers = await Promise.all(Array.from({ length: FLOOD }, () => a.emit("probe", null).catch(() => undefined)));
    await gone;
    const refused = answers.filter((answer) => answer?.ok === false);
    // Some may get lost with the connection that is closed upon the third.
    assert.ok(refused.length <= 3, "After three refusals within ten seconds the server closes the connection");
    for (const { error } of refused) assert.ok(error.code === "rate-limited" && error.retryable && error.afterMs > 0, JSON.stringify(error));
  }, "an event");

  test("What is over is `rate-limited` with `afterMs`, an event as well as a handshake.", async ({ check, session }) => {
    const signal = { session, user: "7", instance: life(), attempt: 1, generation: 0, sequence: 1, body: "end" };
    const signals = Array.from({ length: 64 }, () => signal);
    // Each costs 84, and all are of one user: "and so may one user of a session on all of their connections together".
    const ends = await Promise.allSettled(Array.from({ length: 40 }, () => check("7", { signals })));
    const refused = ends.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
    assert.ok(refused.length > 0 && refused.length < 40, `${refused.length} of 40`);
    for (const { code, retryable, afterMs } of refused) assert.ok(code === "rate-limited" && retryable && afterMs > 0, code);
  }, "a handshake");

  test("A flood costs the flooder alone.", async ({ both }) => {
    const [a, b] = await both();
    const gone = a.gone();
    for (let n = 0; n < FLOOD; n += 1) a.socket.emit("typing", { on: true });
    await gone;
    assert.equal((await b.emit("chat", { messages: messages(1) })).ok, true);
    await b.until("peer", (all) => all.at(-1)?.presence === "away");
  });

  for (const [code, event, body] of [["bad-request", "delete", null], ["foreign-sender", "signal", undefined], ["too-large", "typing", { on: true, more: "x".repeat(50_000) }]]) {
    test("After three refusals within ten seconds (`rate-limited`, `bad-request`, `too-large`, `foreign-sender`, `not-joined`, `unauthorized`) the server closes the connection", async ({ join }) => {
      const a = await join("7");
      const gone = a.gone();
      const answers = await Promise.all([1, 2, 3].map(() => a.emit(event, body ?? (event === "signal" ? a.envelope("end", { user: "9" }) : null))));
      assert.deepEqual(answers.map(({ error }) => error.code), [code, code, code]);
      await gone;
    }, code);
  }

  test("After three refusals within ten seconds (`rate-limited`, `bad-request`, `too-large`, `foreign-sender`, `not-joined`, `unauthorized`) the server closes the connection", async ({ join }) => {
    const a = await join("7");
    for (let n = 0; n < 5; n += 1) assert.equal((await a.emit("chat", { messages: messages(1, () => "") })).error.code, "bad-text");
    assert.equal((await a.emit("probe", null)).ok, true);
  }, "a bad text is none of them");

  test("A handshake counts as 20, each signal in it as one, `history` as 20.", async ({ join }) => {
    const began = Date.now();
    const a = await join("7");
    let good = 0;
    let answer;
    for (; good < 200 && answer?.ok !== false; good += answer.ok ? 1 : 0) answer = await a.emit("history", { before: 1, limit: 1 });
    const most = (400 - 20 + ((Date.now() - began) / 1_000) * 100) / 20;
    assert.equal(answer.error?.code, "rate-limited");
    assert.ok(good >= 18 && good <= most + 1, `${good}, and ${most} are paid for`);
  });

  test("16 MiB of text of one user in one session (`--chat-user-limit`)", async ({ join }) => {
    const a = await join("7");
    const { ok, accepted } = await a.emit("chat", { messages: messages(5, () => "x".repeat(8_000)) });
    assert.deepEqual([ok, accepted.length], [true, 5]);
  }, "far from it nobody is refused; chat.test.mjs reaches a smaller limit");

  test("and so does a handshake that does not come within 8 s", async ({ server }) => {
    const socket = new (await import("ws")).default(`${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    socket.on("message", (text) => String(text) === "2" && socket.send("3"));
    await new Promise((resolve) => socket.once("close", resolve));
  });
});
