// A client of docs/protocol.md's chat over the official socket.io-client, with an outbox of its own: it sends what it has
// until it is acknowledged, and keeps what it is told in the order of the log.
import { randomUUID } from "node:crypto";

import { io } from "socket.io-client";

import { instance, token } from "../server/support.mjs";

/** Between two attempts to connect, in milliseconds. */
const RETRY_MS = 25;

export class ChatClient {
  constructor(server, session, user) {
    Object.assign(this, { server, session, user, instance: instance(), stopped: false });
    /** What the server has not acknowledged, in order. */
    this.outbox = [];
    /** The log as this client knows it: sequence number → message. */
    this.log = new Map();
    this.since = 0;
    this.connections = 0;
    this.broken = [];
    this.waiting = new Set();
    this.socket = io(`${server.url}/pairvoice`, {
      forceNew: true,
      reconnection: false,
      transports: ["websocket"],
      auth: (send) => this.#auth().then(send, () => this.#again()),
    });
    this.socket.on("welcome", (welcome) => this.#welcomed(welcome));
    this.socket.on("chat", ({ messages }) => this.#take(messages));
    this.socket.on("connect_error", () => this.#again());
    this.socket.on("disconnect", () => {
      this.joined = false;
      this.#again();
    });
  }

  send(...texts) {
    this.outbox.push(...texts.map((text) => ({ id: randomUUID(), text })));
    this.#upload();
  }

  /** Breaks the connection without a word. */
  cut() {
    this.socket.io.engine?.transport?.ws?.terminate();
  }

  /** Resolves once a condition on this client holds. */
  until(condition) {
    if (condition(this)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add({ condition, resolve }));
  }

  leave() {
    this.stopped = true;
    this.socket.disconnect();
  }

  async #auth() {
    const tip = this.log.get(this.since)?.id;
    const { session: sessionId, user: userId } = this;
    const jwt = (this.jwt ??= await token(this.server, sessionId, userId));
    return { v: 1, token: jwt, sessionId, userId, instance: this.instance, since: this.since, log: this.id, tip };
  }

  #again() {
    this.jwt = undefined;
    if (!this.stopped) setTimeout(() => this.stopped || this.socket.disconnect().connect(), RETRY_MS);
  }

  async #welcomed({ chat }) {
    this.connections += 1;
    if (this.id !== undefined && (this.id !== chat.log || chat.since !== this.since)) this.broken.push("the log is another");
    this.id = chat.log;
    let { messages, more } = chat;
    while (more) {
      const page = await this.#ask("history", { before: messages[0].seq, limit: 200 });
      if (!page?.ok) return;
      messages = [...page.messages.filter((m) => m.seq > this.since), ...messages];
      more = page.more && page.messages[0].seq > this.since + 1;
    }
    this.#take(messages);
    this.joined = true;
    this.busy = false;
    this.#upload();
  }

  async #upload() {
    if (this.busy || !this.joined || this.outbox.length === 0) return;
    this.busy = true;
    const connection = this.connections;
    const messages = this.outbox.slice(0, 64);
    const answer = await this.#ask("chat", { messages });
    if (connection !== this.connections) return;
    this.busy = false;
    if (!answer) return;
    for (const { id, seq, at } of answer.accepted ?? []) {
      const { text } = messages.find((m) => m.id === id);
      this.outbox = this.outbox.filter((m) => m.id !== id);
      this.#take([{ id, sender: this.user, seq, at, text }]);
    }
    if (!answer.ok) this.broken.push(answer.error.code);
    this.#upload();
  }

  #ask(event, data) {
    return this.socket.timeout(5_000).emitWithAck(event, data).catch(() => undefined);
  }

  /** A sequence number that comes twice names the same message, and each author's come in order. */
  #take(messages) {
    for (const message of messages) {
      const known = this.log.get(message.seq);
      if (known && known.id !== message.id) this.broken.push(`two messages at ${message.seq}`);
      this.log.set(message.seq, message);
    }
    while (this.log.has(this.since + 1)) this.since += 1;
    for (const wait of this.waiting) if (wait.condition(this) && this.waiting.delete(wait)) wait.resolve();
  }
}
