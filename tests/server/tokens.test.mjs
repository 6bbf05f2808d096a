// Who may enter, as an app's backend and whoever runs the server see it: keys, their rotation, and what a token has to say.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, test } from "node:test";

import { program, startServer } from "../e2e/support/server.mjs";
import { inTime, join, logged } from "./support.mjs";

const folder = mkdtempSync(path(tmpdir(), "pairvoice-tokens-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const now = () => Math.floor(Date.now() / 1000);
const call = (...args) => spawnSync(program, args, { encoding: "utf8", timeout: 10_000 });

let files = 0;
/** A file of this test, for its owner only unless another mode is given. */
function file(content, mode = 0o600) {
  const name = path(folder, `file-${(files += 1)}`);
  writeFileSync(name, content, { mode });
  return name;
}

const SECRETS = { a: "a".repeat(32), b: "b".repeat(32), c: "c".repeat(32) };
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const pem = ({ publicKey }) => publicKey.export({ type: "spki", format: "pem" });
const jwk = ({ publicKey }, more) => ({ ...publicKey.export({ format: "jwk" }), ...more });
const jwks = (...keys) => JSON.stringify({ keys });

const SIGN = {
  HS256: (text, key) => createHmac("sha256", key).update(text).digest(),
  RS256: (text, { privateKey }) => sign("sha256", Buffer.from(text), privateKey),
  ES256: (text, { privateKey }) => sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" }),
  EdDSA: (text, { privateKey }) => sign(null, Buffer.from(text), privateKey),
};

/** A token of user 7 for session s, with more in its header and its claims. */
function token(alg, key, { header = {}, ...claims } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const all = { sub: "7", session: "s", exp: now() + 600, ...claims };
  const text = `${part({ alg, typ: "JWT", ...header })}.${part(all)}`;
  return `${text}.${SIGN[alg](text, key).toString("base64url")}`;
}

const kid = (name) => ({ header: { kid: name } });

/** "let in", or the sentence of the refusal. */
async function enter(server, jwt) {
  try {
    (await join(server, "s", "7", { auth: { token: jwt } })).leave();
    return "let in";
  } catch (error) {
    assert.equal(error.code, "unauthorized");
    for (const word of jwt.split(".")) assert.ok(word === "" || !error.message.includes(word));
    return error.message;
  }
}

/** Waits until entering with this token comes to this. */
function until(what, server, jwt, outcome) {
  let over = false;
  const seen = async () => {
    while (!outcome.test(await enter(server, jwt)) && !over) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  return inTime(what, seen()).finally(() => (over = true));
}

/** A server with these keys, which ends with the test. */
async function serve(t, ...args) {
  const server = await startServer({ args });
  t.after(() => server.stop());
  return server;
}

test("secrets rotate by SIGHUP without a restart, and a broken file changes nothing", async (t) => {
  const [first, second] = [file(SECRETS.a), file(SECRETS.b)];
  const server = await serve(t, "--jwt-secret-file", `old=${first}`, "--jwt-secret-file", `new=${second}`);
  const open = await join(server, "s", "9", { auth: { token: token("HS256", SECRETS.a, { sub: "9", ...kid("old") }) } });
  assert.equal(await enter(server, token("HS256", SECRETS.a, kid("old"))), "let in");
  assert.equal(await enter(server, token("HS256", SECRETS.b, kid("new"))), "let in");
  assert.equal(await enter(server, token("HS256", SECRETS.b)), "let in", "without a key ID all are tried");
  assert.match(await enter(server, token("HS256", SECRETS.b, kid("old"))), /signed with another key/);
  assert.match(await enter(server, token("HS256", SECRETS.a, kid("other"))), /no key with the token's key ID/);

  writeFileSync(first, SECRETS.c);
  server.signal("SIGHUP");
  await until("the exchanged secret", server, token("HS256", SECRETS.c, kid("old")), /let in/);
  assert.match(await enter(server, token("HS256", SECRETS.a, kid("old"))), /signed with another key/);
  assert.equal(await enter(server, token("HS256", SECRETS.b, kid("new"))), "let in");

  writeFileSync(first, "short");
  server.signal("SIGHUP");
  await logged(server, new RegExp(`WARN.*stay as they were.*${first}`));
  assert.equal(await enter(server, token("HS256", SECRETS.c, kid("old"))), "let in");
  assert.equal((await open.emit("probe", {})).ok, true, "who is in stays in");
  open.leave();
});

test("RS256, ES256 and EdDSA by PEM files", async (t) => {
  const keys = [rsa, ec, ed].flatMap((pair) => ["--jwt-public-key-file", file(pem(pair), 0o644)]);
  const server = await serve(t, ...keys);
  assert.equal(await enter(server, token("RS256", rsa)), "let in");
  assert.equal(await enter(server, token("ES256", ec)), "let in");
  assert.equal(await enter(server, token("EdDSA", ed)), "let in");
  const others = generateKeyPairSync("ed25519");
  assert.match(await enter(server, token("EdDSA", others)), /signed with another key/);
  const { stderr } = call("token", "--jwt-secret-file", file("x".repeat(31)), "--session", "s", "--user", "7");
  assert.match(stderr, /fewer than 32 bytes/);
});

test("a JWKS file is read again when it changes, and one that is broken changes nothing", async (t) => {
  const set = file(jwks(jwk(rsa, { kid: "r", use: "sig", alg: "RS256" }), jwk(ec, { kid: "e" }), { kty: "PQ", kid: "q" }), 0o644);
  const server = await serve(t, "--jwks-file", set);
  assert.equal(await enter(server, token("RS256", rsa, kid("r"))), "let in");
  assert.equal(await enter(server, token("ES256", ec, kid("e"))), "let in");
  assert.match(await enter(server, token("ES256", ec, kid("r"))), /algorithm is not that of a key/);
  assert.match(await enter(server, token("EdDSA", ed, kid("d"))), /no key with the token's key ID/);
  await logged(server, new RegExp(`WARN.*${set}: key "q" is not used: its type is not known`));

  // Whole at once, so that the server sees each change once.
  const replace = (content) => {
    writeFileSync(`${set}.next`, content);
    renameSync(`${set}.next`, set);
  };
  replace(jwks(jwk(ed, { kid: "d" })));
  await until("the new set", server, token("EdDSA", ed, kid("d")), /let in/);
  assert.match(await enter(server, token("RS256", rsa, kid("r"))), /no key with the token's key ID/);
  replace(jwks(jwk(ed, { kid: "d" })).slice(0, 20));
  await logged(server, new RegExp(`WARN.*stay as they were.*${set}`));
  assert.equal(await enter(server, token("EdDSA", ed, kid("d"))), "let in");
  rmSync(set);
  await logged(server, new RegExp(`WARN.*cannot read the JWKS file ${set}`));
  assert.equal(await enter(server, token("EdDSA", ed, kid("d"))), "let in");
  replace(jwks(jwk(ec, { kid: "e" })));
  await until("the set that is back", server, token("ES256", ec, kid("e")), /let in/);
  assert.equal(server.log.match(/stay as they were/g).length, 2, "one warning for each change");
});

test("a token whose algorithm is not its key's is refused", async (t) => {
  const secret = file(SECRETS.a);
  const server = await serve(t, "--jwt-public-key-file", `r=${file(pem(rsa))}`, "--jwt-secret-file", `h=${secret}`);
  // A public key that is known to everybody, used as if it were a secret.
  for (const more of [{}, kid("r")]) {
    assert.match(await enter(server, token("HS256", pem(rsa), more)), /signed with another key|algorithm is not that/);
    assert.match(await enter(server, token("HS256", pem(rsa).trim(), more)), /signed with another key|algorithm is not that/);
  }
  assert.match(await enter(server, token("HS256", SECRETS.a, kid("r"))), /algorithm is not that of a key/);
  assert.match(await enter(server, token("RS256", rsa, kid("h"))), /algorithm is not that of a key/);
  const [, claims] = token("HS256", SECRETS.a).split(".");
  for (const alg of ["none", "None", "HS257"]) {
    const header = Buffer.from(JSON.stringify({ alg })).toString("base64url");
    assert.match(await enter(server, `${header}.${claims}.`), /is not a JSON web token/);
  }
  assert.match(await enter(server, "x".repeat(8193)), /longer than 8 KiB/);
});

test("extensions that have to be understood, and dates outside the skew of clocks, are refused", async (t) => {
  const server = await serve(t, "--jwt-secret-file", file(SECRETS.a));
  const signed = (more) => enter(server, token("HS256", SECRETS.a, more));
  assert.match(await signed({ header: { crit: ["b64"], b64: true } }), /crit/);
  assert.match(await signed({ header: { crit: [] } }), /crit/);
  assert.equal(await signed({ nbf: now() + 15, iat: now() + 15 }), "let in");
  assert.equal(await signed({ exp: now() - 15 }), "let in");
  assert.equal(await signed({ exp: now() + 60.5, iat: Date.now() / 1000 }), "let in", "dates may have fractions");
  assert.match(await signed({ nbf: now() + 90 }), /not valid yet/);
  assert.match(await signed({ iat: now() + 90 }), /issued in the future/);
  assert.match(await signed({ exp: now() - 90 }), /expired/);
  assert.match(await signed({ exp: undefined }), /needs sub, session and exp/);
  assert.match(await signed({ exp: "4000000000" }), /needs sub, session and exp/);
  assert.match(await signed({ aud: "voice" }), /--jwt-audience/);
  for (const participants of [["7"], ["7", "7"], ["8", "9"], ["7", "8", "9"], ["7", ""]]) {
    assert.match(await signed({ participants }), /participants/);
  }
});

test("audience and issuer, and the token that the server signs for them", async (t) => {
  const secret = `k=${file(SECRETS.a)}`;
  const server = await serve(t, "--jwt-secret-file", secret, "--jwt-audience", "voice", "--jwt-issuer", "app");
  const signed = (more) => enter(server, token("HS256", SECRETS.a, more));
  assert.equal(await signed({ aud: "voice", iss: "app" }), "let in");
  assert.equal(await signed({ aud: ["mail", "voice"], iss: "app" }), "let in");
  assert.match(await signed({ iss: "app" }), /aud/);
  assert.match(await signed({ aud: "mail", iss: "app" }), /aud/);
  assert.match(await signed({ aud: "voice" }), /iss/);
  assert.match(await signed({ aud: "voice", iss: "other" }), /iss/);
  const named = ["--audience", "voice", "--issuer", "app"];
  const { stdout } = call("token", "--jwt-secret-file", secret, "--session", "s", "--user", "7", ...named);
  assert.equal(await enter(server, stdout.trim()), "let in");
  const [header, claims] = stdout.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  assert.equal(header.kid, "k");
  assert.ok(Math.abs(claims.iat - now()) <= 30 && claims.exp === claims.iat + 12 * 3600);
});

test("keys that are loose, weak, short or none are refused at start, with the file's name", () => {
  const loose = file(SECRETS.a);
  chmodSync(loose, 0o640);
  const weak = file(pem(generateKeyPairSync("rsa", { modulusLength: 1024 })));
  const empty = file(jwks());
  const missing = path(folder, "missing");
  for (const [args, name, words] of [
    [["--jwt-secret-file", loose], loose, /chmod 600/],
    [["--jwt-secret-file", `k=${file(SECRETS.a)},${loose}`], loose, /chmod 600/],
    [["--jwt-secret-file", file("short")], `file-${files}`, /fewer than 32 bytes/],
    [["--jwt-secret-file", file(pem(rsa))], `file-${files}`, /PEM/],
    [["--jwt-public-key-file", weak], weak, /1024 bits/],
    [["--jwt-public-key-file", file(ec.privateKey.export({ type: "pkcs8", format: "pem" }))], `file-${files}`, /public key/],
    [["--jwks-file", empty], empty, /no key/],
    [["--jwks-file", missing], missing, /cannot read the JWKS file/],
    [["--jwt-secret-file", "="], "", /key ID/],
  ]) {
    const { status, stderr } = call(...args, "--database", path(folder, "unused.db"));
    assert.notEqual(status, 0, args.join(" "));
    assert.match(stderr, words);
    assert.ok(stderr.includes(name), stderr);
  }
});

test("the database is its owner's alone, and a second server on it is refused until the first is gone", async (t) => {
  const server = await serve(t, "--dev");
  const user = await join(server, "s", "7");
  await user.emit("chat", { messages: [{ id: "00000000-0000-4000-8000-000000000001", text: "hello" }] });
  user.leave();
  const kept = readdirSync(server.folder).filter((name) => name.startsWith("chat.db"));
  assert.deepEqual(kept.sort(), ["chat.db", "chat.db-shm", "chat.db-wal", "chat.db.lock"]);
  for (const name of kept) assert.equal(statSync(path(server.folder, name)).mode & 0o777, 0o600, name);
  const database = path(server.folder, "chat.db");
  const { status, stderr } = call("--dev", "--listen", "127.0.0.1:0", "--database", database);
  assert.equal(status, 1);
  assert.match(stderr, /is in use by another server/);
  assert.ok(stderr.includes(database));
  await server.kill("SIGKILL");
  await server.start();
});
