// Hosts in network namespaces of the test's own, joined by tests/network/router: what it cuts, delays and loses is nobody else's.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { Person } from "../e2e/support/browser.mjs";
import { FirefoxPerson, launchFirefox } from "../e2e/support/firefox.mjs";
import { whyNoNamespace } from "../e2e/support/namespace.mjs";
import { HIGH, LOW } from "../e2e/support/pair.mjs";
import { startServer } from "../e2e/support/server.mjs";
import { TabPerson, launchTabs } from "../e2e/support/tabs.mjs";
import { openDoorway } from "./doorway.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = (name) => join(root, "target", "release", name);
const PORT = 8080;

/** Why there can be no such network here, or nothing. */
export const whyNoNetwork = () => (existsSync("/dev/net/tun") ? whyNoNamespace() : "there is no /dev/net/tun");

function ip(...args) {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

/** The processes that run on a host. */
export const pidsOn = (host) =>
  spawnSync("ip", ["netns", "pids", host.space], { encoding: "utf8" }).stdout.split("\n").filter(Boolean).map(Number);

/** Sends a signal to a process that may have ended meanwhile. */
export function signalTo(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
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
    const [ok, ...found] = value.split(" ");
    if (ok !== "ok") throw new Error(`router: ${words.join(" ")}: ${value}`);
    return found;
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
    for (const host of all) {
      // A run that is stopped half-way has browsers and a server in there still.
      for (const pid of pidsOn(host)) signalTo(pid, "SIGKILL");
      spawnSync("ip", ["netns", "delete", host.space]);
    }
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
  /** A script that runs a program on a host; browsers are launched by it. */
  const wrapper = (host, program) => {
    const path = join(folder, `${program.split("/").at(-1)}-${host.number}`);
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${host.space} ${program} "$@"\n`);
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
    /** So many percent of the packets to and from a host are lost, each way by itself; `burst` of them in a row on average. */
    loss: (name, percent, burst = 1) => command("loss", named(name), percent, burst),
    /** A host's link carries so many kbit/s each way (or one: `from`, `to`), with a queue of `queueMs`; 0 lifts it. */
    cap: (name, kbits, queueMs = 300, way = "both") => command("cap", named(name), kbits, queueMs, way),
    /** IP bytes that a host's link carried from it and got to it so far. */
    async count(name) {
      const [sent, received] = (await command("count", named(name))).map(Number);
      return { sent, received };
    },
    slow: (name, ms) => command("slow", named(name), ms),
    /** So many milliseconds from each host to each from now on. */
    delay: (ms) => command("delay", ms),
    /** The host gets another address, as when it changes from one Wi-Fi to another; `between` is awaited without any. */
    async move(name, between) {
      const host = hosts[name];
      host.moves += 1;
      inside(host, "address", "delete", `${host.address}/32`, "dev", host.device);
      await between?.();
      await use(host);
    },
  };
}

/**
 * The network with the server and two browsers, whose microphones play different tones, on hosts of their own. `firefox` puts
 * Firefox on the host `high`, `launch` launches Chromium, `ports` are further ports of the server's host, `page` is the folder of
 * the page that it serves.
 */
export async function makeWorld({ firefox = false, launch = launchTabs, ports = [], page = "tests/e2e/page", ...options } = {}) {
  const network = await makeNetwork(options);
  try {
    return await populate(network, { firefox, launch, ports, page });
  } catch (error) {
    network.remove();
    throw error;
  }
}

async function populate(network, { firefox, launch, ports, page }) {
  const host = network.hosts.server;
  const secret = join(network.folder, "secret");
  writeFileSync(secret, "a secret of this test, long enough for it", { mode: 0o600 });
  const server = await startServer({
    args: ["--jwt-secret-file", secret],
    page,
    wrap: ["ip", "netns", "exec", host.space],
    host: host.address,
    port: PORT,
  });
  // Browsers give microphones to secure pages only.
  const origins = [PORT, ...ports].map((port) => `http://${host.address}:${port}`);
  const more = [`--unsafely-treat-insecure-origin-as-secure=${origins}`];
  const chromium = process.env.PAIRVOICE_CHROMIUM ?? "/usr/bin/chromium";
  const inChromium = async (name, hertz) => {
    const browser = await launch({ hertz, more, wrapper: network.wrapper(network.hosts[name], chromium) });
    const Kind = launch === launchTabs ? TabPerson : Person;
    return { browser, open: (...args) => Kind.open(browser, ...args), close: () => browser.close() };
  };
  const inFirefox = async (name) => {
    const program = process.env.PAIRVOICE_FIREFOX ?? "/usr/bin/firefox-esr";
    const { port, close } = await openDoorway(network.hosts[name].space, network.folder);
    const wrapper = network.wrapper(network.hosts[name], program);
    const browser = await launchFirefox({ wrapper, port, secure: [host.address] });
    const open = (...args) => FirefoxPerson.open(browser, ...args);
    return { browser, open, close: () => browser.close().finally(close), firefox: true };
  };
  const [low, high] = await Promise.all([inChromium("low", LOW), firefox ? inFirefox("high") : inChromium("high", HIGH)]);
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
