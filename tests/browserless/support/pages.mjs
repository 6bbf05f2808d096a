// Two pages of a session without browsers: what `sendData()` promises, with its limits, over a way that takes its time.
const TOPIC = "yjs";
const MAX_DATA_BYTES = 65_536;
const MAX_WAITING = 8 * 1024 * 1024;
const WINDOW = 128 * 1024;
const FRAME = 256;
const DEADLINE_MS = 20_000;

const refusal = (code) => Promise.reject(Object.assign(new Error(code), { code }));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Waits for a state. */
export async function until(what, isSo) {
  const end = Date.now() + DEADLINE_MS;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`waited for: ${what}`);
    await turn();
  }
}

/** A page and its session. */
class Page {
  /** Of a provider's: bytes that were taken to be sent, pieces, and refusals by their codes. */
  sent = 0;
  calls = 0;
  refused = [];
  /** What else the app sends leaves no room for a provider until so many refusals. */
  full = 0;
  /** Nothing gets through. */
  stuck = false;
  waiting = [];
  #cost = 0;
  #state = { session: { state: "joined" }, peer: { presence: "absent" } };
  #peer;
  #listeners = { data: new Set(), change: new Set() };
  #moving = false;

  getState = () => this.#state;
  subscribe = (callback) => this.on("change", callback);

  on = (event, callback) => {
    this.#listeners[event].add(callback);
    return () => this.#listeners[event].delete(callback);
  };

  sendData = async (topic, data) => {
    const isProvider = topic === TOPIC;
    this.calls += isProvider ? 1 : 0;
    const [refused] = [
      this.#state.session.state === "ended" && "session-ended",
      data.length > MAX_DATA_BYTES && "data-too-large",
      (!this.#peer || this.#state.peer.presence === "absent") && "peer-absent",
      this.#cost + data.length + FRAME > MAX_WAITING && "data-queue-full",
      isProvider && this.refused.length < this.full && "data-queue-full",
    ].filter(Boolean);
    if (refused) {
      if (isProvider) this.refused.push(refused);
      return refusal(refused);
    }
    const cost = data.length + FRAME;
    this.#cost += cost;
    this.sent += isProvider ? data.length : 0;
    return new Promise((resolve, reject) => {
      this.waiting.push({ topic, data: data.slice(), cost, resolve, reject });
      void this.#move();
    });
  };

  /** The other's page is known; another one than before takes nothing that was meant for that one. */
  meet(peer) {
    if (this.#peer && this.#peer !== peer) {
      this.#cost = 0;
      for (const { reject } of this.waiting.splice(0)) reject(Object.assign(new Error("peer-gone"), { code: "peer-gone" }));
    }
    this.#peer = peer;
    this.sees("present");
    void this.#move();
  }

  sees(presence) {
    this.#become({ ...this.#state, peer: { presence } });
  }

  end() {
    this.#become({ session: { state: "ended" }, peer: { presence: "absent" } });
    for (const { reject } of this.waiting.splice(0)) reject(Object.assign(new Error("session-ended"), { code: "session-ended" }));
  }

  moves(isStuck) {
    this.stuck = isStuck;
    void this.#move();
  }

  take(topic, data) {
    for (const callback of this.#listeners.data) callback({ topic, data });
  }

  #become(state) {
    this.#state = state;
    for (const callback of this.#listeners.change) callback();
  }

  /** So many bytes at once, in order; each is told of when it has arrived. */
  async #move() {
    if (this.#moving) return;
    this.#moving = true;
    await turn();
    while (this.waiting.length > 0 && !this.stuck) {
      let window = WINDOW;
      while (this.waiting.length > 0 && !this.stuck && (window -= this.waiting[0].cost) >= 0) {
        const { topic, data, cost, resolve } = this.waiting.shift();
        this.#cost -= cost;
        this.#peer.take(topic, data);
        resolve();
      }
      await turn();
    }
    this.#moving = false;
  }
}

/** Two pages that see each other. */
export function pages() {
  const both = [new Page(), new Page()];
  meet(...both);
  return both;
}

export const page = () => new Page();

export function meet(a, b) {
  a.meet(b);
  b.meet(a);
}

/** Until nothing is under way, and nothing comes of what arrived. */
export async function quiet(...all) {
  let calls = -1;
  await until("no more traffic", () => {
    const now = all.reduce((total, { calls: made }) => total + made, 0);
    const isQuiet = now === calls && all.every(({ waiting, stuck }) => stuck || waiting.length === 0);
    calls = now;
    return isQuiet;
  });
}
