// A name server for a few names, as a gateway has one for its site (RFC 1035): browsers ask one for the names of STUN and TURN servers,
// and do not look into /etc/hosts for them.
// node dns.mjs NAMES ADDRESS...; NAMES is JSON, { name: { v4, v6 } }; listens on port 53 of each address, prints a line then.
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const [given, ...addresses] = process.argv.slice(2);
const names = JSON.parse(given);
const [A, AAAA] = [1, 28];

/** The address as it stands in an answer. */
function bytes(type, { v4, v6 }) {
  if (type === A) return Buffer.from(v4.split(".").map(Number));
  const [front, back = ""] = v6.split("::").map((half) => half.split(":").filter(Boolean));
  const groups = [...front, ...Array(8 - front.length - back.length).fill("0"), ...back];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function answer(query) {
  const labels = [];
  let at = 12;
  for (; query[at] > 0; at += query[at] + 1) labels.push(query.toString("latin1", at + 1, at + 1 + query[at]));
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const host = names[labels.join(".").toLowerCase()];
  const found = host && (type === A || type === AAAA) ? [bytes(type, host)] : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // An answer, recursion available; 3: there is no such name.
  header.writeUInt16BE(0x8180 | (host ? 0 : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  const records = found.map((data) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(60, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([header, question, ...records]);
}

const ready = addresses.flatMap((address) => {
  const udp = createSocket(address.includes(":") ? "udp6" : "udp4");
  udp.on("message", (query, { port, address: from }) => query.length > 16 && udp.send(answer(query), port, from));
  // After an answer that got lost browsers ask by TCP.
  const tcp = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      if (data.length < 18) return;
      const reply = answer(data.subarray(2));
      socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]));
    });
  });
  return [new Promise((resolve) => udp.bind(53, address, resolve)), new Promise((resolve) => tcp.listen(53, address, resolve))];
});
await Promise.all(ready);
console.log("ready");
