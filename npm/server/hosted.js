// One session's room and what its outputs need: sockets, acknowledgements, timers, the chat log. The room decides, this performs.
import { Room } from "./room.js";

/** Longest delay that `setTimeout` takes, in milliseconds; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

export class Hosted {
  /** Sockets that were let in, or wait to be, by number. */
  sockets = new Map();
  /** What acknowledges an event, by the number of its request. */
  requests = new Map();
  /** What answers a knock, by its number. */
  knocks = new Map();
  #host;
  #session;
  #room;
  #timers = new Map();
  #inputs = [];
  #runs = false;

  constructor(host, session) {
    this.#host = host;
    this.#session = session;
    this.#room = new Room(session);
  }

  /** Nobody has a seat, and no answer of the chat log is waited for. */
  get isIdle() {
    return !this.#runs && this.#room.isEmpty && this.requests.size === 0;
  }

  free() {
    for (const stop of this.#timers.values()) stop();
    this.#room.free();
  }

  /** Gives the room an input, and performs all that follows. `unreadable` is called when the input does not have its form. */
  run(input, unreadable) {
    this.#inputs.push([input, unreadable]);
    // What is performed may bring the next input at once.
    if (this.#runs) return;
    this.#runs = true;
    try {
      for (let next; (next = this.#inputs.shift()); ) {
        const outputs = this.#room.handle(next[0]);
        if (outputs) for (const output of outputs) this.#perform(output);
        else next[1]?.();
      }
    } finally {
      this.#runs = false;
    }
    this.#host.forget(this.#session, this);
  }

  #perform(output) {
    const [[what, of]] = typeof output === "string" ? [[output]] : Object.entries(output);
    switch (what) {
      case "admit":
        return this.sockets.get(of.socket)?.admit() ?? this.run({ closed: { socket: of.socket } });
      case "refuse":
        return this.#take(of.socket)?.refuse(of.refusal);
      case "hangUp":
        return this.#take(of.socket)?.hangUp();
      case "send":
        return this.#send(of.to, of.event);
      case "acknowledge": {
        const acknowledge = this.requests.get(of.request);
        this.requests.delete(of.request);
        return acknowledge?.(of.answer);
      }
      case "answerKnock": {
        const answer = this.knocks.get(of.knock);
        this.knocks.delete(of.knock);
        const { Ok: knocked } = of.answer;
        if (answer && !answer(of.answer) && knocked) this.run({ knockLost: { signals: knocked.signals } });
        return undefined;
      }
      case "renewIce":
        return void this.#renewIce(of.socket);
      case "store":
        return void this.#store(of);
      case "setTimer":
        return this.#setTimer(of.timer, of.after);
      case "clearTimer":
        return this.#clearTimer(JSON.stringify(of.timer));
      case "log":
        return this.#host.log({ ...of, session: this.#session });
      default:
        return undefined;
    }
  }

  #take(number) {
    const peer = this.sockets.get(number);
    this.sockets.delete(number);
    return peer;
  }

  #send(to, event) {
    const [[name, body]] = Object.entries(event);
    // A socket that is gone has been reported, or is about to be.
    if (this.sockets.get(to)?.emit(name, body) === false) this.run({ overflowed: { socket: to, event } });
  }

  async #renewIce(socket) {
    const peer = this.sockets.get(socket);
    if (!peer) return;
    const ice = await peer.iceServers();
    this.#host.input(this.#session, { ice: { socket, ice } });
  }

  /** Hands a request to the chat log, whose answer is an input. */
  async #store(request) {
    const { chatLog } = this.#host;
    const [[what, of]] = Object.entries(request);
    const session = this.#session;
    const answer = async (asked, name, input) => {
      const { Ok, Err, error } = await asked;
      if (Err) this.#host.log({ event: "store-failed", session, error });
      const result = Err ? { Err } : { Ok };
      // An answer of an app's store that does not have its form is as good as none.
      const failed = () => this.#host.input(session, { [name]: input({ Err: "busy" }) });
      this.#host.input(session, { [name]: input(result) }, failed);
    };
    const { socket, knock, request: number } = of;
    switch (what) {
      case "page":
        return answer(chatLog.page(session, of), "pageRead", (page) => ({ socket, page }));
      case "admission":
        return answer(chatLog.admission(session), "admissionRead", (admission) => ({ knock, admission }));
      case "pin":
        return answer(chatLog.pin(session, of.participants), "pinned", (participants) => ({ participants }));
      case "append":
        return answer(chatLog.append(session, of.user, of.messages), "appended", (result) => ({ request: number, result }));
      case "raise":
        return answer(chatLog.raise(session, of.receipt), "raised", (result) => ({ request: number, result }));
      default:
        return answer(chatLog.history(session, of), "historyRead", (result) => ({ request: number, result }));
    }
  }

  #setTimer(timer, after) {
    const key = JSON.stringify(timer);
    this.#clearTimer(key);
    const until = performance.now() + after;
    let running;
    const wait = () => {
      const left = until - performance.now();
      running = setTimeout(left > LONGEST_MS ? wait : fire, Math.min(Math.max(left, 0), LONGEST_MS));
      // A session by itself does not keep the process.
      running.unref();
    };
    const fire = () => {
      this.#timers.delete(key);
      this.run({ timerFired: { timer } });
    };
    this.#timers.set(key, () => clearTimeout(running));
    wait();
  }

  #clearTimer(key) {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }
}
