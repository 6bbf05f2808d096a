// One web server for all apps, with the headers that each is tried under, and `next start` beside it.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

import { freePort } from "../e2e/support/server.mjs";
import { folderOf, nextStart } from "./build.mjs";

const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Where an import map finds each package, below /lib/. */
const FILES = {
  pairvoice: "npm/index.js",
  "socket.io-client": "dist/socket.io.esm.min.js",
  idb: "build/index.js",
};
const MAP = JSON.stringify({ imports: Object.fromEntries(Object.entries(FILES).map(([name, path]) => [name, `/lib/${name}/${path}`])) });

/** A page without a bundler: the plain app with an import map. */
function mapped(workshop) {
  const html = readFileSync(join(workshop, "plain", "index.html"), "utf8");
  return html.replace("</head>", `<script type="importmap">${MAP}</script></head>`).replace("./main.js", "/plain/main.js");
}

/** The strictest policy that README has, for a server of another origin. */
function strict(server, worker) {
  const hash = createHash("sha256").update(MAP).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'self' 'wasm-unsafe-eval' 'sha256-${hash}'`,
    `connect-src 'self' ${server} ${server.replace("http", "ws")}`,
    `worker-src ${worker}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Serves the workshop; `server` is the address of the signalling server. */
export async function serveApps(workshop, server) {
  const roots = {
    vite: join(workshop, "vite", "dist"),
    webpack: join(workshop, "webpack", "dist"),
    "esbuild-copied": join(workshop, "esbuild", "copied"),
    "esbuild-option": join(workshop, "esbuild", "option"),
    plain: join(workshop, "plain"),
    lines: join(workshop, "lines"),
    ...Object.fromEntries(Object.keys(FILES).map((name) => [`lib/${name}`, folderOf(workshop, name)])),
  };
  const trusted = "; require-trusted-types-for 'script'; trusted-types pairvoice";
  const pages = {
    "/map/": {},
    "/csp/": { "content-security-policy": strict(server, "blob:") },
    "/csp-self/": { "content-security-policy": strict(server, "'self'") },
    "/trusted/": { "content-security-policy": strict(server, "blob:") + trusted },
    "/trusted-self/": { "content-security-policy": strict(server, "'self'") + trusted },
  };
  const web = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://x").pathname);
    const page = pages[path];
    if (page) return response.writeHead(200, { "content-type": "text/html", ...page }).end(mapped(workshop));
    const name = Object.keys(roots).find((prefix) => path.startsWith(`/${prefix}/`));
    const file = path.endsWith("/") ? `${path}index.html` : path;
    try {
      const bytes = readFileSync(join(roots[name], file.slice(name.length + 2)));
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => web.listen(0, "127.0.0.1", resolve));
  return { url: `http://localhost:${web.address().port}`, stop: () => web.close() };
}

/** Serves one of Next's builds, which renders on the server for each request. */
export async function serveNext(workshop, app) {
  const port = await freePort();
  const env = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
  const child = spawn(process.execPath, nextStart(port), { cwd: join(workshop, app), env, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  let said = "";
  const ready = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        said += data;
        if (/ready/i.test(said)) resolve(true);
      });
    }
  });
  if (!(await Promise.race([ready, exited.then(() => false)]))) throw new Error(`next start: ${said}`);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  return { url: `http://localhost:${port}`, stop };
}
