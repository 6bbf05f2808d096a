// A client that speaks docs/protocol.md with the official socket.io-client.
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";

import { io } from "socket.io-client";

/** How long one thing is waited for, in milliseconds. */
const PATIENCE_MS = 20_000;

/** A promise that is rejected with what was waited for when that takes too long. */
export async function inTime(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms for ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export const instance = () => randomBytes(16).toString("hex");
export const messageId = () => randomUUID();

/** Waits until the server's log has a line. */
export function logged(server, pattern) {
  let over = false;
  const seen = async () => {
    while (!pattern.test(server.log) && !over) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  return inTime(`a line of the log: ${pattern}`, seen()).finally(() => (over = true));
}

/** A token for this user in this session. */
export async function token(server, session, user) {
  return (await fetch(`${server.url}/dev/token?${new URLSearchParams({ session, user })}`)).text();
}

/** Connects, and resolves with a client once it is welcomed; rejects with the server's refusal. */
export async function join(server, session, user, { auth = {}, transports = ["websocket"], ...more } = {}) {
  const me = auth.instance ?? instance();
  const socket = io(`${server.url}/pairvoice`, {
    forceNew: true,
    reconnection: false,
    transports,
    ...more,
    auth: {
      v: 1,
      token: auth.token ?? (await token(server, session, user)),
      sessionId: session,
      userId: user,
      instance: me,
      since: 0,
      ...auth,
    },
  });
  const client = { socket, user, session, instance: me, heard: [], sequence: 0 };
  socket.onAny((event, data) => client.heard.push([event, data]));
  const refused = once(socket, "connect_error").then(([error]) => {
    socket.disconnect();
    throw Object.assign(new Error(error.message), parse(error.message));
  });
  [client.welcome] = await inTime("a welcome", Promise.race([once(socket, "welcome"), refused]));
  refused.catch(() => {});
  client.emit = (event, data, ms = 10_000) => socket.timeout(ms).emitWithAck(event, data);
  client.signal = (body, more = {}) => client.emit("signal", client.envelope(body, more));
  client.envelope = (body, more = {}) => ({
    session,
    user,
    instance: me,
    attempt: 1,
    generation: 0,
    sequence: (client.sequence += 1),
    body,
    ...more,
  });
  client.of = (event) => client.heard.filter(([name]) => name === event).map(([, data]) => data);
  /** Waits until what was heard of an event satisfies a condition. */
  client.until = (event, condition) => {
    const seen = new Promise((resolve) => {
      const look = () => condition(client.of(event)) && (socket.offAny(look), resolve(client.of(event)));
      socket.onAny(look);
      look();
    });
    return inTime(`${event}: ${condition}`, seen);
  };
  client.gone = () => inTime("the end of the connection", once(socket, "disconnect"));
  client.leave = () => socket.disconnect();
  return client;
}

/** Joins as a client does: after a refusal that says when, not before that. */
export async function rejoin(server, session, user, options) {
  for (;;) {
    try {
      return await join(server, session, user, options);
    } catch (error) {
      if (!error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.afterMs ?? 0));
    }
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { code: "transport" };
  }
}
