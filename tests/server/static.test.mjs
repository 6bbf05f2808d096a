// Static files as a browser, and somebody with worse intentions, ask for them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { precompress } from "../../scripts/build.mjs";
import { startServer } from "../e2e/support/server.mjs";
import { inTime } from "./support.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pairvoice-static-"));
const text = "a line of a script that compresses well;\n".repeat(200);
/** The smallest module there is, and a section of its own that compresses well (WebAssembly core specification, section 5.5.3). */
const module = Buffer.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, /* custom, 4,098 bytes */ 0, 0x82, 0x20, 1, 0x78, ...Array(4096).fill(0)]);
let server;

before(async () => {
  const files = {
    "secret.txt": "secret",
    "dist/index.html": `<!doctype html><title>page</title>${"<p>a paragraph</p>".repeat(200)}`,
    "dist/assets/index-C9zFRZDg.js": text,
    "dist/assets/small-D5cYDByh.js": "1",
    "dist/assets/noise-Xk2_9aBc.wasm": noise(4096),
    "dist/assets/module-Yk2_9aBc.wasm": module,
    "dist/.env": "secret",
    "dist/.git/config": "secret",
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  symlinkSync("../secret.txt", join(folder, "dist", "out.txt"));
  symlinkSync("..", join(folder, "dist", "up"));
  precompress(join(folder, "dist"));
  server = await startServer({ page: relative(root, folder) });
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Bytes that nothing makes smaller. */
function noise(length) {
  const parts = Array.from({ length: length / 32 }, (_, n) => createHash("sha256").update(String(n)).digest());
  return Buffer.concat(parts);
}

/** Asks for a path exactly as it stands there, which `fetch` would tidy up. */
async function ask(path, headers = {}, method = "GET") {
  const asked = request({ host: "127.0.0.1", port: server.port, path, method, headers: { host: "app.example:8443", ...headers } });
  asked.end();
  const [response] = await inTime(`an answer to ${path}`, once(asked, "response"));
  const parts = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) };
}

test("the build compresses what becomes smaller by it", () => {
  const names = readdirSync(join(folder, "dist", "assets")).sort();
  assert.deepEqual(names, ["index-C9zFRZDg.js", "index-C9zFRZDg.js.br", "index-C9zFRZDg.js.gz", "module-Yk2_9aBc.wasm", "module-Yk2_9aBc.wasm.br", "module-Yk2_9aBc.wasm.gz", "noise-Xk2_9aBc.wasm", "small-D5cYDByh.js"]);
  assert.ok(existsSync(join(folder, "dist", "index.html.br")));
});

test("compressed files go to those who take them, and say the same", async () => {
  const path = "/assets/index-C9zFRZDg.js";
  for (const [accepts, encoding, decode] of [
    ["gzip, deflate, br", "br", brotliDecompressSync],
    ["gzip", "gzip", gunzipSync],
    ["identity", undefined, (bytes) => bytes],
  ]) {
    const { headers, body } = await ask(path, { "accept-encoding": accepts });
    assert.equal(headers["content-encoding"], encoding);
    assert.equal(decode(body).toString(), text);
    assert.equal(headers["content-type"], "text/javascript");
    assert.match(headers.vary, /accept-encoding/i);
    assert.equal(headers["cache-control"], "public, max-age=31536000, immutable");
    if (encoding) assert.ok(body.length < statSync(join(folder, "dist", path)).size / 4);
  }
  const { headers, body } = await ask("/assets/noise-Xk2_9aBc.wasm", { "accept-encoding": "br, gzip" });
  assert.deepEqual([headers["content-type"], headers["content-encoding"], body.length], ["application/wasm", undefined, 4096]);
});

test("a compressed module is what WebAssembly compiles while it arrives", async () => {
  const path = "/assets/module-Yk2_9aBc.wasm";
  const { headers } = await ask(path, { "accept-encoding": "br, gzip" });
  assert.deepEqual([headers["content-type"], headers["content-encoding"]], ["application/wasm", "br"]);
  const compiled = await WebAssembly.compileStreaming(fetch(`${server.url}${path}`));
  assert.deepEqual(WebAssembly.Module.customSections(compiled, "x").map(({ byteLength }) => byteLength), [4096]);
});

test("a page comes with its headers, and with nothing when it is still the same", async () => {
  const { status, headers } = await ask("/?session=s&user=7");
  assert.equal(status, 200);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "no-referrer");
  assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  assert.match(headers["permissions-policy"], /^microphone=\(self\), camera=\(\)/);
  assert.match(headers["content-security-policy"], /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
  assert.match(headers["content-security-policy"], /connect-src 'self' ws:\/\/app\.example:8443 wss:\/\/app\.example:8443$/);
  assert.equal(headers["cache-control"], "no-cache");
  for (const [question, had] of [["if-none-match", headers.etag], ["if-modified-since", headers["last-modified"]]]) {
    const again = await ask("/", { [question]: had });
    assert.deepEqual([again.status, again.body.length], [304, 0], question);
  }
  assert.equal((await ask("/assets/small-D5cYDByh.js")).headers["content-security-policy"], undefined);
});

test("what is not for others is not there, and its name is not repeated", async () => {
  for (const path of [
    ...["/.env", "/%2eenv", "/.git/config", "/%2Egit/config", "/assets/..%2f.env", "/assets%5c..%5c.env"],
    ...["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//../secret.txt", "/out.txt", "/up/secret.txt", "/up"],
    ...["/nothing", "/assets/gone-C9zFRZDg.js", "/index.html/x", "/%00", "/%ff"],
  ]) {
    const { status, headers, body } = await ask(path);
    assert.deepEqual([path, status, body.toString()], [path, 404, "not found\n"]);
    assert.equal(headers["cache-control"], "no-cache");
    assert.equal(headers["x-content-type-options"], "nosniff");
  }
});

test("only reading is allowed", async () => {
  assert.equal((await ask("/", {}, "PUT")).status, 405);
  const { status, headers, body } = await ask("/", {}, "HEAD");
  const size = readFileSync(join(folder, "dist", "index.html")).length;
  assert.deepEqual([status, headers["content-length"], body.length], [200, String(size), 0]);
});
