// Who is refused again and again, and who was let go, does not keep a connection.
import assert from "node:assert/strict";
import { test } from "node:test";

import { blind, connectPacket, eventPacket, polling, webSocket } from "./raw.mjs";
import { attacked, auth, envelope, holds, until } from "./watch.mjs";

const forged = (i) => connectPacket({ ...auth("forged", "7"), token: `forged.${i}.token` });

test("30,000 events that are refused can't be sent on one WebSocket", async (t) => {
  const server = await attacked(t, { args: ["--rate", "100000"] });
  const engine = await webSocket(server);
  t.after(() => engine.end());
  const me = auth("ill-formed", "7");
  assert.ok((await engine.enter(me)).sid);
  const foreign = envelope({ ...me, userId: "9" }, 1, "end");
  const events = [["signal", { no: "envelope" }], ["signal", foreign], ["chat", 7], ["history", "all"], ["voice", []]];
  for (let i = 0; i < 30_000 && !engine.closed; i += 1) {
    engine.sendText(eventPacket(i, ...events[i % events.length]));
    if (i % 1_000 === 0) await engine.flushed();
  }
  await engine.gone("the end of a connection whose every event is refused", 5_000);
  const answers = engine.heard.filter((packet) => packet.startsWith("43"));
  assert.ok(answers.length <= 3, `${answers.length} refusals were sent`);
});

test("events that are refused end a polling engine, too", async (t) => {
  const server = await attacked(t, { args: ["--rate", "100000"] });
  const engine = await polling(server);
  t.after(() => engine.end());
  engine.listen();
  assert.ok((await engine.enter(auth("ill-formed", "7"))).sid);
  const events = Array.from({ length: 200 }, (_, i) => eventPacket(i, "signal", { no: "envelope" })).join("\x1e");
  for (let i = 0; i < 100 && (await engine.post(events)) === 200; i += 1);
  assert.notEqual(await engine.post("3"), 200, "20,000 refused events did not end the engine");
});

test("packets that are no packets end the engine", async (t) => {
  const server = await attacked(t);
  for (const packet of ["4", "49", "42/pairvoice,", "42/pairvoice,{}", "42/pairvoice,[]", "42/pairvoice,[7]", "47/pairvoice,", "x"]) {
    const engine = await webSocket(server);
    t.after(() => engine.end());
    assert.ok((await engine.enter(auth(`packets ${packet.length}`, "7"))).sid);
    for (let i = 0; i < 3; i += 1) engine.sendText(packet);
    await engine.gone(`the end of an engine that sent ${packet} three times`, 2_000);
  }
});

test("events that nobody knows count as others do", async (t) => {
  const server = await attacked(t);
  const engine = await webSocket(server);
  t.after(() => engine.end());
  assert.ok((await engine.enter(auth("unknown-events", "7"))).sid);
  for (let i = 0; i < 2_000; i += 1) engine.sendText(eventPacket(i, "unknown", {}));
  await engine.gone("the end of a connection that sent 2,000 unknown events at once", 5_000);
});

test("82,800 forged handshakes can't be sent on one WebSocket", async (t) => {
  const server = await attacked(t);
  const engine = await webSocket(server);
  t.after(() => engine.end());
  for (let i = 0; i < 82_800 && !engine.closed; i += 1) {
    engine.sendText(forged(i));
    if (i % 500 === 0) await engine.flushed();
  }
  await engine.gone("the end of a connection whose every handshake is refused", 5_000);
  const answers = engine.heard.filter((packet) => packet.startsWith("44"));
  assert.ok(answers.length <= 3, `${answers.length} refusals were sent`);
});

test("forged handshakes end a polling engine, too", async (t) => {
  const server = await attacked(t);
  const engine = await polling(server);
  t.after(() => engine.end());
  engine.listen();
  for (let i = 0; i < 100 && (await engine.post(Array.from({ length: 50 }, () => forged(i)).join("\x1e"))) === 200; i += 1);
  assert.notEqual(await engine.post("3"), 200, "5,000 forged handshakes did not end the engine");
});

test("a seat that is taken over ends the former connection within a second, even if it reads nothing", async (t) => {
  const server = await attacked(t);
  const former = await blind(server);
  t.after(() => former.end());
  await former.send(connectPacket(auth("kicked", "7")));
  const other = await webSocket(server);
  t.after(() => other.end());
  assert.ok((await other.enter(auth("kicked", "9"))).sid);
  await until("the former one's seat", async () => other.of("peer").length > 0 || (await other.first("welcome")).peer?.presence === "present");
  assert.ok(holds(server, former.port));
  const newer = await webSocket(server);
  t.after(() => newer.end());
  assert.ok((await newer.enter(auth("kicked", "7"))).sid);
  // A second, and another one for a slow machine.
  await until("the end of the former connection", () => !holds(server, former.port), 2_000);
});

test("a seat that is taken over ends the former polling engine within a second, even if it does not poll", async (t) => {
  const server = await attacked(t);
  const former = await polling(server);
  t.after(() => former.end());
  assert.equal(await former.post(connectPacket(auth("polled", "7"))), 200);
  assert.ok(await former.pollFor("welcome"));
  const newer = await webSocket(server);
  t.after(() => newer.end());
  assert.ok((await newer.enter(auth("polled", "7"))).sid);
  await until("the end of the former engine", async () => (await former.post("3")) !== 200, 2_000);
});

test("whoever was taken over hears of it before the end", async (t) => {
  const server = await attacked(t);
  const former = await webSocket(server);
  assert.ok((await former.enter(auth("told", "7"))).sid);
  const newer = await webSocket(server);
  t.after(() => newer.end());
  assert.ok((await newer.enter(auth("told", "7"))).sid);
  await former.gone("the end of the former engine", 2_000);
  assert.equal(former.of("notice")[0]?.code, "opened-elsewhere");
});
