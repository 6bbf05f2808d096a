// Hosts in network namespaces of the test's own, joined by tests/network/router: what it cuts, delays and loses is nobody else's.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { launch } from "../e2e/support/browser.mjs";
import { startServer } from "../e2e/support/server.mjs";
import { whyNoNamespace } from "../e2e/support/namespace.mjs";
import { HIGH, LOW } from "../e2e/support/pair.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = (name) => join(root, "target", "release", name);
const PORT = 8080;

/** Why there can be no such network here, or nothing. */
export const whyNoNetwork = () => (existsSync("/dev/net/tun") ? whyNoNamespace() : "there is no /dev/net/tun");

function ip(...args) {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

/** A network of the hosts `low`, `high` and `server`, `delay` milliseconds from each to each. */
export async function makeNetwork({ delay = 25 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-net-"));
  const hosts = {};
  for (const [index, name] of ["low", "high", "server"].entries()) {
    hosts[name] = { device: `pv${index}-${process.pid}`, space: `pairvoice-${name}-${process.pid}`, number: index + 1, moves: 0 };
  }
  const all = Object.values(hosts);
  const router = spawn(binary("pairvoice-router"), all.map((host) => host.device), { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: router.stdout })[Symbol.asyncIterator]();
  const command = async (...words) => {
    router.stdin.write(`${words.join(" ")}\n`);
    const { value } = await answers.next();
    if (value !== "ok") throw new Error(`router: ${words.join(" ")}: ${value}`);
  };
  const inside = (host, ...args) => ip("netns", "exec", host.space, "ip", ...args);
  const use = async (host) => {
    host.address = `10.99.${host.moves}.${host.number}`;
    await command("route", host.address, host.device);
    inside(host, "address", "add", `${host.address}/32`, "dev", host.device);
    inside(host, "route", "replace", "default", "dev", host.device, "src", host.address);
  };
  const remove = () => {
    router.kill();
    for (const host of all) spawnSync("ip", ["netns", "delete", host.space]);
    rmSync(folder, { recursive: true, force: true });
  };
  // A run that is stopped half-way leaves nothing behind either.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => (remove(), process.exit(1)));
  try {
    await answers.next();
    for (const host of all) {
      ip("netns", "add", host.space);
      ip("link", "set", host.device, "netns", host.space);
      inside(host, "link", "set", "lo", "up");
      inside(host, "link", "set", host.device, "up");
      await use(host);
    }
    await command("delay", delay);
  } catch (error) {
    remove();
    throw error;
  }
  const wrapper = (host) => {
    const path = join(folder, `chromium-${host.number}`);
    const chromium = process.env.PAIRVOICE_CHROMIUM ?? "/usr/bin/chromium";
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${host.space} ${chromium} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const named = (name) => hosts[name].device;
  return {
    hosts,
    folder,
    wrapper,
    remove,
    link: (name, state) => command("link", named(name), state),
    block: (a, b, state) => command("block", named(a), named(b), state),
    loss: (name, percent) => command("loss", named(name), percent),
    slow: (name, ms) => command("slow", named(name), ms),
    /** The host gets another address, as when it changes from one Wi-Fi to another. */
    async move(name) {
      const host = hosts[name];
      const old = host.address;
      host.moves += 1;
      inside(host, "address", "delete", `${old}/32`, "dev", host.device);
      await use(host);
    },
  };
}

/** The network with the server and two browsers, whose microphones play different tones, on hosts of their own. */
export async function makeWorld(options) {
  const network = await makeNetwork(options);
  try {
    return await populate(network);
  } catch (error) {
    network.remove();
    throw error;
  }
}

async function populate(network) {
  const host = network.hosts.server;
  const secret = join(network.folder, "secret");
  writeFileSync(secret, "a secret of this test, long enough for it");
  const server = await startServer({
    args: ["--jwt-secret-file", secret],
    page: "tests/e2e/page",
    wrap: ["ip", "netns", "exec", host.space],
    host: host.address,
    port: PORT,
  });
  const more = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
  const open = (name, hertz) => launch({ hertz, more, wrapper: network.wrapper(network.hosts[name]) });
  const [low, high] = await Promise.all([open("low", LOW), open("high", HIGH)]);
  const token = (session, user) => {
    const args = ["token", "--session", session, "--user", user, "--hours", "1", "--jwt-secret-file", secret];
    return spawnSync(binary("pairvoice-server"), args, { encoding: "utf8" }).stdout.trim();
  };
  const stop = async () => {
    await Promise.all([low.close(), high.close()]);
    await server.stop();
    network.remove();
  };
  return { network, server, low, high, token, stop };
}
