// A TURN client (RFC 8656) over UDP, TCP and TLS, as small as tests need it.
import { createHash, createHmac, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";

import { inTime } from "./support.mjs";

export const ALLOCATE = 0x003;
export const REFRESH = 0x004;
export const CREATE_PERMISSION = 0x008;
export const CHANNEL_BIND = 0x009;
export const LIFETIME = 0x0d;
const BINDING = 0x001;
const USERNAME = 0x06;
const INTEGRITY = 0x08;
const ERROR = 0x09;
const CHANNEL = 0x0c;
const PEER = 0x12;
const REALM = 0x14;
const NONCE = 0x15;
const RELAYED = 0x16;
const TRANSPORT = 0x19;
const MAPPED = 0x20;
const COOKIE = Buffer.from("2112a442", "hex");

function attribute(kind, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(kind, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

function message(kind, transaction, body, more = 0) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(kind, 0);
  head.writeUInt16BE(body.length + more, 2);
  return Buffer.concat([head, COOKIE, transaction, body]);
}

/** The attributes of a message, by number. */
function attributes(bytes) {
  const found = {};
  for (let at = 20; at < bytes.length; at += 4 + ((bytes.readUInt16BE(at + 2) + 3) & ~3)) {
    found[bytes.readUInt16BE(at)] ??= bytes.subarray(at + 4, at + 4 + bytes.readUInt16BE(at + 2));
  }
  return found;
}

const xored = (bytes) => Buffer.from(bytes.map((byte, at) => byte ^ COOKIE[at % 4]));

/** An address as it stands in XOR-PEER-ADDRESS (IPv4). */
function peerValue({ address, port }) {
  const value = Buffer.alloc(4, 0);
  value[1] = 1;
  value.writeUInt16BE(port ^ 0x2112, 2);
  return Buffer.concat([value, xored(address.split(".").map(Number))]);
}

function addressIn(value) {
  return { address: [...xored(value.subarray(4, 8))].join("."), port: value.readUInt16BE(2) ^ 0x2112 };
}

/** Frames of a stream: STUN is as long as its header says, ChannelData is filled up to four bytes. */
function frames(each) {
  let held = Buffer.alloc(0);
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 4) {
      const length = held.readUInt16BE(2);
      const whole = held[0] < 4 ? 20 + length : 4 + length;
      const filled = (whole + 3) & ~3;
      if (held.length < filled) return;
      each(held.subarray(0, whole));
      held = held.subarray(filled);
    }
  };
}

/** Opens a way to the relay; `transport` is udp, tcp or tls. */
export async function turnClient({ transport = "udp", port, host = "127.0.0.1", tls = {}, username, credential } = {}) {
  const client = { data: [], closed: false, username, credential };
  const waiting = new Map();
  const take = (bytes) => {
    if (bytes[0] >= 0x40) return client.data.push(Buffer.from(bytes.subarray(4)).toString());
    const asked = waiting.get(bytes.subarray(8, 20).toString("hex"));
    if (asked) return asked(Buffer.from(bytes));
    const data = attributes(bytes)[0x13];
    if (data) client.data.push(data.toString());
  };
  if (transport === "udp") {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    await new Promise((resolve) => socket.connect(port, host, resolve));
    socket.on("message", take);
    socket.on("error", () => {});
    client.send = (bytes) => socket.send(bytes);
    client.close = () => socket.close();
  } else {
    const socket = transport === "tls" ? connectTls({ host, port, ...tls }) : connectTcp({ host, port });
    await new Promise((resolve, reject) => {
      socket.once(transport === "tls" ? "secureConnect" : "connect", resolve);
      socket.once("error", reject);
    });
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", frames(take));
    client.ended = new Promise((resolve) => socket.once("close", () => resolve((client.closed = true))));
    client.send = (bytes) => socket.write(bytes);
    client.close = () => socket.destroy();
  }
  /** Sends a request; datagrams are sent again, for they may be lost. */
  client.ask = async (kind, body, transaction = randomBytes(12), key) => {
    let bytes = message(kind, transaction, body, key ? 24 : 0);
    if (key) bytes = Buffer.concat([bytes, attribute(INTEGRITY, createHmac("sha1", key).update(bytes).digest())]);
    const answered = new Promise((resolve) => waiting.set(transaction.toString("hex"), resolve));
    client.send(bytes);
    const again = transport === "udp" ? setInterval(() => client.send(bytes), 500) : undefined;
    const answer = await inTime(`an answer to ${kind}`, answered).finally(() => clearInterval(again));
    const found = attributes(answer);
    return { code: found[ERROR] ? found[ERROR][2] * 100 + found[ERROR][3] : 0, found };
  };
  /** Sends a request with credentials, after one without that brings the nonce. */
  client.request = async (kind, body = Buffer.alloc(0)) => {
    if (!client.nonce) {
      const { found } = await client.ask(kind, body);
      [client.realm, client.nonce] = [found[REALM], found[NONCE]];
    }
    const named = [attribute(USERNAME, Buffer.from(client.username)), attribute(REALM, client.realm), attribute(NONCE, client.nonce)];
    const key = createHash("md5").update(`${client.username}:${client.realm}:${client.credential}`).digest();
    return client.ask(kind, Buffer.concat([...named, body]), undefined, key);
  };
  client.allocate = async () => {
    const answer = await client.request(ALLOCATE, attribute(TRANSPORT, Buffer.from([17, 0, 0, 0])));
    if (answer.found[RELAYED]) client.relayed = addressIn(answer.found[RELAYED]);
    return answer.code;
  };
  client.permit = async (peer) => (await client.request(CREATE_PERMISSION, attribute(PEER, peerValue(peer)))).code;
  client.bind = async (channel, peer) => {
    const number = attribute(CHANNEL, Buffer.from([channel >> 8, channel & 255, 0, 0]));
    return (await client.request(CHANNEL_BIND, Buffer.concat([number, attribute(PEER, peerValue(peer))]))).code;
  };
  client.refresh = async (seconds) => {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(seconds);
    return client.request(REFRESH, attribute(LIFETIME, value));
  };
  /** The address that the server sees. */
  client.mapped = async () => addressIn((await client.ask(BINDING, Buffer.alloc(0))).found[MAPPED]);
  /** Sends over a channel. */
  client.say = (channel, text) => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(channel, 0);
    head.writeUInt16BE(text.length, 2);
    client.send(Buffer.concat([head, Buffer.from(text), Buffer.alloc(transport === "udp" ? 0 : -text.length & 3)]));
  };
  /** Sends in an indication. */
  client.indicate = (peer, text) =>
    client.send(message(0x016, randomBytes(12), Buffer.concat([attribute(PEER, peerValue(peer)), attribute(0x13, Buffer.from(text))])));
  return client;
}

/** Two clients of one session with channels for each other. */
export async function bridge(one, other) {
  for (const client of [one, other]) {
    const code = await client.allocate();
    if (code !== 0) throw new Error(`no allocation: ${code}`);
  }
  const codes = [await one.bind(0x4000, other.relayed), await other.bind(0x4001, one.relayed)];
  if (codes.some((code) => code !== 0)) throw new Error(`no channels: ${codes}`);
}
