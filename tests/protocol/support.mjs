// Conformance: what docs/protocol.md says, asked of a server by the official client. Each case is named after words of that text, which
// must stand there, and runs against every server. Cases of a file share one server of each kind, have sessions of their own and run at once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { io } from "socket.io-client";

import { signToken } from "../../npm/server/token.js";
import { startServer } from "../e2e/support/server.mjs";
import { inTime, instance, join, messageId } from "../server/support.mjs";
import { validate } from "./schema.mjs";

export { inTime, instance, messageId } from "../server/support.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const native = process.env.PAIRVOICE_NATIVE ?? path(root, "target", "release", "pairvoice-server");
/**
 * The command line of each server; PAIRVOICE_SERVER names one that is tested in their place. It takes --listen, --database, --jwt-secret-file, --stun and
 * --chat-user-limit as the others do, and prints a line once it listens.
 */
const SERVERS = process.env.PAIRVOICE_SERVER
  ? { other: [process.env.PAIRVOICE_SERVER] }
  : { native: [native], node: [process.execPath, path(root, "npm", "server", "cli.js")] };
const wanted = process.env.PAIRVOICE_PROTOCOL?.split(",");

const plain = (text) => text.replace(/\s+/g, " ");
const specification = plain(readFileSync(path(root, "docs", "protocol.md"), "utf8"));

/** The secret of all servers under test, longer than it has to be, with a line feed as files have it. */
export const SECRET = `${"0123456789abcdef".repeat(3)}\n`;

let sessions = 0;

/**
 * The cases of a file: `define(test)` defines them by `test(quotation, work, detail)`. `work` gets a session of its own: `join(user, auth)`,
 * `token(user, claims)` and the server.
 */
export function conformance(define, { args = [] } = {}) {
  describe("conformance", { concurrency: true }, () => {
    for (const [name, run] of Object.entries(SERVERS)) {
      if (wanted && !wanted.includes(name)) continue;
      describe(name, { concurrency: 16 }, () => {
        const folder = mkdtempSync(path(tmpdir(), "pairvoice-protocol-"));
        const file = path(folder, "secret");
        const context = {};
        before(async () => {
          writeFileSync(file, SECRET, { mode: 0o600 });
          context.server = await startServer({ run, page: "none", args: ["--jwt-secret-file", file, ...args] });
        });
        after(async () => {
          await context.server?.stop();
          rmSync(folder, { recursive: true, force: true });
        });
        define((quotation, work, detail) => {
          if (!specification.includes(plain(quotation))) throw new Error(`docs/protocol.md does not say: ${quotation}`);
          it(detail ? `${quotation} (${detail})` : quotation, () => inSession(context.server, work));
        }, name);
      });
    }
  });
}

async function inSession(server, work) {
  const session = `p-${process.pid}-${(sessions += 1)}`;
  const clients = [];
  const token = (user, claims = {}) => signToken(SECRET, { sessionId: session, userId: user, expiresIn: 600, ...claims });
  const here = {
    server,
    session,
    token,
    /** Joins; rejects with the refusal. Everything that is heard is validated. */
    async join(user, auth = {}, options = {}) {
      const client = await join(server, session, user, { ...options, auth: { ...auth, token: auth.token ?? token(user) } });
      clients.push(client);
      validate("welcome", client.welcome);
      client.socket.onAny((event, body) => validate(event, body));
      for (const [event, body] of client.heard) validate(event, body);
      const emit = client.emit;
      client.emit = async (event, body, ms) => {
        const answer = await emit(event, body, ms);
        validate("acknowledgement", answer);
        return answer;
      };
      return client;
    },
    /** The refusal of a join. */
    async refusal(user, auth = {}, options = {}) {
      const joined = await here.join(user, auth, options).then(
        () => undefined,
        (error) => error,
      );
      if (!joined) throw new Error("it was let in");
      if (joined.retryable === undefined) throw joined;
      const { code, message, retryable, afterMs, detail } = joined;
      const told = { code, message, retryable, ...(afterMs === undefined ? {} : { afterMs }), ...(detail === undefined ? {} : { detail }) };
      validate("refusal", told);
      return told;
    },
    /** What a connection hears that asks for a check; rejects with the refusal. */
    check(user, auth = {}) {
      const body = { v: 1, token: token(user), sessionId: session, userId: user, instance: instance(), check: true, ...auth };
      const socket = io(`${server.url}/pairvoice`, { forceNew: true, reconnection: false, transports: ["websocket"], auth: body });
      const heard = [];
      const end = new Promise((resolve, reject) => {
        socket.onAny((name, told) => (validate(name, told), heard.push([name, told])));
        socket.once("connect_error", ({ message: text }) => (socket.disconnect(), reject(JSON.parse(text))));
        socket.once("disconnect", () => resolve(heard));
      });
      return inTime("the end of a check", end);
    },
    async both() {
      return [await here.join("7"), await here.join("9")];
    },
  };
  try {
    await work(here);
  } finally {
    for (const client of clients) client.leave();
  }
}

/** A message of the chat. */
export const message = (text) => ({ id: messageId(), text });

/** So many messages with short texts. */
export const messages = (count, text = (n) => `message ${n}`) => Array.from({ length: count }, (_, n) => message(text(n)));

/** An instance that a test names twice. */
export const life = () => instance();
