// npm run bench:network: faults of an emulated network, for pairvoice and three baselines at the same time: each has a pair of
// pages of its own in the same two browsers, and one fault hits all four. Time from the end of the fault to new sound on both
// sides, by what is played; `-` when there was none within 60 s. ROUNDS=5 rounds of each; EACH=1 prints every round.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { buildBarePage, buildRouter, buildServer, buildWasm } from "../../scripts/build.mjs";
import { ensureNodePackages, ensureRust, run } from "../../scripts/tools.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const LIMIT_MS = 60_000;
const [RELAY_PORT, PEERJS_PORT] = [8081, 8082];
const FAULTS = ["down-2", "down-5", "down-15", "down-30", "move-low", "move-high", "blocked-20", "killed-then-broken"];

await ensureNodePackages();
await ensureRust();
await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here });
await buildWasm();
await buildBarePage();
await buildServer();
await buildRouter();
// Need the packages that were only made sure of above.
const { Person, launch } = await import("../../tests/e2e/support/browser.mjs");
const { HIGH, LOW } = await import("../../tests/e2e/support/pair.mjs");
const { heardAnew, listen } = await import("../../tests/network/call.mjs");
const { faults } = await import("../../tests/network/faults.mjs");
const { makeWorld, whyNoNetwork } = await import("../../tests/network/support.mjs");

const why = whyNoNetwork();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

/** The baselines' servers, on the same host as pairvoice's. */
function baselines(host) {
  let child;
  const start = async () => {
    const args = [fileURLToPath(new URL("server.mjs", import.meta.url)), host.address, RELAY_PORT, PEERJS_PORT];
    child = spawn("ip", ["netns", "exec", host.space, process.execPath, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    await once(createInterface({ input: child.stdout }), "line");
  };
  const kill = async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return { start, kill, url: `http://${host.address}:${RELAY_PORT}` };
}

/** A pair of pages; the one at low is the offerer, or comes first. */
const stacks = {
  pairvoice: (world, session) =>
    Promise.all(
      [["low", "1"], ["high", "2"]].map(async ([host, user]) => {
        const person = await world[host].open(world.server, user, { query: { session, token: world.token(session, user) } });
        await person.page.waitForFunction(() => globalThis.pairvoice);
        await person.page.evaluate(async () => {
          globalThis.session = await globalThis.pairvoice.startVoiceCall(globalThis.options);
        });
        return person;
      }),
    ),
};
for (const name of ["perfect-negotiation", "simple-peer", "peerjs"]) {
  stacks[name] = async (world, session) => {
    const open = (host, user) =>
      world[host].open({ url: `${world.baselines.url}/${name}` }, user, { query: { session, port: PEERJS_PORT } });
    return [await open("low", "1"), await open("high", "2")];
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const shown = (times) => {
  const lost = times.filter((time) => time === undefined).length;
  if (lost === times.length) return "-";
  const all = times.map((time) => time ?? Infinity);
  const ms = (value) => (Number.isFinite(value) ? Math.round(value) : "-");
  return `${ms(median(all))} (${ms(Math.max(...all))})${lost > 0 ? `, ${lost} not` : ""}`;
};

async function measure(world, name, round) {
  const all = Object.keys(stacks);
  // The page that was opened last is in front and a little faster: each round another one is.
  const names = all.map((_, index) => all[(index + round) % all.length]);
  const pairs = [];
  // One after the other: what is measured is the fault, not the start.
  for (const stack of names) {
    const people = await stacks[stack](world, `b-${name}-${round}-${stack}`);
    await Promise.all(people.map(({ page }, side) => page.evaluate(listen, [side === 0 ? HIGH : LOW, false])));
    const heard = await Promise.all(people.map((person) => heardAnew(person, 0, { afterPause: false, limit: LIMIT_MS })));
    if (!heard.every(Boolean)) throw new Error(`${stack} did not connect`);
    pairs.push(people);
  }
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const [low, high] = pairs[names.indexOf("pairvoice")];
  await faults[name].during(world, { low, high, write: () => {} });
  const end = Date.now();
  const times = await Promise.all(
    pairs.map(async (people) => {
      const heard = await Promise.all(people.map((person) => heardAnew(person, end, { limit: LIMIT_MS })));
      return heard.every(Boolean) ? Math.max(...heard) - end : undefined;
    }),
  );
  await Promise.all(pairs.flat().map((person) => person.close()));
  return Object.fromEntries(names.map((stack, index) => [stack, times[index]]));
}

const world = await makeWorld({ launch, ports: [RELAY_PORT] });
world.baselines = baselines(world.network.hosts.server);
// A killed server takes the others along.
const { kill, start } = world.server;
world.server.kill = (...args) => Promise.all([kill(...args), world.baselines.kill()]);
world.server.start = () => Promise.all([start(), world.baselines.start()]);
const wanted = process.argv.slice(2);
try {
  await world.baselines.start();
  console.log(`| fault | ${Object.keys(stacks).join(" | ")} |\n|---|${"---|".repeat(Object.keys(stacks).length)}`);
  for (const name of wanted.length > 0 ? wanted : FAULTS) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure(world, name, round));
    if (process.env.EACH) console.log(JSON.stringify(rounds));
    console.log(`| ${faults[name].name} | ${Object.keys(stacks).map((stack) => shown(rounds.map((r) => r[stack]))).join(" | ")} |`);
  }
} finally {
  world.server.kill = kill;
  await world.stop();
  await world.baselines.kill();
}
