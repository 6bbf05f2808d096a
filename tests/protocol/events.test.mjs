// Voice, typing, probes, and what is no event.
import assert from "node:assert/strict";

import { conformance } from "./support.mjs";

conformance((test, server) => {
  test("Each is acknowledged with `{ ok, … }`", async ({ join }) => {
    const a = await join("7");
    assert.deepEqual(await a.emit("voice", { on: true, muted: false, microphone: "off", state: "waiting" }), { ok: true });
    assert.deepEqual(await a.emit("typing", { on: true }), { ok: true });
  });

  test("An event has one argument, its body, and asks for an acknowledgement; without one it is done as well.", async ({ both }) => {
    const [a, b] = await both();
    b.socket.emit("typing", { on: true });
    assert.deepEqual(await a.until("typing", (all) => all.length > 0), [{ on: true }]);
  });

  test("whether the socket lives: acknowledged at once", async ({ join }) => {
    const a = await join("7");
    for (const body of [null, {}]) assert.deepEqual(await a.emit("probe", body), { ok: true });
  });

  test("`{ on, muted, microphone, microphoneReason?, state, unavailable?, standby?, ahead? }`", async ({ both }) => {
    const [a, b] = await both();
    const voice = { on: true, muted: true, microphone: "failed", microphoneReason: "denied", state: "unavailable", unavailable: "no-relay", standby: true, ahead: true };
    await b.emit("voice", voice);
    assert.deepEqual((await a.until("peer", (all) => all.at(-1)?.voice.on)).at(-1).voice, voice);
  });

  for (const reason of ["denied", "dismissed", "blocked", "missing", "busy", "ended", "silent"]) {
    test("`microphoneReason` is `denied`, `dismissed`, `blocked`, `missing`, `busy`, `ended` or `silent`.", async ({ both }) => {
      const [a, b] = await both();
      assert.equal((await b.emit("voice", { on: true, microphone: "failed", microphoneReason: reason })).ok, true);
      await a.until("peer", (all) => all.at(-1)?.voice.microphoneReason === reason);
    }, reason);
  }

  test("`microphoneReason` is `denied`, `dismissed`, `blocked`, `missing`, `busy`, `ended` or `silent`.", async ({ join }) => {
    const a = await join("7");
    assert.equal((await a.emit("voice", { microphoneReason: "tired" })).error.code, "bad-request");
  }, "nothing else");

  test("a `voice` event that changes nothing but `state` is not told", async ({ both }) => {
    const [a, b] = await both();
    for (const state of ["starting", "waiting", "connecting"]) await b.emit("voice", { on: true, state });
    await b.emit("voice", { on: true, muted: true, state: "connecting" });
    const told = await a.until("peer", (all) => all.at(-1)?.voice.muted);
    assert.equal(told.filter(({ voice }) => voice.on).length, 2);
  });

  test("| `voice` | as the `voice` event |", async ({ join }) => {
    await join("7", { voice: { on: true, muted: true, microphone: "live", state: "waiting", standby: true } });
    const { voice } = (await join("9")).welcome.peer;
    assert.deepEqual([voice.on, voice.muted, voice.microphone, voice.standby], [true, true, "live", true]);
  });

  for (const [name, body] of [["delete", {}], ["welcome", {}], ["error", {}], ["__proto__", {}], ["typing", null], ["typing", { on: 1 }], ["history", { before: -1, limit: 5 }], ["receipt", { delivered: 1, read: 1 }], ["signal", {}], ["token", { token: 7 }]]) {
    test("An event that the server does not know is `bad-request`.", async ({ join }) => {
      const a = await join("7");
      const { ok, error } = await a.emit(name, body);
      assert.deepEqual([ok, error.code, error.retryable], [false, "bad-request", false]);
      assert.equal((await a.emit("probe", null)).ok, true, "one mistake is borne");
    }, `${name} ${JSON.stringify(body)} neither`);
  }

  const parcel = (from, to, more = {}) => ({ parcel: { instance: from.instance, to: to.instance, number: 1, topic: "t", text: true, size: 2, payload: "aGk=", ...more } });

  test("`delivered` to a socket, or `dropped`, for the life that it is meant for has none", async ({ both }) => {
    const [a, b] = await both();
    const data = parcel(a, b);
    assert.deepEqual(await a.emit("data", data), { ok: true, outcome: "delivered" });
    assert.deepEqual(await b.until("data", (all) => all.length > 0), [data]);
    assert.deepEqual(await a.emit("data", { receipt: { instance: a.instance, to: b.instance, number: 1 } }), { ok: true, outcome: "delivered" });
    assert.deepEqual(await a.emit("data", parcel(a, a)), { ok: true, outcome: "dropped" });
  });

  test("A server keeps nothing of it: what is too large it refuses (`too-large`), what names another instance than the socket's (`foreign-sender`).", async ({ both }) => {
    const [a, b] = await both();
    assert.equal((await a.emit("data", parcel(a, b, { payload: "A".repeat(87_385) }))).error.code, "too-large");
    assert.equal((await a.emit("data", parcel(a, b, { topic: "é".repeat(65) }))).error.code, "too-large");
    assert.equal((await a.emit("data", parcel(a, b, { payload: "A".repeat(87_384) }))).ok, true);
    assert.equal((await a.emit("data", parcel(b, a))).error.code, "foreign-sender");
  });

  test("and only a `chat` or `data` event more than 48 KiB (`too-large`)", async ({ join }) => {
    const a = await join("7");
    assert.equal((await a.emit("typing", { on: true, more: "x".repeat(50_000) })).error.code, "too-large");
    assert.equal((await a.emit("chat", { messages: [], more: "x".repeat(50_000) })).ok, true);
  });

  for (const [detail, body] of [["a larger message", () => ({ messages: [], more: "x".repeat(128 * 1024) })], ["a binary one", () => Buffer.from("x")], ["attachments", () => ({ messages: [], more: Buffer.alloc(10) })]]) {
    test("A larger message, a binary one and one that announces attachments close the connection without an answer", async ({ both }) => {
      const [a, b] = await both();
      const gone = a.gone();
      let answered = false;
      a.socket.emit("chat", body(), () => (answered = true));
      await gone;
      assert.equal(answered, false);
      await b.until("peer", (all) => all.at(-1)?.presence === "away");
    }, detail);
  }

  test("and so does a packet for another namespace on a server that has only this one", async ({ join }) => {
    const a = await join("7");
    const gone = a.gone();
    a.socket.io.engine.write("0/admin,");
    await gone;
  });

  test("begins with the transport that it means, WebSocket or polling", async ({ join }) => {
    const a = await join("7", {}, { transports: ["polling"], upgrade: false });
    const b = await join("9", {}, { transports: ["websocket"] });
    await a.emit("typing", { on: true });
    await b.until("typing", (all) => all.length > 0);
    await b.emit("typing", { on: true });
    await a.until("typing", (all) => all.length > 0);
    assert.ok(server);
  });

  test("It takes no seat, supersedes nobody, and the other person hears nothing of it. So it is not refused when both seats are taken.", async ({ both, check }) => {
    const [a, b] = await both();
    for (const user of ["7", "8"]) {
      const heard = await check(user);
      assert.deepEqual(heard.map(([name]) => name), ["check"]);
      assert.deepEqual([heard[0][1].v, typeof heard[0][1].version, Array.isArray(heard[0][1].iceServers)], [1, "string", true]);
    }
    const before = b.of("peer").length;
    for (const client of [a, b]) assert.equal((await client.emit("probe", null)).ok, true);
    assert.equal(b.of("peer").length, before);
  });
});
