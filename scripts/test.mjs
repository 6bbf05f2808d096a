// npm test: everything that a change must pass, from a fresh clone on. `npm run test:<part>` runs one part.
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { buildBarePage, buildDemo, buildReactPage, buildRoom, buildRouter, buildServer, buildWasm } from "./build.mjs";
import { checkBoundaries } from "./boundaries.mjs";
import { buildDocs } from "./docs.mjs";
import { checkFuzz } from "./fuzz.mjs";
import { checkPackage, workshop } from "./package.mjs";
import { checkPackaging } from "./packaging.mjs";
import { checkSamples } from "./samples.mjs";
import { checkSize } from "./size.mjs";
import { ensureBasics, ensurePrograms, env, output, root, run } from "./tools.mjs";

const wasm = ["--target", "wasm32-unknown-unknown", "--package", "pairvoice"];
const strict = ["--", "--deny", "warnings"];

const parts = {
  async lint() {
    checkBoundaries();
    await run("cargo", ["fmt", "--all", "--check"]);
    await run("cargo", ["clippy", "--locked", "--quiet", "--workspace", "--all-targets", ...strict]);
    await run("cargo", ["clippy", "--locked", "--quiet", "--all-targets", ...wasm, ...strict]);
    await run("cargo", ["clippy", "--locked", "--quiet", "--target", wasm[1], "--package", "pairvoice-room-node", ...strict]);
    const rustdoc = { env: { ...env, RUSTDOCFLAGS: "--deny warnings" } };
    await run("cargo", ["doc", "--locked", "--quiet", "--no-deps", "--workspace"], rustdoc);
    await run("npx", ["oxlint", "--deny-warnings", "npm", "www", "tests", "scripts", "bench"]);
    const projects = ["", ".esnext", ".node16", ".bundler"].map((name) => `tests/types/tsconfig${name}.json`);
    await Promise.all(projects.map((project) => run("npx", ["tsc", "--project", project])));
  },
  async core() {
    const crates = ["wire", "core", "relay", "room", "room-node", "router"].flatMap((name) => ["--package", `pairvoice-${name}`]);
    await run("cargo", ["test", "--locked", "--quiet", ...crates]);
    await nodeTests("tests/browserless");
  },
  async sim() {
    await run("cargo", ["test", "--locked", "--quiet", "--package", "pairvoice-sim"]);
  },
  /** `beside` is done while these tests wait. */
  async server(beside) {
    await buildServer();
    // As it is served: what it is made of is not compiled a second time.
    await run("cargo", ["test", "--locked", "--quiet", "--release", "--package", "pairvoice-server"]);
    await allEnd(nodeTests("tests/server"), beside?.());
  },
  async protocol() {
    await buildRoom();
    await buildServer();
    await nodeTests("tests/protocol", 4);
  },
  async docs() {
    await ensurePrograms({ python3: "python3", php: "php-cli", perl: "perl", openssl: "openssl" });
    await buildServer();
    await allEnd(buildDocs(), checkSamples().then(() => nodeTests("tests/docs")));
  },
  async packaging() {
    await checkPackaging();
  },
  async fuzz() {
    await checkFuzz();
  },
  async browser() {
    await ensurePrograms({ chromium: "chromium", chromedriver: "chromium-driver" });
    // It came with wasm-bindgen, of the same version.
    const runner = { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: "wasm-bindgen-test-runner", WASM_BINDGEN_TEST_TIMEOUT: "120", WASM_BINDGEN_TEST_ONLY_WEB: "1" };
    const driver = { CHROMEDRIVER: output("sh", ["-c", "command -v chromedriver"]) };
    // Not quiet: the runner is given what the test program would be, and does not know that.
    await run("cargo", ["test", "--locked", ...wasm], { env: { ...env, ...runner, ...driver } });
  },
  async e2e() {
    await ensurePrograms({ chromium: "chromium", "firefox-esr": "firefox-esr", ip: "iproute2", iptables: "iptables" });
    await buildWasm();
    await buildRoom();
    await checkSize();
    await buildDemo();
    await buildBarePage();
    await buildReactPage();
    await buildServer();
    await buildRouter();
    // They wait for browsers and networks half of the time.
    await nodeTests("tests/e2e", 2);
  },
  async package() {
    await ensurePrograms({ chromium: "chromium" });
    await buildWasm();
    await buildRoom();
    await buildServer();
    await checkPackage();
    const { buildApps } = await import("../tests/package/build.mjs");
    console.log("apps were built in ms:", await buildApps(workshop));
    await nodeTests("tests/package");
  },
};

/** All of them end before a failure is told, so that nothing is left running. */
async function allEnd(...work) {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

/** The tests of a folder, so many files at once. */
async function nodeTests(folder, atOnce = 1) {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith(".test.mjs"));
  const paths = files.map((name) => join(folder, name));
  await run("node", ["--test", `--test-concurrency=${atOnce}`, "--test-reporter=spec", ...paths]);
}

/** Runs a part, and says how long it took. */
async function timed(name, beside) {
  console.log(`\n== ${name}`);
  const began = Date.now();
  await parts[name](beside);
  console.log(`== ${name} passed in ${Math.round((Date.now() - began) / 1000)} s`);
}

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!(name in parts)) {
    console.error(`no such part: ${name}; there are ${Object.keys(parts).join(", ")}`);
    process.exit(2);
  }
}

try {
  await ensureBasics();
  const everything = wanted.length === 0;
  for (const name of everything ? Object.keys(parts).filter((part) => part !== "fuzz") : wanted) {
    await timed(name, everything ? () => timed("fuzz") : undefined);
  }
} catch (error) {
  console.error(`\nfailed: ${error.message}`);
  process.exit(1);
}
