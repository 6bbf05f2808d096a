// The baseline: Node with socket.io and better-sqlite3, each message written durably (WAL, synchronous=FULL) before it is acknowledged.
import { createServer } from "node:http";

import Database from "better-sqlite3";
import { Server } from "socket.io";

const db = new Database(process.argv[2]);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`CREATE TABLE message (session TEXT, seq INTEGER, sender TEXT, id TEXT, at INTEGER, text TEXT, PRIMARY KEY (session, seq));
  CREATE UNIQUE INDEX once ON message (session, sender, id)`);
const known = db.prepare("SELECT seq, at FROM message WHERE session = ? AND sender = ? AND id = ?");
const last = db.prepare("SELECT COALESCE(MAX(seq), 0) AS seq FROM message WHERE session = ?");
const insert = db.prepare("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)");
const http = createServer();
const io = new Server(http);
io.of("/pairvoice").on("connection", (socket) => {
  const { sessionId, userId } = socket.handshake.auth;
  socket.join(sessionId);
  socket.emit("welcome", {});
  const write = db.transaction((messages) =>
    messages.map(({ id, text }) => {
      const old = known.get(sessionId, userId, id);
      if (old) return { id, ...old };
      const [seq, at] = [last.get(sessionId).seq + 1, Date.now()];
      insert.run(sessionId, seq, userId, id, at, text);
      return { id, seq, at };
    }),
  );
  socket.on("chat", ({ messages }, acknowledge) => {
    const accepted = write(messages);
    const text = new Map(messages.map((m) => [m.id, m.text]));
    socket.to(sessionId).emit("chat", { messages: accepted.map((m) => ({ ...m, sender: userId, text: text.get(m.id) })) });
    acknowledge({ ok: true, accepted });
  });
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
