// pairvoice's server by itself: HTTP, Socket.IO with this one namespace, pages, development tokens.
import { createHmac } from "node:crypto";
import { statSync } from "node:fs";
import { createServer } from "node:http";

import { Server } from "socket.io";

import { attachPairvoice } from "./attach.js";
import { memoryStore } from "./memory-store.js";
import { end } from "./peer.js";
import { sqliteStore } from "./sqlite-store.js";
import { staticFiles } from "./static.js";
import { signToken } from "./token.js";

const MAX_MESSAGE_BYTES = 128 * 1024;
/** What packets of this namespace begin with: connect, disconnect, event. */
const PACKET = /^[012]\/pairvoice(?:,|$)/;
/** How long a development token is good, in seconds. */
const DEV_TOKEN_S = 12 * 3_600;

export async function serve(options) {
  const { host, port, database, secrets, audience, issuer, folder, isLoopback } = options;
  if (folder !== undefined && !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`--static ${folder}: no such folder`);
  const http = createServer((request, response) => {
    // A request that can't be read is no reason to stop.
    answer(request, response).catch(() => {
      if (response.headersSent) return response.destroy();
      return response.writeHead(400, { "content-type": "text/plain; charset=utf-8" }).end("the request could not be read\n");
    });
  });
  // The port first: a chat log that another server uses is not touched for nothing.
  await new Promise((resolve, reject) => {
    http.once("error", (error) => reject(new Error(error.code === "EADDRINUSE" ? `${host}:${port} is in use` : error.message)));
    // As the native server: whoever comes back with all others is not forgotten.
    http.listen({ host, port, backlog: 4096 }, resolve);
  });
  const mayConnect = (request) => isAllowed(request, options);
  const io = new Server(http, {
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    pingInterval: 10_000,
    pingTimeout: 8_000,
    connectTimeout: 8_000,
    // An upgrade that breaks off half-way leaves a connection without heartbeat; clients begin with the transport that they mean.
    allowUpgrades: false,
    serveClient: false,
    cors: (request, done) => done(null, { origin: mayConnect(request), methods: ["GET", "POST"] }),
    allowRequest: (request, done) => done(mayConnect(request) ? null : "this origin may not connect; see --allow-origin", mayConnect(request)),
  });
  // Binary packets, packets that announce attachments and those for other namespaces are nobody's.
  io.engine.on("connection", (conn) => {
    conn.on("packet", ({ type, data }) => {
      if (type === "message" && (typeof data !== "string" || !PACKET.test(data))) end(conn, true);
    });
  });
  const store = database === undefined ? memoryStore() : sqliteStore(database);
  const pairvoice = attachPairvoice(io, {
    verify: { secret: secrets, audience, issuer },
    store,
    iceServers: iceServers(options),
    rate: options.rate,
    chatUserLimit: options.chatUserLimit,
    log: (event) => process.stderr.write(`${line(event)}\n`),
  });
  const files = folder === undefined ? undefined : staticFiles(folder);

  async function answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, "http://x");
    const say = (status, body) => response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" }).end(body);
    if (pathname === "/healthz" || pathname === "/readyz") return say(200, "ok\n");
    if (pathname === "/dev/token" && options.dev) {
      // A web page that points its own name at 127.0.0.1 could ask, too.
      if (!isLoopback(request.headers.host)) return say(403, "development tokens are for localhost only\n");
      const { origin } = request.headers;
      // A page that may connect may read its token.
      if (origin !== undefined && mayConnect(request)) response.setHeader("access-control-allow-origin", origin).setHeader("vary", "origin");
      try {
        const who = { sessionId: searchParams.get("session"), userId: searchParams.get("user"), name: searchParams.get("name") ?? undefined };
        return say(200, signToken(secrets[0], { ...who, expiresIn: DEV_TOKEN_S }));
      } catch (error) {
        return say(400, `${error.message}\n`);
      }
    }
    if (pathname === "/pairvoice/knock") return say(405, "a knock is a POST\n");
    if (files && (await files(request, response))) return undefined;
    return say(404, "not found\n");
  }

  const bound = http.address();
  return {
    url: `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`,
    async close() {
      await pairvoice.close();
      await new Promise((resolve) => io.close(resolve));
    },
  };
}

/** Browsers apply no same-origin rule to WebSockets, so the server does (RFC 6455 section 10.2). */
function isAllowed({ headers: { origin, host } }, { origins, dev, isLoopback }) {
  // Only browsers send an origin, and only browsers act for somebody who did not ask for it.
  if (origin === undefined) return true;
  const from = origin.replace(/^[^:]+:\/\//, "");
  return from === host || origins.includes(origin) || Boolean(dev && isLoopback(from));
}

function iceServers({ stun, turn }) {
  const servers = stun.length > 0 ? [{ urls: stun }] : [];
  if (!turn) return servers;
  // The REST API of coturn: a name that says until when it is good, and a code over it.
  return ({ sessionId, userId }) => {
    const name = createHmac("sha256", turn.secret).update(JSON.stringify([sessionId, userId])).digest("hex").slice(0, 16);
    const username = `${Math.floor(Date.now() / 1000) + turn.lifetimeS}:${name}`;
    const credential = createHmac("sha1", turn.secret).update(username).digest("base64");
    return { iceServers: [...servers, { urls: turn.urls, username, credential }], iceLifetime: turn.lifetimeS };
  };
}

/** Characters that end a line, turn its direction or are not seen. */
const UNSEEN = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff0-\uffff]/g;
const quoted = (value) => JSON.stringify(value).replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** One line of the log; names are quoted, so that none of them makes two. */
function line({ event, error, ...fields }) {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  const why = error ? ` error=${quoted(String(error.message ?? error))}` : "";
  return `${new Date().toISOString()} ${event} ${said.map(([name, value]) => `${name}=${quoted(value)}`).join(" ")}${why}`;
}
