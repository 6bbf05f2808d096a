// The baselines' servers: the pages with their libraries, a Socket.IO relay for two of them, and PeerJS's own server.
// node server.mjs ADDRESS PORT PEERJS_PORT; prints a line once both accept connections.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { PeerServer } from "peer";
import { Server } from "socket.io";

const [address, port, peerPort] = process.argv.slice(2);
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const scripts = {
  "/socket.io.js": "node_modules/socket.io-client/dist/socket.io.min.js",
  "/simple-peer.js": "node_modules/simple-peer/simplepeer.min.js",
  "/peerjs.js": "node_modules/peerjs/dist/peerjs.min.js",
  "/perfect-negotiation-page.js": "pages/perfect-negotiation.js",
  "/simple-peer-page.js": "pages/simple-peer.js",
  "/peerjs-page.js": "pages/peerjs.js",
};
const pages = { "perfect-negotiation": "socket.io", "simple-peer": "socket.io,simple-peer", peerjs: "peerjs" };

const http = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (scripts[pathname]) {
    response.setHeader("content-type", "text/javascript");
    response.end(await readFile(file(scripts[pathname])));
  } else if (pages[pathname.replaceAll("/", "")]) {
    const name = pathname.replaceAll("/", "");
    const tags = [...pages[name].split(","), `${name}-page`].map((script) => `<script src="/${script}.js"></script>`);
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>${name}</title><link rel="icon" href="data:,"><audio autoplay></audio>${tags.join("")}`);
  } else {
    response.writeHead(404).end();
  }
});

// A relay between the two of a session, as most tutorials have it: who comes is announced, and all else is handed on.
new Server(http, { path: "/relay" }).on("connection", (socket) => {
  const { session } = socket.handshake.auth;
  socket.to(session).emit("joined");
  socket.join(session);
  socket.on("signal", (data) => socket.to(session).emit("signal", data));
});

await new Promise((resolve) => http.listen(Number(port), address, resolve));
await new Promise((resolve) => PeerServer({ host: address, port: Number(peerPort), path: "/" }, resolve));
console.log("ready");
