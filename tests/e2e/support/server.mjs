// The real server, as a child process on a free port.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** The server that is tested; PAIRVOICE_SERVER names another build of it. */
export const program = process.env.PAIRVOICE_SERVER ?? join(root, "target", "release", "pairvoice-server");

/** A TCP port that nobody uses now. */
export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * A server with a chat log of its own. It keeps port and log over `kill` and `start`; `log` collects what it writes.
 * `page` is the folder of the page that it serves if it was built, `wrap` is put before the command line, to run it in a network namespace,
 * `env` is added to its environment, `run` is the command line of another server. `pid` is the process that runs now.
 */
export async function startServer({ args = ["--dev"], page = "www", wrap = [], env = {}, host = "127.0.0.1", port, run = [program] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-"));
  const server = { port: port ?? (await freePort()), log: "", folder };
  server.url = `http://${host === "127.0.0.1" ? "localhost" : host}:${server.port}`;
  const dist = join(root, page, "dist");
  let child;

  server.start = async () => {
    const [command, ...rest] = [
      ...wrap,
      ...run,
      ...["--listen", `${host}:${server.port}`, "--database", join(folder, "chat.db")],
      ...(existsSync(dist) ? ["--static", dist] : []),
      ...args,
    ];
    child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, RUST_LOG: "", ...env } });
    server.pid = child.pid;
    child.stderr.on("data", (data) => (server.log += data));
    child.exited = new Promise((resolve) => child.once("exit", resolve));
    const listening = new Promise((resolve) => createInterface({ input: child.stdout }).on("line", resolve));
    const line = await Promise.race([listening, child.exited.then(() => undefined)]);
    if (!line) throw new Error(`the server did not start:\n${server.log}`);
    server.line = line;
  };
  /** Sends a signal that does not end it. */
  server.signal = (name) => child.kill(name);
  server.kill = async (signal = "SIGKILL") => {
    child.kill(signal);
    await child.exited;
  };
  server.stop = async () => {
    await server.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  };
  await server.start();
  return server;
}
