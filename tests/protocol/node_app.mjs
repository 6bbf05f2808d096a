// An app with a Socket.IO server of its own, in the test's process, and pairvoice on it.
import { createServer } from "node:http";

import { Server } from "socket.io";

import { attachPairvoice, memoryStore, signToken } from "../../npm/server/index.js";
import { inTime, join } from "../server/support.mjs";
import { SECRET } from "./support.mjs";

/** What `attachPairvoice` is given, unless a test says otherwise. */
export const settings = (more) => ({ store: memoryStore(), verify: { secret: SECRET }, ...more });

export async function app(t, options, own) {
  const http = createServer((_, response) => response.end("the app"));
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const io = new Server(http, own);
  io.on("connection", (socket) => socket.on("echo", (said, done) => done(said)));
  const server = { url: `http://127.0.0.1:${http.address().port}`, pairvoice: attachPairvoice(io, settings(options)), io };
  t.after(async () => {
    await server.pairvoice.close();
    await new Promise((resolve) => io.close(resolve));
  });
  return server;
}

export const token = (user, more = {}) => signToken(SECRET, { sessionId: "s", userId: user, ...more });
export const enter = (server, user, auth = {}) => join(server, "s", user, { auth: { token: token(user), ...auth } });
export const codeOf = (joining) => joining.then(() => "let in", ({ code }) => code);

/** Waits for a state of this process. */
export function until(what, isSo) {
  let over = false;
  const seen = async () => {
    while (!isSo() && !over) await new Promise((resolve) => setImmediate(resolve));
  };
  return inTime(what, seen()).finally(() => (over = true));
}
