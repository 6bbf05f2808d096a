// The package as npm publishes it: packed, looked at by publint and attw, and unpacked for throw-away apps.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { root, run } from "./tools.mjs";

/** Where apps are built. Its own package.json ends the scope of the repository's, so that `pairvoice` is what was unpacked;
 * everything else is found upwards. */
export const workshop = join(root, ".package");
const installed = join(workshop, "node_modules", "pairvoice");

const manifest = () => JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));

/** Packs, unpacks, and returns the path of the tarball. */
export function pack() {
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(workshop, "package.json"), JSON.stringify({ name: "workshop", private: true, type: "module" }));
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", workshop];
  const told = execFileSync("npm", args, { cwd: root, encoding: "utf8" });
  const tarball = readdirSync(workshop).find((name) => name.endsWith(".tgz"));
  if (!tarball) throw new Error(`npm packed nothing: ${told}`);
  execFileSync("tar", ["-xzf", join(workshop, tarball), "-C", installed, "--strip-components", "1"]);
  // As npm does it.
  const programs = join(workshop, "node_modules", ".bin");
  mkdirSync(programs);
  for (const [name, path] of Object.entries(manifest().bin)) symlinkSync(join("..", "pairvoice", path), join(programs, name));
  return join(workshop, tarball);
}

/** What each way to import the package leads to, and its types. */
function checkExports() {
  const { exports } = manifest();
  const shipped = (path) => existsSync(join(installed, path));
  for (const [entry, targets] of Object.entries(exports)) {
    for (const path of typeof targets === "string" ? [targets] : Object.values(targets)) {
      if (!shipped(path)) throw new Error(`pairvoice${entry.slice(1)} leads to ${path}, which the package does not have`);
    }
  }
  // Whatever has types is meant for apps.
  const typed = readdirSync(join(root, "npm"), { recursive: true }).filter((name) => name.endsWith(".d.ts"));
  const reached = Object.values(exports).map(({ types }) => types);
  for (const name of typed) {
    if (!reached.includes(`./npm/${name}`)) throw new Error(`npm/${name} is of no entry of "exports"`);
  }
}

async function checkPublint() {
  const { publint } = await import("publint");
  const { formatMessage } = await import("publint/utils");
  const { messages, pkg } = await publint({ pkgDir: installed, strict: true, pack: false });
  if (messages.length > 0) throw new Error(`publint: ${messages.map((message) => formatMessage(message, pkg, { color: false })).join("\n")}`);
}

/** CommonJS can't import the types of a module; at run time Node 20.19 and later take it by `require`. */
const attw = (tarball) =>
  run("npx", ["attw", tarball, "--profile", "esm-only", "--exclude-entrypoints", "pairvoice_bg.wasm", "--no-emoji", "--no-summary", "--format", "ascii"]);

/** Each entry by `import` in Node, and the first by `require` where Node knows that of modules. */
async function checkNode() {
  const program = join(workshop, "require.cjs");
  writeFileSync(program, 'if (typeof require("pairvoice").joinSession !== "function") process.exit(1);\n');
  if (process.features.require_module) await run("node", [program]);
  const entries = Object.entries(manifest().exports).filter(([, target]) => target.default?.endsWith(".js"));
  const imports = entries.map(([entry]) => `await import("pairvoice${entry.slice(1)}");`);
  await run("node", ["--input-type=module", "--eval", imports.join("\n")], { cwd: workshop });
}

/** What a shipped file names beside it is shipped, too. */
function checkFiles() {
  const names = readdirSync(join(installed, "npm"), { recursive: true }).filter((name) => name.endsWith(".js"));
  for (const name of names) {
    const path = join(installed, "npm", name);
    const text = readFileSync(path, "utf8");
    for (const [, named] of text.matchAll(/(?:from |import |import\(|new URL\()"(\.{1,2}\/[^"]+\.(?:js|wasm))"/g)) {
      if (!existsSync(join(dirname(path), named))) throw new Error(`npm/${name} needs ${named}, which the package does not have`);
    }
  }
}

/** No worker's file leads, by what it imports, back to one that makes a worker: Turbopack would wait for itself without an end
 * (github.com/vercel/next.js/pull/97956), and any other bundler would put the page's side into the worker. */
function checkWorkers() {
  const folder = join(installed, "npm");
  const read = (path) => readFileSync(path, "utf8");
  const makes = /new Worker\(new URL\("([^"]+)"/g;
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".js"));
  const workers = names.map((name) => join(folder, name)).flatMap((path) => [...read(path).matchAll(makes)].map(([, file]) => join(dirname(path), file)));
  if (workers.length === 0) throw new Error("no file makes a worker as bundlers know it");
  const seen = new Set(workers);
  for (const path of seen) {
    if (/new Worker\(/.test(read(path))) throw new Error(`${path} makes a worker and is a part of one`);
    for (const [, file] of read(path).matchAll(/(?:from |import |import\()"(\.{1,2}\/[^"]+)"/g)) seen.add(join(dirname(path), file));
  }
}

/** Everything that is looked at before a browser is. */
export async function checkPackage() {
  const tarball = pack();
  checkExports();
  checkFiles();
  checkWorkers();
  await Promise.all([checkPublint(), attw(tarball), checkNode()]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await checkPackage();
