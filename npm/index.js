// The public entry of pairvoice. Importing it touches no DOM and fetches nothing: WebAssembly, socket.io-client and
// idb are loaded by `preload` or when the first session starts. The contract is index.d.ts.
import { check } from "./check.js";
import { preferredCodecs, protect } from "./copies.js";
import { failures, packed, unpacked } from "./data.js";
import { prefersRed, tuned } from "./description.js";
import { Door } from "./door.js";
import { Recorder } from "./recorder.js";
import { begin, loadIdb, loadLibraries, loadSocketIo, openMicrophone, warm } from "./start.js";
import init, { checkPlan, checkVerdict, join, letGo, onCrash, rehearse } from "./wasm/pairvoice.js";

const sound = { preferredCodecs, protect, prefersRed, tuned };

let loading;

/** Loads WebAssembly once; after a failure the next call tries again. */
function load(source) {
  loading ??= init({ module_or_path: source ?? new URL("./wasm/pairvoice_bg.wasm", import.meta.url) }).then(
    () => onCrash(crash),
    (cause) => {
      loading = undefined;
      throw pairvoiceError("wasm-unavailable", "WebAssembly could not be loaded; check the .wasm file's address and the page's content security policy", cause);
    },
  );
  return loading;
}

function pairvoiceError(code, message, cause) {
  return Object.assign(new Error(message, { cause }), { name: "PairvoiceError", code });
}

// A panic, or any other trap, ends the WebAssembly instance for good: every session ends, and the page must be loaded anew.
const ends = new Set();
let crashed = false;
let over;
const crashes = new Promise((resolve) => (over = resolve));

function crash() {
  crashed = true;
  over();
  for (const end of ends) queueMicrotask(end);
  ends.clear();
}

/** Calls into WebAssembly; after a trap it does nothing. */
function guarded(work) {
  if (crashed) return;
  try {
    return work();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    // A panic has said so and called `crash` by itself.
    if (crashed) return;
    console.error("pairvoice: internal error", error);
    letGo();
    crash();
  }
}

const { freeze } = Object;

const sessionEnded = freeze({
  state: "ended",
  reason: "internal-error",
  message: "Something in this page broke.",
  hint: "Reload the page; what you wrote is kept.",
  cause: null,
});

const record = () => new Recorder();
const door = (...names) => new Door(...names);

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

/** Names of what apps send, in this page. */
let dataIds = 0;

class Session {
  #handle;
  #recorder;
  #left;
  #subscriptions = new Map();
  #signal;
  #start;
  #remoteStream;
  #done;
  #sending = new Map();
  #abort = () => void this.leave();
  #last;
  #end = () => {
    this.#start?.letGo();
    const { voice, peer, chat } = this.#last;
    const none = { state: "off", reason: null, message: null, hint: null };
    const microphone = freeze({ ...voice.microphone, ...none, label: "", deviceId: "" });
    const no = { talking: false, listenOnly: false, playbackBlocked: false, mutedTalking: false };
    this.#last = freeze({
      session: sessionEnded,
      voice: freeze({ ...voice, ...none, ...no, role: null, path: null, recovery: null, since: null, heard: null, microphone }),
      peer: freeze({ ...peer, presence: "absent", voice: false, microphone: "off", microphoneReason: null }),
      chat,
    });
    this.#giveUpSending();
    for (const [event, callback] of this.#subscriptions.values()) if (event === "change") queueMicrotask(callback);
  };

  constructor(handle, signal, start) {
    this.#handle = handle;
    this.#recorder = handle.recorder();
    this.#signal = signal;
    this.#start = start;
    start?.keep();
    this.#last = handle.getState();
    ends.add(this.#end);
    signal?.addEventListener("abort", this.#abort, { once: true });
    // So that each can be passed on as it is, to `useSyncExternalStore` for instance.
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(Session.prototype))) {
      if (typeof value === "function" && name !== "constructor") Object.defineProperty(this, name, { value: value.bind(this), writable: true, configurable: true });
    }
  }

  #call(name, ...values) {
    return guarded(() => this.#handle[name](...values));
  }

  getState() {
    return (this.#last = this.#call("getState") ?? this.#last);
  }

  diagnostics(options) {
    return this.#recorder.diagnostics(options, this.getState());
  }

  subscribe(callback) {
    return this.on("change", callback);
  }

  on(event, callback) {
    if (this.#left || crashed) return () => {};
    const told = ({ data }) => {
      const found = unpacked(data);
      if (found) callback(found);
    };
    const id = this.#call("on", event, event === "data" ? told : callback);
    this.#subscriptions.set(id, [event, callback]);
    return () => {
      if (this.#subscriptions.delete(id)) this.#call("off", id);
    };
  }

  startVoice() {
    this.#call("startVoice");
  }

  stopVoice() {
    this.#call("stopVoice");
  }

  retryVoice() {
    this.#call("retryVoice");
  }

  resumeAudio() {
    this.#call("resumeAudio");
  }

  async listDevices() {
    const list = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const { microphone, speaker } = this.getState().voice;
    const entries = (kind, used) => {
      const devices = list.filter((device) => device.kind === kind);
      // Where no entry stands for the system's choice (Chromium has one), it is the first.
      const system = Math.max(0, devices.findIndex(({ deviceId }) => deviceId === "default"));
      const entry = ({ deviceId: id, label }, place) => {
        const isDefault = place === system;
        return freeze({ id, label, isDefault, current: used === id || (used === "" && isDefault) });
      };
      return freeze(devices.map(entry));
    };
    const used = microphone.state === "live" ? microphone.deviceId : undefined;
    return freeze({ microphones: entries("audioinput", used), speakers: entries("audiooutput", speaker.deviceId) });
  }

  setMicrophone(microphone) {
    this.#call("setMicrophone", microphone);
  }

  async setSpeaker(id) {
    // Its own name in `listDevices()` is Chromium's for what the system uses.
    const wanted = id === "default" ? "" : String(id ?? "");
    const using = this.#call("useSpeaker", wanted);
    if (!using) throw pairvoiceError("unsupported", "this browser lets no page choose a speaker");
    try {
      await using;
    } catch (cause) {
      throw pairvoiceError("device-unavailable", "this speaker is not there or not allowed", cause);
    }
    this.#call("setSpeaker", wanted);
  }

  setVolume(volume) {
    this.#call("setVolume", Number(volume));
  }

  setProcessing(processing) {
    this.#call("setProcessing", processing);
  }

  get remoteStream() {
    return (this.#remoteStream ??= this.#call("remoteStream") ?? new MediaStream());
  }

  setMuted(muted) {
    this.#call("setMuted", Boolean(muted));
  }

  setTalking(held) {
    this.#call("setTalking", Boolean(held));
  }

  send(text) {
    const id = this.#call("send", text);
    if (crashed) throw pairvoiceError("session-ended", "the session is over; reload the page");
    return id;
  }

  async sendData(topic, data) {
    const parcel = packed(topic, data, pairvoiceError);
    if (this.#left || this.getState().session.state === "ended") throw pairvoiceError("session-ended", failures["session-ended"]);
    this.#done ??= this.#call("on", "data-done", ({ dataDone: { id, failure } }) => this.#sent(id, failure));
    return new Promise((resolve, reject) => {
      const id = (dataIds += 1);
      this.#sending.set(id, [resolve, reject]);
      this.#call("sendData", id, ...parcel);
    });
  }

  #sent(id, failure) {
    const [resolve, reject] = this.#sending.get(id) ?? [];
    this.#sending.delete(id);
    if (failure) reject?.(pairvoiceError(failure, failures[failure]));
    else resolve?.();
  }

  #giveUpSending() {
    for (const id of this.#sending.keys()) this.#sent(id, "session-ended");
  }

  loadEarlier() {
    this.#call("loadEarlier");
  }

  markRead() {
    this.#call("markRead");
  }

  setTyping(typing) {
    this.#call("setTyping", Boolean(typing));
  }

  resend(id) {
    this.#call("resend", String(id));
  }

  discard(id) {
    this.#call("discard", String(id));
  }

  leave() {
    return (this.#left ??= this.#letGo(this.#call("leave")));
  }

  end() {
    return (this.#left = this.#letGo(this.#call("end")));
  }

  async #letGo(done) {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#start?.letGo();
    // The promise of a module that crashed never settles.
    await Promise.race([done, crashes]);
    this.#giveUpSending();
    if (this.#done !== undefined) this.#call("off", this.#done);
    for (const id of this.#subscriptions.keys()) this.#call("off", id);
    this.#subscriptions.clear();
    ends.delete(this.#end);
    this.#start?.left();
    this.#start = undefined;
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    void this.leave();
  }
}

export function preload(options) {
  const asks = options?.url && options.token !== undefined;
  const all = Promise.all([load(options?.wasm).then(warmUp), loadLibraries()]).then(() => (asks ? learn(options) : undefined));
  // A page that does not look at the promise learns of a failure by its first call.
  all.catch(() => {});
  if (options?.url && !asks) warm(options);
  return all;
}

let warmedUp = false;

/** Once, while nobody waits: what runs for the first time is compiled first. */
function warmUp() {
  if (warmedUp || crashed) return;
  warmedUp = true;
  guarded(rehearse);
}

/** Asks the server for ICE servers, so that an offer need not wait for them. What fails here is told by the call. */
async function learn(options) {
  try {
    const { url, path, auth } = guarded(() => checkPlan({ ...options, microphone: undefined }));
    const server = url.slice(0, -"/pairvoice".length) + path.slice(0, -"/socket.io".length);
    const to = new Door(server, auth.sessionId, auth.userId);
    if (to.iceServers()) return;
    const token = typeof options.token === "function" ? await options.token() : options.token;
    const { iceServers, iceLifetime } = await to.knock({ ...auth, token: token.trim() }, false);
    if (iceServers) to.keep(iceServers, iceLifetime);
  } catch {
    // Nothing is lost by it.
  }
}

async function enter(options, voice) {
  const signal = options?.signal;
  signal?.throwIfAborted();
  const ready = abortable(load(options?.wasm), signal);
  const start = crashed ? undefined : begin(options, voice);
  try {
    await ready;
    const open = (audio) => (start ? start.openMicrophone(audio) : openMicrophone(audio));
    const socketIo = () => (start ? start.loadSocketIo() : loadSocketIo());
    const given = start?.options(options) ?? options ?? {};
    const joining = Promise.race([guarded(() => join(given, socketIo, loadIdb, record, door, open, sound)), crashes]);
    const handle = await abortable(joining, signal).catch((error) => {
      // Aborted while an earlier life of the session was still ending: what comes is let go at once.
      void joining.then((late) => late?.leave(), () => {});
      throw error;
    });
    if (crashed) throw pairvoiceError("wasm-unavailable", "WebAssembly crashed; reload the page");
    const session = new Session(handle, signal, start);
    if (signal?.aborted) {
      void session.leave();
      throw signal.reason;
    }
    if (voice) session.startVoice();
    return session;
  } finally {
    start?.release();
  }
}

export async function joinSession(options) {
  return enter(options, false);
}

export async function startVoiceCall(options) {
  return enter(options, true);
}

/** How long WebAssembly may take to load for a check, in milliseconds. */
const CHECK_LOAD_MS = 8_000;

export async function checkConnection(options) {
  const signal = options?.signal;
  signal?.throwIfAborted();
  const began = performance.now();
  void loadSocketIo().catch(() => {});
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(pairvoiceError("wasm-unavailable", "WebAssembly took too long to load")), CHECK_LOAD_MS);
  });
  await abortable(Promise.race([load(options?.wasm), late]), signal).finally(() => clearTimeout(timer));
  // Whether the microphone is looked at, and which one a session takes, are two things.
  const plan = guarded(() => checkPlan({ ...options, microphone: undefined }));
  if (crashed) throw pairvoiceError("wasm-unavailable", "WebAssembly crashed; reload the page");
  const judge = (facts) => guarded(() => checkVerdict(facts));
  return abortable(check({ plan, judge, loadSocketIo, options, spent: performance.now() - began }), signal);
}

export function isPairvoiceError(error) {
  return error instanceof Error && error.name === "PairvoiceError";
}
