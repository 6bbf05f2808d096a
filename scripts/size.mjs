// What an app ships: the module and the code around it, minified; socket.io-client apart.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { root } from "./tools.mjs";

/** Bytes after gzip. */
const BUDGET = 168_000;

/** Bundles a page that has nothing but the package, and measures it. */
export async function measure() {
  // Not at the top: a fresh clone has no packages when this file is loaded.
  const { build } = await import("vite");
  const outDir = mkdtempSync(join(tmpdir(), "pairvoice-size-"));
  try {
    await build({
      root: join(root, "tests", "e2e", "page"),
      base: "./",
      configFile: false,
      logLevel: "silent",
      build: { outDir, emptyOutDir: true, target: "es2022", rolldownOptions: { external: ["socket.io-client"] } },
    });
    return readdirSync(outDir, { recursive: true })
      .filter((name) => /\.(js|wasm)$/.test(name))
      .map((name) => {
        const bytes = readFileSync(join(outDir, name));
        const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
        return { name, bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli.length };
      });
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

/** JavaScript of each entry after gzip, packages that it imports apart. All of an entry: what an app does not use, its bundler leaves out. */
export async function measureEntries() {
  const { build } = await import("esbuild");
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const scripts = Object.entries(exports).filter(([, target]) => target.default?.endsWith(".js"));
  return Promise.all(
    scripts.map(async ([entry, { default: path }]) => {
      const platform = entry.startsWith("./server") ? "node" : "browser";
      const options = { bundle: true, minify: true, format: "esm", write: false, packages: "external", external: ["*.wasm"], platform };
      const { outputFiles } = await build({ ...options, entryPoints: [join(root, path)], logLevel: "error" });
      return { name: `pairvoice${entry.slice(1)}`, gzip: gzipSync(outputFiles[0].contents, { level: 9 }).length };
    }),
  );
}

const sum = (files, key) => files.reduce((total, file) => total + file[key], 0);

/** Throws when the package is too large. */
export async function checkSize() {
  const files = await measure();
  for (const { name, bytes, gzip, brotli } of files) console.log(`${name}: ${bytes} bytes, gzip ${gzip}, brotli ${brotli}`);
  for (const { name, gzip } of await measureEntries()) console.log(`${name}: JavaScript gzip ${gzip}`);
  const total = sum(files, "gzip");
  console.log(`together gzip ${total} of ${BUDGET}, brotli ${sum(files, "brotli")}`);
  if (total > BUDGET) throw new Error(`the package has ${total} bytes after gzip, and ${BUDGET} are allowed`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await checkSize();
