// Copies of earlier frames of sound in each packet (RFC 2198), as many as the core asks for. A worker of its own writes them, so that
// a page that is busy delays no sound.
import { work } from "./packets.js";

let policy;

/** An address as pages want it that require trusted types (W3C Trusted Types, section 3.3): their policy lets `pairvoice` make it. */
function trusted(url) {
  try {
    policy ??= globalThis.trustedTypes?.createPolicy("pairvoice", { createScriptURL: String });
  } catch {
    // Not allowed, or another copy of this module has it.
  }
  return policy?.createScriptURL(url) ?? url;
}

const here = import.meta.url;

/** How a worker can be had: from text, which needs no fetch, or from a file, which strict policies ask for. Bundlers know the second way as
 * it is written; without one, pages with trusted types take the third. */
const WAYS = [
  () => {
    const url = URL.createObjectURL(new Blob([`(${work})()`], { type: "text/javascript" }));
    try {
      return new Worker(trusted(url));
    } finally {
      // It is fetched by then.
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    }
  },
  () => new Worker(new URL("copies-worker.js", import.meta.url), { type: "module" }),
  () => new Worker(trusted(new URL("copies-worker.js", here)), { type: "module" }),
];

let [way, worker, users] = [0, undefined, new Set()];

/** The page's worker. */
function open() {
  while (!worker && way < WAYS.length) {
    try {
      const made = (worker = WAYS[way]());
      made.onerror = (event) => {
        event.preventDefault();
        if (worker === made) fail();
      };
    } catch {
      way += 1;
    }
  }
  return worker;
}

/** It can't be had in this way, or has stopped: another one takes its place. */
function fail() {
  worker?.terminate();
  worker = undefined;
  way += 1;
  // What one of them loses may close another.
  for (const user of [...users]) if (users.has(user) && !user.attach()) user.lost();
}

const has = (type, { codecs = [] } = {}) => codecs.find(({ mimeType }) => mimeType.toLowerCase() === type);

/** The codecs to prefer, best first, where this browser knows RED; nothing elsewhere. */
export function preferredCodecs() {
  const known = globalThis.RTCRtpReceiver?.getCapabilities?.("audio");
  const both = [has("audio/red", known), has("audio/opus", known)];
  return both.every(Boolean) ? both : undefined;
}

/** What works on the packets of one sender. */
export class Copies {
  #sender;
  #port;
  #wanted = { copies: [], frames: 1 };
  #renewed = false;
  /** Whether this person speaks, as far as the packets tell; nothing where they don't. */
  speaks;

  /** `lost` is called when no worker can be had any more: the sender then sends nothing. */
  constructor(sender, lost) {
    this.#sender = sender;
    this.lost = lost;
    users.add(this);
  }

  /** Puts a worker on the sender; tells whether there is one. */
  attach() {
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => (this.speaks = data);
    this.#port = port1;
    try {
      const transform = new RTCRtpScriptTransform(open(), { ...this.#wanted, port: port2 }, [port2]);
      this.#sender.transform = transform;
      return true;
    } catch {
      this.close();
      return false;
    }
  }

  set(copies, frames) {
    this.#wanted = { copies: [...copies], frames };
    this.#port?.postMessage(this.#wanted);
  }

  /** Packets have stopped: another worker takes over, once. */
  renew() {
    if (this.#renewed) {
      this.close();
      return this.lost();
    }
    this.#renewed = true;
    // The way was good until now.
    if (worker) way -= 1;
    fail();
  }

  /** Nothing is sent any more. */
  hush() {
    if (!this.speaks) return;
    this.speaks = false;
    // What is said next is news to it.
    this.#port?.postMessage({ ...this.#wanted, hushed: true });
  }

  close() {
    this.#port?.close();
    users.delete(this);
    if (users.size > 0) return;
    worker?.terminate();
    worker = undefined;
  }
}

/** Copies for a sender, where this browser can. */
export function protect(sender, lost) {
  if (!preferredCodecs() || !globalThis.RTCRtpScriptTransform || way >= WAYS.length) return;
  const made = new Copies(sender, lost);
  return made.attach() ? made : undefined;
}
