// The program as whoever runs it sees it: what it prints, what it refuses, and tokens that it signs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, test } from "node:test";

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

const call = (...args) => spawnSync(program, args, { encoding: "utf8", timeout: 10_000 });

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
    assert.deepEqual(a.welcome.iceServers, [{ urls: ["stun:192.0.2.1:3478"] }]);
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

test("without STUN it says how far calls reach", async () => {
  const server = await startServer();
  assert.match(server.line, /calls work inside one network only/);
  await server.stop();
});

test("what can't work is refused with a sentence", () => {
  writeFileSync(path(folder, "short"), "short", { mode: 0o600 });
  for (const [args, words] of [
    [["--dev", "--listen", "0.0.0.0:0"], /--dev hands out tokens/],
    [["--jwt-secret-file", path(folder, "nothing")], /cannot read the secret file/],
    [["--jwt-secret-file", path(folder, "short")], /fewer than 32 bytes/],
    [["--dev", "--stun", "stun.example.com"], /--stun takes stun:HOST:PORT/],
    [["--dev", "--database", "/nowhere/at/all.db"], /the chat log needs the file \/nowhere\/at\/all\.db/],
    [["token", "--jwt-secret-file", secret, "--session", "s", "--user", "7", "--peer", "7"], /another user/],
    [["--dev", "--jwt-secret-file", secret], /--dev/],
    [["--dev", "--jwks-file", secret], /--dev/],
    [[], /no key to check tokens with: give --jwt-secret-file/],
  ]) {
    const { status, stderr } = call(...args);
    assert.notEqual(status, 0, args.join(" "));
    assert.match(stderr, words);
  }
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
