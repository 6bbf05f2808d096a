// App data: from what an app gives to what travels, and back.

/** Largest payload in bytes, and longest topic in bytes of UTF-8. */
const MAX_DATA_BYTES = 65_536;
const MAX_TOPIC_BYTES = 128;
/** So many arguments may a function have everywhere; a multiple of three, so that pieces of base64 can be joined. */
const CHUNK = 8_190;

/** Why data did not arrive, for developers. */
export const failures = {
  "peer-absent": "nobody is there who could take the data; send it when peer.presence is present",
  "peer-gone": "the page that the data was meant for is gone",
  "data-queue-full": "too much data waits to be sent; wait for the promises of what was sent before",
  "session-ended": "the session is over; join again to send",
};

/** Throws what `refuse` makes of a code and a message when a topic is none. */
export function checkTopic(topic, refuse) {
  if (typeof topic !== "string" || new TextEncoder().encode(topic).length > MAX_TOPIC_BYTES) throw refuse("invalid-options", "a topic is a string of at most 128 bytes");
}

/**
 * What travels for a topic and a string or bytes: topic, whether it is a string, its bytes and these in base64.
 * `refuse` makes an error of a code and a message.
 */
export function packed(topic, data, refuse) {
  checkTopic(topic, refuse);
  const text = typeof data === "string";
  if (!text && !ArrayBuffer.isView(data) && !(data instanceof ArrayBuffer)) throw refuse("invalid-options", "data is a string, an ArrayBuffer or a view of one");
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(data) ? data : { buffer: data, byteOffset: 0, byteLength: data.byteLength };
  const bytes = text ? new TextEncoder().encode(data) : new Uint8Array(buffer, byteOffset, byteLength);
  if (bytes.length > MAX_DATA_BYTES) throw refuse("data-too-large", "a piece of data has at most 64 KiB; send it in pieces");
  let payload = "";
  for (let at = 0; at < bytes.length; at += CHUNK) payload += btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  return [topic, text, bytes.length, payload];
}

/** What an app is told of what arrived; nothing when it is no base64. */
export function unpacked({ topic, text, payload }) {
  try {
    const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0));
    return { topic, data: text ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) : bytes };
  } catch {
    // The other side is no client of this package.
  }
}
