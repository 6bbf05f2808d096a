// One web server for all apps, with the headers that each is tried under; `next start` and the package's own server beside it.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";

import { freePort } from "../e2e/support/server.mjs";
import { folderOf, nextStart } from "./build.mjs";

const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Where an import map finds each package, below /lib/. */
const FILES = {
  pairvoice: "npm/index.js",
  "socket.io-client": "dist/socket.io.esm.min.js",
  idb: "build/index.js",
};
const MAP = JSON.stringify({
  imports: { ...Object.fromEntries(Object.entries(FILES).map(([name, path]) => [name, `/lib/${name}/${path}`])), "pairvoice/element": "/lib/pairvoice/npm/element.js" },
});

/** A page without a bundler: the plain app with an import map. */
function mapped(workshop) {
  const html = readFileSync(join(workshop, "plain", "index.html"), "utf8");
  return html.replace("</head>", `<script type="importmap">${MAP}</script></head>`).replace("./main.js", "/plain/main.js");
}

/** A page of the element's sample, with the addresses that the test has for whoever asks. */
function panel(workshop, server, query) {
  const attribute = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const sample = readFileSync(join(workshop, "lines", "pairvoice-element.html"), "utf8")
    .replace("https://signal.example.com", server)
    .replace("s-42", () => attribute(query.get("session")))
    .replace('"7"', () => `"${attribute(query.get("user"))}"`);
  const head = `<meta charset="utf-8" /><title>An app</title><link rel="icon" href="data:," /><script type="importmap">${MAP}</script>`;
  return `<!doctype html><html lang="en"><head>${head}</head><body>${sample}</body></html>`;
}

/** What stands in the page instead of in a file. */
const inline = (html) => [...html.matchAll(/<script[^>]*>([^<]+)<\/script>/g)].map(([, text]) => text);

/** The strictest policy that README has, for a server of another origin; `scripts` are those that stand in the page. */
function strict(server, worker, scripts = [MAP]) {
  const hashes = scripts.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`).join(" ");
  return [
    "default-src 'none'",
    `script-src 'self' 'wasm-unsafe-eval' ${hashes}`,
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
  /** The policies of the element's pages. */
  const panels = { "/element/": "", "/element-trusted/": trusted };
  const web = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://x");
    const path = normalize(pathname);
    if (path in panels) {
      const html = panel(workshop, server, searchParams);
      const policy = strict(server, "blob:", inline(html)) + panels[path];
      // Who this is: the sample's page knows its people by a cookie.
      const who = new URLSearchParams({ session: searchParams.get("session"), user: searchParams.get("user") });
      const headers = { "content-type": "text/html", "content-security-policy": policy, "set-cookie": `who=${who}; Path=/; HttpOnly` };
      return response.writeHead(200, headers).end(html);
    }
    if (path === "/pairvoice-token") {
      const who = /who=(\S+)/.exec(request.headers.cookie)?.[1];
      return response.writeHead(200).end(await (await fetch(`${server}/dev/token?${who}`)).text());
    }
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

/** Serves one of Next's builds, which renders on the server for each request, and signs tokens by a secret; `how` serves what one works on. */
export async function serveNext(workshop, app, secret, how) {
  const port = await freePort();
  const env = { ...process.env, PAIRVOICE_SECRET: secret, NODE_ENV: how ? "development" : "production", NEXT_TELEMETRY_DISABLED: "1" };
  const child = spawn(process.execPath, nextStart(port, how), { cwd: join(workshop, app), env, stdio: ["ignore", "pipe", "pipe"] });
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
  if (!(await Promise.race([ready, exited.then(() => false)]))) throw new Error(`next ${how?.join(" ") ?? "start"}: ${said}`);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  return { url: `http://localhost:${port}`, stop };
}

/** The package's own server, as an app starts it; what npx needs is there, or it says so. */
export async function serveByNpx(workshop) {
  const args = ["pairvoice-server", "--dev", "--listen", "127.0.0.1:0", "--database", join(workshop, "chat.db")];
  const env = { ...process.env, npm_config_offline: "true" };
  const child = spawn("npx", args, { cwd: workshop, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (data) => (said += data));
  // All that hold its output have ended.
  const closed = new Promise((resolve) => child.once("close", () => resolve()));
  const listening = new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  const line = await Promise.race([listening, closed]);
  const port = line && /http:\/\/\S+:(\d+)/.exec(line)?.[1];
  if (!port) throw new Error(`npx pairvoice-server: ${line ?? said}`);
  const stop = async () => {
    // npm tells nobody but its shell.
    process.kill(-child.pid, "SIGTERM");
    await closed;
  };
  return { url: `http://localhost:${port}`, stop };
}
