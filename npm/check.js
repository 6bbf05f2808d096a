// The check before a call: microphone, server, candidates, relay. Each step has its own limit, and all of them end together.

import { Door, part } from "./door.js";
import { microphoneReason } from "./permission.js";

/** A check takes no longer than this, in milliseconds. */
const TOTAL_MS = 9_500;
/** Longest that each step may take. */
const STEP_MS = { module: 3_000, token: 3_500, server: 4_000, asking: 1_500, gathering: 3_500, linking: 3_000 };
/** How long packets are sent through the relay, how often, and how many bytes. */
const PACKETS = { ms: 5_000, every: 20, bytes: 100 };
/** How long the last packets are waited for. */
const STRAGGLERS_MS = 400;
/** A microphone is listened to for at least so long. */
const LISTENING_MS = 1_500;

const now = () => performance.now();

/** Everything that one check opens, and its end. */
class Run {
  #closers = [];
  #began = now();
  over = false;
  /** Resolves at the end. */
  ended = new Promise((resolve) => this.#closers.push(resolve));

  constructor(signal, spent) {
    this.#began -= spent;
    const timer = setTimeout(() => this.end(), this.left);
    const abort = () => this.end();
    signal?.addEventListener("abort", abort);
    this.#closers.push(() => clearTimeout(timer), () => signal?.removeEventListener("abort", abort));
    if (signal?.aborted) this.end();
  }

  get took() {
    return Math.round(now() - this.#began);
  }

  /** Milliseconds that are left. */
  get left() {
    return TOTAL_MS - this.took;
  }

  /** Closes something at the end, or at once when it comes too late. */
  holds(close) {
    if (this.over) close();
    else this.#closers.push(close);
  }

  end() {
    if (this.over) return;
    this.over = true;
    for (const close of this.#closers.splice(0)) close();
  }

  /** What a promise brings; nothing when it takes longer, or at the end. What it is rejected with is thrown. */
  async within(ms, promise) {
    let timer;
    const limit = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
    return Promise.race([promise, limit, this.ended]).finally(() => clearTimeout(timer));
  }

  pause(ms) {
    return this.within(ms, new Promise(() => {}));
  }
}

// The microphone

async function microphone(run, found, tell) {
  const set = (values) => {
    Object.assign(found, values);
    tell();
  };
  set({ state: "asking" });
  let track;
  try {
    const wishes = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const asked = navigator.mediaDevices.getUserMedia({ audio: wishes });
    // One that is granted after the end is stopped at once.
    asked.then((stream) => stream.getTracks().forEach((each) => run.holds(() => each.stop())), () => {});
    track = (await run.within(TOTAL_MS, asked))?.getAudioTracks()[0];
  } catch (error) {
    return set({ state: "failed", reason: navigator.mediaDevices ? await microphoneReason(error) : "missing" });
  }
  if (!track) return set({ state: "unanswered" });
  set({ state: "live", label: track.label, level: 0 });
  const context = new AudioContext();
  run.holds(() => void context.close());
  void context.resume();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const listen = async () => {
    while (!run.over) {
      analyser.getFloatTimeDomainData(samples);
      const level = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      // Before a gesture, or without a sound card, nothing is measured.
      if (context.state === "running") found.loudest = Math.max(found.loudest ?? 0, level);
      set({ level });
      await run.pause(100);
    }
  };
  void listen();
  await run.pause(LISTENING_MS);
}

// The server

/** Asks the server; brings the ICE servers, if it told them. */
async function server(run, { plan, loadSocketIo, token }, found, tell) {
  const failed = (state, code) => {
    Object.assign(found, { state, code: code ?? null });
    tell();
  };
  const [module, given] = await Promise.all([
    run.within(STEP_MS.module, loadSocketIo()).catch(() => {}),
    run.within(STEP_MS.token, new Promise((resolve) => resolve(typeof token === "function" ? token() : token))).catch(() => {}),
  ]);
  if (!module?.io) return failed("module-failed");
  if (typeof given !== "string") return failed("token-failed");
  let asked;
  const socket = module.io(plan.url, {
    forceNew: true,
    reconnection: false,
    tryAllTransports: true,
    timeout: STEP_MS.server,
    path: plan.path,
    transports: ["websocket", "polling"],
    auth: (send) => {
      asked = now();
      send({ ...plan.auth, token: given });
    },
  });
  run.holds(() => socket.disconnect());
  const heard = new Promise((resolve) => {
    socket.on("check", (check) => resolve({ state: "reached", check }));
    // A server that does not know checks gave a seat.
    socket.on("welcome", () => {
      resolve({ state: "older" });
    });
    socket.on("connect_error", ({ message }) => resolve(refusal(message)));
    socket.on("disconnect", () => resolve());
  });
  const answer = await run.within(STEP_MS.server, heard);
  const took = now() - asked;
  socket.off();
  if (answer?.state === "older") part(socket);
  else socket.disconnect();
  if (!answer?.state) {
    const door = new Door(plan.url.slice(0, -"/pairvoice".length) + plan.path.slice(0, -"/socket.io".length));
    run.holds(() => door.close());
    found.answer = await run.within(STEP_MS.asking, door.ask()).catch(() => {});
    return failed("unreachable");
  }
  if (answer.code) return failed(answer.state, answer.code);
  const { check, state } = answer;
  Object.assign(found, { state, version: check?.version ?? null, roundTripMs: Math.round(took) });
  tell();
  return Array.isArray(check?.iceServers) ? check.iceServers : undefined;
}

function refusal(message) {
  try {
    const { code, detail } = JSON.parse(message);
    if (code === "unauthorized") return { state: ["expired", "invalid"].includes(detail) ? `token-${detail}` : code, code };
    return { state: code === "version-mismatch" ? code : "refused", code };
  } catch {
    return undefined;
  }
}

// Candidates

const familyOf = (address) => (!address || address.endsWith(".local") ? null : address.includes(":") ? "v6" : "v4");

/** Gathers until all candidates are there, or until one satisfies a condition. */
async function gather(run, configuration, each) {
  const connection = new RTCPeerConnection(configuration);
  const close = () => connection.close();
  run.holds(close);
  const gathered = new Promise((resolve) => {
    connection.addEventListener("icecandidate", ({ candidate }) => {
      if (!candidate || (candidate.candidate && each(candidate))) resolve();
    });
  });
  connection.createDataChannel("check");
  await connection.setLocalDescription();
  await run.within(STEP_MS.gathering, gathered);
  close();
}

const urlsOf = ({ urls }) => [urls].flat();
const isRelay = (url) => /^turns?:/.test(url);
const transportOf = (url) => (url.startsWith("turns:") ? "tls" : /transport=tcp/.test(url) ? "tcp" : "udp");

async function candidates(run, iceServers, found, tell) {
  const known = new Set();
  await gather(run, { iceServers }, ({ type, protocol, address, relayProtocol }) => {
    // Relays are asked one by one.
    if (type === "relay" || !type) return false;
    const entry = { type, transport: relayProtocol ?? protocol, family: familyOf(address) };
    const name = Object.values(entry).join();
    if (!known.has(name)) {
      known.add(name);
      found.push(entry);
      tell();
    }
    return false;
  });
}

/** Asks a relay by one of its URLs; adds a candidate and tells whether it was reached. */
async function reach(run, server, found, tell) {
  const transport = transportOf(server.urls);
  let reached = false;
  await gather(run, { iceServers: [server], iceTransportPolicy: "relay" }, ({ type, address }) => {
    if (type !== "relay" || reached) return reached;
    found.push({ type, transport, family: familyOf(address) });
    tell();
    return (reached = true);
  });
  return reached && { ...server, transport };
}

// Through the relay, to oneself

/** Sends packets from one connection of this page to another one, through the relay alone. */
async function loop(run, server, found, tell) {
  const { transport, ...ice } = server;
  const [here, there] = [0, 1].map(() => new RTCPeerConnection({ iceServers: [ice], iceTransportPolicy: "relay" }));
  for (const connection of [here, there]) run.holds(() => connection.close());
  const out = here.createDataChannel("check", { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
  const back = there.createDataChannel("check", { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
  back.binaryType = "arraybuffer";
  const open = new Promise((resolve) => out.addEventListener("open", () => resolve(true)));
  let describe;
  const described = new Promise((resolve) => (describe = resolve));
  for (const [from, to] of [[here, there], [there, here]]) {
    from.addEventListener("icecandidate", async ({ candidate }) => {
      await described;
      if (candidate && !run.over) await to.addIceCandidate(candidate).catch(() => {});
    });
  }
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
  describe();
  if (!(await run.within(STEP_MS.linking, open))) return;
  Object.assign(found, { state: "carries", transport, sent: 0, received: 0 });
  const trips = [];
  back.addEventListener("message", ({ data }) => {
    trips.push(now() - new Float64Array(data, 0, 1)[0]);
    found.received += 1;
  });
  const began = now();
  const ms = Math.min(PACKETS.ms, run.left - STRAGGLERS_MS - 100);
  const packet = new Float64Array(Math.ceil(PACKETS.bytes / 8));
  while (!run.over && out.readyState === "open" && now() - began < ms) {
    // As many as are due: timers of a page that nobody looks at come late.
    while (found.sent * PACKETS.every <= now() - began && out.readyState === "open") {
      packet[0] = now();
      out.send(packet);
      found.sent += 1;
    }
    found.roundTripMs = median(trips);
    if (found.sent % 25 === 0) tell();
    await run.pause(PACKETS.every);
  }
  await run.pause(STRAGGLERS_MS);
  Object.assign(found, { roundTripMs: median(trips), seconds: Math.round((now() - began - STRAGGLERS_MS) / 100) / 10 });
  tell();
}

function median(numbers) {
  const middle = [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
  return middle === undefined ? null : Math.round(middle);
}

// All of it

async function network(run, asked, result, tell) {
  const servers = await server(run, asked, result.server, () => tell("server"));
  if (asked.plan.incapable) return;
  const found = result.candidates;
  const list = () => tell("candidates");
  const direct = candidates(run, servers ?? [], found, list).catch(() => {});
  const relays = (servers ?? []).flatMap((each) => urlsOf(each).filter(isRelay).map((urls) => ({ ...each, urls })));
  const { relay } = result;
  relay.state = relays.length > 0 ? "unreached" : servers ? "none" : "unknown";
  const reached = relays.map((each) => reach(run, each, found, list).catch(() => false));
  // The first one in the server's order that was reached: UDP before TCP, for it is the best for voice.
  for (const first of reached) {
    const best = await first;
    if (!best) continue;
    relay.state = "reached";
    tell("relay");
    await loop(run, best, relay, () => tell("relay")).catch(() => {});
    break;
  }
  tell("relay");
  await Promise.all([direct, ...reached]);
}

const MICROPHONE = ({ state, loudest, reason }) => {
  // The verdict does not tell who refused it.
  if (state === "failed") return { failed: reason === "dismissed" || reason === "blocked" ? "denied" : reason };
  // One that is switched off brings zeros; a quiet room does not.
  if (state === "live") return loudest === 0 ? "silent" : "live";
  return state;
};

/** Runs a check that has taken `spent` milliseconds already; `judge` makes a verdict of what was found. */
export async function check({ plan, judge, loadSocketIo, options, spent }) {
  const { token, signal, onProgress } = options;
  const run = new Run(signal, spent);
  const result = {
    microphone: { state: "skipped", reason: null, label: "", level: null },
    server: { state: "asking", code: null, version: null, roundTripMs: null },
    candidates: [],
    relay: { state: "unknown", transport: null, sent: 0, received: 0, roundTripMs: null, seconds: 0 },
  };
  const shown = () => {
    const { loudest, ...heard } = result.microphone;
    const { answer, ...asked } = result.server;
    return structuredClone({ ...result, microphone: heard, server: asked, tookMs: run.took });
  };
  const tell = (step) => {
    if (run.over || !onProgress) return;
    try {
      onProgress(step, shown());
    } catch (error) {
      globalThis.reportError?.(error);
    }
  };
  try {
    const wanted = options.microphone !== false && !plan.incapable;
    const steps = [network(run, { plan, loadSocketIo, token }, result, tell)];
    if (wanted) steps.push(microphone(run, result.microphone, () => tell("microphone")));
    await Promise.race([Promise.allSettled(steps), run.ended]);
  } finally {
    run.end();
  }
  signal?.throwIfAborted();
  const { microphone: heard, server: asked, relay, candidates: ways } = result;
  if (heard.state === "asking") heard.state = "unanswered";
  if (asked.state === "asking") asked.state = "unreachable";
  const verdict = judge({
    incapable: plan.incapable,
    microphone: MICROPHONE(heard),
    server: asked.state,
    answer: asked.answer,
    reflexive: ways.some(({ type }) => type === "srflx" || type === "prflx"),
    relay: relay.state,
    slowTransport: relay.state === "carries" && relay.transport !== "udp",
    sent: relay.sent,
    received: relay.received,
    roundTripMs: relay.roundTripMs,
  });
  return { ...verdict, ...shown() };
}
