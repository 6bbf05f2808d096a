// Rows of the faults: each stack has a pair of pages of its own in the same two browsers, one fault hits all of them, and it is
// timed from its end to new sound on both sides.
import { down, faults } from "../../tests/network/faults.mjs";
import { act, openPair, soundAfter, stacks } from "./stacks.mjs";

const LIMIT_MS = Number(process.env.LIMIT_MS ?? 60_000);
/** What the jitter buffer makes up for lost sound is no new sound. */
const PAUSE_MS = 150;
const RTT = 50;

const all = { ...faults, "down-100": down("low", 100) };
const NAMES = ["down-2", "down-5", "down-15", "down-30", "down-100", "move-low", "move-high", "blocked-20", "killed-then-broken"];
const FIREFOX = ["down-5", "down-30", "move-low", "move-high"];

export function faultRows({ firefox = false } = {}) {
  const [prefix, table] = firefox ? ["firefox-", `fault, RTT ${RTT}, Chromium with Firefox`] : ["", `fault, RTT ${RTT}`];
  return (firefox ? FIREFOX : NAMES).map((name) => ({
    id: prefix + name,
    name: all[name].name,
    fault: all[name],
    stacks,
    firefox,
    table,
    run: measure,
  }));
}

/** A call of each stack that is heard on both sides. */
async function connect(world, name) {
  const pair = await openPair(world, stacks[name]);
  const began = await Promise.all(pair.both.map((guest) => act(guest, "start")));
  if ((await soundAfter(pair, Math.min(...began), { limit: LIMIT_MS })) === undefined) throw new Error(`${name} did not connect`);
  return pair;
}

async function measure(world, row, round) {
  await world.network.delay(RTT / 2);
  const every = Object.keys(stacks);
  // The page that was opened last is in front and a little faster: each round another one is.
  const names = every.map((_, index) => every[(index + round) % every.length]);
  const pairs = {};
  try {
    // One after the other: what is measured is the fault, not the start.
    for (const name of names) pairs[name] = await connect(world, name);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await row.fault.during(world, { low: pairs.pairvoice[1], high: pairs.pairvoice[2], write: () => {} });
    const end = Date.now();
    const times = await Promise.all(
      names.map((name) => soundAfter(pairs[name], end, { pause: PAUSE_MS, limit: LIMIT_MS })),
    );
    return { times: Object.fromEntries(names.map((name, index) => [name, times[index]])), notes: [] };
  } finally {
    await Promise.all(Object.values(pairs).map((pair) => pair.close()));
  }
}
