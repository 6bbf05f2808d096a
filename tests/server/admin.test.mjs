// The admin address as whoever runs the server, and a page that should not reach it, see it.
import assert from "node:assert/strict";
import { request } from "node:http";
import { renameSync } from "node:fs";
import { join as path } from "node:path";
import { test } from "node:test";

import { freePort, startServer } from "../e2e/support/server.mjs";
import { inTime, join, logged, token } from "./support.mjs";

/** A server with an admin address of its own, for one test. */
async function withAdmin(t, args = []) {
  const port = await freePort();
  const server = await startServer({ args: ["--dev", "--admin-listen", `127.0.0.1:${port}`, ...args] });
  t.after(() => server.stop());
  /** Asks by a Host header of one's own, which `fetch` does not let one choose. */
  server.ask = (target, { method = "GET", host = `localhost:${port}`, body, ...headers } = {}) =>
    inTime(
      target,
      new Promise((resolve, reject) => {
        const asking = request({ port, host: "127.0.0.1", path: target, method, headers: { host, ...headers } }, async (answer) => {
          let text = "";
          for await (const chunk of answer) text += chunk;
          resolve({ status: answer.statusCode, type: answer.headers["content-type"], text });
        });
        asking.on("error", reject);
        asking.end(body);
      }),
    );
  return server;
}

/** The value of a sample, by its name and labels. */
const sample = (text, name) => text.split("\n").find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);

/** Asks until an answer satisfies a condition. */
function until(what, ask, condition) {
  let over = false;
  const look = async () => {
    for (;;) {
      const answer = await ask();
      if (over || condition(answer)) return answer;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return inTime(what, look()).finally(() => (over = true));
}

test("what happens is counted, and read as OpenMetrics", async (t) => {
  const server = await withAdmin(t);
  const a = await join(server, "s", "7");
  await a.signal({ offer: { sdp: "v=0" } });
  const voice = { on: true, muted: false, microphone: "live" };
  for (const state of ["connecting", "connected"]) await a.emit("voice", { ...voice, state });
  await a.emit("voice", { ...voice, state: "unavailable", unavailable: "unsupported-browser" });
  const { status, type, text } = await server.ask("/metrics");
  assert.equal(status, 200);
  assert.equal(type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  for (const [name, value] of [
    ["pairvoice_joins_total", "1"],
    ["pairvoice_rooms", "1"],
    ["pairvoice_seats", "1"],
    ['pairvoice_signals_total{kind="offer",outcome="parked"}', "1"],
    ['pairvoice_voice_states_total{state="connected",reason=""}', "1"],
    ['pairvoice_voice_states_total{state="unavailable",reason="unsupported-browser"}', "1"],
    ["pairvoice_voice_connect_seconds_count", "1"],
    ["pairvoice_database_free_pages", "0"],
  ]) {
    assert.equal(sample(text, name), value, name);
  }
  assert.ok(Number(sample(text, "pairvoice_database_size_bytes")) > 0);
  assert.match(text, /\npairvoice_build_info\{version="[\d.]+"\} 1\n/);
  assert.ok(text.endsWith("# EOF\n"));
  a.leave();
});

test("it answers by names of this machine only", async (t) => {
  const server = await withAdmin(t, ["--admin-host", "metrics.example"]);
  for (const target of ["/metrics", "/diagnostics", "/diagnostics.json", "/healthz", "/readyz"]) {
    for (const host of ["localhost", "127.0.0.1:1", "metrics.example:9000"]) {
      assert.equal((await server.ask(target, { host })).status, 200, `${host}${target}`);
    }
    for (const host of ["rebound.example", "localhost.rebound.example:80", "10.0.0.1"]) {
      assert.equal((await server.ask(target, { host })).status, 403, `${host}${target}`);
    }
    assert.equal((await server.ask(target, { origin: "https://rebound.example" })).status, 403);
  }
});

test("a form can't revoke, and a misspelt revocation revokes nobody", async (t) => {
  const server = await withAdmin(t);
  const post = (body, headers = {}) => server.ask("/revoke", { method: "POST", body, "content-type": "application/json", ...headers });
  const body = JSON.stringify({ session: "s", user: "7" });
  for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
    assert.equal((await post(body, { "content-type": type })).status, 415);
  }
  assert.equal((await post(body, { host: "rebound.example" })).status, 403);
  assert.equal((await post(body, { origin: "http://localhost:1" })).status, 403);
  assert.equal((await post(JSON.stringify({ session: "s", usr: "7" }))).status, 422);
  assert.equal((await post(JSON.stringify({ session: "s", user: "7", pad: " ".repeat(5_000) }))).status, 413);
  assert.equal((await server.ask("/revoke")).status, 405);
});

test("whoever is revoked is let go at once, and comes back with a token that was issued later", async (t) => {
  const server = await withAdmin(t);
  const old = await token(server, "s", "7");
  const [a, b] = [await join(server, "s", "7", { auth: { token: old } }), await join(server, "s", "9")];
  const gone = a.gone();
  const body = JSON.stringify({ session: "s", user: "7" });
  assert.equal((await server.ask("/revoke", { method: "POST", body, "content-type": "application/json" })).status, 204);
  await gone;
  assert.equal(a.of("notice").at(-1).code, "unauthorized");
  await b.until("peer", (all) => all.at(-1)?.left);
  const again = (jwt) => join(server, "s", "7", { auth: { token: jwt } }).catch((error) => error);
  const refused = await again(old);
  assert.deepEqual([refused.code, refused.detail, refused.message], ["unauthorized", "revoked", "the token was revoked"]);
  assert.ok((await b.emit("probe", null)).ok, "the other stays");
  const back = await until("a later token", async () => again(await token(server, "s", "7")), (answer) => answer.welcome);
  assert.equal(back.welcome.peer.userId, "9");
  for (const client of [b, back]) client.leave();
});

test("it is ready while its chat log is there, and lives without it", async (t) => {
  const server = await withAdmin(t);
  const file = path(server.folder, "chat.db");
  const main = async (target) => {
    const answer = await fetch(`${server.url}${target}`);
    return { status: answer.status, text: await answer.text() };
  };
  for (const ask of [main, server.ask]) {
    const { status, text } = await ask("/readyz");
    assert.deepEqual([status, text], [200, "ready\n"]);
  }
  renameSync(file, `${file}.away`);
  const { text } = await until("503", () => main("/readyz"), ({ status }) => status === 503);
  assert.equal(text, "not ready: the chat log can't be reached\n");
  assert.equal((await server.ask("/readyz")).status, 503);
  for (const ask of [main, server.ask]) assert.equal((await ask("/healthz")).text, "ok\n");
  assert.equal(sample((await server.ask("/metrics")).text, "pairvoice_database_size_bytes"), undefined);
  renameSync(`${file}.away`, file);
  await until("200", () => server.ask("/readyz"), ({ status }) => status === 200);
});

test("an admin address that others reach is warned of, and so is nothing else", async (t) => {
  const open = await startServer({ args: ["--dev", "--admin-listen", "0.0.0.0:0"] });
  t.after(() => open.stop());
  await logged(open, /WARN .*the admin address is not loopback/);
  const closed = await withAdmin(t);
  await logged(closed, /INFO .*the admin address: .* address=127\.0\.0\.1:\d+\n/);
  assert.doesNotMatch(closed.log, /not loopback/);
});

test("the log as JSON is one object a line, with the names as they are", async (t) => {
  const server = await withAdmin(t, ["--log-format", "json"]);
  const name = "s\u202e user=admin";
  const a = await join(server, name, "7");
  a.leave();
  await logged(server, /"message":"away"/);
  const whole = server.log.slice(0, server.log.lastIndexOf("\n"));
  const lines = whole.split("\n").map((line) => JSON.parse(line));
  const joined = lines.find((line) => line.message === "joined");
  assert.deepEqual([joined.room, joined.user, typeof joined.socket, joined.level], [name, "7", "number", "INFO"]);
  assert.match(joined.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
  assert.ok(!server.log.includes("\u202e"));
});
