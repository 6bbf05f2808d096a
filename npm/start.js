// What a start begins at once, whether WebAssembly is there or not: all that takes a round trip or a person's answer. WebAssembly takes each
// thing over in the moment in which it would begin it; what it wants otherwise, or nobody waits for any more, is let go.

/** Where src/devices.rs keeps what the person chose. */
const CHOICES = "pairvoice.devices";
/** What src/signaling.rs connects with. */
const NAMESPACE = "/pairvoice";
const SOCKET = { forceNew: true, reconnection: false, tryAllTransports: true, timeout: 8_000 };
const TRANSPORTS = ["websocket", "polling"];

const nothing = () => {};

export const loadSocketIo = () => import("socket.io-client");
export const loadIdb = () => import("idb");

/** Asks the browser for a microphone. */
export function openMicrophone(audio) {
  return navigator.mediaDevices ? navigator.mediaDevices.getUserMedia({ audio }) : Promise.reject();
}

/** Brings socket.io-client and idb into the page; one that can't be had is asked for again when it is used. */
export const loadLibraries = () => Promise.all([loadSocketIo(), loadIdb()].map((library) => library.catch(nothing)));

/** Origin of the server, and the path below which it is; nothing of what is no address. */
function serverOf(url) {
  try {
    const { origin, pathname } = new URL(url, location.href);
    if (typeof url === "string" && url && origin.startsWith("http")) return [origin, pathname.replace(/\/+$/, "")];
  } catch {
    // WebAssembly says what is wrong with it.
  }
}

const warmed = new Set();

/** Opens the connection to the server that the first request takes. */
export function warm({ url }) {
  const [origin] = serverOf(url) ?? [];
  if (!origin || warmed.has(origin) || !globalThis.document) return;
  warmed.add(origin);
  document.head.append(Object.assign(document.createElement("link"), { rel: "preconnect", crossOrigin: "anonymous", href: origin }));
}

const isId = (id) =>
  typeof id === "string"
    ? /^[^\p{Cc}\p{Cs}]+$/u.test(id) && new TextEncoder().encode(id).length <= 128
    : Number.isSafeInteger(id) && id >= 0;

/** The microphone that src/microphone.rs would ask for; nothing when the app gives a track or this browser can do no voice. */
function audioOf(options) {
  if (typeof (options.microphone ?? "") !== "string" || !isSecureContext || !globalThis.RTCPeerConnection) return;
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(CHOICES));
  } catch {
    // Some pages may not even look.
  }
  const flag = (name) => [kept?.[name], options[name], true].find((value) => typeof value === "boolean");
  const audio = Object.fromEntries(["echoCancellation", "noiseSuppression", "autoGainControl"].map((name) => [name, flag(name)]));
  const isDevice = (id) => typeof id === "string" && id !== "" && id !== "default";
  const remembered = typeof kept?.microphone?.label === "string" ? kept.microphone.id : undefined;
  const id = [options.microphone, remembered].find(isDevice);
  return id === undefined ? audio : { ...audio, deviceId: { exact: id } };
}

const starts = new Map();

/** Begins a start, or joins the one of the same session, which may be long under way. What is not plainly right begins nothing, for
 * WebAssembly judges it. */
export function begin(options, voice) {
  void loadLibraries();
  const server = serverOf(options?.url);
  if (!server) return;
  const { sessionId, userId, peerUserId, token, microphone } = options;
  const isToken = typeof token === "string" || typeof token === "function";
  const isMicrophone = typeof (microphone ?? "") === "string" || microphone.kind === "audio";
  if (![sessionId, userId, peerUserId ?? userId].every(isId) || !isToken || !isMicrophone) return;
  const key = JSON.stringify([...server, String(sessionId), String(userId)]);
  const start = starts.get(key) ?? new Start(server, key);
  start.hold(options, voice);
  return start;
}

class Start {
  #key;
  /** Calls that wait, and handles on the session. */
  #waiting = 0;
  #handles = 0;
  /** WebAssembly was told to join: what is not begun by now, it begins. */
  #joined = false;
  /** The app's function, and what it brings. */
  #given;
  #token;
  /** What the microphone was asked for with, as a text. */
  #wishes;
  #stream;
  /** A socket is wanted, and there is none yet. */
  #connecting = true;
  #socket;
  /** How it was asked for, as a text. */
  #called;
  /** Takes the handshake, once the transport is open and waits for it. */
  #send;

  constructor(server, key) {
    this.#key = key;
    starts.set(key, this);
    this.#connect(...server).catch(nothing);
  }

  hold(options, voice) {
    this.#waiting += 1;
    if (this.#joined) return;
    const { token } = options;
    // Of several at once, the first one connects.
    if (this.#waiting === 1 && this.#given !== token) {
      this.#given = token;
      this.#token = typeof token === "function" ? new Promise((resolve) => resolve(token())) : undefined;
      this.#token?.catch(nothing);
    }
    const audio = voice && !this.#stream && audioOf(options);
    if (!audio) return;
    this.#wishes = JSON.stringify(audio);
    this.#stream = openMicrophone(audio);
    this.#stream.catch(nothing);
  }

  /** A call has come to its end. Who comes back at once, as React's StrictMode does, finds everything still there. */
  release() {
    this.#waiting -= 1;
    setTimeout(() => {
      if (this.#waiting > 0) return;
      this.#stop();
      this.#end();
    });
  }

  /** There is one more handle on the session. */
  keep() {
    this.#handles += 1;
  }

  /** A handle is let go: a socket that waits for a token is not wanted. */
  letGo() {
    this.#connecting = false;
    this.#drop();
  }

  /** It has been let go. */
  left() {
    this.#handles -= 1;
    this.#end();
  }

  #end() {
    if (this.#waiting + this.#handles > 0) return;
    if (starts.get(this.#key) === this) starts.delete(this.#key);
    this.letGo();
  }

  #stop() {
    this.#stream?.then((stream) => stream.getTracks().forEach((track) => track.stop()), nothing);
    this.#stream = undefined;
  }

  #drop() {
    this.#socket?.disconnect();
    this.#socket = undefined;
  }

  async #connect(origin, path) {
    const { io } = await loadSocketIo();
    if (!this.#connecting) return;
    const url = origin + NAMESPACE;
    const options = { ...SOCKET, path: `${path}/socket.io`, auth: (send) => (this.#send = send), transports: TRANSPORTS };
    this.#called = JSON.stringify([url, options]);
    const socket = (this.#socket = io(url, options));
    for (const event of ["connect_error", "disconnect"]) socket.on(event, () => this.#drop());
  }

  /** The options as WebAssembly reads them: the first time it asks for this token, it gets what is on its way. */
  options(options) {
    this.#joined = true;
    const { token } = options;
    if (typeof token !== "function") return options;
    const once = () => {
      const asked = this.#given === token ? this.#token : undefined;
      if (asked) this.#token = undefined;
      return asked ?? token();
    };
    return new Proxy({}, { get: (_, name) => (name === "token" ? once : options[name]) });
  }

  /** The microphone, as WebAssembly asks for it. */
  openMicrophone(audio) {
    const stream = this.#stream;
    if (!stream || this.#wishes !== JSON.stringify(audio)) {
      this.#stop();
      return openMicrophone(audio);
    }
    this.#stream = undefined;
    // Unplugged meanwhile, it would never say so.
    return stream.then((opened) => (opened.active ? opened : openMicrophone(audio)));
  }

  /** socket.io-client, as WebAssembly connects by it. */
  async loadSocketIo() {
    const module = await loadSocketIo();
    return { io: (url, options) => this.#take(url, options) ?? module.io(url, options) };
  }

  /** The socket that is on its way, if it is as it is wanted. */
  #take(url, options) {
    const socket = this.#socket;
    this.#connecting = false;
    // Functions are no part of the text.
    if (!socket || this.#called !== JSON.stringify([url, options])) return this.#drop();
    this.#socket = undefined;
    socket.off();
    const { auth } = options;
    socket.auth = auth;
    const send = this.#send;
    // Not before WebAssembly has what this returns.
    if (send) queueMicrotask(() => socket.active && auth(send));
    return socket;
  }
}
