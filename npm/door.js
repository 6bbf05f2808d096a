// The way to the server by HTTP: a knock is there before a socket is open, over a connection that the page has already. And the
// ICE servers that the server told, so that an offer can be made before it answers.

/** How long the server may hold a knock until the other says something, in milliseconds. */
const WAIT_MS = 5_000;
/** Longest wait for an answer, in milliseconds. */
const LIMIT_MS = 8_000;
/** How long a goodbye waits for its acknowledgement, in milliseconds. */
const GOODBYE_MS = 1_000;
/** Where the ICE servers of the last session are kept in `localStorage`. */
const KEY = "pairvoice.ice";
/** Credentials that are not good for so long any more are none, in milliseconds. */
const LEFT_MS = 120_000;

/** The servers that were told last, for whom, and until when. */
let told;

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    // No storage, or something else in it.
  }
}

/** Says goodbye on a socket, and closes it once the server has it: a server may drop what comes in one go with the end. */
export function part(socket) {
  const end = () => {
    removeEventListener("pagehide", end);
    socket.disconnect();
  };
  if (!socket.connected) return end();
  addEventListener("pagehide", end);
  socket.timeout(GOODBYE_MS).emit("bye", null, end);
}

export class Door {
  part = part;
  #url;
  #name;
  #open = new Set();

  constructor(server, session, user) {
    this.#url = `${server}/pairvoice/knock`;
    this.#name = JSON.stringify([server, session, user]);
  }

  /** What the work brings, which ends with the session, and after a while. */
  async #within(work) {
    const request = new AbortController();
    this.#open.add(request);
    const timer = setTimeout(() => request.abort(), LIMIT_MS);
    try {
      return await work({ cache: "no-store", signal: request.signal });
    } finally {
      clearTimeout(timer);
      this.#open.delete(request);
    }
  }

  /** Posts a handshake; resolves with the answer, or with nothing when what answers does not know knocks. */
  knock(handshake, fresh) {
    return this.#within(async (options) => {
      const response = await fetch(handshake.check ? this.#url : `${this.#url}?wait=${WAIT_MS}`, {
        method: "POST",
        // A type that asks for no preflight of another origin (Fetch, section 3.2.2).
        headers: { "content-type": "text/plain" },
        body: JSON.stringify(handshake),
        // Connections with and without credentials are apart: there is none of these that leads over another network.
        credentials: fresh ? "omit" : "same-origin",
        ...options,
      });
      // Whatever else is no JSON is a stop on the way, and none of the server's.
      if (response.status === 404 || response.status === 405) return;
      return response.json();
    });
  }

  /** Asks why no socket opens; resolves with what answers, by the status 0 where this page may not read it. */
  ask() {
    return this.#within(async (options) => {
      if (!navigator.onLine) return;
      // By POST, for with a GET a browser does not name the origin to its own server.
      const ask = (mode) => fetch(`${this.#url}?why`, { ...options, method: "POST", mode });
      const response = await ask("cors").catch(() => ask("no-cors"));
      const { code, message } = (await response.json().catch(() => {})) ?? {};
      const { status } = response;
      if (typeof code === "string" && typeof message === "string") return { status, code, message };
      return { status, message: status ? `HTTP ${status}` : "this page may not read it" };
    });
  }

  iceServers() {
    const known = told?.name === this.#name ? told : stored();
    return known?.name === this.#name && known.until > Date.now() + LEFT_MS ? known.servers : undefined;
  }

  keep(servers, lifetime) {
    told = { name: this.#name, servers, until: Date.now() + (lifetime ?? 86_400) * 1000 };
    try {
      localStorage.setItem(KEY, JSON.stringify(told));
    } catch {
      // For this page they are kept all the same.
    }
  }

  close() {
    for (const request of this.#open) request.abort();
  }
}
