// A token that runs out in mid-call: the call does not notice, and the session goes on with a new one.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

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
function sign(session, user, seconds) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) - LEEWAY + seconds;
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, session, exp })}`;
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

/** Opens the bare page. */
async function open(person, here, user) {
  const opened = await person(user, here());
  await opened.page.waitForFunction(() => globalThis.pairvoice);
  return opened;
}

/** Starts voice with these tokens, one after the other, by a function; a single one as a string. */
const start = (person, tokens) =>
  person.page.evaluate(async (list) => {
    globalThis.asked = 0;
    const token = list.length === 1 ? list[0] : () => list[Math.min(globalThis.asked++, list.length - 1)];
    globalThis.session = await globalThis.pairvoice.startVoiceCall({ ...globalThis.options, token });
  }, tokens);

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
  await a.page.evaluate(() => globalThis.witness.sockets.at(-1).close());
  return [a, b, session];
}

async function callGoesOn(people) {
  await bothHear(people[0], LOW, people[1], HIGH);
  for (const person of people) {
    assert.equal(await person.page.evaluate(() => globalThis.witness.connections.length), 1, await person.account());
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
  await a.until((s) => s.session.state === "offline" && s.session.reason === "unauthorized");
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
