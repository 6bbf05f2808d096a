// npm run test:fuzz: each fuzz target over its saved corpus, then for some seconds with new inputs.
// npm run fuzz -- TARGET SECONDS: one target for as long as wanted; `npm run fuzz -- TARGET save` saves the best of what it found.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { age, ensureCargoTool, ensurePrograms, env, root, run } from "./tools.mjs";

const CARGO_FUZZ = "0.13.2";
/** How long new inputs are tried in a bounded run, in seconds. */
const BOUNDED_S = 5;
/** Longest input in bytes; longer ones find nothing that shorter ones don't. */
const MAX_BYTES = 4096;
/** Files that a saved corpus keeps; more of them cost more than they find. */
const MAX_SAVED = 60;

const fuzz = join(root, "fuzz");
const target = join(fuzz, "target");

/** The targets that fuzz/Cargo.toml names. */
export const targets = () => [...readFileSync(join(fuzz, "Cargo.toml"), "utf8").matchAll(/^\[\[bin\]\]\nname = "(\w+)"/gm)].map(([, name]) => name);

// Nice, for in `npm test` the server's tests wait by the clock beside it.
const cargoFuzz = (args) =>
  run("nice", ["cargo", "fuzz", ...args], {
    // Coverage for libFuzzer and cfg(fuzzing) come by unstable options of rustc, such as `-Zsanitizer`. With this variable the stable
    // compiler takes them, so that what is fuzzed is built by the compiler that builds what is shipped, and no other is needed.
    env: { ...env, RUSTC_BOOTSTRAP: "1" },
  });

/** What is fuzzed has no `unsafe`, so AddressSanitizer would slow it down and find nothing of its own. */
const options = ["--sanitizer", "none", "--target-dir", target];

/** Builds what cargo-fuzz runs. */
async function build(name) {
  await ensurePrograms({ cc: "build-essential", "c++": "build-essential" });
  await ensureCargoTool("cargo-fuzz", "cargo-fuzz", CARGO_FUZZ);
  await cargoFuzz(["build", ...options, ...(name ? [name] : [])]);
}

function libFuzzer(name, more) {
  const dictionary = join(fuzz, "dictionaries", `${name}.dict`);
  return [
    ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
    // An input takes a millisecond; the limit is far above what it takes on a busy machine.
    ...[`-max_len=${MAX_BYTES}`, "-timeout=30", "-rss_limit_mb=1024", "-print_final_stats=1", "-print_funcs=0", "-verbosity=0"],
    ...more,
  ];
}

/** Runs a target on a copy of its corpus, so that the saved one stays as it is. */
async function check(name) {
  const folder = mkdtempSync(join(tmpdir(), `pairvoice-fuzz-${name}-`));
  try {
    const saved = join(fuzz, "corpus", name);
    console.log(`fuzz ${name}: ${readdirSync(saved).length} saved inputs, then ${BOUNDED_S} s`);
    cpSync(saved, folder, { recursive: true });
    await cargoFuzz(["run", ...options, name, folder, "--", ...libFuzzer(name, [`-max_total_time=${BOUNDED_S}`])]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every target, bounded. Throws when one finds something; the input that did it is in fuzz/artifacts. */
export async function checkFuzz() {
  await build();
  for (const name of targets()) await check(name);
}

/** One target for so many seconds, from the saved corpus on; what it finds to be new is kept in fuzz/target/found. */
async function explore(name, seconds) {
  await build(name);
  const saved = join(fuzz, "corpus", name);
  const found = join(target, "found", name);
  for (const folder of [saved, found]) mkdirSync(folder, { recursive: true });
  await cargoFuzz(["run", ...options, name, found, saved, "--", ...libFuzzer(name, [`-max_total_time=${seconds}`])]);
  console.log(`${readdirSync(found).length} inputs in ${found}; npm run fuzz -- ${name} save puts the best ${MAX_SAVED} of them into fuzz/corpus/${name}`);
}

/** Puts the inputs that cover most into the saved corpus, beside those that have a name: a bug that was found, or a packet of each kind. */
async function save(name) {
  await build(name);
  const saved = join(fuzz, "corpus", name);
  mkdirSync(saved, { recursive: true });
  const merged = mkdtempSync(join(tmpdir(), "pairvoice-corpus-"));
  try {
    // Chosen greedily, the one that adds most first, so that the first ones in the order of their times are the best.
    await cargoFuzz(["run", ...options, name, merged, saved, join(target, "found", name), "--", "-set_cover_merge=1", "-use_counters=0", `-max_len=${MAX_BYTES}`, "-verbosity=0"]);
    const [named, hashed] = [false, true].map((wanted) => readdirSync(saved).filter((file) => /^[0-9a-f]{40}$/.test(file) === wanted));
    // libFuzzer names an input by the SHA-1 of its bytes.
    const present = named.map((file) => createHash("sha1").update(readFileSync(join(saved, file))).digest("hex"));
    const best = readdirSync(merged).filter((file) => !present.includes(file)).sort((one, other) => age(join(merged, one)) - age(join(merged, other)));
    const kept = best.slice(0, Math.max(0, MAX_SAVED - named.length));
    for (const file of hashed) rmSync(join(saved, file));
    for (const file of kept) cpSync(join(merged, file), join(saved, file));
    console.log(`${kept.length} of ${best.length} inputs saved in fuzz/corpus/${name}, beside ${named.length} with names`);
  } finally {
    rmSync(merged, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [name, what] = process.argv.slice(2);
  const seconds = Number(what);
  const usage = `npm run fuzz -- TARGET SECONDS, or TARGET save; targets: ${targets().join(", ")}`;
  const known = targets().includes(name) && (what === "save" || seconds > 0);
  const work = name === undefined ? checkFuzz : what === "save" ? () => save(name) : () => explore(name, seconds);
  await (name === undefined || known ? work() : Promise.reject(new Error(usage))).catch((error) => {
    console.error(`\nfailed: ${error.message}`);
    process.exit(1);
  });
}
