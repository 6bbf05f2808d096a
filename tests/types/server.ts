// What a server's TypeScript sees.
import { attachPairvoice, memoryStore, signToken, sqliteStore, type Pairvoice, type SocketIoServer, type Store } from "pairvoice/server";

declare const io: SocketIoServer;

const kept: Store = {
  load: async () => ({ log: "a", last: 0, receipts: [] }),
  read: async (_session, { after, before, limit }) => [after, before, limit].map((seq) => ({ id: "", sender: "7", seq, at: 0, text: "" })),
  find: async (_session, ids) => ids.map((id) => ({ id, sender: "7", seq: 1, at: 0, text: "" })),
  write: async (_session, { messages, receipt }) => void [messages, receipt],
};

export const pairvoice: Pairvoice = attachPairvoice(io, { verify: { secret: "x" }, store: sqliteStore("chat.db") });
attachPairvoice(io, {
  verify: async (token, { sessionId, userId }) => token === sessionId + userId && { sub: userId, session: sessionId, exp: 1, participants: ["7", "9"] },
  store: kept,
  iceServers: ({ userId }) => ({ iceServers: [{ urls: "turn:a", username: userId, credential: "c" }], iceLifetime: 60 }),
  log: ({ event, error }) => console.log(event, error),
});
void pairvoice.revoke("s", "7");
void pairvoice.revoke(42, null);
export const token: string = signToken(new Uint8Array(32), { sessionId: 1, userId: "7", peerUserId: 9, expiresIn: 60 });
// @ts-expect-error a chat needs a place
attachPairvoice(io, { verify: () => true });
// @ts-expect-error a login's claims name no session
attachPairvoice(io, { verify: (_token, { userId }) => ({ sub: userId }), store: kept });
// @ts-expect-error a token is for a user
signToken("secret", { sessionId: 1 });
attachPairvoice(io, { verify: () => null, store: memoryStore() });
