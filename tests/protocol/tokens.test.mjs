// Tokens: which ones let somebody in, how long, and whom they keep out.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { SECRET, conformance } from "./support.mjs";

const now = () => Math.floor(Date.now() / 1000);

/** A token with these claims and header, signed whatever they are. */
function raw(claims, header = { alg: "HS256", typ: "JWT" }, secret = SECRET.trim()) {
  const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** Half of a surrogate pair. */
const HALF = "\ud83d";

const WHAT = "JSON web token of at most 8 KiB, HS256 (a server may take RS256, ES256 and EdDSA, too): `sub`, `session`, `exp`";

conformance((test) => {
  const cases = {
    "nothing": () => "",
    "no token": () => "a.b.c",
    "another secret": (claims) => raw(claims, undefined, "x".repeat(48)),
    "the line feed of the file as a part of the secret": (claims) => raw(claims, undefined, SECRET),
    "no signature": (claims) => `${raw(claims).split(".").slice(0, 2).join(".")}.`,
    "the algorithm none": (claims) => raw(claims, { alg: "none" }),
    "the algorithm HS512": (claims) => raw(claims, { alg: "HS512" }),
    "an extension that is not known": (claims) => raw(claims, { alg: "HS256", crit: ["exp"] }),
    "a key that is not known": (claims) => raw(claims, { alg: "HS256", kid: "another" }),
    "another user": (claims) => raw({ ...claims, sub: "9" }),
    "another session": (claims) => raw({ ...claims, session: "another" }),
    "no user": ({ sub: _, ...claims }) => raw(claims),
    "no session": ({ session: _, ...claims }) => raw(claims),
    "no end": ({ exp: _, ...claims }) => raw(claims),
    "an end that is a text": (claims) => raw({ ...claims, exp: "9999999999" }),
    "an end in the past": (claims) => raw({ ...claims, exp: now() - 40 }),
    "a beginning in the future": (claims) => raw({ ...claims, nbf: now() + 60 }),
    "an issue in the future": (claims) => raw({ ...claims, iat: now() + 60 }),
    "an audience of others": (claims) => raw({ ...claims, aud: "mail" }),
    "9 KiB": (claims) => raw({ ...claims, name: "x".repeat(9 * 1024) }),
    "claims that are no JSON": () => raw("no JSON"),
    "half of a character in the name": (claims) => raw({ ...claims, name: HALF }),
    "half of a character in the user": (claims) => raw({ ...claims, sub: `7${HALF}` }),
    "half of a character in a participant": (claims) => raw({ ...claims, participants: ["7", HALF] }),
    "a name that is a number": (claims) => raw({ ...claims, name: 7 }),
  };
  for (const [detail, make] of Object.entries(cases)) {
    test(WHAT, async ({ refusal, session }) => {
      const token = make({ sub: "7", session, exp: now() + 600 });
      assert.deepEqual(await refusal("7", { token }).then(({ code, retryable }) => [code, retryable]), ["unauthorized", false]);
    }, `not with ${detail}`);
  }

  const DETAIL = "`detail` says what is wrong with a token: `expired` (its `exp` is over), `revoked`, or `invalid` (its form, its signature, its claims, or it is for another user or session).";
  for (const [name, make] of Object.entries(cases)) {
    test(DETAIL, async ({ refusal, session }) => {
      const token = make({ sub: "7", session, exp: now() + 600 });
      assert.equal((await refusal("7", { token })).detail, name === "an end in the past" ? "expired" : "invalid");
    }, name);
  }

  test(DETAIL, async ({ join, token }) => {
    const a = await join("7");
    assert.equal((await a.emit("token", { token: token("9") })).error.detail, "invalid");
  }, "another token for the socket that is in");

  test("It is left out where the server tells no more, and when a session is for two others", async ({ join, token, refusal }) => {
    await join("7", { token: token("7", { peerUserId: "9" }) });
    const { code, detail } = await refusal("8");
    assert.deepEqual([code, detail], ["unauthorized", undefined]);
  });

  for (const [detail, more] of Object.entries({
    "the least": {},
    "a clock that is 25 s late": { exp: now() - 5 },
    "a clock that is early": { nbf: now() + 25, iat: now() + 25 },
    "fractions of seconds": { exp: now() + 600.75, iat: now() - 0.5 },
    "a name and a role": { name: "A name", role: "mentor", more: [1] },
  })) {
    test(WHAT, async ({ join, session }) => {
      await join("7", { token: raw({ sub: "7", session, exp: now() + 600, ...more }) });
    }, detail);
  }

  for (const [detail, participants] of Object.entries({ one: ["7"], three: ["7", "8", "9"], "the same twice": ["7", "7"], "two others": ["8", "9"], "an empty one": ["7", ""] })) {
    test("`participants` of a token are two users, one of whom is `sub`.", async ({ refusal, session }) => {
      assert.equal((await refusal("7", { token: raw({ sub: "7", session, exp: now() + 600, participants }) })).code, "unauthorized");
    }, `not ${detail}`);
  }

  test("The first token that names them pins the session: nobody else enters, whatever their token says", async ({ join, token, refusal }) => {
    await join("7", { token: token("7", { peerUserId: "9" }) });
    assert.equal((await refusal("8")).code, "unauthorized");
    assert.equal((await refusal("8", { token: token("8", { peerUserId: "7" }) })).code, "unauthorized");
    await join("9");
  });

  test("also after everybody left and after the server was started again", async ({ join, token, refusal }) => {
    const a = await join("7", { token: token("7", { peerUserId: "9" }) });
    await a.emit("bye", null);
    assert.equal((await refusal("8")).code, "unauthorized");
  }, "after everybody left");

  test("Whoever is in the session then and is none of the two gets `notice { code: \"unauthorized\" }`, is disconnected, and has no seat any more.", async ({ join, token }) => {
    const stranger = await join("8");
    const gone = stranger.gone();
    await join("7", { token: token("7", { peerUserId: "9" }) });
    await gone;
    assert.equal(stranger.of("notice").at(-1).code, "unauthorized");
    await join("9");
  });

  test("another token for the same user and session", async ({ join, token }) => {
    const a = await join("7");
    assert.deepEqual(await a.emit("token", { token: token("7") }), { ok: true });
  });

  test("one that is refused changes nothing", async ({ join, token }) => {
    const a = await join("7");
    const { error } = await a.emit("token", { token: token("9") });
    assert.deepEqual([error.code, error.retryable], ["unauthorized", false]);
    assert.equal((await a.emit("probe", null)).ok, true);
  });

  test("It comes a minute before, or at half the token's life if that is less", async ({ join, session }) => {
    // Clocks may differ by 30 s, so this one is good for 3 s.
    const a = await join("7", { token: raw({ sub: "7", session, exp: now() - 27 }) });
    const [{ code, afterMs }] = await a.until("notice", (all) => all.length > 0);
    assert.equal(code, "token-expiring");
    assert.ok(afterMs > 0 && afterMs <= 2_000, String(afterMs));
    assert.equal((await a.emit("token", { token: raw({ sub: "7", session, exp: now() + 600 }) })).ok, true);
  });

  test("the token ran out, was revoked, or the session is for two others. The server hangs up; when the token ran out, the seat is as after any socket that broke.", async ({ join, session }) => {
    const b = await join("9");
    const a = await join("7", { token: raw({ sub: "7", session, exp: now() - 28 }) });
    await a.gone();
    assert.deepEqual(a.of("notice").map(({ code }) => code), ["token-expiring", "unauthorized"]);
    await b.until("peer", (all) => all.at(-1)?.presence === "away");
    await join("7", { instance: a.instance });
  });

  const NAME = "`name`: what their newest token calls them, without control characters, explicit directional formatting characters, characters that show nothing (joiners stay) and white space around it, cut to 64 Unicode characters, and left out when nothing remains";
  for (const [detail, given, told] of [
    ["as it is", "Ada Lovelace", "Ada Lovelace"],
    ["what is no part of it", " \u202eAda\u0007\u2069\n", "Ada"],
    ["cut within a character by the one that signs it", `Ada ${HALF}`, "Ada \ufffd"],
    ["too long", "😀".repeat(65), "😀".repeat(64)],
    ["nothing remains", " \u202e", undefined],
    ["nothing is shown", "\u200b\u3164", undefined],
    ["joiners stay", "a\u200db", "a\u200db"],
    ["none", undefined, undefined],
  ]) {
    test(NAME, async ({ join, token }) => {
      await join("7", { token: token("7", { name: given }) });
      assert.equal((await join("9")).welcome.peer.name, told);
    }, detail);
  }

  test(NAME, async ({ join, token }) => {
    const [a, b] = [await join("7"), await join("9")];
    assert.ok(!("name" in b.welcome.peer));
    assert.deepEqual(await a.emit("token", { token: token("7", { name: "Grace" }) }), { ok: true });
    await b.until("peer", (all) => all.at(-1)?.name === "Grace");
  }, "by the event `token`");
});
