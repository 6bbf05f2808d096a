// Who comes, goes and says something, and how many: sockets become inputs of rooms, whose outputs are performed (hosted.js).
import { readFileSync } from "node:fs";

import { ChatLog } from "./chat-log.js";
import { Hosted } from "./hosted.js";
import { tell } from "./knock.js";
import { Connection, Unread, UserBuckets } from "./limits.js";
import { GONE, Peer, end } from "./peer.js";
import { Refused, refusal, refuse, unauthorized } from "./refusal.js";
import { compileRules, readHandshake, refusalOfCheck } from "./room.js";
import { grantOf, idOf, nowS, verifier } from "./token.js";

/** The version of the protocol. */
const VERSION = 1;
/** What a handshake costs, in events. */
const CONNECT_COST = 20;
/** Longest token in bytes that is looked at. */
const MAX_TOKEN_BYTES = 8 * 1024;
/** What an app's `verify` may say of a token. */
const DETAILS = new Set(["expired", "revoked", "invalid"]);
/** Events a second of one connection, and of one user of a session. */
const RATE = 100;
/** Text of one user in one session, in MiB. */
const CHAT_USER_LIMIT = 16;
/** When the first clients shall come back to a server that starts again, and within which time the others, in milliseconds. */
const RESTART_MS = 300;
const RESTART_SPREAD_MS = 5_000;
/** How often overdue connections are looked for, in milliseconds. */
const SWEEP_MS = 1_000;

/** Refusals that are logged in a second. */
const MAX_REFUSALS = 50;
/** Longest origin in the log, in characters: whoever sends it makes it up. */
const MAX_ORIGIN = 200;

/** What clients are told as the server's version. */
const packageVersion = () => JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

/** What whoever comes is told while nobody serves, or soon nobody does. */
export const restarting = (afterMs = RESTART_MS + Math.floor(Math.random() * RESTART_MS)) => refusal("restarting", "the server is about to stop", afterMs);

/** What is refused that the rules can't read, so that nobody waits for ever. */
const unread = () => refusal("busy", "the server could not read what the token says");

export class Host {
  #refusals = { second: 0, lines: 0, leftOut: 0 };
  chatLog;
  #verify;
  #ice;
  #log;
  #rate;
  #users;
  #store;
  #rooms = new Map();
  /** What is known of each Engine.IO connection, for as long as it is. */
  #connections = new WeakMap();
  /** The peer of each socket. */
  #peers = new Map();
  #number = 0;
  #restarting = false;
  #closed;
  #sweeper;
  #version;

  constructor({ verify, store, iceServers = [], log = () => {}, rate = RATE, chatUserLimit = CHAT_USER_LIMIT }) {
    if (typeof verify !== "function" && verify?.secret === undefined) throw new TypeError("options.verify is a function or { secret }");
    if (!(rate > 0)) throw new TypeError("options.rate is a number of events a second");
    if (!(chatUserLimit > 0)) throw new TypeError("options.chatUserLimit is a number of MiB");
    this.#verify = typeof verify === "function" ? verify : verifier(verify);
    this.#store = store;
    this.chatLog = new ChatLog(store, chatUserLimit * 1024 * 1024);
    this.#ice = iceServers;
    this.#log = log;
    this.#rate = rate;
    this.#users = new UserBuckets(rate);
    compileRules();
    this.#version = packageVersion();
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  get size() {
    return this.#rooms.size;
  }

  log(event) {
    try {
      this.#log(event);
    } catch {
      // An app's logging is no reason to lose a session.
    }
  }

  /** One line for each refusal, with its kind. Strangers fill no disk: what is over a number in a second is counted in the next line. */
  refused({ code, detail, message }, { origin, ...who } = {}) {
    const second = Math.floor(Date.now() / 1_000);
    if (second !== this.#refusals.second) this.#refusals = { second, lines: 0, leftOut: this.#refusals.leftOut };
    if (this.#refusals.lines >= MAX_REFUSALS) {
      this.#refusals.leftOut += 1;
      return;
    }
    this.#refusals.lines += 1;
    const leftOut = this.#refusals.leftOut || undefined;
    this.#refusals.leftOut = 0;
    const made = origin === undefined ? {} : { origin: String(origin).slice(0, MAX_ORIGIN) };
    this.log({ event: "refused", ...who, ...made, code, detail, message, ...(leftOut && { leftOut }) });
  }

  #known(conn) {
    if (!this.#connections.has(conn)) this.#connections.set(conn, { connection: new Connection(this.#rate), unread: new Unread(conn), peer: undefined });
    return this.#connections.get(conn);
  }

  // Coming

  /** A client asks to be let in. Socket.IO is told in any case, or it would keep the socket for ever. */
  async enter(socket, next) {
    const gone = () => next(new Error(JSON.stringify(GONE)));
    // Its end has been told already.
    if (socket.conn.readyState !== "open") return gone();
    const known = this.#known(socket.conn);
    // A second handshake on a connection that is in has no meaning.
    if (known.peer?.isOpen) {
      end(socket.conn, true);
      return gone();
    }
    const peer = new Peer(this, socket, (this.#number += 1), known, next);
    known.peer = peer;
    // Whoever was on it before has left.
    known.connection.user = undefined;
    this.#peers.set(socket, peer);
    try {
      await this.#admit(peer, socket.handshake.auth, known.connection);
    } catch (error) {
      if (!(error instanceof Refused)) this.log({ event: "error", error });
      peer.refuse(error instanceof Refused ? error.refusal : refusal("busy", "the server could not verify the handshake"));
    }
    return undefined;
  }

  async #admit(peer, auth, connection) {
    this.#isHereToStay();
    pay(connection.limited(CONNECT_COST, 0));
    const { handshake, signals } = readHandshake(auth);
    const { sessionId, userId } = handshake;
    const grant = await this.#grant(handshake.token, sessionId, userId);
    await peer.seat(sessionId, userId);
    if (!peer.isOpen) return;
    this.#isHereToStay();
    // The connection has paid for the handshake, the user has not.
    peer.bucket = this.#users.of(sessionId, userId);
    peer.bucket.holders += 1;
    connection.user = peer.bucket;
    pay(connection.limited(signals, CONNECT_COST + signals));
    if (handshake.check) return this.#check(peer, grant);
    const hosted = this.#hosted(sessionId);
    hosted.sockets.set(peer.number, peer);
    hosted.run({ enter: { socket: peer.number, handshake: { ...handshake, token: "" }, grant } }, () => {
      hosted.sockets.delete(peer.number);
      peer.refuse(unread());
    });
  }

  #isHereToStay() {
    if (this.#restarting) throw new Refused(restarting(this.#restartMs()));
  }

  async #grant(token, sessionId, userId) {
    let claims;
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) unauthorized("the token is longer than 8 KiB", "invalid");
    try {
      claims = await this.#verify(token, { sessionId, userId });
    } catch (error) {
      if (error instanceof Refused) throw error;
      this.log({ event: "verify-failed", session: sessionId, user: userId, error });
      if (error?.retryable === true) refuse("busy", "the token can't be verified at the moment");
      unauthorized("the token was refused", DETAILS.has(error?.detail) ? error.detail : undefined);
    }
    return grantOf(claims, sessionId, userId);
  }

  // Knocking

  /** A handshake came by HTTP. Its user pays for it as for any other. */
  async knock({ handshake, signals, waitMs }, request, response) {
    this.#isHereToStay();
    const { sessionId, userId } = handshake;
    const grant = await this.#grant(handshake.token, sessionId, userId);
    const after = this.#users.of(sessionId, userId).take(CONNECT_COST + signals);
    if (after !== undefined) pay(refusal("rate-limited", "more events than this server takes", after));
    const ice = await this.iceServers({ sessionId, userId, headers: request.headers });
    this.#isHereToStay();
    if (handshake.check) {
      const { Ok: admission } = await this.chatLog.admission(sessionId);
      pay(admission ? refusalOfCheck(userId, grant, admission) : refusal("busy", "the chat log can't be read at the moment"));
      return tell(response, { Ok: { v: VERSION, peer: null, signals: [], ...ice } });
    }
    const knock = (this.#number += 1);
    const hosted = this.#hosted(sessionId);
    hosted.knocks.set(knock, (answer) => {
      if (answer.Err) this.refused(answer.Err, { session: sessionId, user: userId });
      return tell(response, answer);
    });
    response.once("close", () => {
      // Whoever goes before the answer is given nothing.
      if (hosted.knocks.delete(knock)) this.input(sessionId, { knockGone: { knock } });
    });
    return hosted.run({ knock: { knock, handshake: { ...handshake, token: "" }, grant, ice, waitMs } }, () => {
      hosted.knocks.get(knock)?.({ Err: unread() });
      hosted.knocks.delete(knock);
    });
  }

  /** Answers a client that asks for no seat, and closes the connection. */
  async #check(peer, grant) {
    const { Ok: admission } = await this.chatLog.admission(peer.session);
    pay(admission ? refusalOfCheck(peer.user, grant, admission) : refusal("busy", "the chat log can't be read at the moment"));
    const told = { v: VERSION, version: this.#version, ...peer.ice };
    peer.check = told;
    peer.admit();
  }

  /** Socket.IO has let a socket in. */
  connected(socket) {
    const peer = this.#peers.get(socket);
    // One whose connection was restored by Socket.IO has not been verified.
    if (!peer) return socket.disconnect(true);
    if (!peer.check) return peer.connected();
    peer.emit("check", peer.check);
    return peer.hangUp();
  }

  // Going

  /** A peer is gone, with or without a goodbye before. */
  gone(peer) {
    const user = peer.session === undefined ? undefined : this.#rooms.get(peer.session);
    user?.sockets.delete(peer.number);
    user?.run({ closed: { socket: peer.number } });
  }

  // Events

  event(peer, name, body, answer, unreadable) {
    const hosted = this.#rooms.get(peer.session);
    if (!hosted) return answer({ ok: false, error: refusal("not-joined", "this socket has no seat") });
    if (name === "token") return void this.#renew(peer, body, answer, unreadable);
    const request = (this.#number += 1);
    hosted.requests.set(request, answer);
    return hosted.run({ event: { socket: peer.number, request, event: { [name]: body } } }, () => {
      hosted.requests.delete(request);
      unreadable();
    });
  }

  async #renew(peer, body, answer, unreadable) {
    if (typeof body?.token !== "string") return unreadable();
    const grant = await this.#grant(body.token, peer.session, peer.user).then(
      (Ok) => ({ Ok }),
      (error) => ({ Err: error.refusal ?? refusal("busy", "the token can't be verified at the moment") }),
    );
    const hosted = this.#rooms.get(peer.session);
    if (!hosted) return answer({ ok: false, error: refusal("not-joined", "this socket has no seat") });
    const request = (this.#number += 1);
    const tellIt = (told) => {
      if (told.error) this.refused(told.error, { session: peer.session, user: peer.user });
      answer(told);
    };
    hosted.requests.set(request, tellIt);
    return hosted.run({ renewed: { socket: peer.number, request, grant } }, () => {
      hosted.requests.delete(request);
      tellIt({ ok: false, error: unread() });
    });
  }

  /** ICE servers for a user, as `RTCIceServer`, with arrays of URLs. */
  async iceServers(who) {
    let given;
    try {
      given = typeof this.#ice === "function" ? await this.#ice(who) : this.#ice;
    } catch (error) {
      this.log({ event: "ice-failed", session: who.sessionId, user: who.userId, error });
    }
    const { iceServers = [], iceLifetime } = Array.isArray(given) ? { iceServers: given } : (given ?? {});
    const servers = [iceServers].flat().map((server) => ({ urls: [server?.urls].flat(), username: server?.username, credential: server?.credential }));
    const isText = (value) => typeof value === "string" && value.isWellFormed();
    const known = servers.filter(({ urls, ...both }) => urls.every(isText) && Object.values(both).every((value) => value === undefined || isText(value)));
    const lasts = Number.isFinite(iceLifetime) && iceLifetime >= 0 ? { iceLifetime: Math.min(Math.floor(iceLifetime), 2 ** 32 - 1) } : {};
    if (known.length < servers.length) this.log({ event: "ice-failed", session: who.sessionId, user: who.userId, message: "iceServers has what is no RTCIceServer" });
    return { iceServers: known, ...lasts };
  }

  // Rooms

  #hosted(session) {
    if (!this.#rooms.has(session)) this.#rooms.set(session, new Hosted(this, session));
    return this.#rooms.get(session);
  }

  /** Gives an input to a room, if anybody is in the session. */
  input(session, input, unreadable) {
    this.#rooms.get(session)?.run(input, unreadable);
  }

  /** A session that everybody left is forgotten. */
  forget(session, hosted) {
    if (!hosted.isIdle || this.#rooms.get(session) !== hosted) return;
    this.#rooms.delete(session);
    hosted.free();
  }

  #sweep() {
    for (const [socket, peer] of this.#peers) {
      if (peer.phase === "over") {
        this.#peers.delete(socket);
        if (peer.bucket) peer.bucket.holders -= 1;
      } else {
        peer.sweep();
      }
    }
    this.#users.sweep();
  }

  async revoke(sessionId, userId) {
    const session = idOf(sessionId, "sessionId");
    // An empty user stands for everybody in the store, which nobody may mean by mistake.
    const user = (userId ?? undefined) === undefined ? undefined : idOf(userId, "userId");
    const at = nowS();
    // A room that begins after the write reads it; one that is there is told.
    const { error } = await this.chatLog.revoke(session, user ?? "", at);
    this.input(session, { revoke: { user: user ?? null, at } });
    if (error) throw error;
  }

  #restartMs() {
    const spread = Math.min(this.#rooms.size * 2, RESTART_SPREAD_MS);
    return RESTART_MS + Math.floor(Math.random() * spread);
  }

  /** The server is about to stop: whoever is here, or is coming, is told when to come back. */
  close() {
    return (this.#closed ??= this.#close());
  }

  async #close() {
    this.#restarting = true;
    for (const hosted of [...this.#rooms.values()]) hosted.run({ restarting: { afterMs: this.#restartMs() } });
    await this.chatLog.idle();
    for (const peer of [...this.#peers.values()]) {
      if (peer.phase === "entering") peer.refuse(restarting(this.#restartMs()));
      else peer.hangUp();
    }
    clearInterval(this.#sweeper);
    this.#peers.clear();
    await this.chatLog.idle();
    await this.#store.close?.();
  }
}

/** Throws a refusal, if there is one. */
function pay(refused) {
  if (refused) throw new Refused(refused);
}
