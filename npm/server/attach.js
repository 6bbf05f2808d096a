// pairvoice's namespace on an app's Socket.IO server. What stands there for good leads to whoever serves it at the moment (host.js).
import { Host, restarting } from "./host.js";
import { answerKnock, isKnock, leaveKnocks, listenForKnocks } from "./knock.js";
import { endUnlessShared } from "./peer.js";
import { Refused } from "./refusal.js";

const NAMESPACE = "/pairvoice";
/** Engine.IO's error of a request that `allowRequest` does not let pass. */
const FORBIDDEN = 4;

/** Of each Socket.IO server. It takes no middleware back, so that its namespace has one for good, and an app may close and attach again. */
const places = new WeakMap();

class Place {
  /** Who serves it, if anybody does. */
  host;
  #io;

  constructor(io) {
    this.#io = io;
    const namespace = io.of(NAMESPACE);
    namespace.use((socket, next) => (this.host ? this.host.enter(socket, next) : turnAway(socket, next)));
    namespace.on("connection", (socket) => (this.host ? this.host.connected(socket) : socket.disconnect(true)));
  }

  refused = (told, who) => this.host?.refused(told, who);

  knock = (request, response) => {
    const admit = (read, to) => {
      if (!this.host) throw new Refused(restarting());
      return this.host.knock(read, request, to);
    };
    return answerKnock(this.#io, request, response, admit, this.refused);
  };
}

/** Between two that serve. */
function turnAway(socket, next) {
  next(new Error(JSON.stringify(restarting())));
  setImmediate(() => endUnlessShared(socket));
}

/** The contract is index.d.ts. */
export function attachPairvoice(io, options) {
  if (places.get(io)?.host) throw new Error("this Socket.IO server has pairvoice already; wait for the promise of its close() before it is attached again");
  const host = new Host(options ?? {});
  if (!places.has(io)) places.set(io, new Place(io));
  const place = places.get(io);
  place.host = host;
  if (io.httpServer && options.knock !== false) listenForKnocks(io.httpServer, place.knock);
  else if (io.httpServer) leaveKnocks(io.httpServer, place.knock);
  // Whom the app's Socket.IO server does not let connect at all.
  const turnedAway = ({ code, req, context }) => {
    if (code === FORBIDDEN) host.refused({ code: "origin-forbidden", message: context?.message }, { origin: req?.headers.origin });
  };
  io.engine?.on("connection_error", turnedAway);
  return {
    revoke: (sessionId, userId) => host.revoke(sessionId, userId),
    async close() {
      io.engine?.off("connection_error", turnedAway);
      try {
        await host.close();
      } finally {
        if (place.host === host) place.host = undefined;
      }
    },
    handleKnock(request, response) {
      const mine = isKnock(request);
      if (mine) place.knock(request, response);
      return mine;
    },
    get sessions() {
      return host.size;
    },
  };
}
