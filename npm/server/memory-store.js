// A chat log that lives as long as the process: for tests and for apps whose chat need not outlive it.
import { randomBytes } from "node:crypto";

/** The contract is index.d.ts. */
export function memoryStore() {
  const log = randomBytes(16).toString("hex");
  const sessions = new Map();
  const of = (session) => {
    if (!sessions.has(session)) sessions.set(session, { messages: [], byId: new Map(), receipts: new Map(), revoked: new Map(), bytes: new Map() });
    return sessions.get(session);
  };
  return {
    async load(session) {
      const { messages, receipts, participants, revoked, bytes } = of(session);
      return { log, last: messages.at(-1)?.seq ?? 0, receipts: [...receipts.values()], participants, revoked: Object.fromEntries(revoked), bytes: Object.fromEntries(bytes) };
    },
    async read(session, { after, before, limit }) {
      const { messages } = of(session);
      // Numbers are places: nothing is ever removed.
      const end = Math.max(0, Math.min(before - 1, messages.length));
      return messages.slice(Math.max(after, end - limit), end);
    },
    async find(session, ids) {
      const { byId } = of(session);
      return ids.flatMap((id) => byId.get(id) ?? []);
    },
    async write(session, { messages = [], receipt, participants, revoked }) {
      const kept = of(session);
      for (const message of messages) {
        kept.messages.push(message);
        kept.byId.set(message.id, message);
        kept.bytes.set(message.sender, (kept.bytes.get(message.sender) ?? 0) + Buffer.byteLength(message.text));
      }
      if (receipt) kept.receipts.set(receipt.user, receipt);
      if (participants) kept.participants = participants;
      if (revoked) kept.revoked.set(revoked.user, revoked.at);
    },
  };
}
