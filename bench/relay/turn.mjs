// As much of a TURN client (RFC 8656) as a load needs: an allocation over UDP or TCP, one channel to one peer.
import { createHash, createHmac, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";

const COOKIE = Buffer.from([0x21, 0x12, 0xa4, 0x42]);
const METHOD = { allocate: 0x003, permission: 0x008, channel: 0x009 };
const ATTRIBUTE = { username: 0x0006, integrity: 0x0008, error: 0x0009, channel: 0x000c, peer: 0x0012, realm: 0x0014, nonce: 0x0015, relayed: 0x0016, transport: 0x0019 };
const CHANNEL = 0x4000;
/** A request is said again after so many milliseconds. */
const RETRY_MS = 1_000;

function attribute(type, value) {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

/** An address as XOR-PEER-ADDRESS has it, IPv4 only. */
function xored({ address, port }) {
  const value = Buffer.from([0, 1, 0, 0, ...address.split(".").map(Number)]);
  value.writeUInt16BE(port ^ 0x2112, 2);
  for (let i = 0; i < 4; i += 1) value[4 + i] ^= COOKIE[i];
  return value;
}

function read(message) {
  const attributes = new Map();
  for (let at = 20; at + 4 <= message.length; ) {
    const length = message.readUInt16BE(at + 2);
    attributes.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return attributes;
}

/** One allocation. `received` counts what came by the channel. */
export class TurnClient {
  received = 0;
  #pending = new Map();
  #buffer = Buffer.alloc(0);

  /** `url` is one of an RTCIceServer, with an IPv4 address or a name of this machine; `server` is that RTCIceServer. */
  static async allocate(url, { username, credential }) {
    const [, host, port, transport] = url.match(/^turn:([^:]+):(\d+)\?transport=(udp|tcp)$/);
    const client = new TurnClient();
    Object.assign(client, { username, credential });
    await (transport === "udp" ? client.#overUdp(host, Number(port)) : client.#overTcp(host, Number(port)));
    const asked = [attribute(ATTRIBUTE.transport, Buffer.from([17, 0, 0, 0]))];
    const refused = await client.#request(METHOD.allocate, asked);
    client.realm = refused.get(ATTRIBUTE.realm);
    client.nonce = refused.get(ATTRIBUTE.nonce);
    client.key = createHash("md5").update(`${username}:${client.realm}:${credential}`).digest();
    const relayed = (await client.#request(METHOD.allocate, asked)).get(ATTRIBUTE.relayed);
    if (!relayed) throw new Error("no allocation");
    const address = [...relayed.subarray(4, 8)].map((byte, i) => byte ^ COOKIE[i]).join(".");
    client.relayed = { address, port: relayed.readUInt16BE(2) ^ 0x2112 };
    return client;
  }

  async #overUdp(host, port) {
    const socket = createSocket("udp4");
    socket.on("message", (data) => this.#take(data));
    await new Promise((resolve) => socket.connect(port, host, resolve));
    this.write = (data) => socket.send(data);
    this.close = () => socket.close();
  }

  async #overTcp(host, port) {
    const socket = connect({ host, port, family: 4, noDelay: true });
    await once(socket, "connect");
    socket.on("error", () => {});
    socket.on("data", (data) => {
      this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, data]) : data;
      for (;;) {
        if (this.#buffer.length < 4) return;
        const body = this.#buffer.readUInt16BE(2);
        const whole = this.#buffer[0] >= 0x40 ? 4 + Math.ceil(body / 4) * 4 : 20 + body;
        if (this.#buffer.length < whole) return;
        this.#take(this.#buffer.subarray(0, whole));
        this.#buffer = this.#buffer.subarray(whole);
      }
    });
    this.write = (data) => socket.write(data);
    this.close = () => socket.destroy();
  }

  #take(data) {
    if (data[0] >= 0x40) this.received += 1;
    else this.#pending.get(data.toString("hex", 8, 20))?.(data);
  }

  /** Sends a request, with credentials once there is a nonce, and returns the attributes of its answer. */
  async #request(method, attributes) {
    const id = randomBytes(12);
    const credentials = this.nonce
      ? [attribute(ATTRIBUTE.username, Buffer.from(this.username)), attribute(ATTRIBUTE.realm, this.realm), attribute(ATTRIBUTE.nonce, this.nonce)]
      : [];
    const body = Buffer.concat([...attributes, ...credentials]);
    const header = Buffer.concat([Buffer.alloc(4), COOKIE, id]);
    header.writeUInt16BE(method, 0);
    // The length that is signed counts the signature itself.
    header.writeUInt16BE(body.length + (this.key ? 24 : 0), 2);
    const signed = this.key ? [attribute(ATTRIBUTE.integrity, createHmac("sha1", this.key).update(header).update(body).digest())] : [];
    const message = Buffer.concat([header, body, ...signed]);
    const name = id.toString("hex");
    let timer;
    const answer = await new Promise((resolve, reject) => {
      this.#pending.set(name, resolve);
      let tries = 0;
      const say = () => (tries++ < 10 ? this.write(message) : reject(new Error(`no answer to request ${method}`)));
      timer = setInterval(say, RETRY_MS);
      say();
    }).finally(() => (clearInterval(timer), this.#pending.delete(name)));
    const found = read(answer);
    const error = found.get(ATTRIBUTE.error);
    if (error && this.nonce) throw new Error(`request ${method}: ${error[2] * 100 + error[3]} ${error.toString("utf8", 4)}`);
    return found;
  }

  /** Binds the channel to another client's relayed address. */
  async bind(peer) {
    const address = attribute(ATTRIBUTE.peer, xored(peer));
    await this.#request(METHOD.permission, [address]);
    await this.#request(METHOD.channel, [attribute(ATTRIBUTE.channel, Buffer.from([CHANNEL >> 8, 0, 0, 0])), address]);
  }

  /** Frames of a channel for `send`, of so many bytes of payload. */
  static frame(bytes) {
    const data = Buffer.alloc(4 + Math.ceil(bytes / 4) * 4);
    data.writeUInt16BE(CHANNEL, 0);
    data.writeUInt16BE(bytes, 2);
    return data;
  }
}
