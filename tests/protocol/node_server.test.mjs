// What pairvoice/server promises beside the protocol (npm/server/index.d.ts): an app's own Socket.IO server, verify, store, revoke, close, and
// the program pairvoice-server.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { Server } from "socket.io";
import { io as connect } from "socket.io-client";

import { attachPairvoice, memoryStore, signToken, sqliteStore } from "../../npm/server/index.js";
import { startServer } from "../e2e/support/server.mjs";
import { instance, join } from "../server/support.mjs";
import { app, codeOf, enter, settings, token } from "./node_app.mjs";
import { SECRET, message, messages } from "./support.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cli = path(root, "npm", "server", "cli.js");
const native = process.env.PAIRVOICE_NATIVE ?? path(root, "target", "release", "pairvoice-server");

describe("an app's own server", { concurrency: true }, () => {
  test("keeps its pages and its namespaces, and a session is beside them", async (t) => {
    const server = await app(t);
    const own = connect(server.url, { forceNew: true, transports: ["websocket"] });
    t.after(() => own.disconnect());
    assert.equal(await own.timeout(10_000).emitWithAck("echo", 7), 7);
    const [a, b] = [await enter(server, "7"), await enter(server, "9")];
    await a.emit("chat", { messages: [message("hello")] });
    await b.until("chat", (all) => all.length === 1);
    assert.equal(await (await fetch(server.url)).text(), "the app");
    assert.equal(server.pairvoice.sessions, 1);
    for (const client of [a, b]) await client.emit("bye", null);
    assert.equal(server.pairvoice.sessions, 0);
    assert.equal(await own.timeout(10_000).emitWithAck("echo", 8), 8);
  });

  test("a connection that it shares with another namespace outlives a refusal and a goodbye", async (t) => {
    const server = await app(t);
    const own = connect(server.url, { forceNew: true, transports: ["websocket"] });
    t.after(() => own.disconnect());
    await new Promise((resolve) => own.once("connect", resolve));
    const auth = { v: 1, token: token("7"), sessionId: "s", userId: "7", instance: instance() };
    const refused = own.io.socket("/pairvoice", { auth: { ...auth, token: "x" } });
    await new Promise((resolve) => refused.once("connect_error", resolve));
    assert.equal(await own.timeout(10_000).emitWithAck("echo", 1), 1);
    refused.auth = auth;
    refused.disconnect().connect();
    await new Promise((resolve) => refused.once("welcome", resolve));
    assert.deepEqual(await refused.timeout(10_000).emitWithAck("bye", null), { ok: true });
    assert.equal(await own.timeout(10_000).emitWithAck("echo", 2), 2);
  });

  test("verify is the app's: claims, true, nothing, an error, an outage", async (t) => {
    const lines = [];
    const server = await app(t, {
      log: (event) => lines.push(event),
      verify: async (text, { sessionId, userId }) => {
        if (text === "outage") throw Object.assign(new Error("the secret database is away"), { retryable: true });
        if (text === "error") throw new Error("a secret of the app");
        if (text === "late") throw Object.assign(new Error("too late"), { detail: "expired" });
        if (text === "odd") throw Object.assign(new Error("odd"), { detail: "a secret of the app" });
        if (text === "other") return { sub: "somebody else", session: sessionId };
        if (text === "elsewhere") return { sub: userId, session: "another" };
        if (text === "login") return { sub: userId, email: "ada@example.com", exp: Date.now() };
        if (text === "empty") return {};
        if (text === "pair") return { sub: userId, session: sessionId, participants: [userId, "9"] };
        return text === "good";
      },
    });
    const codes = {};
    for (const text of ["good", "bad", "error", "outage", "other", "elsewhere", "login", "empty"]) codes[text] = await codeOf(enter(server, "7", { token: text }));
    const no = "unauthorized";
    assert.deepEqual(codes, { good: "let in", bad: no, error: no, outage: "busy", other: no, elsewhere: no, login: no, empty: no });
    const detailOf = (text) => enter(server, "7", { token: text }).then(assert.fail, ({ detail }) => detail);
    assert.deepEqual(await Promise.all(["bad", "late", "odd", "other", "login"].map(detailOf)), [undefined, "expired", undefined, "invalid", "invalid"]);
    for (const missing of [/ has no session;/, / has no sub and no session;/]) assert.ok(lines.some(({ event, message: told }) => event === "refused" && missing.test(told)), String(missing));
    await enter(server, "7", { token: "pair" });
    assert.equal(await codeOf(enter(server, "8", { token: "good" })), "unauthorized");
    assert.ok(lines.some(({ event, error }) => event === "verify-failed" && error.message === "a secret of the app"));
    const busy = lines.filter(({ event, code }) => event === "refused" && code === "busy").map(({ message: told }) => told);
    assert.deepEqual(busy, ["the token can't be verified at the moment"], "one line for each refusal");
    assert.deepEqual(lines.filter(({ event }) => event === "error"), []);
  });

  test("each refusal is one line, which names its kind: a token, a full session, another token, a knock, an origin", async (t) => {
    const lines = [];
    const allowRequest = (request, done) => done(null, request.headers.origin === undefined);
    const server = await app(t, { log: (event) => event.event === "refused" && lines.push(event) }, { allowRequest });
    const knock = (headers, query = "") => fetch(`${server.url}/pairvoice/knock${query}`, { method: "POST", body: "{}", headers: { "content-type": "text/plain", ...headers } });
    await codeOf(enter(server, "7", { token: "a.b.c" }));
    const [a] = [await enter(server, "7"), await enter(server, "9")];
    await codeOf(enter(server, "8"));
    await a.emit("token", { token: token("9") });
    assert.equal((await knock({})).status, 400);
    const origin = "https://elsewhere.example";
    for (const query of ["", "?why"]) assert.equal((await knock({ origin }, query)).status, 403);
    await codeOf(join(server, "s", "7", { auth: { token: token("7") }, extraHeaders: { origin } }));
    assert.deepEqual(
      lines.map(({ code, detail, user, origin: from }) => [code, detail, user, from].filter((word) => word !== undefined).join(" ")),
      ["unauthorized invalid", "session-full 8", "unauthorized invalid 7", "version-mismatch", `origin-forbidden ${origin}`, `origin-forbidden ${origin}`],
    );
  });

  test("the store may be an object of four functions, whose errors have clients come again", async (t) => {
    const kept = memoryStore();
    let failure;
    const store = Object.fromEntries(
      ["load", "read", "find", "write"].map((name) => [name, async (...args) => (name === "write" && failure ? Promise.reject(failure) : kept[name](...args))]),
    );
    const server = await app(t, { store });
    const a = await enter(server, "7");
    failure = Object.assign(new Error("no room"), { code: "storage-full" });
    assert.equal((await a.emit("chat", { messages: [message("x")] })).error.code, "storage-full");
    failure = new Error("not now");
    const { error } = await a.emit("chat", { messages: [message("x")] });
    assert.deepEqual([error.code, error.retryable], ["busy", true]);
    failure = undefined;
    assert.equal((await a.emit("chat", { messages: [message("x")] })).accepted[0].seq, 1);
    assert.throws(() => attachPairvoice(new Server(), { verify: { secret: SECRET }, store: {} }), /store needs the function load/);
    assert.throws(() => attachPairvoice(new Server(), { verify: { secret: "short" }, store }), /fewer than 32 bytes/);
    assert.throws(() => attachPairvoice(new Server(), { store }), /options\.verify/);
  });

  test("what a store answers that is none refuses what was asked for, and no more", async (t) => {
    const kept = memoryStore();
    const server = await app(t, { store: { ...kept, load: async (session) => ({ ...(await kept.load(session)), last: "many" }) } });
    assert.equal(await codeOf(enter(server, "7")), "busy");
  });

  test("ICE servers are those of an option, for each user if it is a function", async (t) => {
    const server = await app(t, { iceServers: async ({ userId }) => ({ iceServers: [{ urls: "turn:a", username: userId, credential: "c" }], iceLifetime: 60 }) });
    const { iceServers, iceLifetime } = (await enter(server, "7")).welcome;
    assert.deepEqual([iceServers, iceLifetime], [[{ urls: ["turn:a"], username: "7", credential: "c" }], 60]);
  });

  test("ICE servers whose credentials run out are told anew", async (t) => {
    let count = 0;
    const server = await app(t, { iceServers: () => ({ iceServers: [{ urls: [`turn:${(count += 1)}`] }], iceLifetime: 1 }) });
    const a = await enter(server, "7");
    const [{ iceServers }] = await a.until("ice", (all) => all.length > 0);
    assert.deepEqual([a.welcome.iceServers[0].urls, iceServers[0].urls], [["turn:1"], ["turn:2"]]);
  });

  test("revoke hangs up on one, and on everybody; a token that is issued later lets in again", async (t) => {
    const server = await app(t);
    // Made before: one that is made later, if only in the next second, is good again.
    const old = { token: token("7") };
    const [a, b] = [await enter(server, "7", old), await enter(server, "9")];
    const gone = a.gone();
    await server.pairvoice.revoke("s", "7");
    await gone;
    const { code, afterMs } = a.of("notice").at(-1);
    assert.ok(code === "unauthorized" && afterMs > 0);
    assert.equal((await b.emit("probe", null)).ok, true);
    const { code: again, detail } = await enter(server, "7", old).then(assert.fail, (error) => error);
    assert.deepEqual([again, detail], ["unauthorized", "revoked"]);
    const bGone = b.gone();
    for (const nobody of ["", "a\n", "x".repeat(129), "\ud83d"]) {
      await assert.rejects(server.pairvoice.revoke("s", nobody), TypeError);
      await assert.rejects(server.pairvoice.revoke(nobody), TypeError);
    }
    await assert.rejects(server.pairvoice.revoke(), TypeError);
    assert.equal((await b.emit("probe", null)).ok, true);
    // As a form without a user has it: everybody.
    await server.pairvoice.revoke("s", null);
    await bGone;
    const iat = Math.floor(Date.now() / 1000) + 5;
    await enter(server, "7", { token: token("7", { now: iat }) });
  });

  test("close tells everybody when to come back, and lets nobody in", async (t) => {
    const server = await app(t);
    const a = await enter(server, "7");
    const gone = a.gone();
    await Promise.all([server.pairvoice.close(), gone]);
    const [notice] = a.of("notice");
    assert.ok(notice.code === "restarting" && notice.afterMs >= 300);
    const error = await enter(server, "7").catch((refused) => refused);
    assert.ok(error.code === "restarting" && error.retryable && error.afterMs > 0);
  });

  test("once it is closed it is attached again, and never twice", async (t) => {
    const server = await app(t);
    const knock = (user) => {
      const body = { v: 1, token: token(user), sessionId: "s", userId: user, instance: instance() };
      return fetch(`${server.url}/pairvoice/knock`, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "text/plain" } });
    };
    await enter(server, "7");
    assert.throws(() => attachPairvoice(server.io, settings()), /has pairvoice already/);
    for (let times = 0; times < 2; times += 1) {
      const before = server.pairvoice;
      await Promise.all([before.close(), before.close()]);
      assert.equal((await knock("7")).status, 503);
      assert.throws(() => attachPairvoice(server.io, { verify: () => true }), /store needs the function load/);
      server.pairvoice = attachPairvoice(server.io, settings());
      // What is over closes nothing.
      await before.close();
      assert.equal((await knock("7")).status, 200);
      const [a, b] = [await enter(server, "7"), await enter(server, "9")];
      await a.emit("chat", { messages: [message("hello again")] });
      await b.until("chat", (all) => all.length === 1);
      assert.equal(server.pairvoice.sessions, 1);
    }
    await server.pairvoice.close();
    server.pairvoice = attachPairvoice(server.io, settings({ knock: false }));
    assert.equal(await (await knock("7")).text(), "the app", "knocks may be left to the app from now on");
  });
});

describe("signToken", () => {
  test("needs no WebAssembly", () => {
    const program = `globalThis.WebAssembly = undefined;
      const { signToken } = await import(${JSON.stringify(pathToFileURL(path(root, "npm", "server", "index.js")))});
      console.log(String(signToken("x".repeat(32), { sessionId: "s", userId: "7" }).split(".").length));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8", timeout: 30_000 });
    assert.deepEqual([stdout, stderr], ["3\n", ""]);
  });

  const decode = (text) => JSON.parse(Buffer.from(text.split(".")[1], "base64url"));
  test("signs what docs/protocol.md wants, and refuses what would be refused", () => {
    const claims = decode(signToken(Buffer.from(SECRET), { sessionId: 42, userId: 7, peerUserId: 9, expiresIn: 60, now: 1000 }));
    assert.deepEqual(claims, { sub: "7", session: "42", iat: 1000, exp: 1060, participants: ["7", "9"] });
    assert.equal(signToken(SECRET, { sessionId: 1, userId: 2, now: 5 }), signToken(SECRET.trim(), { sessionId: "1", userId: "2", now: 5 }), "the line feed does not count");
    for (const [secret, options, words] of [
      ["short", { sessionId: 1, userId: 2 }, /32 bytes/],
      ["-----BEGIN PUBLIC KEY-----".repeat(3), { sessionId: 1, userId: 2 }, /PEM/],
      [SECRET, { userId: 2 }, /sessionId/],
      [SECRET, { sessionId: 1, userId: "a\n" }, /userId/],
      [SECRET, { sessionId: 1, userId: "a\ud83d" }, /userId/],
      [SECRET, { sessionId: 1, userId: 2, peerUserId: "2" }, /another user/],
      [SECRET, { sessionId: 1, userId: 2, expiresIn: 0 }, /expiresIn/],
      [undefined, { sessionId: 1, userId: 2 }, /secret/],
    ]) assert.throws(() => signToken(secret, options), words);
  });
});

describe("pairvoice-server for Node.js", { concurrency: true }, () => {
  let folder;
  let secret;
  before(() => {
    folder = mkdtempSync(path(tmpdir(), "pairvoice-node-"));
    secret = path(folder, "secret");
    writeFileSync(secret, SECRET, { mode: 0o600 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const refused = (...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "--listen", "127.0.0.1:0", ...args], { encoding: "utf8", cwd: folder, timeout: 30_000 });
    assert.equal(stdout, "");
    assert.match(stderr, /^pairvoice-server: [^\n]+\n$/, "one clear line");
    return [status, stderr];
  };

  test("what can't be is refused in one line", () => {
    const short = path(folder, "short");
    writeFileSync(short, "short\n", { mode: 0o600 });
    const open = path(folder, "open");
    writeFileSync(open, SECRET, { mode: 0o644 });
    for (const [args, code, words] of [
      [[], 2, /no key to check tokens with/],
      [["--jwt-secret-file", path(folder, "none")], 2, /cannot read the secret file/],
      [["--jwt-secret-file", short], 2, /fewer than 32 bytes/],
      [["--jwt-secret-file", open], 2, /chmod 600/],
      [["--dev", "--jwt-secret-file", secret], 2, /--dev/],
      [["--dev", "--listen", "0.0.0.0:0"], 2, /loopback/],
      [["--dev", "--listen", "nowhere"], 2, /--listen nowhere/],
      [["--dev", "--lisen", "x"], 2, /'--lisen'/],
      [["--dev", "--rate", "many"], 2, /--rate many/],
      [["--dev", "--database", "no/such/folder/chat.db"], 1, /no\/such\/folder\/chat\.db/],
      [["--dev", "--memory", "--static", "no-such-folder"], 1, /no-such-folder/],
    ]) {
      const [status, line] = refused(...args);
      assert.ok(status === code && words.test(line), `${args}: ${status} ${line}`);
    }
  });

  test("a port and a chat log are one server's, and SIGTERM ends it", async () => {
    const server = await startServer({ run: [process.execPath, cli], page: "none" });
    assert.match(server.line, /^pairvoice-server listens on http:\/\/127\.0\.0\.1:\d+; calls work inside one network only/);
    const [status, line] = refused("--dev", "--memory", "--listen", `127.0.0.1:${server.port}`);
    assert.ok(status === 1 && /in use/.test(line), line);
    const [inUse, said] = refused("--dev", "--database", path(server.folder, "chat.db"));
    assert.ok(inUse === 1 && /in use by another server/.test(said), said);
    assert.equal(await (await fetch(`${server.url}/healthz`)).text(), "ok\n");
    const [answer] = await once(request({ host: "127.0.0.1", port: server.port, path: "//" }).end(), "response");
    assert.equal(answer.resume().statusCode, 400, "what can't be read stops nothing");
    assert.equal((await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin: "https://evil.test" } })).status, 403);
    await server.stop();
  });

  test("in development a page of this machine may read its token, and one of another may not", async () => {
    const server = await startServer({ run: [process.execPath, cli], page: "none" });
    const readers = async (origin) => (await fetch(`${server.url}/dev/token?session=s&user=7`, { headers: { origin } })).headers.get("access-control-allow-origin");
    assert.equal(await readers("http://localhost:5173"), "http://localhost:5173");
    assert.equal(await readers("https://evil.test"), null);
    await server.stop();
  });

  test("without socket.io it says what to install", () => {
    const alone = path(folder, "alone");
    mkdirSync(path(alone, "npm"), { recursive: true });
    cpSync(path(root, "npm", "server"), path(alone, "npm", "server"), { recursive: true });
    cpSync(path(root, "package.json"), path(alone, "package.json"));
    const { status, stderr } = spawnSync(process.execPath, [path(alone, "npm", "server", "cli.js"), "--dev"], { encoding: "utf8", timeout: 30_000 });
    assert.deepEqual([status, stderr], [1, "pairvoice-server: the package socket.io is missing: npm install socket.io better-sqlite3\n"]);
  });

  test("the chat log is the same file for both servers", { skip: process.env.PAIRVOICE_SERVER && "another server is tested" }, async () => {
    const file = path(folder, "both.db");
    const serve = async (run, work) => {
      const child = spawn(run[0], [...run.slice(1), "--listen", "127.0.0.1:0", "--database", file, "--jwt-secret-file", secret], { stdio: ["ignore", "pipe", "ignore"] });
      const exited = new Promise((resolve) => child.once("exit", resolve));
      const [, url] = await new Promise((resolve) => child.stdout.once("data", (data) => resolve(/(http:\/\/\S+?)[;\s]/.exec(data))));
      try {
        await work({ url });
      } finally {
        child.kill("SIGTERM");
        await exited;
      }
    };
    let log;
    const said = messages(4);
    const say = (one, seen) => async (server) => {
      const a = await enter(server, "7");
      assert.deepEqual(a.welcome.chat.messages.map(({ id }) => id), said.slice(0, seen).map(({ id }) => id));
      log ??= a.welcome.chat.log;
      assert.equal(a.welcome.chat.log, log);
      assert.equal((await a.emit("chat", { messages: [one, ...said.slice(0, seen)] })).accepted[0].seq, seen + 1);
      a.leave();
    };
    const node = [process.execPath, cli];
    await serve(node, say(said[0], 0));
    await serve([native, "--no-relay"], say(said[1], 1));
    await serve(node, say(said[2], 2));
    await serve([native, "--no-relay"], say(said[3], 3));
  });

  test("a chat log that can't be opened names its file", () => {
    const file = path(folder, "no.db");
    writeFileSync(file, "this is not a database, however long it may be".repeat(100));
    assert.throws(() => sqliteStore(file), (error) => error.message.includes(file));
  });
});
