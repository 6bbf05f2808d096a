// The log stays small, can't be forged, and holds no key.
import assert from "node:assert/strict";
import { test } from "node:test";

import { polling, webSocket } from "./raw.mjs";
import { attacked, auth, envelope, until } from "./watch.mjs";

test("offers in handshakes, as fast as one can, write less than 64 KiB of log", async (t) => {
  // It is the log that is attacked, by more connections than one address may begin.
  const server = await attacked(t, { args: ["--connections-per-address", "0"] });
  const before = server.log.length;
  const end = performance.now() + 4_000;
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const me = auth(`offers-${i >> 1}`, i % 2 ? "7" : "9");
      for (let attempt = 0; performance.now() < end; ) {
        const signals = Array.from({ length: 64 }, () => envelope(me, attempt, { offer: { sdp: "v=0" } }, (attempt += 1)));
        const engine = await webSocket(server);
        await engine.enter({ ...me, signals });
        engine.end();
      }
    }),
  );
  const written = server.log.length - before;
  assert.ok(written < 64 * 1024, `${Math.round(written / 1024)} KiB of log in 4 s`);
});

test("refusals, as fast as one can, write less than 64 KiB of log", async (t) => {
  const server = await attacked(t, { args: ["--connections-per-address", "0"] });
  const end = performance.now() + 3_000;
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const me = auth(`refused-${i}`, "7");
      const foreign = Array.from({ length: 64 }, (_, n) => envelope({ ...me, userId: "admin" }, n + 1, { offer: { sdp: "v=0" } }));
      for (let round = 0; performance.now() < end; round += 1) {
        const engine = await webSocket(server);
        await engine.enter(round % 2 ? { ...me, token: "forged" } : { ...me, signals: foreign });
        engine.end();
      }
    }),
  );
  assert.ok(server.log.length < 64 * 1024, `${Math.round(server.log.length / 1024)} KiB of log in 3 s`);
});

test("names can't forge a line or a field, or turn its direction", async (t) => {
  const server = await attacked(t);
  const names = ["s user=admin", 'x" user=admin room="y', "\u202eadmin", "a\\\" user=admin ", "\u2028user=admin", "\u009b31m admin"];
  for (const name of names) {
    for (const [session, user] of [[name, "7"], ["plain", name]]) {
      const engine = await webSocket(server);
      const offer = (me) => envelope(me, 1, { offer: { sdp: "v=0" } });
      const me = auth(session, user);
      const answer = await engine.enter({ ...me, signals: [offer(me), { ...offer(me), session: `${name} user=admin` }] });
      if (answer?.sid) await engine.emit("bye", null);
      engine.end();
    }
  }
  await until("a line about one of them", () => server.log.includes("admin"));
  const unquoted = server.log.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  assert.ok(!unquoted.includes("admin"), unquoted.split("\n").find((line) => line.includes("admin")));
  assert.doesNotMatch(server.log, /[\u0080-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u, "a character that turns or breaks a line");
});

test("the engine's ID, which is a key to its polling, is never written whole", async (t) => {
  const server = await attacked(t, { env: { RUST_LOG: "debug" } });
  const ids = [];
  for (const open of [polling, webSocket]) {
    const engine = await open(server);
    ids.push(engine.sid);
    engine.listen?.();
    const me = auth("keys", open === polling ? "7" : "9");
    const { sid } = await engine.enter(me);
    ids.push(sid);
    await engine.emit("signal", envelope(me, 1, { offer: { sdp: "v=0" } }));
    await engine.emit("voice", { on: true, muted: false, microphone: "live", state: "connected" });
    await engine.emit("signal", envelope({ ...me, userId: "admin" }, 2, "end"));
    await engine.emit("signal", { no: "envelope" });
    // A newer life of the same user takes the seat over.
    const newer = await webSocket(server);
    ids.push(newer.sid, (await newer.enter({ ...me, instance: "0".repeat(32) }))?.sid);
    [engine, newer].forEach((one) => one.end());
    const bad = await open(server);
    ids.push(bad.sid);
    bad.sendText("40/unknown,");
    bad.sendText("4zzz");
    bad.sendText("42/pairvoice,[\"probe\"]");
    bad.sendText("40");
    await until("the end of an engine that asked for unknown namespaces", async () => bad.closed || (bad.post && (await bad.post("3")) !== 200));
    bad.end();
  }
  const found = ids.filter((id) => id && server.log.includes(id));
  assert.deepEqual(found, [], server.log.split("\n").find((line) => line.includes(found[0])));
});
