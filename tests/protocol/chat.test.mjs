// The chat: durable before it is acknowledged, each message once, in one order.
import assert from "node:assert/strict";

import { conformance, message, messageId, messages } from "./support.mjs";

conformance((test) => {
  test("`accepted: [{ id, seq, at }]`, sent once they are durable", async ({ join }) => {
    const a = await join("7");
    const batch = messages(3);
    const before = Date.now();
    const answer = await a.emit("chat", { messages: batch });
    assert.deepEqual(answer.accepted.map(({ id, seq }) => [id, seq]), batch.map(({ id }, n) => [id, n + 1]));
    for (const { at } of answer.accepted) assert.ok(Math.abs(at - before) < 60_000);
    assert.ok(!("error" in answer) && !("refusedId" in answer));
  });

  test("`chat { messages: [{ id, sender, seq, at, text }] }`", async ({ both }) => {
    const [a, b] = await both();
    const mine = message("<b>bold</b>\n\tand more \u{1f600}");
    const { accepted } = await a.emit("chat", { messages: [mine] });
    const [{ messages: heard }] = await b.until("chat", (all) => all.length > 0);
    assert.deepEqual(heard, [{ ...mine, sender: "7", seq: 1, at: accepted[0].at }]);
  });

  test("Nobody is sent an event of their own", async ({ both }) => {
    const [a, b] = await both();
    await a.emit("chat", { messages: [message("x")] });
    await a.emit("receipt", { user: "7", delivered: 1, read: 1 });
    await a.emit("typing", { on: true });
    await b.until("typing", (all) => all.length > 0);
    await a.emit("probe", null);
    assert.deepEqual(["chat", "receipt", "typing"].map((name) => a.of(name).length), [0, 0, 0]);
  });

  test("what the log has, it knows by ID", async ({ both }) => {
    const [a, b] = await both();
    const batch = messages(2);
    const first = await a.emit("chat", { messages: batch });
    const again = await a.emit("chat", { messages: [...batch, message("new")] });
    assert.deepEqual(again.accepted.slice(0, 2), first.accepted);
    assert.equal(again.accepted[2].seq, 3);
    const heard = await b.until("chat", (all) => all.length === 2);
    assert.deepEqual(heard.map(({ messages: some }) => some.map(({ seq }) => seq)), [[1, 2], [3]]);
  });

  test("what the log has, it knows by ID", async ({ join }) => {
    const a = await join("7");
    const twice = message("twice");
    const { accepted } = await a.emit("chat", { messages: [twice, twice] });
    assert.deepEqual(accepted.map(({ seq }) => seq), [1, 1]);
  }, "within a batch as well");

  test("at most 64; a `sender` other than the connection's user is `foreign-sender`", async ({ join }) => {
    const a = await join("7");
    assert.equal((await a.emit("chat", { messages: messages(64) })).accepted.length, 64);
    const { ok, error, accepted } = await a.emit("chat", { messages: messages(65) });
    assert.deepEqual([ok, error.code, accepted], [false, "too-large", undefined]);
  }, "64");

  test("at most 64; a `sender` other than the connection's user is `foreign-sender`", async ({ join }) => {
    const a = await join("7");
    assert.equal((await a.emit("chat", { messages: [{ ...message("x"), sender: "7" }] })).ok, true);
    const foreign = { ...message("x"), sender: "9" };
    const answer = await a.emit("chat", { messages: [foreign] });
    assert.deepEqual([answer.ok, answer.error.code, answer.refusedId], [false, "foreign-sender", foreign.id]);
  }, "the sender");

  test("an ID that the other's message has is `id-taken`", async ({ both }) => {
    const [a, b] = await both();
    const mine = message("mine");
    await a.emit("chat", { messages: [mine] });
    const answer = await b.emit("chat", { messages: [message("before"), { ...mine, text: "squatted" }, message("after")] });
    assert.deepEqual([answer.ok, answer.error.code, answer.error.retryable, answer.refusedId, answer.accepted.length], [false, "id-taken", false, mine.id, 1]);
  });

  test("with `error`, `refusedId` is the message that it is about, and nothing after it was looked at", async ({ both }) => {
    const [a, b] = await both();
    const [good, bad, later] = [message("good"), message(" \n"), message("later")];
    const answer = await a.emit("chat", { messages: [good, bad, later] });
    assert.deepEqual([answer.ok, answer.refusedId, answer.accepted.map(({ id }) => id)], [false, bad.id, [good.id]]);
    assert.deepEqual((await b.until("chat", (all) => all.length > 0))[0].messages.map(({ text }) => text), ["good"]);
    assert.equal((await a.emit("chat", { messages: [later] })).accepted[0].seq, 2);
  });

  for (const [detail, text] of [["nothing", ""], ["white space", " \t\n"], ["a NUL", "a\u0000"], ["an escape", "\u001b[0m"], ["8,001", "\u{1f600}".repeat(8_001)]]) {
    test("a text 8,000 Unicode scalar values", async ({ join }) => {
      const a = await join("7");
      assert.equal((await a.emit("chat", { messages: [message(text)] })).error.code, "bad-text");
    }, `not ${detail}`);
  }

  test("a text 8,000 Unicode scalar values", async ({ join }) => {
    const a = await join("7");
    assert.equal((await a.emit("chat", { messages: [message("\u{1f600}".repeat(8_000))] })).ok, true);
  }, "8,000 of two UTF-16 units");

  test("`storage-full` with `refusedId`, and those before it are written", async ({ both }) => {
    const [a, b] = await both();
    const text = "x".repeat(8_000);
    let last;
    // One MiB has room for 131 of them.
    for (let n = 0; n < 140 && last?.ok !== false; n += 10) last = await a.emit("chat", { messages: messages(10, () => text) });
    assert.deepEqual([last.ok, last.error.code, last.error.retryable], [false, "storage-full", true]);
    assert.equal(last.accepted.at(-1).seq, 131);
    assert.ok(last.refusedId);
    assert.equal((await b.emit("chat", { messages: [message("the other has room")] })).ok, true);
  });

  test("whose it is says the connection, whatever `user` says", async ({ both }) => {
    const [a, b] = await both();
    await a.emit("chat", { messages: messages(2) });
    assert.deepEqual(await b.emit("receipt", { user: "7", delivered: 2, read: 1 }), { ok: true });
    assert.deepEqual(await a.until("receipt", (all) => all.length > 0), [{ user: "9", delivered: 2, read: 1 }]);
  });

  test("Numbers never fall and never exceed `last`, and `delivered` is at least `read`", async ({ both }) => {
    const [a, b] = await both();
    await a.emit("chat", { messages: messages(3) });
    for (const [delivered, read] of [[99, 1], [1, 0], [0, 2], [99, 99]]) await b.emit("receipt", { user: "9", delivered, read });
    const heard = await a.until("receipt", (all) => all.length === 4);
    assert.deepEqual(heard.map(({ delivered, read }) => [delivered, read]), [[3, 1], [3, 1], [3, 2], [3, 3]]);
  });

  test("the newest with a smaller `seq`, at most `limit`, 200 and 96 KiB of text", async ({ join }) => {
    const a = await join("7");
    for (let n = 0; n < 4; n += 1) await a.emit("chat", { messages: messages(64) });
    const pages = [];
    for (const [before, limit] of [[201, 50], [3, 50], [1, 50], [10_000, 100_000], [5, 0]]) {
      const { messages: page = [], more = false } = await a.emit("history", { before, limit });
      pages.push([page[0]?.seq, page.at(-1)?.seq, page.length, more]);
    }
    assert.deepEqual(pages, [[151, 200, 50, true], [1, 2, 2, false], [undefined, undefined, 0, false], [57, 256, 200, true], [undefined, undefined, 0, false]]);
  });

  test("the newest with a smaller `seq`, at most `limit`, 200 and 96 KiB of text", async ({ join }) => {
    const a = await join("7");
    for (const one of messages(14, () => "x".repeat(8_000))) await a.emit("chat", { messages: [one] });
    const { messages: page, more } = await a.emit("history", { before: 15, limit: 100 });
    assert.deepEqual([page.length, page.at(-1).seq, more], [12, 14, true]);
  }, "96 KiB");

  test("a list that is empty is left out of acknowledgements, and nowhere else", async ({ join }) => {
    const a = await join("7");
    assert.deepEqual(await a.emit("history", { before: 1, limit: 10 }), { ok: true });
    assert.deepEqual(await a.emit("chat", { messages: [] }), { ok: true });
    assert.deepEqual(a.welcome.chat.messages, []);
  });

  test("All that concerns one session is relayed in order", async ({ both, server, join }) => {
    const [a, b] = await both();
    const said = [];
    await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        const { accepted } = await (n % 2 ? a : b).emit("chat", { messages: [message(`${n}`)] });
        said.push(accepted[0].seq);
      }),
    );
    const numbers = (client) => client.of("chat").flatMap(({ messages: some }) => some.map(({ seq }) => seq));
    await a.until("chat", () => numbers(a).length === 15);
    await b.until("chat", () => numbers(b).length === 15);
    for (const client of [a, b]) assert.deepEqual(numbers(client), numbers(client).toSorted((one, other) => one - other), server.url);
    assert.deepEqual(said.toSorted((one, other) => one - other), Array.from({ length: 30 }, (_, n) => n + 1));
    const page = (await join("7", { instance: a.instance })).welcome.chat;
    assert.equal(page.last, 30);
  }, "two who write at the same time");

  for (const [detail, body] of [["null", null], ["no list", { messages: 7 }], ["no UUID", { messages: [{ id: "x", text: "y" }] }], ["a UUID in capitals", { messages: [{ id: messageId().toUpperCase().replace(/\d/g, "A"), text: "y" }] }], ["a number as text", { messages: [{ id: messageId(), text: 7 }] }]]) {
    test("`too-large`, `rate-limited`, `foreign-sender`, `id-taken`, `not-joined`, `busy`, `storage-full`, `bad-text`", async ({ join }) => {
      const a = await join("7");
      assert.equal((await a.emit("chat", body)).error.code, "bad-request");
    }, `those above are bad-request: ${detail}`);
  }
}, { args: ["--chat-user-limit", "1"] });
