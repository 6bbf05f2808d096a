// What the worker writes into packets of sound (RFC 2198), by streams as a browser hands them to it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { work } from "../../npm/packets.js";

const FRAME = 960;
const TYPE = 111;

/** The worker's side of one sender: takes frames as Chromium makes them, of RED with one copy of the frame before, and gives the packets. */
function sender(options) {
  const { port1, port2 } = new MessageChannel();
  const incoming = new TransformStream();
  const outgoing = new TransformStream();
  work();
  const transformer = { readable: incoming.readable, writable: outgoing.writable, options: { port: port2, ...options } };
  globalThis.onrtctransform({ transformer });
  const [writer, reader] = [incoming.writable.getWriter(), outgoing.readable.getReader()];
  const said = [];
  port1.onmessage = ({ data }) => said.push(data);
  return {
    said,
    async frame(number, audioLevel) {
      const own = [number, number + 1];
      const before = [number - 1, number];
      const data = new Uint8Array([0x80 | TYPE, FRAME >> 6, (FRAME & 63) << 2, before.length, TYPE, ...before, ...own]).buffer;
      const getMetadata = () => ({ mimeType: "audio/red", rtpTimestamp: number * FRAME, audioLevel });
      await writer.write({ data, getMetadata });
    },
    set: async (wish) => {
      port1.postMessage(wish);
      await new Promise((resolve) => setImmediate(resolve));
    },
    async packet() {
      const { value } = await reader.read();
      return blocks(new Uint8Array(value.data));
    },
    async end() {
      port1.close();
      await writer.close();
      const left = [];
      for (let it = await reader.read(); !it.done; it = await reader.read()) left.push(blocks(new Uint8Array(it.value.data)));
      return left;
    },
  };
}

/** The numbers of the frames in a packet, oldest first. */
function blocks(bytes) {
  const lengths = [];
  let at = 0;
  while (bytes[at] & 0x80) {
    assert.equal(bytes[at] & 0x7f, TYPE);
    lengths.push(((bytes[at + 2] & 3) << 8) | bytes[at + 3]);
    at += 4;
  }
  assert.equal(bytes[at++], TYPE);
  const numbers = [...lengths, bytes.length - at - lengths.reduce((sum, length) => sum + length, 0)].map((length) => {
    const [number, next] = bytes.slice(at, at + length);
    assert.deepEqual([length, next], [2, number + 1]);
    at += length;
    return number;
  });
  return numbers;
}

test("copies are those that are wanted, and the browser's own is taken out", async () => {
  const it = sender({ copies: [2, 4], frames: 1 });
  const packets = [];
  for (let number = 10; number < 16; number += 1) {
    const wrote = it.frame(number);
    packets.push(await it.packet());
    await wrote;
  }
  assert.deepEqual(packets, [[10], [11], [10, 12], [11, 13], [10, 12, 14], [11, 13, 15]]);
  await it.end();
});

test("no frame is missing where packets of several frames begin and end", async () => {
  const it = sender({ copies: [], frames: 3 });
  const reading = (async () => {
    const seen = [];
    for (let packet = await it.packet(); ; packet = await it.packet()) {
      seen.push(...packet);
      if (packet.at(-1) === 29) return seen;
    }
  })();
  const steps = { 14: { copies: [], frames: 1 }, 17: { copies: [], frames: 2 }, 20: { copies: [2], frames: 1 }, 23: { copies: [], frames: 3 }, 25: { copies: [], frames: 2 } };
  for (let number = 10; number < 30; number += 1) {
    if (steps[number]) await it.set(steps[number]);
    await it.frame(number);
  }
  const seen = await reading;
  for (let number = 10; number < 30; number += 1) assert.ok(seen.includes(number), `${number} is in ${seen}`);
  await it.end();
});

test("who speaks is told when it changes, and again after a hush", async () => {
  const it = sender({ copies: [], frames: 1 });
  const say = async (number, level) => {
    const wrote = it.frame(number, level);
    await it.packet();
    await wrote;
    await new Promise((resolve) => setImmediate(resolve));
  };
  await say(1, 0.2);
  await say(2, 0.2);
  await it.set({ copies: [], frames: 1, hushed: true });
  await say(3, 0.2);
  for (let number = 4; number < 30; number += 1) await say(number, 0);
  assert.deepEqual(it.said, [true, true, false]);
  await it.end();
});
