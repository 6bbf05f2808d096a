// Who sends much and reads nothing makes the server hold little, with a token and without one, over both transports.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LEAVE, blind, connectPacket, eventPacket, http, polling, seated, webSocket } from "./raw.mjs";
import { GROWTH, MIB, attacked, auth, batch, growth, holds, until, within } from "./watch.mjs";

/** Six peers send this 230 times each: 132 MiB. */
const LARGE = "x".repeat(100_000);
const forged = { v: 1, token: "none", sessionId: "s", userId: "7", instance: "0".repeat(32), since: LARGE };
const small = (bytes) => assert.ok(bytes < GROWTH, `the process grew by ${Math.round(bytes / MIB)} MiB, ${GROWTH / MIB} are allowed`);

/** Sends a packet over and over, until nothing is taken any more. */
async function flood(peer, packet, times) {
  for (let i = 0; i < times && (await peer.send(packet)); i += 1);
}

/** Sessions whose chat fills a page; their authors stay and see who comes. */
async function chats(t, server, count) {
  const authors = await Promise.all(Array.from({ length: count }, (_, i) => seated(server, `memory-${i}`, "9")));
  t.after(() => authors.forEach((author) => author.end()));
  for (const author of authors) for (let i = 0; i < 6; i += 1) assert.ok((await author.emit("chat", batch())).ok);
  return authors;
}

for (const [what, packet] of [
  ["refused handshakes with a large value", connectPacket(forged)],
  ["handshakes for namespaces with long names", `40/${LARGE},`],
]) {
  test(`${what}, 132 MiB over WebSocket and never read, hold little and end their connections`, async (t) => {
    const server = await attacked(t);
    const peers = await Promise.all(Array.from({ length: 6 }, () => blind(server)));
    t.after(() => peers.forEach((peer) => peer.end()));
    const grown = await growth(t, server, async () => {
      await Promise.all(peers.map((peer) => flood(peer, packet, 230)));
    });
    small(grown);
    await until("the ends of all these connections", () => !peers.some((peer) => holds(server, peer.port)), 3_000);
  });

  test(`${what}, 132 MiB by POST and never polled, hold little and end their engines`, async (t) => {
    const server = await attacked(t);
    const peers = await Promise.all(Array.from({ length: 6 }, () => polling(server)));
    t.after(() => peers.forEach((peer) => peer.end()));
    const grown = await growth(t, server, async () => {
      await Promise.all(
        peers.map(async (peer) => {
          for (let sent = 0; sent < 230 && (await peer.post(packet)) === 200; sent += 1);
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
  assert.ok(!lost.heard.join().includes(mark), lost.heard.join());
  for (const query of [`EIO=4&transport=${mark}`, `EIO=${mark}&transport=polling`, `EIO=4&transport=polling&sid=${mark}`]) {
    const { text, headers } = await http(server, "GET", `/socket.io/?${query}`);
    assert.ok(!(text + JSON.stringify(headers)).includes(mark), text);
  }
});

/** Something that sends packets over a transport and takes nothing; `send` resolves with false when it is over. */
const senders = {
  WebSocket: blind,
  polling: async (server) => {
    const engine = await polling(server);
    return { send: async (packet) => (await engine.post(packet)) === 200, end: engine.end };
  },
};

for (const [transport, open] of Object.entries(senders)) {
  test(`welcomes that are not read, over ${transport}, hold little`, async (t) => {
    const server = await attacked(t);
    const authors = await chats(t, server, 8);
    const attack = async (author) => {
      const peer = await open(server);
      t.after(() => peer.end());
      const me = auth(author.seat.sessionId, "7");
      for (let cycle = 0; cycle < 60; cycle += 1) {
        if (!(await peer.send(connectPacket(me)))) return;
        // A refusal is not seen from here, and no reason to go on.
        if (!(await within(1_000, () => author.other?.presence === "present"))) return;
        if (!(await peer.send(LEAVE))) return;
        await within(1_000, () => author.other.presence === "away");
      }
    };
    small(await growth(t, server, () => Promise.all(authors.map(attack))));
  });
}

test("pages of history that are not polled hold little", async (t) => {
  const server = await attacked(t);
  const authors = await chats(t, server, 24);
  const attack = async (author) => {
    const peer = await polling(server);
    t.after(() => peer.end());
    await peer.post(connectPacket(auth(author.seat.sessionId, "7")));
    await peer.pollFor("welcome");
    for (let page = 0; page < 18; page += 1) {
      if ((await peer.post(eventPacket(page, "history", { before: 1_000, limit: 200 }))) !== 200) break;
    }
    // The log is read in the order in which it was asked for.
    assert.ok((await author.emit("history", { before: 2, limit: 1 }))?.ok);
  };
  small(await growth(t, server, () => Promise.all(authors.map(attack))));
});

test("what nobody polls for ten seconds ends its engine, whatever else is sent", async (t) => {
  const server = await attacked(t);
  const peer = await polling(server);
  t.after(() => peer.end());
  assert.equal(await peer.post(connectPacket(auth("age", "7"))), 200);
  await until("the end of an engine whose welcome nobody polls", async () => (await peer.post("3")) !== 200, 13_000);
  assert.equal((await http(server, "GET", "/healthz")).status, 200);
});
