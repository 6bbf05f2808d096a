// Knocks: the first word of a client by HTTP, before its socket is open.
import assert from "node:assert/strict";
import { test } from "node:test";

import { startServer } from "../e2e/support/server.mjs";
import { http, tcp } from "./raw.mjs";
import { inTime, instance, join, logged, token } from "./support.mjs";
import { attacked, auth, until } from "./watch.mjs";

async function server(t, options) {
  const started = await startServer(options);
  t.after(() => started.stop());
  return started;
}

/** One life of a client that knocks: the answer's status and JSON. */
async function knocker(here, session, user, me = instance()) {
  const said = { v: 1, token: await token(here, session, user), sessionId: session, userId: user, instance: me };
  let sequence = 0;
  const knock = async ({ wait, signals = [], abort, ...more } = {}) => {
    const answer = await fetch(`${here.url}/pairvoice/knock${wait === undefined ? "" : `?wait=${wait}`}`, {
      method: "POST",
      body: JSON.stringify({ ...said, signals, ...more }),
      signal: abort,
    });
    return { status: answer.status, headers: answer.headers, ...(await answer.json()) };
  };
  const envelope = (body, more) => ({ session, user, instance: me, attempt: 1, generation: 0, sequence: (sequence += 1), body, ...more });
  return { knock, envelope, instance: me };
}

async function joined(t, here, session, user, options) {
  const client = await join(here, session, user, options);
  t.after(() => client.leave());
  return client;
}

const offer = { offer: { sdp: "offer" } };
const answer = { answer: { sdp: "answer" } };
const kinds = (signals) => signals.map(({ body }) => Object.keys(body)[0]);

test("a parked offer comes back with a knock, the answer leaves by the next, and the socket follows", async (t) => {
  const here = await server(t, { args: ["--dev", "--stun", "stun:192.0.2.1:3478"] });
  const a = await joined(t, here, "s", "7");
  assert.equal((await a.signal(offer)).outcome, "parked");
  const b = await knocker(here, "s", "9");
  const first = await b.knock({ voice: { on: true, muted: false, microphone: "live", state: "connecting" } });
  assert.deepEqual([first.status, first.v, first.peer.userId, first.peer.presence], [200, 1, "7", "present"]);
  assert.deepEqual(kinds(first.signals), ["offer"]);
  assert.ok(first.iceServers.some(({ urls }) => urls.includes("stun:192.0.2.1:3478")), JSON.stringify(first));
  assert.deepEqual([first.headers.get("cache-control"), first.headers.get("content-type")], ["no-store", "application/json"]);
  const peers = await a.until("peer", (heard) => heard.some(({ instance: life }) => life === b.instance));
  assert.deepEqual([peers.at(-1).presence, peers.at(-1).welcomes, peers.at(-1).voice.on], ["present", 0, true]);
  const answering = b.envelope(answer);
  assert.deepEqual((await b.knock({ signals: [answering] })).signals, [], "an offer was given twice");
  assert.deepEqual(kinds(await a.until("signal", ({ length }) => length > 0)), ["answer"]);
  const socket = await joined(t, here, "s", "9", { auth: { instance: b.instance, signals: [answering] } });
  assert.deepEqual(socket.welcome.signals, []);
  await a.until("peer", (heard) => heard.at(-1).welcomes === 1);
  assert.equal((await socket.signal("end")).outcome, "delivered");
  await logged(here, /knocked.*user="9"/);
  assert.doesNotMatch(here.log, /ey[A-Za-z0-9_-]{20}/, "a token stands in the log");
});

test("a knock that waits is answered by the offer, or empty once its time is over", async (t) => {
  const here = await server(t);
  const a = await joined(t, here, "s", "7");
  const b = await knocker(here, "s", "9");
  const waiting = b.knock({ wait: 5000 });
  await a.until("peer", (heard) => heard.some(({ presence }) => presence === "present"));
  assert.equal((await a.signal(offer)).outcome, "delivered");
  assert.deepEqual(kinds((await inTime("an answer to a knock", waiting)).signals), ["offer"]);
  assert.deepEqual((await inTime("the end of its time", b.knock({ wait: 50 }))).signals, []);
  const older = b.knock({ wait: 5000 });
  await logged(here, /(knocked.*user="9"[^]*){3}/);
  const newer = b.knock({ wait: 5000 });
  assert.deepEqual((await inTime("an answer to the older knock", older)).signals, []);
  const socket = await joined(t, here, "s", "9", { auth: { instance: b.instance } });
  assert.deepEqual((await inTime("an answer by the socket", newer)).signals, []);
  assert.deepEqual(socket.welcome.signals, []);
});

test("both knock, in either order", async (t) => {
  const here = await server(t);
  const [a, b, c, d] = await Promise.all([["s", "7"], ["s", "9"], ["t", "7"], ["t", "9"]].map((who) => knocker(here, ...who)));
  const asked = b.knock({ wait: 5000 });
  await logged(here, /knocked.*room="s" user="9"/);
  await a.knock({ signals: [a.envelope(offer)] });
  assert.deepEqual(kinds((await inTime("an offer", asked)).signals), ["offer"]);
  const offered = await c.knock({ signals: [c.envelope(offer)] });
  assert.deepEqual([offered.peer, offered.signals], [null, []]);
  assert.deepEqual(kinds((await d.knock({ wait: 5000 })).signals), ["offer"]);
  const answered = c.knock({ wait: 5000 });
  await d.knock({ signals: [d.envelope(answer)] });
  assert.deepEqual(kinds((await inTime("an answer", answered)).signals), ["answer"]);
});

test("what comes after a client hung up is parked for its next knock", async (t) => {
  const here = await server(t);
  const a = await joined(t, here, "s", "7");
  const b = await knocker(here, "s", "9");
  const abort = new AbortController();
  const waiting = b.knock({ wait: 5000, abort: abort.signal });
  await a.until("peer", (heard) => heard.some(({ presence }) => presence === "present"));
  abort.abort();
  await assert.rejects(waiting);
  const gone = async () => /knocks_total\{outcome="gone"\} 1\n/.test(await (await fetch(`${here.url}/metrics`)).text());
  await until("the server to notice", gone);
  assert.equal((await a.signal(offer)).outcome, "parked");
  assert.deepEqual(kinds((await b.knock()).signals), ["offer"]);
});

test("whoever would get no seat is refused with its code and a status", async (t) => {
  const here = await server(t);
  const a = await joined(t, here, "s", "7");
  await joined(t, here, "s", "9");
  const third = await (await knocker(here, "s", "8")).knock({ wait: 1000 });
  assert.deepEqual([third.status, third.code, third.retryable], [409, "session-full", false]);
  const refused = async (more) => {
    const { status, code, message } = await (await knocker(here, "s", "7", a.instance)).knock(more);
    assert.ok(message.length > 0 && !message.includes("no.token"), message);
    return [status, code];
  };
  assert.deepEqual(await refused({ token: "no.token.here" }), [401, "unauthorized"]);
  assert.deepEqual(await refused({ v: 2 }), [400, "version-mismatch"]);
  assert.deepEqual(await refused({ sessionId: "another" }), [401, "unauthorized"]);
  assert.deepEqual(await refused({ instance: "x" }), [400, "bad-request"]);
  assert.deepEqual(await refused({ wait: "soon" }), [400, "bad-request"]);
  // The socket was left alone by all of them.
  assert.equal((await a.emit("probe", null)).ok, true);
  const ended = a.gone();
  // A knock may be the late word of a page that is gone: only a handshake takes over from somebody who is there.
  const newer = await (await knocker(here, "s", "7")).knock();
  assert.deepEqual([newer.status, newer.code, newer.retryable], [503, "busy", true]);
  await joined(t, here, "s", "7");
  await ended;
  assert.deepEqual(a.of("notice").map(({ code }) => code), ["opened-elsewhere"]);
  assert.deepEqual(await refused({}), [409, "opened-elsewhere"]);
});

test("a revocation answers a knock that waits", async (t) => {
  const here = await server(t);
  const b = await knocker(here, "s", "9");
  const waiting = b.knock({ wait: 5000 });
  await logged(here, /knocked.*user="9"/);
  const revoked = await http(here, "POST", "/revoke", { text: JSON.stringify({ session: "s" }), headers: { "Content-Type": "application/json" } });
  assert.ok([200, 204].includes(revoked.status), `${revoked.status} ${revoked.text}`);
  const { status, code, afterMs } = await inTime("an answer to a knock", waiting);
  assert.deepEqual([status, code, afterMs > 0], [401, "unauthorized", true]);
});

test("a check tells ICE servers, and nobody hears of it", async (t) => {
  const here = await server(t);
  const a = await joined(t, here, "s", "7");
  await a.signal(offer);
  const b = await knocker(here, "s", "9");
  const checked = await b.knock({ check: true, wait: 5000, signals: [b.envelope(answer)] });
  assert.deepEqual([checked.status, checked.v, checked.peer, checked.signals], [200, 1, null, []]);
  assert.ok(checked.iceServers.length > 0 && checked.iceLifetime > 0, JSON.stringify(checked));
  assert.equal((await a.emit("probe", null)).ok, true);
  assert.deepEqual([a.of("peer"), a.of("signal")], [[], []]);
  assert.deepEqual(kinds((await b.knock()).signals), ["offer"]);
});

test("signals under another name are left out", async (t) => {
  const here = await server(t);
  const a = await joined(t, here, "s", "7");
  const b = await knocker(here, "s", "9");
  const foreign = [{ user: "7" }, { instance: instance() }, { session: "another" }].map((more) => b.envelope(offer, more));
  assert.equal((await b.knock({ signals: [...foreign, b.envelope(answer)] })).status, 200);
  assert.deepEqual(kinds(await a.until("signal", ({ length }) => length > 0)), ["answer"]);
  await logged(here, /refused a signal of a handshake or a knock/);
});

test("knocks cost what handshakes cost, of the user and of the address", async (t) => {
  const slow = await server(t, { args: ["--dev", "--rate", "5"] });
  const b = await knocker(slow, "s", "9");
  let refused;
  for (let i = 0; i < 10 && refused?.status !== 429; i += 1) refused = await b.knock();
  assert.deepEqual([refused.status, refused.code, refused.afterMs > 0, Number(refused.headers.get("retry-after")) > 0], [429, "rate-limited", true, true]);
  await assert.rejects(join(slow, "s", "9", { auth: { instance: b.instance } }), ({ code }) => code === "rate-limited");
  const few = await attacked(t, { args: ["--connections-per-address", "4"] });
  const knock = (from) => http(few, "POST", "/pairvoice/knock", { from, text: "{}", headers: { "Content-Type": "text/plain" } });
  const codes = [];
  for (let i = 0; i < 20; i += 1) codes.push((await knock("127.0.0.2")).status);
  assert.ok(codes.includes(400) && codes.includes(429), codes.join(" "));
  assert.equal((await knock("127.0.0.3")).status, 400, "another address has its own");
});

test("an address has so many knocks that wait", async (t) => {
  // Without a proxy, the connection would be refused before it knocks.
  const proxied = await attacked(t, { args: ["--connections-per-address", "3", "--trust-proxy", "127.0.0.0/8"] });
  const held = Array.from({ length: 4 }, (_, index) =>
    http(proxied, "POST", "/pairvoice/knock?wait=1500", {
      text: JSON.stringify(auth(`s${index}`, "7")),
      headers: { "Content-Type": "text/plain", "X-Forwarded-For": "198.51.100.1" },
    }),
  );
  const first = await inTime("the refusal of one", Promise.race(held));
  assert.deepEqual([first.status, JSON.parse(first.text).code], [429, "rate-limited"]);
  assert.deepEqual((await Promise.all(held)).map(({ status }) => status).sort(), [200, 200, 200, 429]);
});

test("what is no knock is refused: garbage, other types, too much, other methods", async (t) => {
  const here = await attacked(t);
  const post = (text, headers = { "Content-Type": "text/plain" }) => http(here, "POST", "/pairvoice/knock", { text, headers });
  for (const text of ["", "x", "[]", "{", "null", '{"v":1}', "[".repeat(100_000), "\ud800"]) {
    const { status, text: body } = await post(text);
    assert.equal(status, 400, `${text.slice(0, 20)}: ${body}`);
  }
  const good = JSON.stringify(auth("s", "7"));
  for (const headers of [{}, { "Content-Type": "application/x-www-form-urlencoded" }]) assert.equal((await post(good, headers)).status, 400);
  assert.equal((await post(good, { "Content-Type": "application/json" })).status, 200);
  const huge = await tcp(here);
  t.after(() => huge.end());
  huge.socket.write("POST /pairvoice/knock HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 131073\r\n\r\n");
  await until("the refusal of a body of which nothing was sent", () => huge.text.includes("too-large"), 3_000);
  assert.match(huge.text, /^HTTP\/1\.1 413 /);
  const endless = await tcp(here);
  t.after(() => endless.end());
  endless.socket.write("POST /pairvoice/knock HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let i = 0; i < 9; i += 1) endless.socket.write(`4000\r\n${"x".repeat(0x4000)}\r\n`);
  await until("the refusal of a body that has no end", () => endless.closed || endless.text.includes("\r\n\r\n"), 3_000);
  assert.match(endless.text, /^(HTTP\/1\.1 413|$)/);
  assert.equal((await http(here, "GET", "/pairvoice/knock")).status, 405);
});

test("only pages of allowed origins knock, and they need no preflight", async (t) => {
  const here = await attacked(t, { args: ["--allow-origin", "https://app.example"] });
  const from = (origin, method = "POST") =>
    http(here, method, "/pairvoice/knock", { text: method === "POST" ? JSON.stringify(auth("s", "7")) : undefined, headers: { Origin: origin, "Content-Type": "text/plain;charset=UTF-8" } });
  const other = await from("https://other.example");
  // It may read that it may not, and nothing else.
  assert.deepEqual([other.status, other.headers["access-control-allow-origin"], JSON.parse(other.text).code], [403, "*", "origin-forbidden"]);
  const own = await from("https://app.example");
  assert.deepEqual([own.status, own.headers["access-control-allow-origin"]], [200, "https://app.example"]);
});

test("a server that stops refuses knocks and those that wait", async (t) => {
  const here = await startServer();
  t.after(() => here.stop());
  const b = await knocker(here, "s", "9");
  const waiting = b.knock({ wait: 5000 });
  await logged(here, /knocked.*user="9"/);
  here.signal("SIGTERM");
  const { status, code, afterMs } = await inTime("an answer to a knock", waiting);
  assert.deepEqual([status, code, afterMs > 0], [503, "restarting", true]);
});
