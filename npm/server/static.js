// Static files of one folder, with the headers that a page with a microphone should have.
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".map": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
  ".wav": "audio/wav",
};
const HEADERS = {
  "x-content-type-options": "nosniff",
  // A page's address names session and user, so not even its origin goes to whom a link in the chat leads.
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "microphone=(self), camera=(), display-capture=(), geolocation=(), payment=(), usb=(), serial=()",
};
/** What a document may do (CSP Level 3); `'wasm-unsafe-eval'` compiles the module, and workers may be of a blob. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
  "media-src 'self' blob: mediastream:; worker-src 'self' blob:; manifest-src 'self'; frame-src 'self'; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'; object-src 'none'; connect-src 'self'";
/** A name that holds a hash of the content, as Vite writes it. */
const HASHED = /\/assets\/[^/]*-(?=[\w-]*[A-Z0-9])[\w-]{8}\.\w+/;

/** Answers requests from a folder; false when there is no such file. */
export function staticFiles(folder) {
  return async (request, response) => {
    const found = ["GET", "HEAD"].includes(request.method) && (await find(folder, request.url));
    if (!found) return false;
    const { path, type } = found;
    const headers = { ...HEADERS, "content-type": type, vary: "accept-encoding", "cache-control": HASHED.test(path) ? "public, max-age=31536000, immutable" : "no-cache" };
    if (type.startsWith("text/html")) headers["content-security-policy"] = policy(request.headers.host);
    const file = await encoded(path, String(request.headers["accept-encoding"] ?? ""));
    headers.etag = `"${file.size.toString(36)}-${Math.floor(file.mtimeMs).toString(36)}"`;
    if (file.encoding) headers["content-encoding"] = file.encoding;
    if (request.headers["if-none-match"] === headers.etag) {
      response.writeHead(304, headers).end();
      return true;
    }
    response.writeHead(200, { ...headers, "content-length": file.size });
    if (request.method === "HEAD") response.end();
    else pipeline(createReadStream(file.path), response, () => {});
    return true;
  };
}

/** `'self'` means the WebSockets of the same host, too, but not in every browser that has WebAssembly. */
function policy(host = "") {
  return /^[\w.:[\]-]+$/.test(host) ? `${POLICY} ws://${host} wss://${host}` : POLICY;
}

/** A file of the folder: no name begins with a dot, and no link leads out. */
async function find(folder, url) {
  try {
    const name = decodeURIComponent(new URL(url, "http://x").pathname);
    if (name.includes("\0") || name.split(/[/\\]/).some((part) => part.startsWith("."))) return undefined;
    const within = await realpath(folder);
    let path = await realpath(join(within, name));
    if ((await stat(path)).isDirectory()) path = await realpath(join(path, "index.html"));
    if (!path.startsWith(within + sep) || !(await stat(path)).isFile()) return undefined;
    return { path, type: TYPES[extname(path)] ?? "application/octet-stream" };
  } catch {
    return undefined;
  }
}

/** The file, or the compressed one beside it that the client takes. */
async function encoded(path, accepted) {
  for (const [encoding, ending] of [["br", ".br"], ["gzip", ".gz"]]) {
    if (!new RegExp(`\\b${encoding}\\b`).test(accepted)) continue;
    const found = await stat(path + ending).catch(() => undefined);
    if (found?.isFile()) return { path: path + ending, encoding, size: found.size, mtimeMs: found.mtimeMs };
  }
  const { size, mtimeMs } = await stat(path);
  return { path, size, mtimeMs };
}
