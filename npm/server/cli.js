#!/usr/bin/env node
// The program pairvoice-server: the namespace alone on a port, with a chat log in a file.
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { parseArgs } from "node:util";

const HELP = `Signalling server for pairvoice: lets two people of a session find each other, and keeps their chat.

Usage: pairvoice-server [OPTIONS]

  --listen ADDRESS:PORT        where to listen; port 0 takes a free one [127.0.0.1:8787]
  --database FILE              the chat log (SQLite); made when missing [pairvoice.db]
  --memory                     keep the chat in memory only: it is gone when the server stops
  --jwt-secret-file FILE       a secret that signs tokens (HS256), at least 32 bytes; may be repeated
  --jwt-audience AUD           what tokens have to name in aud
  --jwt-issuer ISS             what tokens have to name in iss
  --dev                        for development on this machine: a random secret, and GET /dev/token hands out tokens
  --allow-origin ORIGIN        a page of another origin that may connect; may be repeated
  --static FOLDER              serve a built page
  --stun URL                   a STUN server for the clients; may be repeated
  --turn URL                   a TURN server (coturn with use-auth-secret) for the clients; may be repeated
  --turn-secret-file FILE      the secret that the TURN servers share with this one
  --rate N                     events a second of one connection, and of one user of a session [100]
  --chat-user-limit MIB        text of one user in one session [16]
  --help, --version

Each option may stand in the environment, too: PAIRVOICE_LISTEN and so on; several values with commas between.
Exit codes: 0 after SIGTERM or SIGINT, 1 when it could not serve, 2 for options that are refused.
`;

const text = { type: "string" };
const many = { type: "string", multiple: true };
const OPTIONS = {
  listen: text, database: text, memory: { type: "boolean" }, "jwt-secret-file": many, "jwt-audience": text, "jwt-issuer": text,
  dev: { type: "boolean" }, "allow-origin": many, static: text, stun: many, turn: many, "turn-secret-file": text, rate: text,
  "chat-user-limit": text, help: { type: "boolean" }, version: { type: "boolean" },
};
const DEFAULTS = { listen: "127.0.0.1:8787", database: "pairvoice.db", rate: "100", "chat-user-limit": "16" };
/** Group or others may read or write. */
const LOOSE = 0o066;
/** How long stopping may take, in milliseconds. */
const STOP_MS = 1_700;
/** For how long credentials of TURN servers are good, in seconds. */
const TURN_S = 3_600;

/** Options that are refused. */
class Usage extends Error {}

function settings() {
  let values;
  try {
    ({ values } = parseArgs({ options: OPTIONS, allowPositionals: false }));
  } catch (error) {
    throw new Usage(`${error.message.split(". ")[0]}; --help says more`);
  }
  for (const [name, { type, multiple }] of Object.entries(OPTIONS)) {
    const given = process.env[`PAIRVOICE_${name.replaceAll("-", "_").toUpperCase()}`];
    if (values[name] === undefined && given) values[name] = type === "boolean" ? given === "true" : multiple ? given.split(",") : given;
    values[name] ??= DEFAULTS[name];
  }
  return values;
}

function addressOf(listen) {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen) ?? [];
  const host = bracketed ?? plain;
  if (!host || !isIP(host) || Number(port) > 65_535) throw new Usage(`--listen ${listen}: not an address and a port, such as 127.0.0.1:8787`);
  return { host, port: Number(port) };
}

function secretOf(option, path) {
  try {
    // Windows has no such bits.
    if (process.platform !== "win32" && statSync(path).mode & LOOSE) throw new Usage(`the secret file ${path} is open to other users of this machine; make it yours alone with: chmod 600 ${path}`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Usage) throw error;
    throw new Usage(`cannot read the secret file ${path}: ${error.message}`);
  }
}

/** Whether an address, or a `Host` with its port, is this machine. */
const isLoopback = (host = "") => {
  const name = isIP(host) ? host : host.replace(/:\d*$/, "").replace(/^\[|\]$/g, "");
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127\.\d+\.\d+\.\d+$/.test(name);
};

async function main() {
  const given = settings();
  if (given.help) return void process.stdout.write(HELP);
  if (given.version) {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    return void process.stdout.write(`pairvoice-server ${version} (Node.js)\n`);
  }
  const address = addressOf(given.listen);
  const files = given["jwt-secret-file"] ?? [];
  if (given.dev && files.length > 0) throw new Usage("--dev makes a secret of its own: it goes without --jwt-secret-file");
  if (given.dev && !isLoopback(address.host)) throw new Usage(`--dev is for this machine only, and ${given.listen} is not a loopback address`);
  if (!given.dev && files.length === 0) throw new Usage("no key to check tokens with: give --jwt-secret-file, or --dev on a development machine");
  if ((given.turn?.length > 0) !== (given["turn-secret-file"] !== undefined)) throw new Usage("--turn and --turn-secret-file go together");
  const { serve } = await import("./serve.js").catch((error) => {
    throw error.code === "ERR_MODULE_NOT_FOUND" && /'socket\.io'/.test(error.message) ? new Error("the package socket.io is missing: npm install socket.io better-sqlite3") : error;
  });
  const { secretBytes } = await import("./token.js");
  const read = (option, path) => {
    const bytes = secretOf(option, path);
    try {
      return secretBytes(bytes);
    } catch (error) {
      throw new Usage(`the secret file ${path}: ${error.message}`);
    }
  };
  const number = (name) => {
    if (!(Number(given[name]) > 0)) throw new Usage(`--${name} ${given[name]}: not a positive number`);
    return Number(given[name]);
  };
  const server = await serve({
    ...address,
    database: given.memory ? undefined : given.database,
    secrets: given.dev ? [randomBytes(32).toString("hex")] : files.map((path) => read("--jwt-secret-file", path)),
    audience: given["jwt-audience"],
    issuer: given["jwt-issuer"],
    dev: given.dev,
    origins: given["allow-origin"] ?? [],
    folder: given.static,
    stun: given.stun ?? [],
    turn: given.turn?.length > 0 ? { urls: given.turn, secret: read("--turn-secret-file", given["turn-secret-file"]), lifetimeS: TURN_S } : undefined,
    rate: number("rate"),
    chatUserLimit: number("chat-user-limit"),
    isLoopback,
  });
  const scope = given.stun || given.turn ? "" : "; calls work inside one network only (no --stun and no --turn)";
  process.stdout.write(`pairvoice-server listens on ${server.url}${scope}\n`);
  let stopping;
  const stop = () => {
    // A peer that does not read does not keep the process.
    setTimeout(() => process.exit(0), STOP_MS).unref();
    stopping ??= server.close().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
}

main().catch((error) => {
  process.stderr.write(`pairvoice-server: ${error.message}\n`);
  process.exit(error instanceof Usage ? 2 : 1);
});
