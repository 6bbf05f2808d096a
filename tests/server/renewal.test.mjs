// What tokens grant: for how long, to whom, and how much may be written.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, before, test } from "node:test";

import { startServer } from "../e2e/support/server.mjs";
import { join, messageId } from "./support.mjs";

const SECRET = "0123456789abcdef0123456789abcdef";
/** The server's clock may be so much behind the one that signed, in seconds. */
const LEEWAY = 30;

const folder = mkdtempSync(path(tmpdir(), "pairvoice-tokens-"));
const secretFile = path(folder, "secret");
writeFileSync(secretFile, SECRET, { mode: 0o600 });
let server;
let sessions = 0;
const fresh = () => `k-${(sessions += 1)}`;

before(async () => {
  server = await startServer({ args: ["--jwt-secret-file", secretFile, "--chat-user-limit", "1"] });
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A token as an app's backend would sign it; good for so many seconds. */
function sign(session, user, { seconds = 600, ...claims } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const body = { sub: user, session, iat: now, exp: now - LEEWAY + seconds, ...claims };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(body)}`;
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

const enter = (session, user, claims) => join(server, session, user, { auth: { token: sign(session, user, claims) } });

test("the first token that names two users pins the session, over everybody's absence and a restart", async () => {
  const session = fresh();
  const [a, stranger] = [await enter(session, "7"), await enter(session, "8")];
  const gone = stranger.gone();
  const b = await enter(session, "9", { participants: ["7", "9"] });
  await gone;
  assert.deepEqual(stranger.of("notice"), [{ code: "unauthorized" }]);
  assert.equal(b.welcome.peer.userId, "7");
  const refused = { code: "unauthorized", message: /two other users/ };
  await assert.rejects(enter(session, "8"), refused);
  for (const client of [a, b]) {
    await client.emit("bye", null);
    client.leave();
  }
  await assert.rejects(enter(session, "8", { participants: ["7", "8"] }), refused);
  await server.kill();
  await server.start();
  await assert.rejects(enter(session, "8", { participants: ["7", "8"] }), refused);
  const back = await enter(session, "7");
  assert.equal(back.welcome.peer.userId, "9", "the pin names the other");
  back.leave();
});

test("a token that runs out is renewed on the same socket, and a refused one changes nothing", async () => {
  const session = fresh();
  const a = await enter(session, "7", { seconds: 4 });
  const gone = a.gone();
  const [notice] = await a.until("notice", (all) => all.length === 1);
  assert.equal(notice.code, "token-expiring");
  assert.ok(notice.afterMs > 0 && notice.afterMs <= 2_000, JSON.stringify(notice));
  for (const [token, code] of [[sign(session, "9"), "unauthorized"], [7, "bad-request"]]) {
    assert.equal((await a.emit("token", { token })).error.code, code);
  }
  assert.deepEqual(await a.emit("token", { token: sign(session, "7", { seconds: 6 }) }), { ok: true });
  const notices = await a.until("notice", (all) => all.length === 2);
  assert.equal(notices[1].code, "token-expiring", "the new one runs out, too");
  await gone;
  assert.deepEqual(a.of("notice").at(-1), { code: "unauthorized" });
});

test("one user's room is full for that user alone, and names the first message that is not written", async () => {
  const session = fresh();
  const [a, b] = [await enter(session, "7"), await enter(session, "9")];
  const text = "x".repeat(8_000);
  let written = 0;
  let answer;
  let messages;
  do {
    messages = Array.from({ length: 6 }, () => ({ id: messageId(), text }));
    answer = await a.emit("chat", { messages });
    written += answer.accepted?.length ?? 0;
  } while (answer.ok);
  assert.deepEqual([answer.error.code, answer.error.retryable], ["storage-full", true]);
  assert.equal(written, Math.floor((1024 * 1024) / text.length));
  assert.equal(answer.refusedId, messages[answer.accepted?.length ?? 0].id);
  assert.ok((await b.emit("chat", { messages: [{ id: messageId(), text }] })).ok, "the other writes on");
  for (const client of [a, b]) client.leave();
});
