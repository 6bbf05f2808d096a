// SIGTERM while somebody does not read: an end in time, of which everybody hears, and nothing that was promised is lost.
import assert from "node:assert/strict";
import { test } from "node:test";

import { blind, connectPacket, http, seated, webSocket } from "./raw.mjs";
import { attacked, auth, batch, envelope, until } from "./watch.mjs";

/** How long the process may take to end, with half a second for a slow machine. */
const END_MS = 2_500;

/** A reader whose connection is full. */
async function deaf(t, server) {
  const peer = await blind(server);
  t.after(() => peer.end());
  await peer.send(connectPacket(auth("deaf", "9")));
  const talker = await seated(server, "deaf", "7");
  t.after(() => talker.end());
  await until("the deaf one's seat", () => talker.other?.presence === "present");
  const signal = (_, i) => talker.emit("signal", envelope(talker.seat, i + 1, { candidate: { candidate: "x".repeat(32_000) } }));
  await Promise.all(Array.from({ length: 300 }, signal));
}

test("with a deaf reader the process ends within 2 s", async (t) => {
  const server = await attacked(t);
  await deaf(t, server);
  // Somebody who does not even send a header, and an engine without a seat.
  const idle = await webSocket(server);
  t.after(() => idle.end());
  let ended = false;
  server.kill("SIGTERM").then(() => (ended = true));
  await until("the end of the process", () => ended, END_MS);
});

test("everybody is told when to come back, each at another time", async (t) => {
  const server = await attacked(t);
  await deaf(t, server);
  const engines = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const engine = await webSocket(server);
      t.after(() => engine.end());
      assert.ok((await engine.enter(auth(`told-${i}`, "7"))).sid);
      return engine;
    }),
  );
  const stopped = server.kill("SIGTERM");
  await Promise.all([...engines.map((engine) => engine.gone()), stopped]);
  const notices = engines.map((engine) => engine.of("notice")[0]);
  assert.ok(notices.every((notice) => notice?.code === "restarting" && notice.afterMs > 0), JSON.stringify(notices));
  assert.ok(new Set(notices.map(({ afterMs }) => afterMs)).size > 5, JSON.stringify(notices));
});

test("meanwhile it is not ready", async (t) => {
  const server = await attacked(t);
  assert.equal((await http(server, "GET", "/readyz")).status, 200);
  await deaf(t, server);
  let ended = false;
  server.kill("SIGTERM").then(() => (ended = true));
  const seen = new Set();
  await until("the end of the process", async () => {
    seen.add(await http(server, "GET", "/readyz").then(({ status }) => status, () => 0));
    return ended;
  });
  assert.ok(seen.has(503), `/readyz was ${[...seen].join(", ")}`);
});

test("a handshake while it stops is refused until later, and not as an unknown namespace", async (t) => {
  const server = await attacked(t);
  await deaf(t, server);
  const [witness, waiting] = [await seated(server, "witness", "7"), await webSocket(server)];
  t.after(() => [witness, waiting].forEach((engine) => engine.end()));
  let answer;
  witness.onPacket = (packet) => {
    if (packet.includes("restarting")) answer ??= waiting.enter(auth("late", "7"));
  };
  const stopped = server.kill("SIGTERM");
  await until("the notice", () => answer);
  const refused = await answer;
  assert.equal(refused?.code, "restarting", JSON.stringify(refused));
  assert.equal(refused.retryable, true);
  assert.ok(refused.afterMs > 0);
  await stopped;
});

test("what was acknowledged before and while it stops is in the log afterwards", async (t) => {
  const server = await attacked(t);
  await deaf(t, server);
  const author = await webSocket(server);
  const me = auth("kept", "7");
  assert.ok((await author.enter(me)).sid);
  const accepted = [];
  const write = async () => {
    for (let i = 0; i < 300 && !author.closed; i += 1) {
      const answer = await author.emit("chat", batch(1, 20));
      accepted.push(...(answer?.accepted ?? []).map(({ id, seq }) => `${seq} ${id}`));
    }
  };
  const writing = Promise.all(Array.from({ length: 4 }, write));
  await until("some messages", () => accepted.length > 20);
  await server.kill("SIGTERM");
  await author.gone();
  await writing;
  await server.start();
  const reader = await webSocket(server);
  t.after(() => reader.end());
  assert.ok((await reader.enter(auth("kept", "9"))).sid);
  const kept = new Set();
  let page = { ...(await reader.first("welcome")).chat };
  for (;;) {
    for (const { seq, id } of page.messages) kept.add(`${seq} ${id}`);
    if (!page.more) break;
    page = await reader.emit("history", { before: page.messages[0].seq, limit: 200 });
    assert.ok(page?.ok);
  }
  assert.deepEqual(accepted.filter((message) => !kept.has(message)), []);
});
