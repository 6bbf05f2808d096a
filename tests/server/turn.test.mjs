// The relay on the server's own port, by real sockets: what works over UDP, TCP and TLS, and what is refused.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startServer } from "../e2e/support/server.mjs";
import { tcp } from "./raw.mjs";
import { inTime, join, token } from "./support.mjs";
import { bridge, turnClient } from "./turn.mjs";
import { until } from "./watch.mjs";

const folder = mkdtempSync(path(tmpdir(), "pairvoice-turn-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const relayOf = ({ welcome }) => welcome.iceServers.find(({ urls }) => urls[0].startsWith("turn:"));

/** A server, and two people of a session with their credentials. */
async function world(t, { args = [], tls = false } = {}) {
  const more = [];
  if (tls) {
    const fixture = (name) => fileURLToPath(new URL(`../../crates/server/tests/tls/test-only-first-${name}.pem`, import.meta.url));
    for (const name of ["cert", "key"]) copyFileSync(fixture(name), path(folder, `${name}.pem`));
    chmodSync(path(folder, "key.pem"), 0o600);
    more.push("--tls-cert", path(folder, "cert.pem"), "--tls-key", path(folder, "key.pem"));
  }
  const server = await startServer({ args: ["--dev", ...more, ...args] });
  t.after(() => server.stop());
  return server;
}

async function people(t, server, session = "s") {
  const two = await Promise.all(["7", "9"].map((user) => join(server, session, user)));
  t.after(() => two.forEach((person) => person.leave()));
  return two;
}

/** A way to the relay for a person. */
async function client(t, server, person, options = {}) {
  const { username, credential } = relayOf(person);
  const made = await turnClient({ port: server.port, username, credential, ...options });
  t.after(() => made.close());
  return made;
}

/** What the server answers over TLS. */
const get = (server, target) =>
  inTime(target, new Promise((resolve, reject) => {
    const asked = request({ port: server.port, path: target, rejectUnauthorized: false, headers: { host: "localhost" } }, (response) => {
      let text = "";
      response.on("data", (data) => (text += data)).on("end", () => resolve(text));
    });
    asked.once("error", reject).end();
  }));

const heard = (who, text) => until(`the text ${text}`, () => who.data.includes(text));

async function relayed(server) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Object.fromEntries([...text.matchAll(/^pairvoice_relay_(\w+)(?:\{outcome="(\w+)"\})? (\d+)$/gm)].map(([, name, outcome, n]) => [outcome ?? name, Number(n)]));
}

test("the welcome names the relay where the client reached the server, and UDP and TCP reach each other through it", async (t) => {
  const server = await world(t);
  const [a, b] = await people(t, server);
  assert.deepEqual(relayOf(a).urls, [`turn:localhost:${server.port}?transport=udp`, `turn:localhost:${server.port}?transport=tcp`]);
  assert.equal(a.welcome.iceLifetime, 3600);
  for (const [one, other] of [["udp", "udp"], ["udp", "tcp"], ["tcp", "tcp"]]) {
    const low = await client(t, server, a, { transport: one });
    const high = await client(t, server, b, { transport: other });
    assert.equal((await low.mapped()).address, "127.0.0.1");
    await bridge(low, high);
    low.say(0x4000, `${one} to ${other}`);
    await heard(high, `${one} to ${other}`);
    high.say(0x4001, "back");
    await heard(low, "back");
    // Before a channel is bound, browsers send so.
    low.indicate(high.relayed, "by indication");
    await heard(high, "by indication");
  }
  assert.ok((await relayed(server)).packets_total >= 9);
});

test("on one port: pages, Socket.IO, and the relay over TCP and inside TLS", async (t) => {
  const server = await world(t, { tls: true, args: [] });
  const secure = { url: server.url.replace("http:", "https:"), port: server.port };
  const [a, b] = await Promise.all(["7", "9"].map(async (user) => {
    const token = await get(server, `/dev/token?session=s&user=${user}`);
    return join(secure, "s", user, { auth: { token }, rejectUnauthorized: false });
  }));
  t.after(() => [a, b].forEach((person) => person.leave()));
  assert.deepEqual(relayOf(a).urls.at(-1), `turns:localhost:${server.port}?transport=tcp`);
  for (const ALPNProtocols of [undefined, ["stun.turn"], ["http/1.1"]]) {
    const low = await client(t, server, a, { transport: "tls", tls: { rejectUnauthorized: false, ALPNProtocols } });
    const high = await client(t, server, b, { transport: "tcp" });
    await bridge(low, high);
    low.say(0x4000, "through TLS");
    await heard(high, "through TLS");
    low.close();
    high.close();
  }
  assert.ok(await get(server, "/healthz"));
});

test("nothing but the other person of the session can be reached", async (t) => {
  const server = await world(t);
  const [a, b] = await people(t, server);
  const [c] = await people(t, server, "another");
  const [low, high, foreign] = [await client(t, server, a), await client(t, server, b), await client(t, server, c)];
  await bridge(low, high);
  assert.equal(await foreign.allocate(), 0);
  assert.equal(await low.bind(0x4002, foreign.relayed), 403);
  for (const address of ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "8.8.8.8"]) {
    const peer = { address, port: server.port };
    await low.permit(peer);
    assert.equal(await low.bind(0x4003, peer), 403, address);
    low.indicate(peer, "anybody?");
  }
  low.indicate(foreign.relayed, "from another session");
  await low.permit(high.relayed);
  const before = (await relayed(server)).undeliverable;
  assert.ok(before >= 7, `${before}`);
  assert.deepEqual(foreign.data, []);
});

test("wrong, foreign and expired credentials are refused; an allocation is its owner's", async (t) => {
  const server = await world(t);
  const [a, b] = await people(t, server);
  const wrong = await client(t, server, a);
  wrong.credential = randomBytes(20).toString("base64");
  assert.equal(await wrong.allocate(), 401);
  const longer = await client(t, server, a);
  longer.username = longer.username.replace(/^\d+/, "9999999999");
  assert.equal(await longer.allocate(), 401);
  const low = await client(t, server, a);
  assert.equal(await low.allocate(), 0);
  low.username = relayOf(b).username;
  low.credential = relayOf(b).credential;
  assert.equal((await low.refresh(600)).code, 441);
});

test("credentials are renewed by an event before they run out, and an allocation does not outlive its own", async (t) => {
  const server = await world(t, { args: ["--turn-lifetime", "10"] });
  const [a] = await people(t, server);
  const low = await client(t, server, a);
  assert.equal(await low.allocate(), 0);
  assert.ok((await low.refresh(600)).found[0x0d].readUInt32BE(0) <= 10, "the life of the credentials bounds it");
  const [ice] = await a.until("ice", (all) => all.length > 0);
  assert.equal(ice.iceLifetime, 10);
  const renewed = ice.iceServers.find(({ urls }) => urls[0].startsWith("turn:"));
  assert.notEqual(renewed.username, low.username);
  const old = low.username;
  await until("the end of the old credentials", async () => (await low.refresh(600)).code === 401);
  const again = await client(t, server, a);
  Object.assign(again, { username: renewed.username, credential: renewed.credential });
  assert.equal(await again.allocate(), 0);
  assert.ok(Number(renewed.username.split(":")[0]) > Number(old.split(":")[0]));
});

test("TCP that ends frees its allocation at once, and what is no frame ends the connection", async (t) => {
  const server = await world(t);
  const [a] = await people(t, server);
  const low = await client(t, server, a, { transport: "tcp" });
  assert.equal(await low.allocate(), 0);
  assert.equal((await relayed(server)).allocations, 1);
  low.close();
  await until("the end of the allocation", async () => (await relayed(server)).allocations === 0);
  for (const garbage of [Buffer.from([0, 1, 0xff, 0xfc]), Buffer.concat([Buffer.from([0, 1, 0, 0]), randomBytes(16), Buffer.from("GET / HTTP/1.1\r\n\r\n")])]) {
    const raw = await tcp(server);
    raw.socket.write(garbage);
    await until("the end of the connection", () => raw.closed);
  }
  const silent = await client(t, server, a, { transport: "tcp" });
  await silent.mapped();
  await inTime("the end of a stream that has no allocation", silent.ended);
});

test("a user has so many allocations and all together, and who talks goes on talking", async (t) => {
  const server = await world(t, { args: ["--relay-allocations", "20"] });
  const [a, b] = await people(t, server);
  const [low, high] = [await client(t, server, a), await client(t, server, b)];
  await bridge(low, high);
  const codes = [];
  for (let i = 0; i < 17; i += 1) codes.push(await (await client(t, server, a)).allocate());
  assert.deepEqual([codes.filter((code) => code === 0).length, codes.at(-1)], [15, 486]);
  const [c] = await people(t, server, "another");
  const others = [];
  for (let i = 0; i < 5; i += 1) others.push(await (await client(t, server, c)).allocate());
  assert.deepEqual(others, [0, 0, 0, 508, 508]);
  low.say(0x4000, "still there");
  await heard(high, "still there");
});

test("an allocation sends no more than it may, and unknown sources get few answers", async (t) => {
  const server = await world(t);
  const [a, b] = await people(t, server);
  const [low, high] = [await client(t, server, a, { transport: "tcp" }), await client(t, server, b, { transport: "tcp" })];
  await bridge(low, high);
  const packet = "x".repeat(1_000);
  for (let i = 0; i < 2_000; i += 1) low.say(0x4000, packet);
  low.say(0x4000, "end");
  await low.mapped().catch(() => {});
  await until("packets that were dropped", async () => (await relayed(server)).too_fast > 1_500);
  const stranger = await turnClient({ port: server.port });
  t.after(() => stranger.close());
  for (let i = 0; i < 2_000; i += 1) stranger.send(Buffer.concat([Buffer.from("000300002112a442", "hex"), randomBytes(12)]));
  await until("answers", async () => (await relayed(server)).unauthorized >= 100);
  const { unauthorized } = await relayed(server);
  assert.ok(unauthorized < 700, `${unauthorized}`);
});

test("a token that is revoked ends the relay for its user", async (t) => {
  const server = await world(t);
  const [a, b] = await people(t, server);
  const [low, high] = [await client(t, server, a), await client(t, server, b)];
  await bridge(low, high);
  const answer = await fetch(`${server.url}/revoke`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ session: "s", user: "7" }) });
  assert.ok(answer.ok, await answer.text());
  await until("the end of one allocation", async () => (await relayed(server)).allocations === 1);
});

test("--no-relay serves none; --turn hands out credentials of another server, beside the own relay or alone", async (t) => {
  const secret = path(folder, "turn-secret");
  writeFileSync(secret, `${"s".repeat(40)}\n`, { mode: 0o600 });
  const turn = ["--turn", "turn:turn.example.com:3478?transport=udp,turns:turn.example.com:443?transport=tcp", "--turn-secret-file", secret];
  const bare = await world(t, { args: ["--no-relay"] });
  assert.match(bare.line, /one network only/);
  const [person] = await people(t, bare);
  assert.deepEqual([person.welcome.iceServers, person.welcome.iceLifetime], [[], undefined]);
  const raw = await tcp(bare);
  raw.socket.write(Buffer.concat([Buffer.from("000100002112a442", "hex"), randomBytes(12)]));
  await until("the end of the connection", () => raw.closed);

  const alone = await world(t, { args: ["--no-relay", ...turn] });
  const [only] = (await people(t, alone))[0].welcome.iceServers;
  assert.deepEqual(only.urls, ["turn:turn.example.com:3478?transport=udp", "turns:turn.example.com:443?transport=tcp"]);
  assert.match(only.username, /^\d+:[\w-]{16}\.[\w-]{16}$/);
  assert.equal(only.credential, createHmac("sha1", "s".repeat(40)).update(only.username).digest("base64"));
  const both = await world(t, { args: ["--relay-host", "relay.example.com:444", ...turn] });
  const servers = (await people(t, both))[0].welcome.iceServers;
  assert.deepEqual(servers.map(({ urls }) => urls[0]), ["turn:relay.example.com:444?transport=udp", "turn:turn.example.com:3478?transport=udp"]);
  assert.ok(await token(both, "s", "7"));
});
