// What the other scripts share: running programs, and getting those that a fresh machine lacks.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const tools = join(root, ".tools", "bin");
export const env = { ...process.env, PATH: [tools, process.env.PATH, join(homedir(), ".cargo", "bin")].join(delimiter) };

/** Runs a program to its end; throws when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: "inherit", ...options });
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}`)),
    );
  });
}

/** What a program prints, or nothing when it is missing or fails. */
export function output(command, args) {
  const result = spawnSync(command, args, { cwd: root, env, encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

export const has = (command) => output("sh", ["-c", `command -v ${command}`]) !== undefined;

/** Modification time in milliseconds, 0 for what does not exist. */
export const age = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** Installs Debian packages that provide missing programs. */
export async function ensurePrograms(packages) {
  const missing = Object.entries(packages).filter(([program]) => !has(program)).map(([, name]) => name);
  if (missing.length === 0) return;
  const names = [...new Set(missing)];
  if (!has("apt-get")) throw new Error(`please install: ${names.join(", ")}`);
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, "apt-get", ...args];
    return run(command, rest, { env: { ...env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  console.log(`installing ${names.join(", ")} …`);
  await apt("update", "-q");
  await apt("install", "-y", "-q", "--no-install-recommends", ...names);
}

/** Node packages as the lock file names them. */
export async function ensureNodePackages() {
  if (age(join(root, "node_modules", ".package-lock.json")) < age(join(root, "package-lock.json"))) {
    // better-sqlite3 is compiled where there is no binary of it; tests need no optimised one.
    const quick = { CFLAGS: "-O0", CXXFLAGS: "-O0", JOBS: "2" };
    await run("npm", ["ci", "--no-audit", "--no-fund"], { env: { ...quick, ...env } });
  }
}

/** What every build takes. Node's packages and Rust's tools come side by side: each is built on one core for most of its time. */
export async function ensureBasics() {
  // For what is compiled of Node's packages.
  await ensurePrograms({ cc: "build-essential", "c++": "build-essential", make: "build-essential", python3: "python3" });
  await Promise.all([ensureNodePackages(), ensureRust()]);
}

/** A C compiler, Rust's WebAssembly target, and the wasm-bindgen that fits the lock file. */
export async function ensureRust() {
  if (!has("cargo")) throw new Error("Rust is missing: install rustup from https://rustup.rs and start again");
  await ensurePrograms({ cc: "build-essential" });
  if (!output("rustc", ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]) ||
      !existsSync(output("rustc", ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]))) {
    await run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
  }
  await ensureCargoTool("wasm-bindgen", "wasm-bindgen-cli", lockedVersion("wasm-bindgen"));
}

/** A program from crates.io, in this project's own folder. */
export async function ensureCargoTool(program, crate, version) {
  const found = output(join(tools, program), ["--version"]);
  if (found?.split(" ")[1] === version) return;
  const args = ["install", crate, "--version", version, "--root", join(root, ".tools"), "--force", "--target-dir", join(root, "target", "tools")];
  // It runs for seconds: most of what optimising it would take is never got back.
  const quick = { CARGO_PROFILE_RELEASE_OPT_LEVEL: "1", CARGO_PROFILE_RELEASE_LTO: "off", CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16" };
  const options = { env: { ...env, ...quick } };
  // The tool's own lock file may name a version that a registry mirror does not have.
  await run("cargo", [...args, "--locked"], options).catch(() => run("cargo", args, options));
}

function lockedVersion(crate) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  return lock.match(new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`))[1];
}
