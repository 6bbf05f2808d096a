// Builds the throw-away apps, each as its tool's documentation says. They find pairvoice in the workshop and everything else above it.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const require = createRequire(import.meta.url);
const sources = fileURLToPath(new URL("apps", import.meta.url));
const samples = fileURLToPath(new URL("../../bench/lines", import.meta.url));
/** A build that takes longer hangs, in milliseconds: it takes half a minute of one core, and several others run beside it. */
const NEXT_MS = 600_000;
const production = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };

/** index.html of the plain app, with another script, below an app's folder. */
function page(workshop, dist, script = "./main.js") {
  const html = readFileSync(join(workshop, "plain", "index.html"), "utf8");
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, "index.html"), html.replace("./main.js", script));
}

async function vite(workshop) {
  const { build } = await import("vite");
  const root = join(workshop, "vite");
  const input = ["index.html", "url/index.html"].map((name) => join(root, name));
  await build({ root, base: "./", logLevel: "error", build: { target: "es2022", rolldownOptions: { input } } });
}

async function webpack(workshop) {
  const { default: compile } = await import("webpack");
  const path = join(workshop, "webpack", "dist");
  page(workshop, path);
  const context = join(workshop, "plain");
  const output = { path, filename: "main.js" };
  // The module is larger than what webpack takes for usual.
  const compiler = compile({ mode: "production", context, entry: "./main.js", output, performance: { hints: false } });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString({ all: false, errors: true, warnings: true }));
}

async function esbuild(workshop) {
  const { build } = await import("esbuild");
  const shared = { bundle: true, format: "esm", splitting: true, minify: true, logLevel: "error", outbase: workshop };
  // It copies no files by itself: the module is put where the bundle looks for it, …
  const copied = join(workshop, "esbuild", "copied");
  page(workshop, copied);
  page(workshop, join(copied, "yjs"), "../yjs.js");
  await build({ ...shared, entryPoints: { main: join(workshop, "plain", "main.js"), yjs: join(workshop, "esbuild", "yjs.js") }, outdir: copied });
  const module = createRequire(join(workshop, "x.js")).resolve("pairvoice/pairvoice_bg.wasm");
  mkdirSync(join(copied, "wasm"));
  cpSync(module, join(copied, "wasm", "pairvoice_bg.wasm"));
  // … or has a name by a loader.
  const option = join(workshop, "esbuild", "option");
  page(workshop, option);
  const loader = { ".wasm": "file" };
  await build({ ...shared, loader, entryPoints: { main: join(workshop, "esbuild", "option.js") }, outdir: option });
}

async function next(workshop, app, bundler) {
  const program = require.resolve("next/dist/bin/next");
  const options = { cwd: join(workshop, app), env: production, maxBuffer: 1e8, timeout: NEXT_MS };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, "build", bundler], options).catch((error) => {
    const ended = error.killed ? ` was ended after ${NEXT_MS / 1000} s` : "";
    throw new Error(`next build ${bundler}${ended}: ${error.message}\n${error.stdout}`);
  });
  // On continuous integration Next.js warns that nothing is kept from an earlier build: nothing is.
  const said = (stdout + stderr).replace(/^.*No build cache found.*$/m, "");
  if (/warning|⚠/i.test(said)) throw new Error(`next build ${bundler}: ${said}`);
}

const turbopack = (workshop) => next(workshop, "next", "--turbopack");
const nextWebpack = (workshop) => next(workshop, "next-webpack", "--webpack");

/** The program that serves Next's build, or what one works on, with its arguments. */
export const nextStart = (port, how = ["start"]) => [require.resolve("next/dist/bin/next"), ...how, "--port", String(port)];

const builds = { turbopack, "next-webpack": nextWebpack, vite, webpack, esbuild };

/** Builds apps side by side; returns how long each took, in milliseconds. */
export async function buildApps(workshop, names = Object.keys(builds)) {
  cpSync(sources, workshop, { recursive: true });
  for (const name of ["pairvoice-plain.js", "pairvoice-react.jsx", "pairvoice-element.html"]) cpSync(join(samples, name), join(workshop, "lines", name));
  // Next compiles what is below its own folder; each of its bundlers has one.
  cpSync(join(samples, "pairvoice-react.jsx"), join(workshop, "next", "app", "call.jsx"));
  cpSync(join(sources, "next"), join(workshop, "next-webpack"), { recursive: true });
  cpSync(join(samples, "pairvoice-react.jsx"), join(workshop, "next-webpack", "app", "call.jsx"));
  const took = {};
  await Promise.all(
    names.map(async (name) => {
      const began = Date.now();
      await builds[name](workshop);
      took[name] = Date.now() - began;
    }),
  );
  return took;
}

/** The folder of a package that is found from the workshop. */
export function folderOf(workshop, name) {
  const from = createRequire(join(workshop, "x.js"));
  const found = from.resolve.paths(name).map((folder) => join(folder, name)).find(existsSync);
  if (!found) throw new Error(`no package ${name} above ${workshop}`);
  return found;
}
