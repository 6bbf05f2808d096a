// The public entry of pairvoice. Importing it touches no DOM and fetches nothing: WebAssembly, socket.io-client and
// idb are loaded when the first session starts. The contract is index.d.ts.
import init, { join } from "./wasm/pairvoice.js";

let loading;

/** Loads WebAssembly once; after a failure the next call tries again. */
function load(source) {
  loading ??= init({ module_or_path: source ?? new URL("./wasm/pairvoice_bg.wasm", import.meta.url) }).catch((cause) => {
    loading = undefined;
    const error = new Error("WebAssembly could not be loaded; check the .wasm file's address and the page's content security policy", { cause });
    throw Object.assign(error, { name: "PairvoiceError", code: "wasm-unavailable" });
  });
  return loading;
}

const loadSocketIo = () => import("socket.io-client");
const loadIdb = () => import("idb");

/** Rejects with the signal's reason as soon as it is aborted. */
function abortable(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

class Session {
  #handle;
  #left;
  #subscriptions = new Set();
  #signal;
  #abort = () => void this.leave();

  constructor(handle, signal) {
    this.#handle = handle;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  getState() {
    return this.#handle.getState();
  }

  subscribe(callback) {
    return this.on("change", callback);
  }

  on(event, callback) {
    if (this.#left) return () => {};
    const id = this.#handle.on(event, callback);
    this.#subscriptions.add(id);
    return () => {
      if (this.#subscriptions.delete(id)) this.#handle.off(id);
    };
  }

  startVoice() {
    this.#handle.startVoice();
  }

  stopVoice() {
    this.#handle.stopVoice();
  }

  retryVoice() {
    this.#handle.retryVoice();
  }

  resumeAudio() {
    this.#handle.resumeAudio();
  }

  setMuted(muted) {
    this.#handle.setMuted(Boolean(muted));
  }

  send(text) {
    return this.#handle.send(text);
  }

  loadEarlier() {
    this.#handle.loadEarlier();
  }

  markRead() {
    this.#handle.markRead();
  }

  setTyping(typing) {
    this.#handle.setTyping(Boolean(typing));
  }

  resend(id) {
    this.#handle.resend(String(id));
  }

  discard(id) {
    this.#handle.discard(String(id));
  }

  leave() {
    return (this.#left ??= this.#letGo(this.#handle.leave()));
  }

  end() {
    return (this.#left = this.#letGo(this.#handle.end()));
  }

  async #letGo(done) {
    this.#signal?.removeEventListener("abort", this.#abort);
    await done;
    for (const id of this.#subscriptions) this.#handle.off(id);
    this.#subscriptions.clear();
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    void this.leave();
  }
}

export async function joinSession(options) {
  const signal = options?.signal;
  signal?.throwIfAborted();
  await abortable(load(options?.wasm), signal);
  const joining = join(options ?? {}, loadSocketIo, loadIdb);
  const handle = await abortable(joining, signal).catch((error) => {
    // Aborted while an earlier life of the session was still ending: what comes is let go at once.
    void joining.then((late) => late.leave(), () => {});
    throw error;
  });
  const session = new Session(handle, signal);
  if (signal?.aborted) {
    void session.leave();
    throw signal.reason;
  }
  return session;
}

export async function startVoiceCall(options) {
  const session = await joinSession(options);
  session.startVoice();
  return session;
}

export function isPairvoiceError(error) {
  return error instanceof Error && error.name === "PairvoiceError";
}
