// A token that runs out in mid-call: the call does not notice, and the session goes on with a new one. And what a page is told that is not let in.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CAP_MS, Person, bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";

const SECRET = "a secret of this test, long enough for it";
/** The server's clock may be so much behind the one that signed, in seconds. */
const LEEWAY = 30;
/** What a token is good for after it was signed here, in seconds: a call begins in it, also on a busy machine. */
const GOOD = 10;

const folder = mkdtempSync(join(tmpdir(), "pairvoice-token-"));
const secretFile = join(folder, "secret");
writeFileSync(secretFile, SECRET, { mode: 0o600 });
after(() => rmSync(folder, { recursive: true }));
const two = pair({ server: { args: ["--jwt-secret-file", secretFile], page: "tests/e2e/page" } });

/** A JSON web token that runs out so many seconds from now, the leeway counted. */
function sign(session, user, seconds, secret = SECRET) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) - LEEWAY + seconds;
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, session, exp })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** Opens the bare page. */
async function open(person, here, user) {
  const opened = await person(user, here());
  await opened.page.waitForFunction(() => globalThis.pairvoice);
  return opened;
}

/** Starts voice with these tokens, one after the other, by a function; a single one as a string. Each as a program prints it: a line. */
const start = (person, tokens) =>
  person.page.evaluate(async (list) => {
    globalThis.asked = 0;
    const token = list.length === 1 ? list[0] : () => list[Math.min(globalThis.asked++, list.length - 1)];
    globalThis.session = await globalThis.pairvoice.startVoiceCall({ ...globalThis.options, token });
  }, tokens.map((token) => `${token}\n`));

async function expired(tokensOf) {
  const here = fresh();
  const { session } = here().query;
  const [a, b] = await Promise.all([open(two.low, here, "1"), open(two.high, here, "2")]);
  await start(b, [sign(session, "2", 600)]);
  await b.session("joined");
  const began = Date.now();
  await start(a, tokensOf(session));
  await a.page.evaluate(() => globalThis.session.send("before"));
  await a.until((s) => s.chat.unsent === 0);
  await bothHear(a, LOW, b, HIGH);
  // Its running out is what is tried here.
  await pause(Math.max(0, began + (GOOD + 2) * 1000 - Date.now()));
  // On a busy machine a call may have looked for another path in between, which is no matter of the token.
  await Promise.all([a, b].map(({ page }) => page.evaluate(() => (globalThis.connectionsBefore = globalThis.witness.connections.length))));
  await a.page.evaluate(() => globalThis.witness.sockets.at(-1).close());
  return [a, b, session];
}

async function callGoesOn(people) {
  await bothHear(people[0], LOW, people[1], HIGH);
  for (const person of people) {
    const [before, now] = await person.page.evaluate(() => [globalThis.connectionsBefore, globalThis.witness.connections.length]);
    assert.equal(now, before, await person.account());
  }
}

test("a token function is asked again, and the socket comes back without a word to the call", async () => {
  const [a, b] = await expired((session) => [sign(session, "1", GOOD), sign(session, "1", 600)]);
  await a.page.waitForFunction(() => globalThis.asked === 2);
  await a.session("joined");
  await callGoesOn([a, b]);
});

test("without another token the session is offline, the call and its chat go on, and a new token resumes it", async () => {
  const [a, b, session] = await expired((name) => [sign(name, "1", GOOD)]);
  await a.until((s) => s.session.state === "offline" && s.session.reason === "token-expired");
  await callGoesOn([a, b]);
  await a.page.evaluate(() => globalThis.session.send("over the link"));
  await b.until((s) => s.chat.messages.at(-1)?.text === "over the link" && !s.chat.messages.at(-1).saved);
  await a.page.evaluate(async (token) => {
    await globalThis.pairvoice.joinSession({ ...globalThis.options, token });
  }, sign(session, "1", 600));
  await a.session("joined");
  await b.until((s) => s.chat.messages.every((m) => m.saved));
  await callGoesOn([a, b]);
});

/** How many lines match. */
const count = (lines, pattern) => lines.filter((line) => pattern.test(line)).length;

/** Waits until a text holds a pattern so many times. */
async function times(what, text, pattern, wanted) {
  const late = Date.now() + CAP_MS;
  while ([...text().matchAll(pattern)].length < wanted) {
    assert.ok(Date.now() < late, `waited for ${what}\n${text()}`);
    await pause(20);
  }
}

test("a token that has expired, and one of another secret: each has its reason, one line in the console and one in the server's log", async (t) => {
  const server = await startServer({ args: ["--jwt-secret-file", secretFile] });
  t.after(() => server.stop());
  for (const [user, detail, sentence, line, token] of [
    ["1", "expired", "the token has expired", "The link to this session has expired.", (session) => sign(session, "1", -20)],
    ["2", "invalid", "the token is signed with another key", "The link to this session is wrong.", (session) => sign(session, "2", 600, "another secret, which is as long as it must be")],
  ]) {
    const here = fresh();
    const person = await Person.open(two.lowBrowser, server, user, here({ hash: `#token=${token(here().query.session)}` }));
    t.after(() => person.close());
    await person.session("ended");
    const { session } = await person.state();
    assert.deepEqual([session.reason, session.cause], [`token-${detail}`, sentence]);
    assert.equal(await person.statusLine(), line);
    assert.equal(count(person.console, /the server refused/), 1, person.console.join("\n"));
    assert.ok(person.console.includes(`pairvoice: the server refused: unauthorized: ${sentence}`));
    assert.equal(count(server.log.split("\n"), new RegExp(`refused a handshake .*code="unauthorized" detail="${detail}" why="${sentence}"`)), 1, server.log);
  }
});

/** A proxy before a server: `plain` passes on what comes, `renamed` names another host, and `failing` answers by 500 what is for the session. */
async function startProxy(t, port) {
  const proxy = { mode: "renamed" };
  const isPage = ({ url }) => !/^\/(socket\.io|pairvoice)/.test(url);
  const headersOf = ({ headers }) => (proxy.mode === "renamed" ? { ...headers, host: `127.0.0.1:${port}` } : headers);
  const http = createServer((asked, answer) => {
    if (proxy.mode === "failing" && !isPage(asked)) return answer.writeHead(500).end("<h1>Error</h1>");
    const { method, url: path } = asked;
    const passed = request({ port, method, path, headers: headersOf(asked) }, (told) => told.pipe(answer.writeHead(told.statusCode, told.headers)));
    passed.on("error", () => answer.destroy());
    return asked.pipe(passed);
  });
  const open = new Set();
  http.on("upgrade", (asked, socket) => {
    if (proxy.mode === "failing") return socket.end("HTTP/1.1 500 Error\r\n\r\n");
    const lines = Object.entries(headersOf(asked)).map(([name, value]) => `${name}: ${value}\r\n`);
    const passed = connect(port, "127.0.0.1", () => passed.write(`GET ${asked.url} HTTP/1.1\r\n${lines.join("")}\r\n`));
    for (const [one, other] of [[socket, passed], [passed, socket]]) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => {}).on("close", () => (open.delete(one), other.destroy()));
    }
    return passed;
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  proxy.url = `http://localhost:${http.address().port}`;
  proxy.cut = () => open.forEach((socket) => socket.destroy());
  t.after(() => (proxy.cut(), http.closeAllConnections(), new Promise((resolve) => http.close(resolve))));
  return proxy;
}

test("a foreign origin and a server's error are told apart, and both are tried again by themselves", async (t) => {
  const server = await startServer({ args: ["--jwt-secret-file", secretFile] });
  t.after(() => server.stop());
  const proxy = await startProxy(t, server.port);
  const here = fresh();
  const person = await Person.open(two.lowBrowser, proxy, "1", here({ hash: `#token=${sign(here().query.session, "1", 600)}` }));
  t.after(() => person.close());
  const failed = (reason) => person.until((s, wanted) => s.session?.state === "offline" && s.session.reason === wanted, reason);
  await failed("origin-forbidden");
  assert.equal(await person.statusLine(), "The server does not let pages of this site in.");
  const forbidden = new RegExp(`refused a page of another origin; see --allow-origin origin="${proxy.url}" path="/socket.io/"`, "g");
  await times("further tries", () => server.log, forbidden, 4);
  assert.equal((await person.state()).session.reason, "origin-forbidden", "it does not flicker");
  const line = /^pairvoice: the server does not let this page's origin in: this origin may not connect; see --allow-origin$/;
  assert.equal(count(person.console, line), 1, person.console.join("\n"));
  proxy.mode = "plain";
  await person.session("joined");
  proxy.mode = "failing";
  proxy.cut();
  await failed("server-error");
  assert.equal((await person.state()).session.cause, "HTTP 500");
  assert.equal(await person.statusLine(), "The server has a fault.");
  assert.equal(count(person.console, /^pairvoice: the server answers with an error: HTTP 500$/), 1);
  proxy.mode = "plain";
  await person.session("joined");
  assert.equal((await person.state()).session.cause, null);
});

test("the same from a page of another origin, which may not read every answer, and before a call", async (t) => {
  const broken = createServer((_, answer) => answer.writeHead(500).end("<h1>Error</h1>"));
  await new Promise((resolve) => broken.listen(0, "127.0.0.1", resolve));
  t.after(() => (broken.closeAllConnections(), new Promise((resolve) => broken.close(resolve))));
  const person = await two.low("1", fresh()({ context: { bypassCSP: true } }));
  await person.page.waitForFunction(() => globalThis.pairvoice);
  const urls = [`http://127.0.0.1:${two.server.port}`, `http://127.0.0.1:${broken.address().port}`, "http://127.0.0.1:9"];
  const wanted = ["origin-forbidden", "server-error", "signaling-unreachable"];
  const checked = await person.page.evaluate(async (all) => {
    const { checkConnection, joinSession } = globalThis.pairvoice;
    const options = (url) => ({ ...globalThis.options, url, token: "a token", microphone: undefined });
    globalThis.sessions = await Promise.all(all.map((url) => joinSession(options(url))));
    return Promise.all(all.map((url) => checkConnection({ ...options(url), microphone: false }).then(({ reason }) => reason)));
  }, urls);
  assert.deepEqual(checked, wanted);
  await person.page.waitForFunction(
    (reasons) => globalThis.sessions.map((session) => session.getState().session.reason).join() === reasons,
    wanted.join(),
    { timeout: CAP_MS, polling: 50 },
  );
  await person.page.evaluate(() => Promise.all(globalThis.sessions.map((session) => session.leave())));
});
