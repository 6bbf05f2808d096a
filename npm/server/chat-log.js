// The chat log's rules over a store: what is durable before it is acknowledged, which numbers messages get, what a client has missed.
// Questions and changes of one session are answered one after the other, so a store needs no rules of its own.

/** Messages that come with a first welcome, and with a later one. */
const FIRST_PAGE = 100;
const MISSED_PAGE = 200;
/** Bytes of text in one page; the newest message always fits. */
const PAGE_BYTES = 96 * 1024;

/** A number under a user's name, which may be any text. */
const numberOf = (numbers, user) => (numbers && Object.hasOwn(numbers, user) ? numbers[user] : 0);

/** An array of messages that is no longer than a page, and whether older ones were left out. `rows` has one more than the limit. */
function pageOf(rows, limit) {
  let bytes = 0;
  let from = rows.length;
  while (from > 0 && rows.length - from < limit) {
    bytes += Buffer.byteLength(rows[from - 1].text);
    if (bytes > PAGE_BYTES && from < rows.length) break;
    from -= 1;
  }
  // Nothing is called older than a page without a message.
  return [rows.slice(from), from > 0 && from < rows.length];
}

export class ChatLog {
  #store;
  #userBytes;
  /** The last work of each session. */
  #tails = new Map();

  constructor(store, userBytes) {
    for (const name of ["load", "read", "find", "write"]) {
      if (typeof store?.[name] !== "function") throw new TypeError(`options.store needs the function ${name}; see sqliteStore() and memoryStore()`);
    }
    this.#store = store;
    this.#userBytes = userBytes;
  }

  /** Works on a session after what was begun before. Resolves with `{ Ok }` or `{ Err: "busy" | "full" }`. */
  #inTurn(session, work) {
    const before = this.#tails.get(session) ?? Promise.resolve();
    const result = before.then(work).then(
      (Ok) => ({ Ok }),
      (error) => ({ Err: error?.code === "storage-full" ? "full" : "busy", error }),
    );
    this.#tails.set(session, result);
    void result.then(() => this.#tails.get(session) === result && this.#tails.delete(session));
    return result;
  }

  /** Resolves when all that was begun is done. */
  async idle() {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }

  /** What a client that says what it knows of the log has missed, and who may enter the session. */
  page(session, { log, since, tip }) {
    return this.#inTurn(session, async () => {
      const kept = await this.#store.load(session);
      const same = log === kept.log && since <= kept.last && (await this.#hasTip(session, since, tip));
      const from = same ? since : 0;
      const limit = from === 0 ? FIRST_PAGE : MISSED_PAGE;
      const rows = await this.#store.read(session, { after: from, before: kept.last + 1, limit: limit + 1 });
      const [messages, more] = pageOf(rows, limit);
      const page = { log: kept.log, since: from, last: kept.last, receipts: kept.receipts, messages, more };
      return [page, admissionOf(kept)];
    });
  }

  /** Whether the message at the client's `since` is the one that the client knows there, or is no longer kept. */
  async #hasTip(session, since, tip) {
    if ((tip ?? undefined) === undefined) return true;
    const [known] = since > 0 ? await this.#store.read(session, { after: since - 1, before: since + 1, limit: 1 }) : [];
    if (known) return known.id === tip;
    return (await this.#store.read(session, { after: 0, before: since + 1, limit: 1 })).length === 0;
  }

  /** Who may enter. */
  admission(session) {
    return this.#inTurn(session, async () => admissionOf(await this.#store.load(session)));
  }

  history(session, { before, limit }) {
    return this.#inTurn(session, async () => {
      const until = Math.min(before, Number.MAX_SAFE_INTEGER);
      return pageOf(await this.#store.read(session, { after: 0, before: until, limit: limit + 1 }), limit);
    });
  }

  /** Writes messages, each once however often it arrives. */
  append(session, user, messages) {
    return this.#inTurn(session, async () => {
      const kept = await this.#store.load(session);
      const known = new Map((await this.#store.find(session, messages.map(({ id }) => id))).map((row) => [row.id, row]));
      const appended = { accepted: [], new: [], taken: null, full: null };
      let seq = kept.last;
      let room = this.#userBytes - numberOf(kept.bytes, user);
      for (const { id, text } of messages) {
        let row = known.get(id);
        if (row && row.sender !== user) {
          appended.taken = id;
          break;
        }
        if (!row) {
          room -= Buffer.byteLength(text);
          if (room < 0) {
            appended.full = id;
            break;
          }
          row = { id, sender: user, seq: (seq += 1), at: Date.now(), text };
          known.set(id, row);
          appended.new.push(row);
        }
        appended.accepted.push({ id, seq: row.seq, at: row.at });
      }
      if (appended.new.length > 0) await this.#store.write(session, { messages: appended.new });
      return appended;
    });
  }

  /** Writes how far somebody has got. Numbers never fall, and nobody can have got further than the log goes. */
  raise(session, { user, delivered, read }) {
    return this.#inTurn(session, async () => {
      const { last, receipts } = await this.#store.load(session);
      const before = receipts.find((receipt) => receipt.user === user) ?? { delivered: 0, read: 0 };
      const seen = Math.min(read, last);
      const receipt = { user, delivered: Math.max(before.delivered, Math.min(delivered, last), seen), read: Math.max(before.read, seen) };
      if (receipt.delivered !== before.delivered || receipt.read !== before.read) await this.#store.write(session, { receipt });
      return receipt;
    });
  }

  /** The first pin stays. */
  pin(session, participants) {
    return this.#inTurn(session, async () => {
      const kept = await this.#store.load(session);
      if (kept.participants) return kept.participants;
      await this.#store.write(session, { participants });
      return participants;
    });
  }

  /** Tokens of a user, or everybody's under an empty name, are void that were issued until a moment in seconds since 1970. */
  revoke(session, user, at) {
    return this.#inTurn(session, async () => {
      const before = numberOf((await this.#store.load(session)).revoked, user);
      await this.#store.write(session, { revoked: { user, at: Math.max(at, before) } });
    });
  }
}

function admissionOf({ participants, revoked }) {
  return { participants: participants ?? null, revoked: revoked ?? {} };
}
