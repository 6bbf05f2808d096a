// What one connection and one user may send, and what may wait to be read.
import { refusal } from "./refusal.js";

/** So many seconds' worth of events may come at once. */
const BURST_S = 4;
/** Refusals after which a connection is closed, and how long one counts, in milliseconds. */
const STRIKES = 3;
const FORGIVEN_MS = 10_000;
/** Refusals that a client in order hardly ever gets. */
const ABUSE = new Set(["rate-limited", "bad-request", "too-large", "foreign-sender", "not-joined", "unauthorized"]);
/** With less than this unread, any packet may be sent: a welcome always fits behind the few words that come before it. */
const FEW_BYTES = 4 * 1024;
const MAX_UNREAD_BYTES = 1024 * 1024;
const MAX_UNREAD_MS = 10_000;

/** A token bucket. */
export class Bucket {
  holders = 0;
  #rate;
  #size;
  #tokens;
  #filled = performance.now();

  constructor(rate) {
    this.#rate = rate;
    this.#size = rate * BURST_S;
    this.#tokens = this.#size;
  }

  #fill() {
    const now = performance.now();
    this.#tokens = Math.min(this.#size, this.#tokens + ((now - this.#filled) / 1000) * this.#rate);
    this.#filled = now;
  }

  /** Takes what so many events cost; gives nothing, or after how many milliseconds they would be granted. */
  take(events) {
    this.#fill();
    if (this.#tokens >= events) {
      this.#tokens -= events;
      return undefined;
    }
    return Math.ceil(((Math.min(events, this.#size) - this.#tokens) / this.#rate) * 1000);
  }

  get isFull() {
    this.#fill();
    return this.#tokens >= this.#size;
  }
}

/** What one Engine.IO connection may do. */
export class Connection {
  bucket;
  /** The bucket of the user who is on it. */
  user;
  #strikes = 0;
  #struck = 0;

  constructor(rate) {
    this.bucket = new Bucket(rate);
  }

  /** A refusal when the events cost more than is there. */
  limited(own, user = own) {
    const after = this.bucket.take(own) ?? this.user?.take(user);
    return after === undefined ? undefined : refusal("rate-limited", "more events than this server takes", after);
  }

  /** Whether an answer was the last one that is borne. */
  strikes(answer) {
    if (!ABUSE.has(answer.error?.code)) return false;
    const now = performance.now();
    const forgiven = Math.floor((now - this.#struck) / FORGIVEN_MS);
    if (forgiven > 0 || this.#strikes === 0) {
      this.#strikes = Math.max(0, this.#strikes - forgiven);
      this.#struck = now;
    }
    this.#strikes += 1;
    return this.#strikes >= STRIKES;
  }
}

/** The buckets of users, which outlive their sockets: somebody who connects again finds the bucket as it was. */
export class UserBuckets {
  #rate;
  #buckets = new Map();

  constructor(rate) {
    this.#rate = rate;
  }

  of(session, user) {
    const key = JSON.stringify([session, user]);
    if (!this.#buckets.has(key)) this.#buckets.set(key, new Bucket(this.#rate));
    return this.#buckets.get(key);
  }

  /** Forgets those that are full and that no connection holds: a new one would be the same. */
  sweep() {
    for (const [key, bucket] of this.#buckets) if (bucket.holders === 0 && bucket.isFull) this.#buckets.delete(key);
  }
}

/** What an Engine.IO connection was told and has not read. */
export class Unread {
  #conn;
  #waiting = 0;
  #leaving = 0;
  #since = 0;

  constructor(conn) {
    this.#conn = conn;
    conn.on("packetCreate", ({ data }) => {
      if (this.bytes === 0) this.#since = performance.now();
      this.#waiting += data?.length ?? 0;
    });
    conn.on("flush", () => {
      this.#leaving = this.#waiting;
      this.#waiting = 0;
      this.#since = performance.now();
    });
  }

  get bytes() {
    return this.#waiting + (this.#conn.transport.writable ? 0 : this.#leaving);
  }

  /** Whether a packet that has just been sent was too much; `before` is what was unread before. */
  isTooMuch(before) {
    return before > FEW_BYTES && this.bytes > MAX_UNREAD_BYTES;
  }

  get isOverdue() {
    return this.bytes > 0 && performance.now() - this.#since > MAX_UNREAD_MS;
  }
}
