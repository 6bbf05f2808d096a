// The program as whoever runs it sees it: what it prints, what it refuses, and tokens that it signs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { program, startServer } from "../e2e/support/server.mjs";
import { join } from "./support.mjs";

const folder = mkdtempSync(path(tmpdir(), "pairvoice-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const secret = path(folder, "secret");
writeFileSync(secret, "0123456789abcdef0123456789abcdef\n", { mode: 0o600 });

/** A token as an app's backend would sign it. */
function signed(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${body}.${createHmac("sha256", "0123456789abcdef0123456789abcdef").update(body).digest("base64url")}`;
}

const tls = fileURLToPath(new URL("../../crates/server/tests/tls", import.meta.url));

/** Runs the program to its end; an object after the arguments holds options of `spawnSync`. */
function call(...args) {
  const options = typeof args.at(-1) === "object" ? args.pop() : {};
  return spawnSync(program, args, { encoding: "utf8", timeout: 10_000, ...options });
}

test("a signed token opens its session, with the other named, and nobody else gets in", async () => {
  const server = await startServer({ args: ["--jwt-secret-file", secret, "--stun", "stun:192.0.2.1:3478"] });
  try {
    assert.match(server.line, /^pairvoice-server listens on http:\/\/127\.0\.0\.1:\d+$/);
    const sign = (user, ...more) => {
      const { stdout, status } = call("token", "--jwt-secret-file", secret, "--session", "s", "--user", user, ...more);
      assert.equal(status, 0);
      return stdout.trim();
    };
    const a = await join(server, "s", "7", { auth: { token: sign("7", "--peer", "9", "--hours", "1") } });
    assert.deepEqual(a.welcome.peer, { userId: "9", presence: "absent", welcomes: 0, voice: { on: false, muted: false, microphone: "off", state: "off" } });
    assert.deepEqual(a.welcome.iceServers[0], { urls: ["stun:192.0.2.1:3478"] });
    a.leave();
    await assert.rejects(join(server, "s", "7", { auth: { token: signed({ sub: "7", session: "s", exp: 1_700_000_000 }) } }), {
      code: "unauthorized",
      message: /the token has expired/,
    });
    const strangers = signed({ sub: "8", session: "s", exp: 4_000_000_000, participants: ["7", "9"] });
    await assert.rejects(join(server, "s", "8", { auth: { token: strangers } }), { code: "unauthorized" });
    assert.equal((await fetch(`${server.url}/dev/token?session=s&user=7`)).status, 404);
    assert.equal((await fetch(`${server.url}/diagnostics`)).status, 404);
  } finally {
    await server.stop();
  }
});

test("without relay and STUN it says how far calls reach", async () => {
  const server = await startServer({ args: ["--dev", "--no-relay"] });
  assert.match(server.line, /calls work inside one network only/);
  await server.stop();
});

test("what can't work is refused with a sentence", () => {
  const at = (name) => path(folder, name);
  writeFileSync(at("short"), "short", { mode: 0o600 });
  writeFileSync(at("cert.pem"), "no certificate");
  writeFileSync(at("open.pem"), "no key");
  chmodSync(at("open.pem"), 0o644);
  copyFileSync(path(tls, "test-only-first-cert.pem"), at("good.pem"));
  const dev = (...args) => ["--dev", "--database", at("refused.db"), ...args];
  for (const [args, words] of [
    [["--dev", "--listen", "0.0.0.0:0"], /--dev hands out tokens.*not on 0\.0\.0\.0:0/],
    [["--jwt-secret-file", at("nothing")], /cannot read the secret file .*nothing/],
    [["--jwt-secret-file", at("short")], /short has fewer than 32 bytes/],
    [dev("--stun", "stun.example.com"), /--stun takes stun:HOST:PORT, not stun\.example\.com/],
    [dev("--stun", "stun:"), /--stun takes stun:HOST:PORT/],
    [dev("--turn", "turn:a"), /--turn-secret-file/],
    [dev("--turn", "a", "--turn-secret-file", "b"), /--turn takes turn:HOST:PORT/],
    [dev("--relay-host", "a/b"), /--relay-host takes HOST or HOST:PORT/],
    [dev("--relay-allocations", "1"), /relay-allocations/],
    [dev("--rate", "0"), /with a rate of 0 no connection could send anything/],
    [dev("--allow-origin", "*"), /with a wildcard any page could act/],
    [dev("--allow-origin", "https://a,null"), /null is the origin of files/],
    [dev("--allow-origin", "https://a/"), /an origin ends before the path: https:\/\/a, without \//],
    [dev("--allow-origin", "https://a/path"), /an origin ends before the path/],
    [dev("--allow-origin", "a.example"), /a\.example is no origin; give scheme:\/\/host/],
    [dev("--static", at("nowhere")), /--static .*nowhere can't be served: No such file/],
    [dev("--static", at("short")), /--static .*short is not a folder/],
    [dev("--listen", "127.0.0.1:8787", "--admin-listen", "127.0.0.1:8787"), /--listen 127\.0\.0\.1:8787 and --admin-listen .* are one port/],
    [dev("--tls-cert", at("cert.pem")), /--tls-cert .*cert\.pem needs --tls-key beside it/],
    [dev("--tls-key", at("cert.pem")), /--tls-key .*cert\.pem needs --tls-cert beside it/],
    [dev("--tls-cert", at("cert.pem"), "--tls-key", at("open.pem")), /cert\.pem holds no certificate/],
    [dev("--tls-cert", at("good.pem"), "--tls-key", at("open.pem")), /chmod 600 .*open\.pem/],
    [["--dev", "--database", "/nowhere/at/all.db"], /there is no folder \/nowhere\/at for --database \/nowhere\/at\/all\.db/],
    [["--dev", "--database", folder], /--database .* is a folder/],
    [["--dev", "--jwt-secret-file", secret], /--dev/],
    [["--dev", "--jwks-file", secret], /--dev/],
    [[], /no key to check tokens with: give --jwt-secret-file/],
    [dev("--lisen", "127.0.0.1:1"), /--listen/],
  ]) {
    const { status, stderr } = call(...args);
    assert.match(stderr, words);
    assert.equal(status, 2, args.join(" "));
  }
  const samePeer = call("token", "--jwt-secret-file", secret, "--session", "s", "--user", "7", "--peer", "7");
  assert.match(samePeer.stderr, /another user/);
  assert.notEqual(samePeer.status, 0);
});

test("what fails while starting names the file", () => {
  writeFileSync(path(folder, "no.db"), "this is no database at all, but it is long enough to be one".repeat(20));
  const { status, stderr } = call("--dev", "--listen", "127.0.0.1:0", "--database", path(folder, "no.db"));
  assert.match(stderr, /no\.db can't be opened: file is not a database/);
  assert.equal(status, 1);
});

test("help is a manual", () => {
  const { status, stdout } = call("--help");
  assert.equal(status, 0);
  for (const heading of ["Settings", "Addresses", "Who may enter", "Chat log", "Pages", "Limits", "TLS", "Examples", "Signals", "Exit codes"]) {
    assert.match(stdout, new RegExp(`^${heading}:$`, "m"));
  }
  for (const words of [/\[env: PAIRVOICE_TLS_CERT=\]/, /\[default: 127\.0\.0\.1:8787\]/, /systemd/, /--print-config/]) assert.match(stdout, words);
  assert.ok(call("-h").stdout.length < stdout.length / 2);
});

test("the command line comes before the environment, the environment before the file", () => {
  const file = path(folder, "pairvoice.toml");
  writeFileSync(file, 'dev = true\nrate = 1\nchat-days = 2\ndatabase-limit = 3\nallow-origin = ["https://a", "https://b"]\n');
  const env = { ...process.env, PAIRVOICE_CONFIG: file, PAIRVOICE_CHAT_DAYS: "20", PAIRVOICE_DATABASE_LIMIT: "30" };
  const { status, stdout, stderr } = call("--print-config", "--database-limit", "300", { env });
  assert.equal(status, 0, stderr);
  const lines = stdout.split("\n");
  for (const line of [
    `dev = true # ${file}`,
    `rate = 1 # ${file}`,
    "chat-days = 20 # PAIRVOICE_CHAT_DAYS",
    "database-limit = 300 # command line",
    'allow-origin = ["https://a", "https://b"] # ' + file,
    'listen = "127.0.0.1:8787" # default',
    "# jwt-secret-file is not set",
  ]) {
    assert.ok(lines.includes(line), `${line} is missing in:\n${stdout}`);
  }
  // What is printed is such a file.
  writeFileSync(file, stdout);
  const again = call("--config", file, "--print-config");
  assert.match(again.stdout, /^chat-days = 20 # /m);
  // A file for serving does not stand in the way of a token.
  const token = call("token", "--jwt-secret-file", secret, "--session", "s", "--user", "7", { env });
  assert.equal(token.status, 0, token.stderr);
});

test("no secret is printed, and what is printed was checked", () => {
  const { status, stdout } = call("--print-config", "--jwt-secret-file", secret);
  assert.equal(status, 0);
  assert.ok(stdout.includes(`jwt-secret-file = ["${secret}"] # command line`) && !stdout.includes("0123456789abcdef"), stdout);
  assert.equal(call("--print-config", "--dev", "--static", "/nowhere").status, 2);
});

test("what stands wrong in a file is told with its line", () => {
  const file = path(folder, "wrong.toml");
  for (const [text, words] of [
    ["dev = true\nlisen = 'x'\n", /wrong\.toml, line 2: there is no setting lisen; did you mean listen\?/],
    ["rate = '1'", /wrong\.toml, line 1: rate takes a whole number, not a string/],
    ["\n\nrate = 0", /wrong\.toml, line 3: rate: with a rate of 0/],
    ["rate = ", /wrong\.toml, line 1: .*TOML/],
  ]) {
    writeFileSync(file, text);
    const { status, stderr } = call("--config", file);
    assert.match(stderr, words);
    assert.equal(status, 2);
  }
  const missing = call("--config", path(folder, "missing.toml"));
  assert.match(missing.stderr, /cannot read the settings in .*missing\.toml/);
  assert.equal(missing.status, 2);
});

test("diagnostics show what happened and never what was said", async () => {
  const server = await startServer();
  try {
    const a = await join(server, "s", "7");
    await a.signal({ offer: { sdp: "v=0 secret" } });
    const text = await (await fetch(`${server.url}/diagnostics.json`)).text();
    const { rooms, seats, signals } = JSON.parse(text);
    assert.deepEqual([rooms, seats], [1, 1]);
    assert.equal(signals[0].kind, "offer");
    assert.equal(signals[0].outcome, "parked");
    assert.equal(signals[0].instance, a.instance.slice(0, 8));
    assert.ok(!text.includes("secret") && !text.includes(a.instance));
    a.leave();
  } finally {
    await server.stop();
  }
});
