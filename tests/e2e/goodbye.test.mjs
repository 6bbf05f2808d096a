// A goodbye on a socket: it is closed once the server has it, or after a second, or when the page goes away, and nothing of it stays.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Server } from "socket.io";
import { io } from "socket.io-client";

import { part } from "../../npm/door.js";

const window = new EventTarget();
const listeners = new Set();
globalThis.addEventListener = (name, listener) => (listeners.add(listener), window.addEventListener(name, listener));
globalThis.removeEventListener = (name, listener) => (listeners.delete(listener), window.removeEventListener(name, listener));

const http = createServer();
const heard = [];
before(async () => {
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  new Server(http).on("connection", (socket) => {
    // By a listener of its own, which loses what comes in one go with the end.
    socket.on("bye", (_, answer) => {
      heard.push(socket.handshake.auth.name);
      if (socket.handshake.auth.name !== "deaf") answer({ ok: true });
    });
    socket.on("disconnect", () => heard.push(`end of ${socket.handshake.auth.name}`));
  });
});
after(() => (http.closeAllConnections(), new Promise((resolve) => http.close(resolve))));

async function connected(name) {
  const socket = io(`http://127.0.0.1:${http.address().port}`, { forceNew: true, reconnection: false, transports: ["websocket"], auth: { name } });
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

const ended = (socket) => new Promise((resolve) => socket.once("disconnect", resolve));

test("the server has it before the end", async () => {
  const socket = await connected("heard");
  const end = ended(socket);
  part(socket);
  assert.ok(socket.connected, "it waits");
  await end;
  assert.deepEqual([heard[0], listeners.size], ["heard", 0]);
});

test("a server that does not answer is not waited for long", async () => {
  const socket = await connected("deaf");
  const end = ended(socket);
  part(socket);
  await end;
  assert.deepEqual([heard.includes("deaf"), listeners.size], [true, 0]);
});

test("a page that goes away closes it in the same turn, and so does a socket that is not open", async () => {
  const socket = await connected("leaving");
  part(socket);
  window.dispatchEvent(new Event("pagehide"));
  assert.deepEqual([socket.connected, listeners.size], [false, 0]);
  const never = io("http://127.0.0.1:9", { forceNew: true, reconnection: false });
  part(never);
  assert.equal(never.active, false);
});
