// One socket of the namespace, as its room sees it.
import { refusal as refusalOf } from "./refusal.js";

/** Longest Socket.IO message, and longest event that is neither a `chat` nor a `data` event, in bytes of JSON. */
const MAX_MESSAGE_BYTES = 128 * 1024;
const MAX_EVENT_BYTES = 48 * 1024;
/** How long a connection that is closed may take to read what it was sent, in milliseconds. */
const LAST_WORDS_MS = 1_000;
/** What a page of history costs, in events: it may be some hundred kilobytes. */
const PAGE_COST = 20;
/** What Socket.IO is told of a socket whose connection ended before it was let in. */
export const GONE = refusalOf("busy", "the connection ended before the handshake was answered");

export class Peer {
  /** `entering`, `admitted` (Socket.IO is told, and has not told the client yet), `in`, `over`. */
  phase = "entering";
  number;
  session;
  user;
  /** What its user may send, once it is known who that is. */
  bucket;
  /** What it is answered, when it asks for no seat. */
  check;
  #socket;
  #host;
  #connection;
  #unread;
  #next;
  #ice;
  #refused;

  constructor(host, socket, number, { connection, unread }, next) {
    this.#host = host;
    this.#socket = socket;
    this.number = number;
    this.#connection = connection;
    this.#unread = unread;
    this.#next = next;
    socket.conn.once("close", this.gone);
  }

  get isOpen() {
    return this.phase !== "over" && this.#socket.conn.readyState === "open";
  }

  /** Who is there, once a token has told. The ICE servers are asked for beforehand, so that a welcome waits for nothing. */
  async seat(session, user) {
    this.session = session;
    this.user = user;
    this.#ice = await this.iceServers();
  }

  iceServers() {
    const { handshake } = this.#socket;
    return this.#host.iceServers({ sessionId: this.session, userId: this.user, headers: handshake.headers });
  }

  /** Lets the client in; nothing when it is gone. */
  admit() {
    if (this.phase !== "entering" || !this.isOpen) return undefined;
    this.phase = "admitted";
    this.#decide();
    return true;
  }

  /** Tells the client why it is not let in, and closes the connection. */
  refuse(refusal) {
    if (this.phase === "over" || this.#refused) return;
    this.#host.refused(refusal, { session: this.session, user: this.user });
    // Socket.IO has begun to let it in.
    if (this.phase === "admitted") this.#refused = true;
    if (this.phase !== "entering") return;
    this.phase = "over";
    this.forget();
    this.#decide(refusal);
    setImmediate(() => endUnlessShared(this.#socket));
  }

  /** Tells Socket.IO, once: until then it keeps the socket with its handshake, whether the connection lasts or not. */
  #decide(refusal) {
    const next = this.#next;
    this.#next = undefined;
    next?.(refusal && new Error(JSON.stringify(refusal)));
  }

  /** Socket.IO has let the client in. */
  connected() {
    if (this.phase !== "admitted" || this.#refused) return this.hangUp();
    this.phase = "in";
    const socket = this.#socket;
    // `onAny` is called in the order of the packets; a listener of its own would lose what comes in one go with a goodbye.
    socket.onAny((name, ...args) => this.#event(String(name), args));
    socket.once("disconnect", () => this.gone());
    if (this.session !== undefined) this.#host.input(this.session, { connected: { socket: this.number, ice: this.#ice } });
    return undefined;
  }

  /** Emits an event; false when the peer has left too much unread. */
  emit(name, body) {
    const before = this.#unread.bytes;
    this.#socket.emit(name, body);
    return !this.#unread.isTooMuch(before);
  }

  get ice() {
    return this.#ice;
  }

  /** Puts the client out of the namespace and closes the connection; what was sent before still goes out. */
  hangUp() {
    if (this.phase === "over") return;
    // Whoever is not in yet is hung up on once Socket.IO has let it in.
    if (this.phase === "admitted" && !this.#socket.connected) {
      this.#refused = true;
      return;
    }
    const wasIn = this.phase === "in";
    this.phase = "over";
    this.forget();
    this.#socket.disconnect();
    endUnlessShared(this.#socket);
    this.#decide(GONE);
    if (wasIn) this.#host.gone(this);
  }

  /** The connection ended, or the client left. */
  gone = () => {
    this.forget();
    if (this.phase === "over") return;
    this.phase = "over";
    this.#decide(GONE);
    this.#host.gone(this);
  };

  /** A connection may see many handshakes, and outlives all of them. */
  forget() {
    this.#socket.conn.off("close", this.gone);
  }

  /** Ends a connection that does not keep to the protocol, without an answer. */
  drop() {
    end(this.#socket.conn, true);
  }

  sweep() {
    if (this.#unread.isOverdue) this.hangUp();
  }

  #event(name, args) {
    if (this.phase !== "in") return;
    const acknowledge = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const answer = (told) => {
      acknowledge?.(told);
      if (this.#connection.strikes(told)) this.hangUp();
    };
    const refuse = (code, message) => answer({ ok: false, error: refusalOf(code, message) });
    const cost = name === "history" ? PAGE_COST : 1;
    const limited = this.#connection.limited(cost);
    if (limited) return answer({ ok: false, error: limited });
    const body = args[0] ?? null;
    const bytes = Buffer.byteLength(textOf([name, body]));
    if (bytes > MAX_MESSAGE_BYTES) return this.drop();
    if (bytes > MAX_EVENT_BYTES && name !== "chat" && name !== "data") return refuse("too-large", "only a chat or data event may have more than 48 KiB");
    return this.#host.event(this, name, body, answer, () => refuse("bad-request", "the event does not have its form"));
  }
}

/** Closes a socket's connection, unless other namespaces of the app are on it. */
export function endUnlessShared(socket) {
  if (!(socket.client.sockets?.size > 0)) end(socket.conn);
}

/** Closes an Engine.IO connection. One whose peer does not read would stay until its TCP connection times out. */
export function end(conn, atOnce = false) {
  const { socket } = conn.request ?? {};
  const isWebSocket = conn.transport.name === "websocket";
  conn.close(atOnce);
  setTimeout(() => {
    if (isWebSocket) socket?.destroy();
    // A polling session whose last words nobody asks for.
    else if (conn.readyState !== "closed") conn.close(true);
  }, LAST_WORDS_MS).unref();
}

function textOf(value) {
  try {
    return JSON.stringify(value);
  } catch {
    // Too deep: it is refused when it is read.
    return "";
  }
}
