// JSON web tokens (RFC 7519) with HS256: signed for clients, and verified by the rules of docs/protocol.md.
import { createHmac, timingSafeEqual } from "node:crypto";

import { unauthorized } from "./refusal.js";

/** How far clocks may differ, in seconds. */
const SKEW_S = 30;
/** Shortest secret in bytes: the output size of HMAC-SHA-256 (RFC 7518 section 3.2). */
const MIN_SECRET_BYTES = 32;
/** How long a token is good that says nothing else, in seconds. */
const EXPIRES_S = 300;
/** Longest ID in bytes. */
const MAX_ID_BYTES = 128;

/** Seconds since 1970. */
export const nowS = () => Math.floor(Date.now() / 1000);

/** A secret as bytes. White space around it, such as the last line feed of a file, is not part of it. */
export function secretBytes(secret) {
  const text = typeof secret === "string" ? secret : secret instanceof Uint8Array ? Buffer.from(secret).toString("latin1") : undefined;
  if (text === undefined) throw new TypeError("a secret is a string or a Buffer");
  const trimmed = text.replace(/^[ \t\n\f\r]+|[ \t\n\f\r]+$/g, "");
  if (trimmed.startsWith("-----BEGIN ")) throw new TypeError("the secret is a PEM file; a public key is no secret");
  const bytes = Buffer.from(trimmed, typeof secret === "string" ? "utf8" : "latin1");
  if (bytes.length < MIN_SECRET_BYTES) throw new TypeError("the secret has fewer than 32 bytes; make one with: openssl rand -hex 32");
  return bytes;
}

const mac = (secret, text) => createHmac("sha256", secret).update(text).digest();

/** An ID as a text; throws for what is none. Half of a surrogate pair is no character, and can't be told to the rules. */
export function idOf(value, what) {
  const text = String(value ?? "");
  if (text === "" || Buffer.byteLength(text) > MAX_ID_BYTES || !text.isWellFormed() || /[\u0000-\u001f\u007f-\u009f]/.test(text)) {
    throw new TypeError(`${what} has 1 to 128 bytes, no control characters and no half of a character`);
  }
  return text;
}

/** A text that was cut within a character, as a name may be, has a sign in its place: a server refuses the token otherwise. */
const shown = (text) => (typeof text === "string" ? text.toWellFormed() : text);

/** A token that lets one user into one session. The contract is index.d.ts. */
export function signToken(secret, { sessionId, userId, peerUserId, expiresIn = EXPIRES_S, audience, issuer, name, role, now = nowS() } = {}) {
  if (!Number.isFinite(expiresIn) || expiresIn < 1) throw new TypeError("expiresIn is a number of seconds, at least 1");
  const sub = idOf(userId, "userId");
  const claims = { sub, session: idOf(sessionId, "sessionId"), iat: now, exp: now + Math.floor(expiresIn), aud: audience, iss: issuer, name: shown(name), role: shown(role) };
  if (peerUserId !== undefined) {
    const peer = idOf(peerUserId, "peerUserId");
    if (peer === sub) throw new TypeError("peerUserId is another user than userId");
    claims.participants = [sub, peer];
  }
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${mac(secretBytes(secret), signed).toString("base64url")}`;
}

/** A `verify` for tokens that were signed with a secret, or with one of several. */
export function verifier({ secret, audience, issuer }) {
  const secrets = (Array.isArray(secret) ? secret : [secret]).map(secretBytes);
  if (secrets.length === 0) throw new TypeError("verify.secret names no secret");
  return (token) => {
    const claims = signedClaims(token, secrets);
    checkClaims(claims, audience, issuer);
    return claims;
  };
}

const invalid = (message) => unauthorized(message, "invalid");

/** A part of a token; `undefined` when it is not base64url of a JSON object. */
function parsed(part) {
  if (!/^[\w-]+$/.test(part)) return undefined;
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(part, "base64url")));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function signedClaims(token, secrets) {
  const parts = token.split(".");
  const header = parts.length === 3 ? parsed(parts[0]) : undefined;
  if (typeof header?.alg !== "string") invalid("the token is not a JSON web token with the algorithm HS256");
  // Each of these names would be an extension that has to be understood, and none is (RFC 7515 section 4.1.11).
  if (header.crit !== undefined) invalid("the token's header has crit, and this server knows no extension");
  if (header.kid !== undefined) invalid("the server has no key with the token's key ID (kid)");
  if (header.alg !== "HS256") invalid("the token's algorithm is not that of a key");
  const given = Buffer.from(parts[2], "base64url");
  const signed = `${parts[0]}.${parts[1]}`;
  // Every secret is tried, each in constant time.
  const good = secrets.filter((secret) => {
    const own = mac(secret, signed);
    return given.length === own.length && timingSafeEqual(given, own) && own.toString("base64url") === parts[2];
  });
  if (good.length === 0) invalid("the token is signed with another key");
  const claims = parsed(parts[1]);
  const dates = ["exp", "nbf", "iat"].map((name) => claims?.[name]);
  const texts = [claims?.sub, claims?.session, claims?.name, claims?.role, claims?.iss, claims?.aud, claims?.participants].flat();
  const hasForm =
    typeof claims?.sub === "string" && typeof claims.session === "string" && claims.exp !== undefined &&
    texts.every((text) => (text ?? undefined) === undefined || (typeof text === "string" && text.isWellFormed())) &&
    dates.every((date) => date === undefined || (typeof date === "number" && date >= 0 && date < 2 ** 64));
  if (!hasForm) invalid("the token's claims do not have the form of the protocol; it needs sub, session and exp");
  return claims;
}

function checkClaims({ exp, nbf, iat, aud, iss }, audience, issuer) {
  const now = nowS();
  if (Math.floor(exp) + SKEW_S < now) unauthorized("the token has expired", "expired");
  if (nbf !== undefined && Math.floor(nbf) > now + SKEW_S) invalid("the token is not valid yet (nbf)");
  if (iat !== undefined && Math.floor(iat) > now + SKEW_S) invalid("the token was issued in the future (iat); a clock is wrong");
  if (audience === undefined && (aud ?? undefined) !== undefined) invalid("the token has an audience (aud), and the server has none");
  if (audience !== undefined && (aud ?? undefined) === undefined) invalid("the token has no audience (aud)");
  if (audience !== undefined && ![aud].flat().includes(audience)) invalid("the token is for another audience (aud)");
  if (issuer !== undefined && iss !== issuer) invalid("the token is not from the server's issuer (iss)");
}

/** What a room must know of what `verify` said. Throws a refusal. */
export function grantOf(claims, sessionId, userId) {
  if (claims === true) return { lastsMs: Number.MAX_SAFE_INTEGER };
  if (typeof claims !== "object" || claims === null) unauthorized("the token does not let this user into this session");
  // A login's token has no session: what it does not say is not taken for a yes.
  const missing = ["sub", "session"].filter((name) => (claims[name] ?? undefined) === undefined);
  if (missing.length > 0) invalid(`what the token says has no ${missing.join(" and no ")}; verify returns both, or true when it has compared them itself`);
  if (claims.sub !== userId) invalid("the token is for another user");
  if (claims.session !== sessionId) invalid("the token is for another session");
  const { participants } = claims;
  const [iat, exp] = [claims.iat, claims.exp].map((date) => date ?? undefined);
  if (![iat, exp].every((date) => date === undefined || (typeof date === "number" && date >= 0))) invalid("the token's dates are not numbers");
  if ((participants ?? undefined) !== undefined) {
    const two = Array.isArray(participants) && participants.length === 2 && participants.every((name) => isId(name));
    if (!two || participants[0] === participants[1] || !participants.includes(userId)) {
      invalid("the token's participants are not two different users, of whom its user is one");
    }
  }
  const lastsMs = exp === undefined ? Number.MAX_SAFE_INTEGER : Math.max(0, Math.floor(exp) + SKEW_S - nowS()) * 1000;
  return {
    participants: participants ?? null,
    // The room brings it into its form.
    name: typeof claims.name === "string" ? claims.name.toWellFormed() : "",
    issuedAt: iat === undefined ? null : Math.min(Number.MAX_SAFE_INTEGER, Math.floor(iat)),
    lastsMs: Math.min(Number.MAX_SAFE_INTEGER, lastsMs),
  };
}

function isId(value) {
  try {
    return typeof value === "string" && idOf(value, "") === value;
  } catch {
    return false;
  }
}
