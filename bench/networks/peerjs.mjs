// PeerJS as an operator would run it where networks are strict: its page and its own server on one port, with TLS.
// node peerjs.mjs CERT KEY; listens on port 443 and prints a line once it does.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const baseline = new URL("../network/", import.meta.url);
const require = createRequire(new URL("package.json", baseline));
const express = require("express");
const { ExpressPeerServer } = require("peer");
const file = (path) => fileURLToPath(new URL(path, baseline));

const [cert, key] = process.argv.slice(2).map((path) => readFileSync(path));
const app = express();
const https = createServer({ cert, key }, app);
app.get("/peerjs.js", (_, response) => response.sendFile(file("node_modules/peerjs/dist/peerjs.min.js")));
app.get("/page.js", (_, response) => response.sendFile(file("pages/peerjs.js")));
app.use("/signalling", ExpressPeerServer(https, { path: "/" }));
app.get("/", (_, response) => {
  const tags = ["peerjs", "page"].map((name) => `<script src="/${name}.js"></script>`).join("");
  response.type("html").send(`<!doctype html><title>PeerJS</title><link rel="icon" href="data:,"><audio autoplay></audio>${tags}`);
});
https.listen(443, "::", () => console.log("ready"));
