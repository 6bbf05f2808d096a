// Seats: who has them, who takes them over, who is told, when they are free.
import assert from "node:assert/strict";

import { conformance, life } from "./support.mjs";

const presence = (name) => (all) => all.at(-1)?.presence === name;

conformance((test) => {
  test("A third user is refused with `session-full`", async ({ both, refusal }) => {
    await both();
    assert.deepEqual(await refusal("8").then(({ code, retryable }) => [code, retryable]), ["session-full", false]);
  });

  test("also while a seat is only kept for somebody who is away or absent", async ({ both, refusal }) => {
    const [a, b] = await both();
    b.leave();
    await a.until("peer", presence("away"));
    assert.equal((await refusal("8")).code, "session-full");
    await a.until("peer", presence("absent"));
    assert.equal((await refusal("8")).code, "session-full");
  });

  test("A new instance of the same user takes the seat over: the former socket gets `notice { code: \"opened-elsewhere\" }` and is disconnected", async ({ join }) => {
    const a = await join("7");
    const gone = a.gone();
    await join("7");
    await gone;
    assert.deepEqual(a.of("notice"), [{ code: "opened-elsewhere" }]);
  });

  test("and that instance gets `opened-elsewhere` for as long as anybody is in the session", async ({ join, refusal }) => {
    const a = await join("7");
    await join("7");
    assert.deepEqual(await refusal("7", { instance: a.instance }).then(({ code, retryable }) => [code, retryable]), ["opened-elsewhere", false]);
  });

  test("and that instance gets `opened-elsewhere` for as long as anybody is in the session", async ({ join }) => {
    const a = await join("7");
    const newer = await join("7");
    await newer.emit("bye", null);
    await join("7", { instance: a.instance });
  }, "and no longer");

  test("The same instance on a new socket resumes: the former socket is disconnected without a notice.", async ({ join }) => {
    const b = await join("9");
    const a = await join("7");
    const gone = a.gone();
    const again = await join("7", { instance: a.instance });
    await gone;
    assert.deepEqual(a.of("notice"), []);
    await b.until("peer", (all) => all.at(-1)?.welcomes === 2);
    assert.equal((await again.emit("probe", null)).ok, true);
  });

  test("A socket that breaks makes its user `away` at once and `absent` after 8 s", async ({ both }) => {
    const [a, b] = await both();
    const broke = Date.now();
    b.socket.io.engine.close();
    await a.until("peer", presence("away"));
    await a.until("peer", presence("absent"));
    assert.ok(Date.now() - broke >= 7_900, "not before its time");
    assert.ok(!("left" in a.of("peer").at(-1)));
  });

  test("the seat with what is parked in it is kept for 60 s", async ({ join }) => {
    const a = await join("7");
    const offer = a.envelope({ offer: { sdp: "v=0" } });
    assert.equal((await a.emit("signal", offer)).outcome, "parked");
    a.socket.io.engine.close();
    const b = await join("9");
    assert.deepEqual(b.welcome.signals, [offer]);
    assert.equal(b.welcome.peer.userId, "7");
  }, "what is parked outlives the socket");

  test("`bye` frees it at once.", async ({ both, join }) => {
    const [, b] = await both();
    await b.emit("bye", null);
    await join("8");
  });

  test("It is acknowledged, then the server disconnects.", async ({ join }) => {
    const a = await join("7");
    const gone = a.gone();
    assert.deepEqual(await a.emit("bye", null), { ok: true });
    await gone;
  });

  test("One whose page goes away may disconnect right behind it, in one go, and the goodbye counts all the same", async ({ both }) => {
    const [a, b] = await both();
    b.socket.emit("bye", null);
    b.socket.disconnect();
    await a.until("peer", (all) => all.at(-1)?.left === true);
    assert.ok(!a.of("peer").some(({ presence: told }) => told === "away"));
  });

  test("A user who said goodbye is `{ presence: \"absent\", left: true }` with a voice that is off.", async ({ both }) => {
    const [a, b] = await both();
    await b.emit("voice", { on: true, microphone: "live", state: "waiting" });
    await b.emit("bye", null);
    const [last] = (await a.until("peer", (all) => all.at(-1)?.left)).slice(-1);
    assert.deepEqual([last.presence, last.left, last.voice.on, last.voice.microphone], ["absent", true, false, "off"]);
  });

  test("Whoever comes back takes a seat like anybody, with any instance but a superseded one.", async ({ both, join }) => {
    const [a, b] = await both();
    await b.emit("bye", null);
    await join("9", { instance: b.instance });
    await a.until("peer", presence("present"));
  });

  test("Whoever comes back takes a seat like anybody, with any instance but a superseded one.", async ({ both, join, refusal }) => {
    const [, b] = await both();
    await b.emit("bye", null);
    await join("9");
    assert.equal((await refusal("9", { instance: b.instance })).code, "opened-elsewhere");
  }, "the one before a newer one is superseded, though it had left");

  test("`welcomes` counts the sockets of one instance that were welcomed: it is 1 with the first", async ({ join }) => {
    const a = await join("7");
    const me = life();
    for (const count of [1, 2, 3]) {
      await join("9", { instance: me });
      await a.until("peer", (all) => all.at(-1)?.welcomes === count);
    }
  });

  test("and starts anew with another instance and with a seat that had been freed", async ({ join }) => {
    const [a, me] = [await join("7"), life()];
    await join("9", { instance: me });
    const again = await join("9", { instance: me });
    await a.until("peer", (all) => all.at(-1)?.welcomes === 2);
    const other = await join("9");
    await a.until("peer", (all) => all.at(-1)?.instance === other.instance && all.at(-1).welcomes === 1);
    assert.ok(again);
    await other.emit("bye", null);
    await a.until("peer", (all) => all.at(-1)?.left);
    await join("9", { instance: other.instance });
    await a.until("peer", (all) => presence("present")(all) && all.at(-1).welcomes === 1);
  });

  test("`peer { userId, name?, instance?, presence, left?, welcomes, voice }` whenever the other changed", async ({ join }) => {
    const a = await join("7");
    const b = await join("9", { voice: { on: true, microphone: "asking" } });
    const [told] = await a.until("peer", (all) => all.length > 0);
    assert.deepEqual([told.userId, told.instance, told.presence, told.welcomes, told.voice.microphone], ["9", b.instance, "present", 1, "asking"]);
  });

  test("a seat belongs to a user", async ({ join, session }) => {
    const [a, b] = await Promise.all([join("7"), join("9")]);
    assert.ok([a, b].every(({ welcome }) => welcome.v === 1), session);
    await Promise.all([a.until("peer", (all) => all.length > 0 || a.welcome.peer), b.until("peer", (all) => all.length > 0 || b.welcome.peer)]);
  }, "two who come at the same moment");

  test("a seat belongs to a user", async ({ join }) => {
    const me = life();
    const joins = await Promise.allSettled(Array.from({ length: 4 }, () => join("7", { instance: me })));
    const alive = joins.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
    for (const { reason } of joins.filter(({ status }) => status === "rejected")) assert.equal(reason.code, "busy");
    const answers = await Promise.allSettled(alive.map((client) => client.emit("probe", null, 2_000)));
    assert.ok(answers.some(({ value }) => value?.ok), "the newest one is in");
  }, "four connections of one instance at the same moment leave one");
});
