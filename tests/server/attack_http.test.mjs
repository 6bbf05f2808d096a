// Connections that say too little, bodies that are too large, and too many connections of one address.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { http, polling, tcp, webSocket } from "./raw.mjs";
import { attacked, auth, connections, until, within } from "./watch.mjs";

const POST = (sid, headers) => `POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n\r\n`;

describe("what does not come in time", { concurrency: true }, () => {
  test("a connection that says nothing, or never ends its header, is closed after 10 s", async (t) => {
    const server = await attacked(t);
    const silent = await tcp(server);
    const slow = await tcp(server);
    t.after(() => [silent, slow].forEach((peer) => peer.end()));
    slow.socket.write("GET /healthz HTTP/1.1\r\n");
    const drip = setInterval(() => slow.socket.write("x: y\r\n"), 500);
    t.after(() => clearInterval(drip));
    await until("the ends of a silent connection and of one whose header never ends", () => silent.closed && slow.closed, 13_000);
    assert.ok(!slow.text.includes("200 OK"));
  });

  test("a body that does not come to its end within 10 s is answered 408, or closed", async (t) => {
    const server = await attacked(t);
    const engine = await polling(server);
    const peer = await tcp(server);
    t.after(() => [engine, peer].forEach((one) => one.end()));
    engine.listen();
    peer.socket.write(`${POST(engine.sid, "Content-Type: text/plain\r\nContent-Length: 1000")}40`);
    const drip = setInterval(() => peer.socket.write("x"), 500);
    t.after(() => clearInterval(drip));
    await until("the end of a body that drips", () => peer.closed || peer.text.includes(" 408 "), 13_000);
    assert.doesNotMatch(peer.text, /^HTTP\/1\.1 200/);
  });

  test("a knock that does not come to its end within 10 s is answered 408, or closed", async (t) => {
    const server = await attacked(t);
    const peer = await tcp(server);
    t.after(() => peer.end());
    peer.socket.write("POST /pairvoice/knock HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n{");
    const drip = setInterval(() => peer.socket.write(" "), 500);
    t.after(() => clearInterval(drip));
    await until("the end of a knock that drips", () => peer.closed || peer.text.includes(" 408 "), 13_000);
    assert.doesNotMatch(peer.text, /^HTTP\/1\.1 200/);
  });

  test("a connection that is kept alive and asks for nothing is closed after the idle time-out", async (t) => {
    const server = await attacked(t, { args: ["--idle-timeout", "2"] });
    const idle = await tcp(server);
    t.after(() => idle.end());
    idle.socket.write("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await until("an answer", () => idle.text.includes("200 OK"));
    await until("the end of an idle connection", () => idle.closed, 5_000);
    // A WebSocket and a poll that waits are not idle.
    const engine = await webSocket(server);
    t.after(() => engine.end());
    assert.ok((await engine.enter(auth("not-idle", "7"))).sid);
    const poller = await polling(server);
    t.after(() => poller.end());
    poller.listen();
    assert.ok((await poller.enter(auth("not-idle", "9"))).sid);
    assert.equal(await within(4_000, () => engine.closed || poller.closed), false, "a waiting client was taken for an idle one");
  });

  test("a connection that is kept alive outlives the time for a header, which the next header has all the same", async (t) => {
    const server = await attacked(t, { args: ["--header-timeout", "1"] });
    const kept = await tcp(server);
    t.after(() => kept.end());
    const get = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    const answers = () => kept.text.split("200 OK").length - 1;
    kept.socket.write(`${get}\r\n`);
    await until("an answer", () => answers() === 1);
    assert.equal(await within(4_000, () => kept.closed), false, "it was closed like one whose header never ends");
    kept.socket.write(`${get}\r\n`);
    await until("another answer", () => answers() === 2);
    kept.socket.write(get);
    const drip = setInterval(() => kept.socket.write("x: y\r\n"), 200);
    t.after(() => clearInterval(drip));
    await until("the end of a header that never ends", () => kept.closed, 4_000);
    assert.equal(answers(), 2);
  });

  test("the time for a header is what --header-timeout says", async (t) => {
    const server = await attacked(t, { args: ["--header-timeout", "1"] });
    const silent = await tcp(server);
    t.after(() => silent.end());
    await until("the end of a silent connection", () => silent.closed, 4_000);
  });
});

test("a body above 128 KiB is refused by its header, before it is read", async (t) => {
  const server = await attacked(t);
  const engine = await polling(server);
  t.after(() => engine.end());
  const peer = await tcp(server);
  t.after(() => peer.end());
  peer.socket.write(POST(engine.sid, "Content-Type: text/plain\r\nContent-Length: 131073"));
  await until("the refusal of a body of which nothing was sent", () => peer.text.includes("\r\n\r\n"), 3_000);
  assert.match(peer.text, /^HTTP\/1\.1 413 /);
});

test("a body in chunks is cut above 128 KiB", async (t) => {
  const server = await attacked(t);
  const engine = await polling(server);
  t.after(() => engine.end());
  const peer = await tcp(server);
  t.after(() => peer.end());
  peer.socket.write(POST(engine.sid, "Content-Type: text/plain\r\nTransfer-Encoding: chunked"));
  const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
  for (let i = 0; i < 9; i += 1) peer.socket.write(chunk);
  await until("the refusal of a body that has no end", () => peer.closed || peer.text.includes("\r\n\r\n"), 3_000);
  assert.match(peer.text, /^(HTTP\/1\.1 4|$)/);
});

test("one address has 512 connections at most; another one gets in, and the log says so once in a while", async (t) => {
  const server = await attacked(t);
  const peers = await Promise.all(Array.from({ length: 700 }, () => tcp(server, { from: "127.0.0.2" })));
  t.after(() => peers.forEach((peer) => peer.end()));
  const held = () => connections(server).filter(({ from }) => from === "127.0.0.2").length;
  await until("the ends of the connections beyond the limit", () => peers.filter((peer) => peer.closed).length === 188 && held() === 512, 4_000);
  assert.equal((await http(server, "GET", "/healthz", { from: "127.0.0.3" })).status, 200);
  const lines = server.log.split("\n").filter((line) => /127\.0\.0\.2|connections/.test(line));
  assert.ok(lines.length >= 1 && lines.length <= 10, `${lines.length} lines about 188 connections`);
  for (const peer of peers) peer.end();
  await until("the end of all of them", () => held() === 0);
  assert.equal((await http(server, "GET", "/healthz", { from: "127.0.0.2" })).status, 200);
});

const tries = async (server, count, options) => {
  const engines = [];
  for (let i = 0; i < count; i += 1) await webSocket(server, options).then((engine) => engines.push(engine), () => {});
  return engines;
};

test("behind a trusted proxy the last address that is not a proxy's counts", async (t) => {
  const server = await attacked(t, { args: ["--trust-proxy", "127.0.0.1,10.0.0.0/8", "--connections-per-address", "5"] });
  const all = [];
  t.after(() => all.forEach((engine) => engine.end()));
  const forwarded = async (count, address) => {
    const engines = await tries(server, count, { headers: { "X-Forwarded-For": address } });
    all.push(...engines);
    return engines.length;
  };
  assert.equal(await forwarded(8, "198.51.100.1"), 5);
  assert.equal(await forwarded(1, "203.0.113.9, 198.51.100.1"), 0, "what a client wrote itself was believed");
  assert.equal(await forwarded(1, "198.51.100.1, 10.1.2.3"), 0, "a proxy's own address was counted");
  assert.equal(await forwarded(8, "198.51.100.2"), 5, "another client was locked out");
  await assert.rejects(
    polling(server, { headers: { "X-Forwarded-For": "198.51.100.1" } }).then((engine) => engine.end()),
    "polling is not counted",
  );
  all.splice(0, 5).forEach((engine) => engine.end());
  await until("a place for that address", async () => (await forwarded(1, "198.51.100.1")) === 1, 5_000);
});

test("without a trusted proxy nobody chooses their address", async (t) => {
  const server = await attacked(t, { args: ["--connections-per-address", "5"] });
  const engines = [];
  t.after(() => engines.forEach((engine) => engine.end()));
  for (let i = 0; i < 8; i += 1) {
    engines.push(...(await tries(server, 1, { from: "127.0.0.2", headers: { "X-Forwarded-For": `198.51.100.${i}` } })));
  }
  assert.equal(engines.length, 5);
  const other = await webSocket(server, { from: "127.0.0.3", headers: { "X-Forwarded-For": "198.51.100.1" } });
  t.after(() => other.end());
  assert.ok((await other.enter(auth("not-forwarded", "7"))).sid);
});
