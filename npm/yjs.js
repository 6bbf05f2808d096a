// A Yjs provider over a session's app data: documents and awareness of the two people are the same, whatever breaks in between.
import { ObservableV2 } from "lib0/observable";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from "y-protocols/sync";
import { applyUpdate, decodeStateVector, encodeStateAsUpdate, encodeStateVector, mergeUpdates } from "yjs";

import { checkTopic } from "./data.js";

/** A message of the sync protocol (y-protocols). */
const SYNC = 0;
/** States of people (y-protocols). */
const AWARENESS = 1;
/** A first step of the sync protocol from somebody who has just come: it is answered by both steps. */
const HELLO = 2;

/** So many bytes of a message go in one piece, behind a byte that tells whether it is the first and the last one, and above these its number. */
const PIECE = 65_535;
const FIRST = 1;
const LAST = 2;
const ALONE = FIRST | LAST;
const NUMBERS = 64;
/** So many pieces are under way at once: the session's own data waits behind them. */
const MAX_FLYING = 8;
/** Larger messages are neither sent nor kept, in bytes: the other side may be anything. */
const MAX_MESSAGE = 32 * 1024 * 1024;
/** When more updates wait, in bytes, they are taken from the document once there is room. */
const MAX_WAITING = 8 * 1024 * 1024;
/** What an update takes beside its bytes, about. */
const FRAME = 128;
/** What was refused is tried again after so many milliseconds. */
const RETRY_MS = 1_000;
/** What is refused so is refused however often one tries. */
const FINAL = new Set(["invalid-options", "data-too-large"]);
const refusal = (code, message) => Object.assign(new Error(message), { name: "PairvoiceError", code });

/** The content of a message. */
function message(kind, content, step) {
  const encoder = encoding.createEncoder();
  encoding.writeUint8(encoder, kind);
  if (step !== undefined) encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, content);
  return encoding.toUint8Array(encoder);
}

/** A part of a message as it travels. */
function framed(part, head) {
  const piece = new Uint8Array(part.length + 1);
  piece[0] = head;
  piece.set(part, 1);
  return piece;
}

export class PairvoiceProvider extends ObservableV2 {
  #session;
  #topic;
  #isOwn;
  #stops;
  #there = false;
  #synced = false;
  #destroyed = false;
  /** What has come of a message, and how many bytes. */
  #pieces;
  #size = 0;

  /** What the other has at least: a state vector. Until it is known they are told nothing of the document. */
  #theirs;
  /** The same, once all that was handed over has arrived. */
  #told;
  /** What waits: a hello, a first step, all that the other lacks, updates after that, and whose states. */
  #greets = false;
  #asks = false;
  #all = false;
  #updates = [];
  #waiting = 0;
  #clients = new Set();
  /** States that something else went before are next. */
  #shows = false;
  /** The message that is being sent: its bytes, how far it is, the number of its next piece, and what the other has after it. */
  #rest;
  /** A refused piece, to be sent before anything else. */
  #again;
  /** So many pieces have neither arrived nor failed. */
  #flying = 0;
  #window = MAX_FLYING;
  #pause;
  /** Pieces of an earlier one do not matter any more. */
  #round = 0;

  constructor(session, doc, { topic = "yjs", awareness } = {}) {
    super();
    checkTopic(topic, refusal);
    this.#isOwn = awareness === undefined;
    this.#session = session;
    this.#topic = topic;
    this.doc = doc;
    this.awareness = awareness ?? new Awareness(doc);
    doc.on("update", this.#update);
    doc.on("destroy", this.#destroy);
    this.awareness.on("update", this.#aware);
    this.#stops = [session.on("data", this.#take), session.subscribe(this.#look)];
    this.#look();
  }

  /** Both documents were the same since the other came. */
  get synced() {
    return this.#synced;
  }

  #update = (update, origin) => {
    // Whoever has not said what they have gets this with the rest.
    if (origin === this || !this.#theirs || this.#all) return;
    this.#updates.push(update);
    this.#waiting += update.length + FRAME;
    this.#pump();
    if (this.#waiting > MAX_WAITING) this.#sendAll();
  };

  #aware = ({ added, updated, removed }, origin) => {
    if (origin === this) return;
    for (const client of [...added, ...updated, ...removed]) this.#clients.add(client);
    this.#pump();
  };

  #destroy = () => this.destroy();

  /** Whoever comes is greeted, and the states of whoever goes are forgotten. */
  #look = () => {
    if (this.#destroyed) return;
    const { session, peer } = this.#session.getState();
    const there = session.state === "joined" && peer.presence === "present";
    const before = this.#there;
    this.#there = there || (before && peer.presence !== "absent" && session.state !== "ended");
    if (there && !before) {
      this.#clear();
      this.#greets = true;
      this.#show();
      this.#pump();
    }
    if (this.#there) return;
    this.#clear();
    this.#forget();
    this.#becomes(false);
  };

  /** Others of the same numbers may come, and count from the beginning. */
  #forget() {
    const { clientID, meta } = this.awareness;
    const others = [...meta.keys()].filter((client) => client !== clientID);
    removeAwarenessStates(this.awareness, others, this);
    for (const client of others) meta.delete(client);
  }

  /** Tells this person's state under another number: under one that was seen before, the other would not take it again. */
  #show() {
    const state = this.awareness.getLocalState();
    if (state) this.awareness.setLocalState(state);
  }

  #becomes(synced) {
    if (this.#synced === synced) return;
    this.#synced = synced;
    this.emit("sync", [synced]);
  }

  /** Nothing waits any more, and nothing is known of the other. */
  #clear() {
    this.#round += 1;
    this.#theirs = this.#told = this.#rest = this.#again = undefined;
    this.#greets = this.#asks = this.#all = this.#shows = false;
    this.#dropUpdates();
    this.#clients.clear();
    this.#window = MAX_FLYING;
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  #dropUpdates() {
    this.#updates = [];
    this.#waiting = 0;
  }

  /** All that the other lacks goes next. */
  #sendAll() {
    this.#all = true;
    this.#dropUpdates();
  }

  /** Hands pieces over, as long as there is room. */
  #pump() {
    while (this.#there && !this.#pause && this.#flying < this.#window) {
      const piece = this.#again ?? this.#piece();
      if (!piece) return;
      this.#again = undefined;
      this.#hand(piece);
    }
  }

  #hand(piece) {
    const round = this.#round;
    this.#flying += 1;
    const arrived = () => {
      if (round === this.#round && piece.state) this.#theirs = piece.state;
    };
    const failed = (error) => round === this.#round && this.#refused(error, piece);
    const next = () => {
      this.#flying -= 1;
      this.#pump();
    };
    this.#session.sendData(this.#topic, piece.bytes).then(arrived, failed).then(next);
  }

  #refused(error, piece) {
    const { code } = error;
    if (code === "data-queue-full") {
      // With one piece under way none can be missing before another: from then on it is enough to repeat it.
      if (this.#window === 1) this.#again = piece;
      else this.#repeat();
    } else {
      this.#there = false;
      this.#clear();
      this.#becomes(false);
    }
    if (code === "session-ended" || this.#destroyed) return;
    if (FINAL.has(code)) {
      for (const stop of this.#stops.splice(0)) stop();
      this.#forget();
      return console.error("pairvoice: the document is no longer kept the same on both sides", error);
    }
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#look();
      this.#pump();
    }, RETRY_MS);
  }

  /** Some of what was said is missing there. */
  #repeat() {
    const theirs = this.#theirs;
    this.#clear();
    this.#theirs = this.#told = theirs;
    this.#greets = !theirs;
    this.#asks = this.#all = Boolean(theirs);
    this.#clients.add(this.awareness.clientID);
    this.#window = 1;
  }

  /** The next piece: its bytes, and what the other has once it has arrived, if that is known. */
  #piece() {
    // People stay visible beside a long message: what fits into one piece may come between others.
    const states = this.#shows ? this.#states(PIECE) : undefined;
    this.#shows = !states && this.#clients.size > 0;
    if (states) return { bytes: framed(states, ALONE) };
    if (!this.#rest) {
      const [bytes, state] = this.#next();
      if (!bytes) return undefined;
      if (bytes.length <= PIECE) return { bytes: framed(bytes, ALONE), state };
      this.#rest = { bytes, at: 0, number: 0, state };
    }
    const { bytes, at, number, state } = this.#rest;
    const end = at + PIECE;
    const isLast = end >= bytes.length;
    const head = (at === 0 ? FIRST : 0) | (isLast ? LAST : 0) | ((number % NUMBERS) << 2);
    this.#rest = isLast ? undefined : { bytes, at: end, number: number + 1, state };
    return { bytes: framed(bytes.subarray(at, end), head), state: isLast ? state : undefined };
  }

  /** The next message, and what the other has after it, if that is known. */
  #next() {
    const { doc } = this;
    if (this.#greets || this.#asks) {
      const kind = this.#greets ? HELLO : SYNC;
      this.#greets = this.#asks = false;
      return [message(kind, encodeStateVector(doc), messageYjsSyncStep1)];
    }
    if (!this.#all && this.#updates.length === 0) return [this.#states(MAX_MESSAGE)];
    const found = this.#all
      ? [message(SYNC, encodeStateAsUpdate(doc, this.#told), messageYjsSyncStep2), encodeStateVector(doc)]
      : [message(SYNC, mergeUpdates(this.#updates), messageYjsUpdate)];
    this.#all = false;
    this.#dropUpdates();
    if (found[0].length <= MAX_MESSAGE) {
      this.#told = found[1] ?? this.#told;
      return found;
    }
    // What comes later is of no use without it.
    this.#theirs = undefined;
    console.warn("pairvoice: the document is too large to be sent");
    return [this.#states(MAX_MESSAGE)];
  }

  /** The states that wait, if they are no larger. */
  #states(most) {
    const clients = [...this.#clients].filter((client) => this.awareness.meta.has(client));
    if (clients.length === 0) return undefined;
    const bytes = message(AWARENESS, encodeAwarenessUpdate(this.awareness, clients));
    if (bytes.length > most) return undefined;
    this.#clients.clear();
    return bytes;
  }

  #take = ({ topic, data }) => {
    if (topic !== this.#topic || typeof data === "string" || data.length === 0) return;
    // It may have come before the state that says so.
    if (!this.#there) this.#look();
    const [head] = data;
    const part = data.subarray(1);
    if ((head & ALONE) === ALONE) return this.#heard(part);
    // A page that is gone may have said half of something, and what was refused there is missing.
    if (head & FIRST) [this.#pieces, this.#size] = [[], 0];
    this.#size += part.length;
    if (this.#size > MAX_MESSAGE || head >> 2 !== this.#pieces?.length % NUMBERS) this.#pieces = undefined;
    this.#pieces?.push(part);
    if (!this.#pieces || !(head & LAST)) return;
    const bytes = new Uint8Array(this.#size);
    const pieces = this.#pieces;
    this.#pieces = undefined;
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#heard(bytes);
  };

  #heard(bytes) {
    try {
      this.#read(decoding.createDecoder(bytes));
    } catch (error) {
      console.warn("pairvoice: a message of the other's document could not be read", error);
    }
  }

  #read(decoder) {
    const kind = decoding.readUint8(decoder);
    if (kind === AWARENESS) return applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this);
    const step = decoding.readVarUint(decoder);
    const content = decoding.readVarUint8Array(decoder);
    if (step === messageYjsSyncStep1) this.#answer(kind === HELLO, content);
    else this.#apply(content);
    // The second step brings everything that the other has.
    if (step === messageYjsSyncStep2) this.#becomes(true);
  }

  #answer(isHello, theirs) {
    // Whoever has got all is told of the rest as it comes: a second answer would bring the document twice.
    if (!isHello && this.#theirs) return;
    decodeStateVector(theirs);
    if (isHello) {
      // It may be another page than before, whose people are gone.
      this.#pieces = undefined;
      this.#forget();
      this.#clear();
      this.#becomes(false);
      this.#asks = true;
      this.#show();
    }
    this.#theirs = this.#told = theirs;
    this.#sendAll();
    this.#pump();
  }

  /** Throws when the document has not got all of it; a listener's failure is another matter. */
  #apply(update) {
    let whole = false;
    try {
      this.doc.transact(() => {
        applyUpdate(this.doc, update, this);
        whole = true;
      }, this);
    } catch (error) {
      if (!whole) throw error;
      console.error("pairvoice: a listener of the document failed", error);
    }
  }

  destroy() {
    if (this.#destroyed) return;
    this.#destroyed = true;
    for (const stop of this.#stops) stop();
    this.doc.off("update", this.#update);
    this.doc.off("destroy", this.#destroy);
    this.awareness.off("update", this.#aware);
    const { clientID, meta } = this.awareness;
    if (this.#there && meta.has(clientID)) {
      // Told and not done: an awareness of the app's goes on.
      const gone = message(AWARENESS, encodeAwarenessUpdate(this.awareness, [clientID], new Map()));
      this.#session.sendData(this.#topic, framed(gone, ALONE)).catch(() => {});
    }
    this.#there = false;
    this.#clear();
    if (this.#isOwn) this.awareness.destroy();
    super.destroy();
  }
}
