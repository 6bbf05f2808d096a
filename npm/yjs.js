// A Yjs provider over a session's app data: documents and awareness of the two people are the same, whatever breaks in between.
import { ObservableV2 } from "lib0/observable";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import { readSyncMessage, writeSyncStep1, writeUpdate } from "y-protocols/sync";

/** A message of the sync protocol (y-protocols). */
const SYNC = 0;
/** States of people (y-protocols). */
const AWARENESS = 1;
/** A first step of the sync protocol from somebody who has just come: it is answered by both steps. */
const HELLO = 2;

/** So many bytes of a message go in one piece, behind a byte that tells whether it is the first and the last one. */
const PIECE = 65_535;
const FIRST = 1;
const LAST = 2;
/** Larger messages are not kept, in bytes: the other side may be anything. */
const MAX_MESSAGE = 32 * 1024 * 1024;

export class PairvoiceProvider extends ObservableV2 {
  #session;
  #topic;
  #pieces;
  #size = 0;
  #isOwn;
  #stops;
  #there = false;
  #synced = false;

  constructor(session, doc, { topic = "yjs", awareness } = {}) {
    super();
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
    if (origin !== this) this.#send(SYNC, (encoder) => writeUpdate(encoder, update));
  };

  #aware = ({ added, updated, removed }, origin) => {
    if (origin !== this) this.#states([...added, ...updated, ...removed]);
  };

  #destroy = () => this.destroy();

  /** Whoever comes is greeted, and the states of whoever goes are forgotten. */
  #look = () => {
    const { session, peer } = this.#session.getState();
    const there = session.state === "joined" && peer.presence === "present";
    const before = this.#there;
    this.#there = there || (before && peer.presence !== "absent" && session.state !== "ended");
    if (there && !before) {
      this.#send(HELLO, (encoder) => writeSyncStep1(encoder, this.doc));
      this.#show();
    }
    if (this.#there) return;
    this.#forget();
    this.#becomes(false);
  };

  #forget() {
    const others = [...this.awareness.getStates().keys()].filter((client) => client !== this.doc.clientID);
    if (others.length > 0) removeAwarenessStates(this.awareness, others, this);
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

  #states(clients, states = this.awareness.states) {
    const known = clients.filter((client) => this.awareness.meta.has(client));
    if (known.length > 0) this.#send(AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(this.awareness, known, states)));
  }

  #send(kind, write) {
    // Whoever is not there is greeted when they come, and then gets what they lack.
    if (!this.#there) return;
    const encoder = encoding.createEncoder();
    encoding.writeUint8(encoder, kind);
    write(encoder);
    const bytes = encoding.toUint8Array(encoder);
    for (let at = 0; at < bytes.length; at += PIECE) {
      const part = bytes.subarray(at, at + PIECE);
      const piece = new Uint8Array(part.length + 1);
      piece[0] = (at === 0 ? FIRST : 0) | (at + PIECE >= bytes.length ? LAST : 0);
      piece.set(part, 1);
      this.#session.sendData(this.#topic, piece).then(this.#look, this.#unsent);
    }
  }

  /** A piece is missing there: both sides begin anew, as soon as there is room again. */
  #unsent = ({ code }) => {
    if (code !== "data-queue-full") return;
    this.#there = false;
    this.#becomes(false);
  };

  #take = ({ topic, data }) => {
    if (topic !== this.#topic || typeof data === "string" || data.length === 0) return;
    // A page that is gone may have said half of something.
    if (data[0] & FIRST) [this.#pieces, this.#size] = [[], 0];
    this.#size += data.length - 1;
    if (this.#size > MAX_MESSAGE) this.#pieces = undefined;
    this.#pieces?.push(data.subarray(1));
    if (!this.#pieces || !(data[0] & LAST)) return;
    const bytes = new Uint8Array(this.#size);
    const pieces = this.#pieces;
    this.#pieces = undefined;
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    try {
      this.#read(decoding.createDecoder(bytes));
    } catch (error) {
      console.warn("pairvoice: a message of the other's document could not be read", error);
    }
  };

  #read(decoder) {
    const kind = decoding.readUint8(decoder);
    if (kind === AWARENESS) return applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this);
    const answer = encoding.createEncoder();
    const step = readSyncMessage(decoder, answer, this.doc, this);
    const bytes = encoding.toUint8Array(answer);
    if (bytes.length > 0) this.#send(SYNC, (encoder) => encoding.writeUint8Array(encoder, bytes));
    if (kind === HELLO) {
      // It may be another page than before, whose people are gone.
      this.#forget();
      this.#send(SYNC, (encoder) => writeSyncStep1(encoder, this.doc));
      this.#show();
    }
    // The second step brings everything that the other has.
    if (step === 1) this.#becomes(true);
  }

  destroy() {
    for (const stop of this.#stops.splice(0)) stop();
    this.doc.off("update", this.#update);
    this.doc.off("destroy", this.#destroy);
    this.awareness.off("update", this.#aware);
    // Told and not done: an awareness of the app's goes on.
    this.#states([this.doc.clientID], new Map());
    this.#there = false;
    if (this.#isOwn) this.awareness.destroy();
    super.destroy();
  }
}
