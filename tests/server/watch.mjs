// A server under attack, seen from outside: its tokens, its memory, its connections, its log.
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startServer } from "../e2e/support/server.mjs";
import { instance, messageId } from "./support.mjs";

export const MIB = 1024 * 1024;
/** By how many bytes an attack may let the process grow. */
export const GROWTH = 64 * MIB;
const secret = "0123456789abcdef0123456789abcdef";

/** Waits for what is truthy, and resolves with it; after `ms` milliseconds it rejects with what was waited for. */
export async function until(what, condition, ms = 15_000) {
  const end = performance.now() + ms;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Lets a condition be false for good: resolves with whether it became true within `ms` milliseconds. */
export const within = (ms, condition) => until("", condition, ms).then(() => true, () => false);

/** A token of this user for this session. */
export function sign(session, user) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: user, session, exp: Math.floor(Date.now() / 1000) + 3600 };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** The `auth` of a good handshake. */
export const auth = (session, user, more = {}) => ({
  v: 1,
  token: sign(session, user),
  sessionId: session,
  userId: user,
  instance: instance(),
  since: 0,
  ...more,
});

/** The envelope of a signal of whoever sent that handshake. */
export const envelope = (seat, sequence, body, attempt = 1) => ({
  session: seat.sessionId,
  user: seat.userId,
  instance: seat.instance,
  attempt,
  generation: 0,
  sequence,
  body,
});

/** A `chat` event of so many texts of so many characters; by default it is as large as one may be. */
export const batch = (count = 6, length = 7_900) => ({
  messages: Array.from({ length: count }, () => ({ id: messageId(), text: randomBytes(length / 2).toString("hex") })),
});

/** Starts a server that takes tokens of `sign`; it is stopped when the test is over. */
export async function attacked(t, { args = [], ...options } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-secret-"));
  const file = join(folder, "secret");
  writeFileSync(file, secret, { mode: 0o600 });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const server = await startServer({ args: ["--jwt-secret-file", file, ...args], ...options });
  t.after(async () => {
    await server.kill("SIGKILL");
    rmSync(server.folder, { recursive: true, force: true });
  });
  return server;
}

/** Resident memory of a process and the most that it ever was, in bytes (proc_pid_status(5)). */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { rss: of("VmRSS"), peak: of("VmHWM") };
}

/** By how many bytes a server's memory grew at the worst moment of an attack; `bench/server/attacks.mjs` collects what is said of it. */
export async function growth(t, server, attack) {
  // 5 sets the peak to what it is now.
  writeFileSync(`/proc/${server.pid}/clear_refs`, "5");
  const before = memory(server.pid).rss;
  await attack();
  const grown = memory(server.pid).peak - before;
  t.diagnostic(`memory: ${(before / MIB).toFixed(1)} MiB before, ${(grown / MIB).toFixed(1)} MiB more at most`);
  return grown;
}

/** The connections that a server's process holds: the other side's address and port. */
export function connections(server) {
  const files = readdirSync(`/proc/${server.pid}/fd`);
  const own = new Set();
  for (const file of files) {
    try {
      own.add(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${server.pid}/fd/${file}`))?.[1]);
    } catch {
      // It was closed meanwhile.
    }
  }
  const rows = readFileSync("/proc/net/tcp", "utf8").trim().split("\n").slice(1);
  return rows.flatMap((row) => {
    const [, local, remote, , , , , , , inode] = row.trim().split(/\s+/);
    const [, port] = local.split(":").map((part) => Number.parseInt(part, 16));
    const [address, other] = remote.split(":");
    if (port !== server.port || other === "0000" || !own.has(inode)) return [];
    const from = address.match(/../g).reverse().map((byte) => Number.parseInt(byte, 16)).join(".");
    return [{ from, port: Number.parseInt(other, 16) }];
  });
}

/** Whether a server still holds the connection that comes from this local port. */
export const holds = (server, port) => connections(server).some((connection) => connection.port === port);
