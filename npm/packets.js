// How a packet of sound with copies of earlier frames is written (RFC 2198). Apart from copies.js, which makes the worker: a bundle of the worker
// that had that in it, too, would lead back to itself, and Turbopack waits for the end of such a ring for ever.

/**
 * What the worker does. It is handed to it as text, and so uses nothing of this module.
 *
 * Browsers that negotiated RED give each packet one copy themselves: that is taken out, and those that are wanted are put in. A frame
 * that can't be read goes on as it came.
 */
export function work() {
  /** Of an Opus frame at 48 kHz. */
  const FRAME = 960;
  /** Frames that are remembered. */
  const KEPT = 16;
  /** Larger packets of sound are not sent by Chromium. */
  const MAX_BYTES = 1000;
  /** That loud is speech: a hundredth of full scale. It lasts for so many frames of quiet, for words have gaps. */
  const LOUD = 0.01;
  const GAP = 20;

  globalThis.onrtctransform = ({ transformer }) => {
    const { readable, writable, options } = transformer;
    const { port } = options;
    let { copies, frames } = options;
    const kept = new Map();
    /** Frames since the last packet that was sent. */
    let unsent = 0;
    let gap;
    port.onmessage = ({ data }) => {
      ({ copies, frames } = data);
      if (data.hushed) gap = undefined;
    };

    /** The newest frame of a packet, without what the browser added, and its payload type. */
    function primary(bytes) {
      let [at, added] = [0, 0];
      while (bytes[at] & 0x80) {
        added += ((bytes[at + 2] & 3) << 8) | bytes[at + 3];
        at += 4;
      }
      return [bytes.slice(at + 1 + added), bytes[at]];
    }

    /** The packet to send in the place of this one, or nothing. */
    function packet(data, timestamp) {
      const [frame, type] = primary(new Uint8Array(data));
      const before = (distance) => (timestamp - distance * FRAME) >>> 0;
      kept.set(timestamp, frame);
      // Timestamps jump where silence is not sent.
      if (kept.size > KEPT) kept.delete(kept.keys().next().value);
      unsent += 1;
      if (unsent < frames) return;
      // The frames of a packet but its newest ride as copies do, also those that waited when fewer were wanted.
      const distances = new Set(copies);
      for (; unsent > 1; unsent -= 1) distances.add(unsent - 1);
      unsent = 0;
      let size = 1 + frame.length;
      const blocks = [];
      for (const distance of [...distances].sort((a, b) => a - b)) {
        const copy = kept.get(before(distance));
        if (!copy || size + 4 + copy.length >= MAX_BYTES) continue;
        size += 4 + copy.length;
        blocks.unshift([distance * FRAME, copy]);
      }
      const out = new Uint8Array(size);
      let at = 0;
      for (const [offset, { length }] of blocks) {
        out.set([0x80 | type, offset >> 6, ((offset & 63) << 2) | (length >> 8), length & 255], at);
        at += 4;
      }
      out[at++] = type;
      for (const [, copy] of blocks) {
        out.set(copy, at);
        at += copy.length;
      }
      out.set(frame, at);
      return out.buffer;
    }

    function listen(level) {
      const spoke = gap === undefined ? undefined : gap < GAP;
      gap = level >= LOUD ? 0 : (gap ?? GAP) + 1;
      const speaks = gap < GAP;
      if (spoke !== speaks) port.postMessage(speaks);
    }

    const transform = (frame, controller) => {
      const { mimeType, rtpTimestamp, audioLevel } = frame.getMetadata();
      if (audioLevel !== undefined) listen(audioLevel);
      if (/\/red$/i.test(mimeType)) {
        try {
          const data = packet(frame.data, rtpTimestamp);
          if (!data) return;
          frame.data = data;
        } catch {
          // As it came it is good, too.
        }
      }
      controller.enqueue(frame);
    };
    readable.pipeThrough(new TransformStream({ transform })).pipeTo(writable).catch(() => {});
  };
}
