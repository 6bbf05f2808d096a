// Events are counted by connection and by user: neither packets 40 and 41 nor new connections bring more of them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LEAVE, connectPacket, eventPacket, polling, seated, webSocket } from "./raw.mjs";
import { attacked, auth, envelope, until, within } from "./watch.mjs";

const RATE = 100;
const BURST = 4 * RATE;
const ATTACK_MS = 5_000;
/** What a CONNECT costs. */
const CONNECT = 20;

const accepted = (engine) => engine.heard.filter((packet) => /^43\/pairvoice,\d+\[\{.*"ok":true/.test(packet)).length;
/** What may be accepted in this time, with half a second for clocks that are read at other moments. */
const allowance = (ms) => BURST + (RATE * (ms + 500)) / 1000;

/** As many events as one can, in cycles of 40 and 41; the other of the session sees when the next cycle can begin. */
async function cycles(engine, me, witness, end) {
  let [number, seats] = [0, 0];
  engine.onPacket = (packet) => (seats += packet.startsWith("40/"));
  while (performance.now() < end && !engine.closed) {
    const before = seats;
    engine.sendText(connectPacket(me));
    if (!(await within(1_000, () => seats > before || engine.closed))) return;
    for (let i = 0; i < 300; i += 1) engine.sendText(eventPacket((number += 1), "probe", null));
    await engine.flushed();
    engine.sendText(LEAVE);
    await within(1_000, () => engine.closed || witness.other?.presence === "away");
  }
}

test("40 and 41 over and over on one WebSocket bring no fresh allowance", async (t) => {
  const server = await attacked(t);
  const witness = await seated(server, "cycles", "9");
  const engine = await webSocket(server);
  t.after(() => [engine, witness].forEach((one) => one.end()));
  const began = performance.now();
  await cycles(engine, auth("cycles", "7"), witness, began + ATTACK_MS);
  const most = allowance(performance.now() - began);
  assert.ok(accepted(engine) <= most, `${accepted(engine)} events were accepted, ${Math.floor(most)} are allowed`);
  await engine.gone("the end of a connection that went on after three refusals", 3_000);
});

test("new connections of the same user bring no fresh allowance", async (t) => {
  const server = await attacked(t);
  const me = auth("reconnect", "7");
  const began = performance.now();
  let sum = 0;
  while (performance.now() < began + ATTACK_MS) {
    const engine = await webSocket(server);
    if ((await engine.enter(me))?.sid) await Promise.all(Array.from({ length: 350 }, () => engine.emit("probe", null)));
    sum += accepted(engine);
    engine.end();
  }
  const most = allowance(performance.now() - began);
  assert.ok(sum <= most, `${sum} events were accepted, ${Math.floor(most)} are allowed`);
});

test("handshakes and their signals count, and the refusal says when to come back", async (t) => {
  const server = await attacked(t);
  const me = auth("signals", "7");
  const began = performance.now();
  let [seats, sequence, limited] = [0, 0, undefined];
  for (let i = 0; i < 30; i += 1) {
    const signals = Array.from({ length: 64 }, () => envelope(me, (sequence += 1), { candidate: { candidate: "x" } }));
    const engine = await webSocket(server);
    const answer = await engine.enter({ ...me, signals });
    if (answer?.sid) {
      seats += 1;
    } else {
      limited ??= answer;
      await engine.gone("the end of an engine whose handshake was refused", 2_000);
    }
    engine.end();
  }
  const most = Math.ceil(allowance(performance.now() - began) / (CONNECT + 64));
  assert.ok(seats <= most, `${seats} handshakes of 64 signals were let in, ${most} are allowed`);
  assert.equal(limited?.code, "rate-limited");
  assert.equal(limited.retryable, true);
  assert.ok(limited.afterMs > 0);
});

test("three refusals close the connection, over both transports", async (t) => {
  const server = await attacked(t);
  for (const open of [webSocket, polling]) {
    const engine = await open(server);
    t.after(() => engine.end());
    engine.listen?.();
    assert.ok((await engine.enter(auth(`three-${open.name}`, "7"))).sid);
    const first = Array.from({ length: BURST }, () => engine.emit("probe", null));
    await until("the first refusal", () => engine.heard.some((packet) => packet.includes("rate-limited")) || engine.closed || accepted(engine) === BURST);
    const rest = Array.from({ length: 1_000 }, () => !engine.closed && engine.emit("probe", null));
    await engine.gone("the end of a connection that does not wait", 8_000);
    const answers = (await Promise.all([...first, ...rest])).filter(Boolean);
    const refused = answers.filter(({ ok }) => !ok);
    assert.ok(refused.length > 0 && refused.length <= 3, `${refused.length} refusals were sent`);
    for (const { error } of refused) {
      assert.equal(error.code, "rate-limited");
      assert.equal(error.retryable, true);
      assert.ok(error.afterMs > 0);
    }
    engine.end();
  }
});

test("a burst right at the limit is answered in full, and whoever waits as told goes on", async (t) => {
  const server = await attacked(t);
  const engine = await webSocket(server);
  t.after(() => engine.end());
  assert.ok((await engine.enter(auth("honest", "7"))).sid);
  const burst = await Promise.all(Array.from({ length: BURST - CONNECT }, () => engine.emit("probe", null)));
  assert.ok(burst.every((answer) => answer?.ok), "an event within the limit was refused");
  for (let round = 0; round < 2; round += 1) {
    let answer;
    do answer = await engine.emit("probe", null);
    while (answer?.ok);
    assert.equal(answer?.error.code, "rate-limited");
    await new Promise((resolve) => setTimeout(resolve, answer.error.afterMs + 1)); // Node's timers come up to a millisecond early.
    assert.ok((await engine.emit("probe", null))?.ok, "honest waiting was taken for a flood");
  }
  assert.ok(!engine.closed);
});

test("one user's flood takes nothing from the other", async (t) => {
  const server = await attacked(t);
  const [flooder, other] = [await webSocket(server), await webSocket(server)];
  t.after(() => [flooder, other].forEach((engine) => engine.end()));
  assert.ok((await flooder.enter(auth("fair", "7"))).sid);
  assert.ok((await other.enter(auth("fair", "9"))).sid);
  const flood = Promise.all(Array.from({ length: 2_000 }, () => flooder.emit("probe", null)));
  const answers = await Promise.all(Array.from({ length: 200 }, () => other.emit("probe", null)));
  assert.ok(answers.every((answer) => answer?.ok));
  await flood;
  await flooder.gone("the end of the flooder's connection", 3_000);
});
