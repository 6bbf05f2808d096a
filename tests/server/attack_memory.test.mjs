// Who sends much and reads nothing makes the server hold little, with a token and without one, over both transports.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LEAVE, blind, connectPacket, eventPacket, http, polling, webSocket } from "./raw.mjs";
import { GROWTH, MIB, attacked, auth, batch, growth, holds, until } from "./watch.mjs";

/** 700 of these are 68 MiB. */
const LARGE = "x".repeat(100_000);
const forged = { v: 1, token: "none", sessionId: "s", userId: "7", instance: "0".repeat(32), since: LARGE };
const small = (bytes) => assert.ok(bytes < GROWTH, `the process grew by ${Math.round(bytes / MIB)} MiB, ${GROWTH / MIB} are allowed`);

/** Sends a packet over and over, until nothing is taken any more. */
async function flood(peer, packet, times) {
  for (let i = 0; i < times && (await peer.send(packet)); i += 1);
}

/** Some sessions whose chat fills a page. */
async function seeded(server, count) {
  const sessions = Array.from({ length: count }, (_, i) => `memory-${i}`);
  await Promise.all(
    sessions.map(async (session) => {
      const author = await webSocket(server);
      assert.ok((await author.enter(auth(session, "7"))).sid);
      for (let i = 0; i < 6; i += 1) assert.ok((await author.emit("chat", batch())).ok);
      author.end();
    }),
  );
  return sessions;
}

for (const [what, packet] of [
  ["refused handshakes with a large value", connectPacket(forged)],
  ["handshakes for namespaces with long names", `40/${LARGE},`],
]) {
  test(`${what}, 68 MiB over WebSocket and never read, hold little and end their connections`, async (t) => {
    const server = await attacked(t);
    const peers = await Promise.all(Array.from({ length: 18 }, () => blind(server)));
    t.after(() => peers.forEach((peer) => peer.end()));
    const grown = await growth(server, async () => {
      await Promise.all(peers.map((peer, i) => flood(peer, packet, i === 0 ? 350 : 21)));
    });
    small(grown);
    await until("the ends of all these connections", () => !peers.some((peer) => holds(server, peer.port)), 3_000);
  });

  test(`${what}, 68 MiB by POST and never polled, hold little and end their engines`, async (t) => {
    const server = await attacked(t);
    const peers = await Promise.all(Array.from({ length: 18 }, () => polling(server)));
    t.after(() => peers.forEach((peer) => peer.end()));
    const grown = await growth(server, async () => {
      await Promise.all(
        peers.map(async (peer, i) => {
          for (let sent = 0; sent < (i === 0 ? 350 : 21) && (await peer.post(packet)) === 200; sent += 1);
        }),
      );
    });
    small(grown);
    const known = await Promise.all(peers.map((peer) => peer.post("3")));
    assert.ok(!known.includes(200), "an engine whose handshakes were refused is still known");
  });
}

test("no value that was sent is sent back", async (t) => {
  const server = await attacked(t);
  const mark = "a-value-of-mine";
  const good = auth("echo", "7");
  for (const field of [{ since: mark }, { token: mark }, { sessionId: mark }, { instance: mark }, { voice: { on: mark } }, { v: mark }, { signals: [mark] }]) {
    const engine = await webSocket(server);
    assert.ok((await engine.enter({ ...good, ...field }))?.code, `no refusal of ${JSON.stringify(field)}`);
    await engine.gone(`the end of an engine whose handshake had ${JSON.stringify(field)}`, 2_000);
    assert.ok(!engine.heard.join().includes(mark), engine.heard.join());
  }
  const lost = await webSocket(server);
  lost.sendText(`40/${mark},`);
  await lost.gone("the end of an engine that asked for an unknown namespace", 2_000);
  assert.deepEqual(lost.heard, []);
  for (const query of [`EIO=4&transport=${mark}`, `EIO=${mark}&transport=polling`, `EIO=4&transport=polling&sid=${mark}`]) {
    const { text, headers } = await http(server, "GET", `/socket.io/?${query}`);
    assert.ok(!(text + JSON.stringify(headers)).includes(mark), text);
  }
});

test("welcomes that are not read, over WebSocket, hold little", async (t) => {
  const server = await attacked(t);
  const [session] = await seeded(server, 1);
  const peers = await Promise.all(Array.from({ length: 12 }, () => blind(server)));
  t.after(() => peers.forEach((peer) => peer.end()));
  small(
    await growth(server, () =>
      Promise.all(
        peers.map(async (peer, i) => {
          const me = auth(session, i % 2 ? "7" : "9");
          for (let cycle = 0; cycle < 60; cycle += 1) {
            await peer.send(connectPacket(me));
            // An answer of this server to anybody: the handshake before was looked at.
            await http(server, "GET", "/healthz");
            if (!(await peer.send(LEAVE))) return;
          }
        }),
      ),
    ),
  );
});

test("welcomes that are not polled hold little", async (t) => {
  const server = await attacked(t);
  const [session] = await seeded(server, 1);
  const peers = await Promise.all(Array.from({ length: 12 }, () => polling(server)));
  t.after(() => peers.forEach((peer) => peer.end()));
  small(
    await growth(server, () =>
      Promise.all(
        peers.map(async (peer, i) => {
          const me = auth(session, i % 2 ? "7" : "9");
          for (let cycle = 0; cycle < 60; cycle += 1) {
            await peer.post(connectPacket(me));
            if ((await peer.post(LEAVE)) !== 200) return;
          }
        }),
      ),
    ),
  );
});

test("pages of history that are not polled hold little", async (t) => {
  const server = await attacked(t);
  const sessions = await seeded(server, 12);
  const peers = await Promise.all(sessions.flatMap((session) => ["7", "9"].map(async (user) => [await polling(server), auth(session, user)])));
  t.after(() => peers.forEach(([peer]) => peer.end()));
  small(
    await growth(server, () =>
      Promise.all(
        peers.map(async ([peer, me]) => {
          await peer.post(connectPacket(me));
          for (let page = 0; page < 18; page += 1) {
            if ((await peer.post(eventPacket(page, "history", { before: 1_000, limit: 200 }))) !== 200) return;
          }
          // The last pages are read meanwhile: they count, too.
          await peer.post(eventPacket(99, "probe", null));
        }),
      ),
    ),
  );
});

test("what nobody polls for ten seconds ends its engine, whatever else is sent", async (t) => {
  const server = await attacked(t);
  const peer = await polling(server);
  t.after(() => peer.end());
  assert.equal(await peer.post(connectPacket(auth("age", "7"))), 200);
  await until("the end of an engine whose welcome nobody polls", async () => (await peer.post("3")) !== 200, 13_000);
  assert.equal((await http(server, "GET", "/healthz")).status, 200);
});
