// npm run bench:lines: lines that an app needs so that two people talk, see who is there, mute and chat, and what the browser then loads.
// Each sample is compiled with the real packages; those of pairvoice run as apps in tests/package.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { root, run } from "../../scripts/tools.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Samples, and what has to run beside the page. */
const SAMPLES = {
  "pairvoice-plain.js": "pairvoice-server",
  "pairvoice-react.jsx": "pairvoice-server",
  "pairvoice-element.html": "pairvoice-server",
  "peerjs.js": "a PeerServer, a TURN server",
  "simple-peer.js": "a WebSocket server of one's own, a TURN server",
  "livekit.jsx": "a LiveKit server",
  "livekit-prefab.jsx": "a LiveKit server",
};

/** Lines that are neither empty nor a comment. */
export const count = (text) => text.split("\n").filter((line) => line.trim() && !/^\s*(\/\/|\/\*|\*)/.test(line)).length;

/** This repository's package by its own name: the samples' folder is a package of its own. */
const own = {
  name: "own",
  setup(build) {
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    build.onResolve({ filter: /^pairvoice(\/|$)/ }, ({ path }) => {
      const target = exports[path.replace("pairvoice", ".")];
      return target ? { path: join(root, target.default) } : { errors: [{ text: `there is no ${path} yet` }] };
    });
  },
};

/** Bytes after gzip of what a page with this sample loads of JavaScript, styles and WebAssembly; React, which the app has anyway, apart. */
async function size(name) {
  const { build } = await import("esbuild");
  const path = join(here, name);
  const html = name.endsWith(".html") && readFileSync(path, "utf8").match(/<script type="module">([^]*)<\/script>/)[1];
  const input = html ? { stdin: { contents: html, resolveDir: here } } : { entryPoints: [path] };
  const external = ["react", "react-dom", "react/jsx-runtime"];
  const options = { bundle: true, minify: true, format: "esm", splitting: true, write: false, outdir: "out", jsx: "automatic", external, logLevel: "silent", plugins: [own] };
  const { outputFiles } = await build({ ...options, ...input, define: { global: "globalThis", "process.env.NODE_ENV": '"production"' } });
  const files = outputFiles.map(({ contents }) => contents);
  // esbuild leaves the module to the app.
  if (name.startsWith("pairvoice")) files.push(readFileSync(join(root, "npm", "wasm", "pairvoice_bg.wasm")));
  return files.reduce((sum, bytes) => sum + gzipSync(bytes, { level: 9 }).length, 0);
}

if (!existsSync(join(here, "node_modules"))) await run("npm", ["ci", "--prefix", here, "--no-audit", "--no-fund"]);
console.log("| sample | lines | after gzip | needs beside the page |\n|---|---|---|---|");
for (const [name, server] of Object.entries(SAMPLES)) {
  const lines = count(readFileSync(join(here, name), "utf8"));
  const bytes = await size(name).catch((error) => error.errors?.[0]?.text ?? error.message);
  console.log(`| ${name} | ${lines} | ${typeof bytes === "number" ? `${(bytes / 1000).toFixed(1)} KB` : bytes} | ${server} |`);
}
