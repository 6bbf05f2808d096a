// Builds what is missing or out of date: the WebAssembly module, the demo page, the server.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { age, ensureNodePackages, ensureRust, env, output, root, run } from "./tools.mjs";

const target = "wasm32-unknown-unknown";

/** Flags of rustc: panic messages name source files, and whose machine it was is nobody's business. */
function anonymous() {
  const from = [join(homedir(), ".cargo"), output("rustc", ["--print", "sysroot"]), root.replace(/\/$/, "")];
  return from.map((path) => `--remap-path-prefix=${path}=`).join("\x1f");
}

/** npm/wasm/: the module and its glue. */
export async function buildWasm() {
  const wasmEnv = { ...env, CARGO_ENCODED_RUSTFLAGS: anonymous(), CARGO_TARGET_DIR: join(root, "target", "package") };
  await run(
    "cargo",
    ["build", "--locked", "--quiet", "--profile", "wasm", "--target", target, "--package", "pairvoice"],
    { env: wasmEnv },
  );
  const built = join(root, "target", "package", target, "wasm", "pairvoice.wasm");
  const folder = join(root, "npm", "wasm");
  const module = join(folder, "pairvoice_bg.wasm");
  if (age(module) > Math.max(age(built), age(fileURLToPath(import.meta.url)))) return;
  mkdirSync(folder, { recursive: true });
  await run("wasm-bindgen", [
    ...["--target", "web", "--no-typescript", "--omit-default-module-path", "--remove-producers-section"],
    ...["--out-dir", folder, built],
  ]);
  // What was not made smaller must not count as built.
  const found = await sweep(module).catch((error) => {
    rmSync(module);
    throw error;
  });
  const best = found.reduce((one, other) => (other.gzip < one.gzip ? other : one));
  writeFileSync(module, best.bytes);
  // For bench/run.mjs; the package does not ship it.
  const table = found.map(({ settings, bytes, gzip }) => ({ settings, bytes: bytes.length, gzip }));
  writeFileSync(join(folder, "sweep.json"), JSON.stringify(table, undefined, 2));
}

/** npm/server/wasm/: the rules of a session for pairvoice/server. It is read from the disk, so speed of building comes before size. */
export async function buildRoom() {
  const wasmEnv = { ...env, CARGO_ENCODED_RUSTFLAGS: anonymous(), CARGO_TARGET_DIR: join(root, "target", "package") };
  await run(
    "cargo",
    ["build", "--locked", "--quiet", "--profile", "wasm", "--target", target, "--package", "pairvoice-room-node"],
    { env: wasmEnv },
  );
  const built = join(root, "target", "package", target, "wasm", "pairvoice_room_node.wasm");
  const folder = join(root, "npm", "server", "wasm");
  if (age(join(folder, "room_bg.wasm")) > Math.max(age(built), age(fileURLToPath(import.meta.url)))) return;
  mkdirSync(folder, { recursive: true });
  await run("wasm-bindgen", [
    ...["--target", "web", "--no-typescript", "--omit-default-module-path", "--remove-producers-section", "--remove-name-section"],
    ...["--out-name", "room", "--out-dir", folder, built],
  ]);
}

/** What wasm-opt is tried with: which of them is smallest on the wire changes with the code. */
const NO_INLINING = ["always", "one-caller", "flexible"].map((kind) => `--${kind}-inline-max-function-size=0`);
const SETTINGS = [[...NO_INLINING, "--ignore-implicit-traps", "--low-memory-unused", "-O2", "--converge", "--skip-pass=simplify-locals", "--skip-pass=memory-packing"], ["-O1", "--converge"], ["-Oz", "--converge"]];

/** The module optimised in each way: settings, bytes, and how many of them are left after gzip. */
async function sweep(module) {
  // Only what every current browser has: wasm-opt may use whatever it is allowed.
  const features = ["bulk-memory", "mutable-globals", "multivalue", "nontrapping-float-to-int", "reference-types", "sign-ext"];
  const always = ["--strip-debug", "--strip-producers", ...features.map((feature) => `--enable-${feature}`)];
  const found = [];
  for (const settings of SETTINGS) {
    const tried = `${module}.tried`;
    await run("npx", ["wasm-opt", ...settings, ...always, module, "-o", tried]);
    const bytes = readFileSync(tried);
    rmSync(tried);
    found.push({ settings: settings.join(" "), bytes, gzip: gzipSync(bytes, { level: 9 }).length });
  }
  return found;
}

/** dist/ of a page's folder, with its compressed files. */
async function buildPage(folder) {
  await run("npx", ["vite", "build", folder, "--logLevel", "warn"]);
  precompress(join(root, folder, "dist"));
}

/** www/dist/: the demo. */
export const buildDemo = () => buildPage("www");

/** tests/e2e/page/dist/: the page that only has the package. */
export const buildBarePage = () => buildPage("tests/e2e/page");

/** tests/e2e/react/dist/: an app in React. */
export const buildReactPage = () => buildPage("tests/e2e/react");

/** Files that compression makes smaller. */
const COMPRESSIBLE = new Set([".css", ".html", ".js", ".json", ".map", ".mjs", ".svg", ".txt", ".wasm", ".webmanifest", ".xml"]);
/** Below this many bytes a file fits into one packet anyway. */
const WORTH_COMPRESSING = 1024;

/** Writes NAME.br and NAME.gz beside each file of a folder that is smaller by it; the server sends them instead. */
export function precompress(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSIBLE.has(extname(entry.name))) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = readFileSync(path);
    if (bytes.length <= WORTH_COMPRESSING) continue;
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    for (const [ending, smaller] of [[".br", brotliCompressSync(bytes, { params })], [".gz", gzipSync(bytes, { level: 9 })]]) {
      if (smaller.length < bytes.length) writeFileSync(path + ending, smaller);
    }
  }
}

/** target/release/pairvoice-server. */
export async function buildServer() {
  await run("cargo", ["build", "--locked", "--quiet", "--release", "--package", "pairvoice-server"]);
  return join(root, "target", "release", "pairvoice-server");
}

/** target/release/pairvoice-router, for the tests of the network. */
export async function buildRouter() {
  await run("cargo", ["build", "--locked", "--quiet", "--release", "--package", "pairvoice-router"]);
}

/** Everything that running takes. */
export async function build() {
  await ensureNodePackages();
  await ensureRust();
  await buildWasm();
  await buildRoom();
  await buildDemo();
  return buildServer();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await build();
