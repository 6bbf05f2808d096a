// Clients that do what no honest one does: Engine.IO 4 and Socket.IO 5 by hand, over WebSocket, polling and bare TCP.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";

import WebSocket from "ws";

import { auth, until } from "./watch.mjs";

/** The namespace as packets name it. */
export const NAMESPACE = "/pairvoice";
const PATH = "/socket.io/?EIO=4&transport=";

/** The packet that asks for a seat. */
export const connectPacket = (auth) => `40${NAMESPACE},${JSON.stringify(auth)}`;
/** The packet of an event, to be acknowledged when it has a number. */
export const eventPacket = (number, event, data) => `42${NAMESPACE},${number ?? ""}${JSON.stringify([event, data])}`;
/** Leaves the namespace and keeps the engine. */
export const LEAVE = `41${NAMESPACE},`;

const body = (text) => JSON.parse(text.slice(text.indexOf(",") + 1).replace(/^\d+/, ""));

/** What both transports share: packets that were heard, and promises of answers. */
class Engine {
  /** Packets in the order in which they came, without open, ping and pong. */
  heard = [];
  closed = false;
  /** Asked for each packet as it comes. */
  onPacket = () => {};
  #answers = new Map();
  #number = 0;

  take(packet) {
    if (packet === "2") return this.sendText("3");
    this.heard.push(packet);
    this.onPacket(packet);
    const [, number] = /^43\/pairvoice,(\d+)/.exec(packet) ?? [];
    if (number === undefined) return undefined;
    this.#answers.get(Number(number))?.(body(packet)[0]);
    return this.#answers.delete(Number(number));
  }

  over() {
    this.closed = true;
    for (const answer of this.#answers.values()) answer(undefined);
    this.#answers.clear();
  }

  /** Sends an event; resolves with its acknowledgement, or with undefined when the engine is closed before. */
  emit(event, data) {
    const number = (this.#number += 1);
    const answered = new Promise((resolve) => this.#answers.set(number, resolve));
    if (this.closed) this.over();
    else this.sendText(eventPacket(number, event, data));
    return answered;
  }

  /** Asks for a seat; resolves with `{ sid }`, or with the refusal, or with undefined when the engine is closed without one. */
  async enter(auth) {
    const before = this.heard.length;
    this.sendText(connectPacket(auth));
    const answer = await until("an answer to a handshake", () => {
      const packet = this.heard.slice(before).find((heard) => /^4[04]\/pairvoice,/.test(heard));
      return packet ?? (this.closed && "closed");
    });
    if (answer === "closed") return undefined;
    return answer.startsWith("40") ? body(answer) : refusal(answer);
  }

  /** What came of an event of the server. */
  of(event) {
    return this.heard.filter((packet) => packet.startsWith(`42${NAMESPACE},["${event}"`)).map((packet) => body(packet)[1]);
  }

  /** The other of the session as this seat last heard of them. */
  get other() {
    return this.of("peer").at(-1) ?? this.of("welcome").at(-1)?.peer;
  }

  /** Waits until an event of the server came, and resolves with the first of them. */
  async first(event) {
    return (await until(`the event ${event}`, () => this.of(event).length > 0 && this.of(event)))[0];
  }

  /** Waits until the other side has closed this engine. */
  gone(what = "the end of an engine", ms) {
    return until(what, () => this.closed, ms);
  }
}

/** The refusal in a connect error; one that is no JSON has its text as its code. */
function refusal(packet) {
  const { message } = body(packet);
  try {
    return JSON.parse(message);
  } catch {
    return { code: message };
  }
}

class OverWebSocket extends Engine {
  constructor(ws) {
    super();
    this.ws = ws;
    ws.on("message", (data, binary) => !binary && this.take(data.toString()));
    ws.on("close", () => this.over());
    ws.on("error", () => {});
  }

  /** The local port, by which the server's side of the connection is found. */
  get port() {
    return this.ws._socket?.localPort;
  }

  sendText(text) {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(text);
  }

  /** Waits until what was sent has left this process, or the connection is over. */
  async flushed() {
    await until("a WebSocket to take what was sent", () => this.closed || this.ws.bufferedAmount < 65_536);
  }

  end() {
    this.ws.terminate();
  }
}

/** Opens an engine over WebSocket; `from` is the local address. Rejects when the server does not take it within `ms` milliseconds. */
export async function webSocket(server, { from, headers, ms = 8_000 } = {}) {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}${PATH}websocket`, {
    localAddress: from,
    headers,
    perMessageDeflate: false,
    handshakeTimeout: ms,
  });
  const engine = new OverWebSocket(ws);
  await until("the open packet", () => engine.closed || engine.heard.length > 0);
  if (engine.heard.length === 0) throw new Error("the WebSocket was refused");
  engine.sid = JSON.parse(engine.heard.shift().slice(1)).sid;
  return engine;
}

/** Opens an engine over WebSocket and takes a seat; the engine knows its handshake as `seat`. */
export async function seated(server, session, user, more) {
  const engine = await webSocket(server);
  engine.seat = auth(session, user, more);
  const answer = await engine.enter(engine.seat);
  if (!answer?.sid) throw new Error(`${user} was not let in: ${JSON.stringify(answer)}`);
  return engine;
}

/** One HTTP request over IPv4 loopback; resolves with status, headers and text, rejects when the connection breaks. */
export function http(server, method, path, { text, from, headers, agent, ms = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port: server.port, method, path, localAddress: from, headers, agent, timeout: ms },
      (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() }));
        response.on("error", reject);
      },
    );
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${ms} ms to ${method} ${path.split("?")[0]}`)));
    asked.on("error", reject);
    asked.end(text);
  });
}

class OverPolling extends Engine {
  constructor(server, options, sid) {
    super();
    this.sid = sid;
    this.ask = (method, text) => http(server, method, `${PATH}polling&sid=${sid}`, { ...options, text });
    this.sent = Promise.resolve();
  }

  /** One POST, after those that were begun before; resolves with its status, 0 when the connection broke. */
  post(text) {
    this.sent = this.sent.then(() => this.ask("POST", text)).then(({ status }) => status, () => 0);
    return this.sent;
  }

  sendText(text) {
    this.post(text).then((status) => status !== 200 && this.over());
  }

  /** One GET; what came is heard. Resolves with the status. */
  async poll() {
    const { status, text } = await this.ask("GET");
    if (status === 200) for (const packet of text.split("\x1e")) this.take(packet);
    if (status !== 200 || text === "1") this.over();
    return status;
  }

  /** Polls until an event of the server came, and resolves with the first of them; the first answer may be a ping alone. */
  async pollFor(event) {
    while (this.of(event).length === 0 && !this.closed) await this.poll();
    return this.of(event)[0];
  }

  /** Polls until the engine is over. */
  async listen() {
    while (!this.closed && !this.deaf) await this.poll().catch(() => this.over());
  }
}

/** Opens an engine over polling; it hears nothing until `poll` or `listen`. */
export async function polling(server, options = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const { status, text } = await http(server, "GET", `${PATH}polling`, { ...options, agent });
  if (status !== 200) throw new Error(`polling was refused with ${status}`);
  const engine = new OverPolling(server, { ...options, agent }, JSON.parse(text.slice(1)).sid);
  engine.end = () => {
    engine.deaf = true;
    agent.destroy();
  };
  return engine;
}

/** A bare TCP connection; `text` is what the other side said. Errors of it are an end like any other. */
export async function tcp(server, { from } = {}) {
  const socket = connect({ host: "127.0.0.1", port: server.port, localAddress: from });
  const peer = { socket, text: "", closed: false };
  socket.on("data", (data) => (peer.text += data.toString("latin1")));
  socket.on("close", () => (peer.closed = true));
  socket.on("end", () => (peer.closed = true));
  socket.on("error", () => (peer.closed = true));
  peer.end = () => socket.destroy();
  await until("a TCP connection", () => peer.closed || (!socket.connecting && socket.localPort !== undefined));
  return peer;
}

/** A masked frame (RFC 6455 section 5.2) whose mask of zeros leaves the payload as it is. */
export function frame(payload, opcode = 1) {
  const data = Buffer.from(payload);
  const head = Buffer.alloc(data.length < 126 ? 6 : data.length < 65_536 ? 8 : 14);
  head[0] = 0x80 | opcode;
  if (head.length === 6) head[1] = 0x80 | data.length;
  else if (head.length === 8) (head[1] = 0xfe), head.writeUInt16BE(data.length, 2);
  else (head[1] = 0xff), head.writeBigUInt64BE(BigInt(data.length), 2);
  return Buffer.concat([head, data]);
}

/**
 * A WebSocket that takes nothing out of its connection beyond the upgrade, but 16 bytes at each `sip`. `send` resolves with
 * false once the connection takes nothing more.
 */
export async function blind(server, { from } = {}) {
  let text = "";
  const onread = {
    buffer: Buffer.alloc(16),
    callback: (count, buffer) => {
      text += buffer.toString("latin1", 0, count);
      return !upgraded();
    },
  };
  const upgraded = () => text.includes("\r\n\r\n");
  const socket = connect({ host: "127.0.0.1", port: server.port, localAddress: from, onread });
  const peer = { socket, closed: false };
  socket.on("error", () => (peer.closed = true));
  socket.on("close", () => (peer.closed = true));
  socket.write(
    `GET ${PATH}websocket HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
  );
  await until("an upgrade to WebSocket", () => upgraded() || peer.closed);
  peer.port = socket.localPort;
  peer.send = async (packet, opcode = 1) => {
    if (peer.closed) return false;
    if (socket.write(frame(packet, opcode))) return true;
    const drained = once(socket, "drain").then(() => true, () => false);
    const ended = once(socket, "close").then(() => false, () => false);
    let timer;
    const stuck = new Promise((resolve) => (timer = setTimeout(resolve, 2_000, false)));
    return Promise.race([drained, ended, stuck]).finally(() => clearTimeout(timer));
  };
  peer.sip = () => !peer.closed && socket.resume();
  peer.end = () => socket.destroy();
  return peer;
}
