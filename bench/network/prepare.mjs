// What the figures of the network need: everything built, and the servers of the baselines.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { buildRouter, buildServer, buildWasm, precompress } from "../../scripts/build.mjs";
import { ensureNodePackages, ensureRust, root, run } from "../../scripts/tools.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The page of the package, which the server serves. */
export const SITE = "bench/network/site";

/** Builds what is missing or old; `PAIRVOICE_BENCH_BUILD=site` takes module, server and router as they are, `none` the page, too. */
export async function prepare() {
  await ensureNodePackages();
  if (!process.env.PAIRVOICE_BENCH_BUILD) {
    await ensureRust();
    await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here });
    await buildWasm();
    await buildServer();
    await buildRouter();
  }
  if (process.env.PAIRVOICE_BENCH_BUILD === "none") return;
  await run("npx", ["vite", "build", SITE, "--logLevel", "warn"]);
  precompress(`${root}${SITE}/dist`);
}

/** The baselines' servers, on a host of their network. */
export function baselines(host, port, peerjsPort) {
  let child;
  const start = async () => {
    const args = [fileURLToPath(new URL("server.mjs", import.meta.url)), host.address, port, peerjsPort];
    child = spawn("ip", ["netns", "exec", host.space, process.execPath, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    await once(createInterface({ input: child.stdout }), "line");
  };
  const kill = async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return { start, kill, url: `http://${host.address}:${port}` };
}
