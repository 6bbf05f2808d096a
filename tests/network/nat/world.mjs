// The network of topology.mjs with everything in it: the server, its relay or a coturn, a proxy, and a browser at each site, whose
// microphones play different tones.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { Person, launch } from "../../e2e/support/browser.mjs";
import { FirefoxPerson, launchFirefox } from "../../e2e/support/firefox.mjs";
import { HIGH, LOW } from "../../e2e/support/pair.mjs";
import { program, startServer } from "../../e2e/support/server.mjs";
import { openDoorway } from "../doorway.mjs";
import { homeFor, makeCertificates, trust } from "./certificates.mjs";
import { TURN_SECRET, startCoturn, turnUrls } from "./coturn.mjs";
import { PROXY_PORT } from "./kinds.mjs";
import { makeTopology } from "./topology.mjs";

/** What relays: the server itself, a coturn beside it, or nothing. */
export const RELAYS = ["embedded", "coturn", "none"];

/**
 * Sets everything up. `relay` is one of RELAYS, `args` are further ones of the server, `firefox` puts Firefox on the site `high`,
 * `pairvoice: false` leaves pairvoice's server out, for those who bring their own.
 */
export async function makeWorld(options = {}) {
  const topology = makeTopology();
  const opened = [];
  const stop = async () => {
    for (const close of opened.reverse()) await close();
    topology.remove();
  };
  try {
    return { ...(await populate(topology, opened, options)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function populate(topology, opened, { relay = "embedded", args = [], firefox = false, coturn = relay === "coturn" }) {
  const { folder, hosts, names } = topology;
  const certificates = makeCertificates(folder, Object.values(names));
  const home = homeFor(folder, certificates.authority);
  const world = { topology, certificates, relay };

  /** Runs a script of this folder on a host until the end, and waits for its first line. */
  const serve = async (host, script, ...words) => {
    const [first, ...rest] = [...topology.wrap(host), process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...words];
    const child = spawn(first, rest, { stdio: ["ignore", "pipe", "inherit"] });
    opened.push(() => child.kill());
    await once(createInterface({ input: child.stdout }), "line");
  };
  await serve("proxy", "proxy.mjs", PROXY_PORT, JSON.stringify(topology.zone));
  for (const { gateway, v4Gateway, v6Gateway } of [hosts.low, hosts.high]) {
    await serve(gateway.name, "dns.mjs", JSON.stringify(topology.zone), v4Gateway, v6Gateway);
  }

  if (coturn) {
    const { v4, v6 } = hosts.relay;
    world.coturn = await startCoturn({ folder, wrap: topology.wrap("relay"), addresses: [v4, v6], ...certificates });
    opened.push(world.coturn.kill);
  }

  const secret = join(folder, "secret");
  const turnSecret = join(folder, "turn-secret");
  writeFileSync(secret, "a secret of this test, long enough for it", { mode: 0o600 });
  writeFileSync(turnSecret, TURN_SECRET, { mode: 0o600 });
  const external = ["--no-relay", "--turn", turnUrls(names.relay).join(","), "--turn-secret-file", turnSecret];
  world.server = await startServer({
    args: [
      ...["--jwt-secret-file", secret, "--tls-cert", certificates.cert, "--tls-key", certificates.key],
      ...{ embedded: [], coturn: external, none: ["--no-relay"] }[relay],
      ...args,
    ],
    page: "tests/e2e/page",
    wrap: topology.wrap("server"),
    // One socket for both families.
    host: "[::]",
    port: 443,
  });
  opened.push(world.server.stop);
  world.server.url = `https://${names.server}`;
  world.token = (session, user) => {
    const given = ["token", "--session", session, "--user", user, "--hours", "1", "--jwt-secret-file", secret];
    return spawnSync(program, given, { encoding: "utf8" }).stdout.trim();
  };

  /** How a person of this site reaches the world. */
  const context = (name) => (hosts[name].kind === "proxy" ? { proxy: { server: `http://${hosts.proxy.v4}:${PROXY_PORT}` } } : {});
  const inChromium = async (name, hertz) => {
    const executable = process.env.PAIRVOICE_CHROMIUM ?? "/usr/bin/chromium";
    const browser = await launch({ hertz, wrapper: topology.wrapper(name, executable, home) });
    opened.push(() => browser.close());
    const open = (server, user, given = {}) => Person.open(browser, server, user, { ...given, context: { ...context(name), ...given.context } });
    return { browser, open };
  };
  const inFirefox = async (name) => {
    const executable = process.env.PAIRVOICE_FIREFOX ?? "/usr/bin/firefox-esr";
    const profile = join(folder, "firefox");
    trust(profile, certificates.authority);
    const { port, close } = await openDoorway(hosts[name].space, folder);
    opened.push(close);
    const browser = await launchFirefox({ wrapper: topology.wrapper(name, executable, home), port, profile });
    opened.push(() => browser.close());
    return { browser, open: (...given) => FirefoxPerson.open(browser, ...given), firefox: true };
  };
  world.low = await inChromium("low", LOW);
  world.high = firefox ? await inFirefox("high") : await inChromium("high", HIGH);
  return world;
}
