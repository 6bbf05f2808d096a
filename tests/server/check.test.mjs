// The check before a call: it tells what a client wants to know, and takes nobody's seat.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { io } from "socket.io-client";

import { startServer } from "../e2e/support/server.mjs";
import { inTime, instance, join, token } from "./support.mjs";

/** What a check brings: the event and the end of its connection, or the refusal. */
async function check(server, session, user, auth = {}) {
  const socket = io(`${server.url}/pairvoice`, {
    forceNew: true,
    reconnection: false,
    transports: ["websocket"],
    auth: { v: 1, token: await token(server, session, user), sessionId: session, userId: user, instance: instance(), check: true, ...auth },
  });
  const heard = [];
  socket.onAny((...event) => heard.push(event));
  const end = Promise.race([
    once(socket, "disconnect").then(([reason]) => ({ reason })),
    once(socket, "connect_error").then(([error]) => ({ refusal: JSON.parse(error.message) })),
  ]);
  const ended = await inTime("the end of a check", end).finally(() => socket.disconnect());
  return { ...ended, heard };
}

async function server(t, options) {
  const started = await startServer(options);
  t.after(() => started.stop());
  return started;
}

test("a check tells version and ICE servers, and nobody's seat is touched", async (t) => {
  const here = await server(t, { args: ["--dev", "--stun", "stun:192.0.2.1:3478"] });
  const a = await join(here, "s", "7");
  t.after(() => a.socket.disconnect());
  const { heard, reason } = await check(here, "s", "7");
  assert.equal(reason, "io server disconnect");
  const [[name, answer], ...more] = heard;
  assert.deepEqual([name, more], ["check", []]);
  assert.deepEqual([answer.v, /^\d+\.\d+\.\d+/.test(answer.version)], [1, true]);
  assert.ok(answer.iceServers.some(({ urls }) => urls.includes("stun:192.0.2.1:3478")), JSON.stringify(answer));
  await check(here, "s", "9");
  // Nothing was said to the one who is in, and the other seat is free.
  assert.equal((await a.emit("probe", null)).ok, true);
  assert.deepEqual(a.heard.map(([event]) => event).filter((event) => event === "peer" || event === "notice"), []);
  const b = await join(here, "s", "9");
  t.after(() => b.socket.disconnect());
  await a.until("peer", (peers) => peers.some((peer) => peer.userId === "9" && peer.presence === "present"));
});

test("whoever would not be let in learns nothing by a check", async (t) => {
  const here = await server(t);
  const forged = await check(here, "s", "7", { token: "no.token.here" });
  assert.deepEqual([forged.refusal.code, forged.heard], ["unauthorized", []]);
  const later = await check(here, "s", "7", { v: 2 });
  assert.equal(later.refusal.code, "version-mismatch");
});

test("a check costs what a handshake costs", async (t) => {
  const here = await server(t, { args: ["--dev", "--rate", "10"] });
  const outcomes = [];
  for (let i = 0; i < 30; i += 1) outcomes.push((await check(here, "s", "7")).refusal?.code);
  assert.ok(outcomes.includes(undefined) && outcomes.includes("rate-limited"), outcomes.join(" "));
});
