// The reference: Node with socket.io, which lets people in by a token and relays signals between the two of a session, as an app
// would write it. No chat, no parking, no limits. node reference.mjs SECRET_FILE; prints its address once it accepts connections.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { Server } from "socket.io";

const secret = readFileSync(process.argv[2], "utf8").trim();

/** The claims of a JSON web token (HS256) that is valid now. */
function claims(token) {
  const [header, payload, signature] = token.split(".");
  const wanted = createHmac("sha256", secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString());
  if (read(header).alg !== "HS256" || given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Error("unauthorized");
  const said = read(payload);
  if (!(said.exp * 1000 > Date.now())) throw new Error("unauthorized");
  return said;
}

const http = createServer();
// The same times as pairvoice-server's, so that as many pings go out.
const io = new Server(http, { perMessageDeflate: false, pingInterval: 10_000, pingTimeout: 8_000, maxHttpBufferSize: 128 * 1024 });
const namespace = io.of("/pairvoice");
namespace.use((socket, next) => {
  try {
    const { token, sessionId, userId } = socket.handshake.auth;
    const { sub, session } = claims(token);
    if (sub !== userId || session !== sessionId) throw new Error("unauthorized");
    next();
  } catch {
    next(new Error("unauthorized"));
  }
});
namespace.on("connection", (socket) => {
  const { sessionId } = socket.handshake.auth;
  socket.join(sessionId);
  socket.on("signal", (envelope, acknowledge) => {
    socket.to(sessionId).emit("signal", envelope);
    acknowledge({ ok: true, outcome: "delivered" });
  });
  socket.emit("welcome", {});
});
process.once("SIGTERM", () => process.exit(0));
http.listen(0, "127.0.0.1", 16_384, () => console.log(`listens on http://127.0.0.1:${http.address().port}`));
