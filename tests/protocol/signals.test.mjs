// Signals: relayed in order, or parked until the other comes.
import assert from "node:assert/strict";

import { conformance, life } from "./support.mjs";

const offer = (sdp = "v=0") => ({ offer: { sdp } });
const candidate = { candidate: { candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "ab" } };

conformance((test) => {
  for (const [name, body] of Object.entries({
    offer: offer(),
    answer: { answer: { sdp: "v=0" } },
    candidate,
    "the end of candidates": { candidate: { candidate: "" } },
    restart: { restart: { why: "path" } },
    end: "end",
    "give-up": { "give-up": { reason: "no-relay" } },
  })) {
    test("`body` is one of", async ({ both }) => {
      const [a, b] = await both();
      const envelope = a.envelope(body);
      assert.deepEqual(await a.emit("signal", envelope), { ok: true, outcome: "delivered" });
      assert.deepEqual(await b.until("signal", (all) => all.length > 0), [envelope]);
    }, name);
  }

  test("`body` is one of", async ({ both }) => {
    const [a] = await both();
    assert.equal((await a.signal({ rumour: {} })).error.code, "bad-request");
    assert.equal((await a.signal({ restart: { why: "boredom" } })).error.code, "bad-request");
  }, "nothing else");

  for (const [field, value] of [["session", "another"], ["user", "9"], ["instance", life()]]) {
    test("The server refuses one whose session, user or instance is not the socket's (`foreign-sender`).", async ({ both }) => {
      const [a, b] = await both();
      const answer = await a.signal("end", { [field]: value });
      assert.deepEqual([answer.ok, answer.error.code, answer.error.retryable], [false, "foreign-sender", false]);
      await a.signal(offer());
      assert.equal((await b.until("signal", (all) => all.length > 0)).length, 1);
    }, field);
  }

  test("All that concerns one session is relayed in order", async ({ both }) => {
    const [a, b] = await both();
    for (let n = 0; n < 100; n += 1) a.socket.emit("signal", a.envelope(candidate));
    const heard = await b.until("signal", (all) => all.length === 100);
    assert.deepEqual(heard.map(({ sequence }) => sequence), Array.from({ length: 100 }, (_, n) => n + 1));
  });

  test("and what an event leads to at the other side is sent before it is acknowledged", async ({ both }) => {
    const [a, b] = await both();
    // The other's own question after the acknowledgement is answered later than what came before.
    await a.signal(offer());
    await b.emit("probe", null);
    assert.equal(b.of("signal").length, 1);
  });

  test("A signal for somebody who is not connected is parked in the sender's seat", async ({ join }) => {
    const a = await join("7");
    const all = [a.envelope(offer()), a.envelope(candidate)];
    for (const envelope of all) assert.deepEqual(await a.emit("signal", envelope), { ok: true, outcome: "parked" });
    assert.deepEqual((await join("9")).welcome.signals, all);
  });

  test("What was handed out is not kept.", async ({ join }) => {
    const a = await join("7");
    await a.signal(offer());
    const b = await join("9");
    assert.equal(b.welcome.signals.length, 1);
    assert.deepEqual((await join("9", { instance: b.instance })).welcome.signals, []);
  });

  test("at most 64 items or 128 KiB. What does not fit is refused with `busy` (`retryable`); those that wait stay.", async ({ join }) => {
    const a = await join("7");
    for (let n = 0; n < 64; n += 1) assert.equal((await a.signal(candidate)).outcome, "parked");
    const { error } = await a.signal(candidate);
    assert.deepEqual([error.code, error.retryable], ["busy", true]);
    const { signals } = (await join("9")).welcome;
    assert.deepEqual([signals.length, signals[0].sequence, signals.at(-1).sequence], [64, 1, 64]);
  }, "64 items");

  test("at most 64 items or 128 KiB. What does not fit is refused with `busy` (`retryable`); those that wait stay.", async ({ join }) => {
    const a = await join("7");
    const large = { candidate: { candidate: "x".repeat(30_000) } };
    for (let n = 0; n < 4; n += 1) assert.equal((await a.signal(large)).outcome, "parked");
    assert.equal((await a.signal(large)).error.code, "busy");
    assert.equal((await join("9")).welcome.signals.length, 4);
  }, "128 KiB");

  test("A newer offer, `end`, `bye`, a new instance of the sender, or the other's answer to that attempt wipes them.", async ({ join }) => {
    const a = await join("7");
    await a.signal(offer("one"), { attempt: 1 });
    await a.signal(candidate, { attempt: 1 });
    await a.signal(offer("two"), { attempt: 2 });
    assert.deepEqual((await join("9")).welcome.signals.map(({ attempt }) => attempt), [2]);
  }, "a newer offer");

  test("A newer offer, `end`, `bye`, a new instance of the sender, or the other's answer to that attempt wipes them.", async ({ join }) => {
    const a = await join("7");
    await a.signal(offer());
    await a.signal("end");
    assert.deepEqual((await join("9")).welcome.signals.map(({ body }) => body), ["end"]);
  }, "end");

  test("A newer offer, `end`, `bye`, a new instance of the sender, or the other's answer to that attempt wipes them.", async ({ join }) => {
    const a = await join("7");
    await a.signal(offer());
    await a.emit("bye", null);
    await join("7", { instance: a.instance });
    assert.deepEqual((await join("9")).welcome.signals, []);
  }, "bye");

  test("A newer offer, `end`, `bye`, a new instance of the sender, or the other's answer to that attempt wipes them.", async ({ join }) => {
    const a = await join("7");
    await a.signal(offer());
    await join("7");
    assert.deepEqual((await join("9")).welcome.signals, []);
  }, "a new instance");

  test("A newer offer, `end`, `bye`, a new instance of the sender, or the other's answer to that attempt wipes them.", async ({ join }) => {
    const a = await join("7");
    await a.signal(offer(), { attempt: 3 });
    const b = await join("9", {}, {});
    b.leave();
    await a.until("peer", (all) => all.at(-1)?.presence === "away");
    await a.signal(candidate, { attempt: 3 });
    const me = b.instance;
    const answer = { session: a.session, user: "9", instance: me, attempt: 3, generation: 0, sequence: 1, body: { answer: { sdp: "v=0" } } };
    const back = await join("9", { instance: me, signals: [answer] });
    // What waited was handed out with the welcome; the answer finds nothing more of this attempt.
    assert.equal(back.welcome.signals.length, 1);
    assert.deepEqual(await a.until("signal", (all) => all.length > 0), [answer]);
  }, "the other's answer");

  test("A copy of a parked signal (same instance and `sequence`) adds nothing and is acknowledged as `parked`.", async ({ join }) => {
    const a = await join("7");
    const envelope = a.envelope(offer());
    for (let n = 0; n < 3; n += 1) assert.equal((await a.emit("signal", envelope)).outcome, "parked");
    assert.deepEqual((await join("9")).welcome.signals, [envelope]);
  });

  test("Signals of one instance are handed out by rising `sequence`.", async ({ join }) => {
    const a = await join("7");
    for (const sequence of [3, 1, 2]) await a.signal(candidate, { sequence });
    assert.deepEqual((await join("9")).welcome.signals.map(({ sequence }) => sequence), [1, 2, 3]);
  });

  test("while somebody has the other seat, a signal for another instance than theirs is `dropped`", async ({ both }) => {
    const [a, b] = await both();
    assert.equal((await a.signal(offer(), { to: life() })).outcome, "dropped");
    assert.equal((await a.signal(offer(), { to: b.instance })).outcome, "delivered");
    assert.equal((await b.until("signal", (all) => all.length > 0)).length, 1);
  });

  test("and a parked one is not handed to another instance; without `to` it is for whoever is there", async ({ join }) => {
    const [a, me] = [await join("7"), life()];
    assert.equal((await a.signal(candidate, { to: me })).outcome, "parked");
    assert.equal((await a.signal(candidate)).outcome, "parked");
    const b = await join("9");
    assert.deepEqual(b.welcome.signals.map(({ to }) => to), [undefined]);
    await b.emit("bye", null);
    assert.deepEqual((await join("9", { instance: me })).welcome.signals, [], "it waits no longer");
  });

  test("treated as `signal` events after the welcome, with the same limits", async ({ join }) => {
    const a = await join("7");
    const me = life();
    const envelope = { session: a.session, user: "9", instance: me, attempt: 1, generation: 0, sequence: 1, body: "end" };
    await join("9", { instance: me, signals: [envelope] });
    assert.deepEqual(await a.until("signal", (all) => all.length > 0), [envelope]);
    const names = a.heard.map(([name]) => name);
    assert.ok(names.indexOf("peer") < names.indexOf("signal"), "the other is told of who comes first");
  });

  test("One that would be refused as an event is left out", async ({ join }) => {
    const a = await join("7");
    const me = life();
    const signal = (more) => ({ session: a.session, user: "9", instance: me, attempt: 1, generation: 0, sequence: 1, body: "end", ...more });
    await join("9", { instance: me, signals: [signal({ user: "7" }), signal({ instance: life() }), signal({ sequence: 2 })] });
    assert.deepEqual((await a.until("signal", (all) => all.length > 0)).map(({ sequence }) => sequence), [2]);
  });

  test("A signal has at most 32 KiB", async ({ both }) => {
    const [a] = await both();
    assert.equal((await a.signal(offer("x".repeat(32_000)))).ok, true);
    const { error } = await a.signal(offer("x".repeat(32 * 1024)));
    assert.deepEqual([error.code, error.retryable], ["too-large", false]);
  });
});
