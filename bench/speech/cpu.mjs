// What a call costs the processor: seconds of the threads of the pages' renderers for each minute, with nothing but the call in them
// and in the browsers. A page that wants to know how its call is polls `getStats`; pairvoice does that itself.
import { readFileSync, readdirSync } from "node:fs";

import { connect, pause, settle } from "./call.mjs";

/** Clock ticks a second in /proc (man 5 proc): Linux has no other on the machines that Chromium runs on. */
const TICKS = 100;
const POLL_MS = 1_000;

const stacks = [
  { name: "pairvoice", stack: "pairvoice" },
  { name: "PeerJS, getStats each second", stack: "PeerJS", poll: true },
];
const networks = [
  { name: "clean path", set: (network) => network.loss("low", 0) },
  { name: "10 % loss", set: (network) => network.loss("low", 10, 1) },
];

/** A thread's or a process' name and the processor's time that it had, in ticks. */
function times(path) {
  const stat = readFileSync(path, "utf8");
  const [from, to] = [stat.indexOf("("), stat.lastIndexOf(")")];
  const fields = stat.slice(to + 2).split(" ");
  return { name: stat.slice(from + 1, to), ticks: Number(fields[11]) + Number(fields[12]) };
}

/** Ticks of a renderer: of its main thread, of its dedicated workers, of all. */
function renderer(pid) {
  const found = { main: 0, workers: 0, all: times(`/proc/${pid}/stat`).ticks };
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const { name, ticks } = times(`/proc/${pid}/task/${thread}/stat`);
    if (Number(thread) === pid) found.main += ticks;
    // The kernel keeps 15 characters of a name.
    else if (name.startsWith("DedicatedWorke")) found.workers += ticks;
  }
  return found;
}

async function renderers(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return new Map(processInfo.filter(({ type }) => type === "renderer").map(({ id }) => [id, renderer(id)]));
}

/** Runs in the page: what apps do that show how a call is. */
function poll(ms) {
  setInterval(() => globalThis.ear.connections.forEach((connection) => connection.getStats()), ms);
}

/** Seconds a minute of the renderer that the page is in: the one that did most of all. */
async function spent(browser, seconds, wait) {
  const before = await renderers(browser);
  await wait;
  const after = await renderers(browser);
  const grown = [...after].filter(([pid]) => before.has(pid)).map(([pid, now]) =>
    Object.fromEntries(Object.entries(now).map(([what, ticks]) => [what, ((ticks - before.get(pid)[what]) / TICKS / seconds) * 60])),
  );
  return grown.toSorted((a, b) => b.all - a.all)[0];
}

async function once(world, { stack, poll: polls }, network, { seconds, speech }) {
  const pair = await connect(world, stack, { rtt: 50, speech });
  try {
    if (polls) for (const { page } of pair.both) await page.evaluate(poll, POLL_MS);
    await settle(world, network);
    const wait = pause(seconds * 1000);
    return await Promise.all([world.low, world.high].map(({ browser }) => spent(browser, seconds, wait)));
  } finally {
    await world.network.loss("low", 0);
    await pair.close();
  }
}

/** Prints the table; resolves with the raw figures. */
export async function measureCpu(world, options) {
  const seconds = 2 * options.seconds;
  const what = `processor seconds a minute of a call, mean of both pages over ${seconds} s`;
  console.log(`\n| ${[what, "main thread", "dedicated workers", "other threads", "all"].join(" | ")} |\n|${"---|".repeat(5)}`);
  const all = [];
  for (const network of networks) {
    for (const each of stacks) {
      const sides = await once(world, each, network, { ...options, seconds });
      const mean = (what) => sides.reduce((sum, side) => sum + what(side), 0) / sides.length;
      const cells = [({ main }) => main, ({ workers }) => workers, (side) => side.all - side.main - side.workers, (side) => side.all];
      console.log(`| ${each.name}, ${network.name} | ${cells.map((cell) => mean(cell).toFixed(2)).join(" | ")} |`);
      all.push({ stack: each.name, network: network.name, sides });
    }
  }
  return all;
}
