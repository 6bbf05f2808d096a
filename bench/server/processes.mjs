// The processes of these measurements: the two servers and the load. Each is stopped by its ID.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { buildServer } from "../../scripts/build.mjs";
import { ensurePrograms, env, has, root, run } from "../../scripts/tools.mjs";
import { freePort } from "../../tests/e2e/support/server.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const release = (name) => join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "release", name);
const STOP_MS = 10_000;

/** Builds and installs what is missing; PAIRVOICE_SERVER names a server that is built already. */
export async function prepare({ reference = false } = {}) {
  if (!has("cargo")) throw new Error("Rust is missing: install rustup from https://rustup.rs and start again");
  await ensurePrograms({ cc: "build-essential" });
  if (!process.env.PAIRVOICE_SERVER) await buildServer();
  await run("cargo", ["build", "--locked", "--quiet", "--release", "--package", "pairvoice-load"]);
  if (reference) await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here });
}

/** A child process with as many descriptors as the system allows. */
function start(command, args, { stdin = "ignore", stderr = "inherit" } = {}) {
  // `exec` keeps the process ID.
  const raised = ["-c", 'ulimit -n "$(ulimit -Hn)" && exec "$@"', "bash", command, ...args];
  const child = spawn("bash", raised, { stdio: [stdin, "pipe", stderr], env });
  let over = false;
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve((over = signal ?? code ?? "an error")));
    child.once("error", (error) => resolve((over = error.message)));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    child,
    ended,
    /** The next line of its output; throws when it ends before. */
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} ended with ${await ended}`);
      return value;
    },
    async stop(signal = "SIGTERM") {
      if (over !== false) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** A server with a folder and a secret of its own: `{ name, pid, url, secret, admin?, stop }`. */
async function startServer(name, command, argsFor) {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-bench-"));
  const secret = join(folder, "secret");
  writeFileSync(secret, randomBytes(32).toString("hex"), { mode: 0o600 });
  const log = join(folder, "log");
  const file = openSync(log, "w");
  const server = start(command, argsFor({ folder, secret }), { stderr: file });
  closeSync(file);
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [, address] = (await server.line()).match(/http:\/\/([\d.]+:\d+)/);
    return { name, pid: server.pid, url: `ws://${address}`, secret, stop };
  } catch (error) {
    const written = readFileSync(log, "utf8");
    await stop();
    throw new Error(`${name} did not start: ${error.message}\n${written}`);
  }
}

/** pairvoice-server, without limits that one address or a fast pair would meet; SERVER_ARGS are added. */
export async function startPairvoice({ admin = false } = {}) {
  const program = process.env.PAIRVOICE_SERVER ?? release("pairvoice-server");
  const help = execFileSync(program, ["--help"], { encoding: "utf8" });
  const flags = ["--rate", "1000000"];
  // All of the load comes from this machine.
  if (help.includes("--connections-per-address")) flags.push("--connections-per-address", "0");
  const port = admin ? await freePort() : undefined;
  if (admin) flags.push("--admin-listen", `127.0.0.1:${port}`);
  const more = process.env.SERVER_ARGS?.split(" ").filter(Boolean) ?? [];
  const args = ({ folder, secret }) =>
    ["--listen", "127.0.0.1:0", "--database", join(folder, "chat.db"), "--jwt-secret-file", secret, ...flags, ...more];
  const server = await startServer("pairvoice-server", program, args);
  return { ...server, admin: port && `http://127.0.0.1:${port}` };
}

/** Node's socket.io. */
export const startReference = () =>
  startServer("Node socket.io", process.execPath, ({ secret }) => [join(here, "reference.mjs"), secret]);

/** The load: `json()` is its next result, `say(line)` a line of its input, `finish()` ends it by the end of that input. */
export function startLoad(server, args) {
  const load = start(release("pairvoice-load"), ["--url", server.url, "--secret", server.secret, ...args], { stdin: "pipe" });
  return {
    pid: load.pid,
    ended: load.ended,
    json: async () => JSON.parse(await load.line()),
    say: (line) => load.child.stdin.write(`${line}\n`),
    async finish() {
      load.child.stdin.end();
      const timer = setTimeout(() => load.stop("SIGKILL"), STOP_MS);
      const outcome = await load.ended;
      clearTimeout(timer);
      if (outcome !== 0) throw new Error(`the load ended with ${outcome}`);
    },
    stop: () => load.stop(),
  };
}
