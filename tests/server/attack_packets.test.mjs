// Binary packets, large messages and texts that parsers fear.
import assert from "node:assert/strict";
import { test } from "node:test";

import { blind, connectPacket, eventPacket, http, polling, webSocket } from "./raw.mjs";
import { GROWTH, MIB, attacked, auth, growth, holds, until } from "./watch.mjs";

let users = 0;
async function entered(t, server) {
  const engine = await webSocket(server);
  t.after(() => engine.end());
  assert.ok((await engine.enter(auth(`packets-${(users += 1)}`, "7"))).sid);
  return engine;
}

test("a packet that announces attachments ends its engine", async (t) => {
  const server = await attacked(t);
  for (const packet of [
    '51-/pairvoice,["signal",{"_placeholder":true,"num":0}]',
    '51-/pairvoice,1["signal",{"_placeholder":true,"num":0}]',
    '599-/pairvoice,["signal",{"_placeholder":true,"num":0}]',
    '61-/pairvoice,1[{"_placeholder":true,"num":0}]',
    "54294967296-",
    "518446744073709551616-/pairvoice,[]",
  ]) {
    const engine = await entered(t, server);
    engine.sendText(`4${packet}`);
    await engine.gone(`the end of an engine that sent ${packet}`, 2_000);
  }
});

test("a binary message ends its engine, over both transports, in the namespace and outside of it", async (t) => {
  const server = await attacked(t);
  for (const engine of [await entered(t, server), await webSocket(server)]) {
    t.after(() => engine.end());
    engine.ws.send(Buffer.from("abc"));
    await engine.gone("the end of an engine that sent a binary frame", 2_000);
  }
  const poller = await polling(server);
  t.after(() => poller.end());
  await poller.post("bYWJj");
  assert.notEqual(await poller.post("3"), 200, "the engine is still known");
});

test("attachments, 96 MiB of them, are not held", async (t) => {
  const server = await attacked(t);
  const peers = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const peer = await blind(server);
      t.after(() => peer.end());
      await peer.send(connectPacket(auth(`attached-${i}`, "7")));
      return peer;
    }),
  );
  await http(server, "GET", "/healthz");
  const attachment = Buffer.alloc(120 * 1024);
  const grown = await growth(t, server, () =>
    Promise.all(
      peers.map(async (peer) => {
        await peer.send('4599-/pairvoice,["signal",{"_placeholder":true,"num":0}]');
        for (let i = 0; i < 40 && (await peer.send(attachment, 2)); i += 1);
      }),
    ),
  );
  assert.ok(grown < GROWTH, `the process grew by ${Math.round(grown / MIB)} MiB`);
  await until("the ends of these connections", () => !peers.some((peer) => holds(server, peer.port)), 3_000);
});

test("a message above 128 KiB ends its connection, in one frame and in many", async (t) => {
  const server = await attacked(t);
  const whole = await entered(t, server);
  whole.sendText(eventPacket(1, "signal", "x".repeat(131_073)));
  await whole.gone("the end of a connection with a large message", 2_000);
  const parts = await entered(t, server);
  parts.ws.send('42/pairvoice,1["signal","', { fin: false });
  for (let i = 0; i < 9; i += 1) parts.ws.send("x".repeat(16_384), { fin: false });
  await parts.gone("the end of a connection with a large message in small frames", 2_000);
  assert.ok(![...whole.heard, ...parts.heard].some((packet) => packet.startsWith("43")));
});

test("nested, huge, broken and foreign text ends at most who sends it", async (t) => {
  const server = await attacked(t);
  const good = await entered(t, server);
  const texts = [
    `42/pairvoice,1["signal",${"[".repeat(100_000)}`,
    `42/pairvoice,1["signal",${"[".repeat(60_000)}${"]".repeat(60_000)}]`,
    `42/pairvoice,1["signal",${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}]`,
    `40/pairvoice,${"[".repeat(100_000)}`,
    `42/pairvoice,1["history",{"before":1e999,"limit":1}]`,
    `42/pairvoice,1["history",{"before":${"9".repeat(100_000)},"limit":-1}]`,
    `42/pairvoice,1["chat",{"messages":[{"id":"\\ud800","text":"\\ud800"}]}]`,
    `42/pairvoice,1["chat",{"messages":[{"id":"${"a".repeat(32)}","text":"\\u0000"}]}]`,
    `42/pairvoice,1["typing",{"on":true,"on":false}]`,
    `42/pairvoice,18446744073709551616["probe",null]`,
    `42/pairvoice,-1["probe",null]`,
    `42/pairvoice,${"1".repeat(100_000)}["probe",null]`,
    `42${"/".repeat(100_000)}`,
    "42/pairvoice",
    "42\0/pairvoice,1[\"probe\"]",
    "\u202e4\ufeff2",
  ];
  for (const text of texts) {
    const engine = await entered(t, server);
    engine.sendText(text);
    const other = await webSocket(server);
    other.sendText(text);
    other.end();
    // The answer of a good client comes after what the server made of the bad one.
    assert.ok((await good.emit("probe", null))?.ok, `after ${text.slice(0, 40)}`);
    engine.end();
  }
  for (const bytes of [[0xff, 0xfe], [0x34, 0xc3, 0x28], [0x34, 0xed, 0xa0, 0x80]]) {
    const engine = await entered(t, server);
    engine.ws.send(Buffer.from(bytes), { binary: false });
    await engine.gone("the end of a connection whose text is not UTF-8", 2_000);
    const poller = await polling(server);
    await poller.post(Buffer.from(bytes));
    poller.end();
  }
  assert.ok((await good.emit("probe", null))?.ok);
  assert.doesNotMatch(server.log, /panic/);
});
