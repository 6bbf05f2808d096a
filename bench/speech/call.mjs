// One call of one stack on one network: both speak, both listen, and both are measured.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { act, openPair, stacks } from "../network/stacks.mjs";
import { mean, score } from "./material.mjs";
import { clear } from "./rows.mjs";

const CONNECT_MS = 20_000;
/** After connecting on a clean path and after the network became what it is to be: a controller needs time. */
const SETTLE_MS = 6_000;
/** So much longer is listened than measured: what was said last is still on its way. */
const MORE_MS = 1_500;
/** How far ahead the moment lies at which both pages begin. */
const AHEAD_MS = 300;
/** A machine that is later than this with a timer disturbs the sound itself: TIMES=3 tries at most. */
const [TIMER_MS, LATE_MS, TIMES] = [10, 60, Number(process.env.TIMES ?? 3)];

const script = (path) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");
const scripts = [script("mouth.js"), script("ear.js")];

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const inBoth = (pair, ...work) => Promise.all(pair.both.map(({ page }) => page.evaluate(...work)));
const stats = (pair) => inBoth(pair, () => globalThis.ear.stats());

/** A call that both sides hear, on a network that has a round trip and no faults. */
export async function connect(world, name, { rtt, speech, query }) {
  await clear(world.network);
  await world.network.delay(rtt / 2);
  const pair = await openPair(world, stacks[name], { scripts, query });
  try {
    await inBoth(pair, (samples) => globalThis.mouth.load(samples), speech.samples);
    await Promise.all(pair.both.map((guest) => act(guest, "start")));
    const end = Date.now() + CONNECT_MS;
    const hears = (found) => Object.values(found).some(({ totalSamplesReceived, audioLevel }) => totalSamplesReceived > 0 && audioLevel > 0);
    while (!(await stats(pair)).every(hears)) {
      if (Date.now() > end) throw new Error(`${name} did not connect`);
      await pause(100);
    }
  } catch (error) {
    await pair.close();
    throw error;
  }
  return pair;
}

/** The network becomes what the row has, and the call gets used to it. */
export async function settle(world, row) {
  await pause(SETTLE_MS);
  await row.set(world.network);
  await pause(SETTLE_MS);
}

/** Both begin at one moment to say the programme from their offset on and to listen. Resolves with their moments. */
const begin = (pair, offsets) =>
  Promise.all(
    ["1", "2"].map((user) =>
      pair[user].page.evaluate(
        ([at, offset]) =>
          new Promise((resolve) => {
            setTimeout(() => {
              globalThis.ear.begin();
              globalThis.mouth.say(offset);
              resolve(globalThis.ear.now());
            }, at - Date.now());
          }),
        [Date.now() + AHEAD_MS, offsets[user]],
      ),
    ),
  );

/** How the numbers of a page's receivers grew, all of them together. */
function grown(before, after) {
  const sums = {};
  for (const [id, report] of Object.entries(after)) {
    for (const [name, value] of Object.entries(report)) {
      if (typeof value !== "number") continue;
      sums[name] = (sums[name] ?? 0) + value - (before[id]?.[name] ?? 0);
    }
  }
  return sums;
}

const COUNTED = [
  ...["concealedSamples", "silentConcealedSamples", "concealmentEvents", "totalSamplesReceived", "jitterBufferDelay"],
  ...["jitterBufferEmittedCount", "packetsReceived", "packetsLost", "packetsDiscarded", "fecPacketsReceived"],
  ...["insertedSamplesForDeceleration", "removedSamplesForAcceleration"],
];

const bytesOf = async ({ network }) => ({ low: await network.count("low"), high: await network.count("high"), at: performance.now() });

/** One direction's figures: what this side heard of the other. */
function figures(counted, { scores, delays, level }, begun, kbits) {
  const { concealedSamples, silentConcealedSamples, totalSamplesReceived, jitterBufferDelay, jitterBufferEmittedCount } = counted;
  return {
    concealed: ((concealedSamples - silentConcealedSamples) / totalSamplesReceived) * 100,
    jitterMs: (jitterBufferDelay / jitterBufferEmittedCount) * 1000,
    score: scores.length > 0 ? mean(scores) : undefined,
    kbits,
    // The listener began this much later than the other spoke.
    mouthToEarMs: delays.map((delay) => Math.round(delay + begun)),
    scores,
    level,
    counted: Object.fromEntries(COUNTED.map((name) => [name, counted[name]])),
  };
}

/** How late the machine is with a timer meanwhile at worst, in milliseconds: what is late for us is late for the calls, too. */
function watchMachine() {
  let [last, worst] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - TIMER_MS);
    last = now;
  }, TIMER_MS);
  return () => {
    clearInterval(timer);
    return Math.round(worst);
  };
}

/**
 * Measures a stack in a row: each side's figures, `{ 1, 2, lateMs }`. When the machine had no time for the calls, again, twice at most;
 * the least disturbed measurement counts.
 */
export async function measure(world, name, row, options) {
  let best;
  for (let time = 0; time < TIMES; time += 1) {
    const sides = await once(world, name, row, options);
    if (!best || sides.lateMs < best.lateMs) best = sides;
    if (best.lateMs <= LATE_MS) break;
  }
  return best;
}

async function once(world, name, row, { seconds, speech }) {
  const length = row.seconds ?? seconds;
  const pair = await connect(world, name, { rtt: row.rtt, speech });
  try {
    await settle(world, row);
    const [before, bytesBefore] = [await stats(pair), await bytesOf(world)];
    const begun = await begin(pair, speech.offsets);
    const late = watchMachine();
    const [, after, bytes] = await Promise.all([
      row.during?.(world.network),
      pause(length * 1000).then(() => stats(pair)),
      pause(length * 1000).then(() => bytesOf(world)),
    ]);
    const lateMs = late();
    await pause(MORE_MS);
    const recordings = await inBoth(pair, () => globalThis.ear.end());
    const errors = recordings.flatMap((recording) => recording.errors);
    if (errors.length > 0) throw new Error(`recorded at ${[...new Set(errors)]}`);
    // What one side heard is what the other said.
    const jobs = recordings.map(({ samples }, side) => ({ samples, offset: speech.offsets[side === 0 ? "2" : "1"] }));
    const judged = await score(jobs);
    const took = (bytes.at - bytesBefore.at) / 1000;
    const rate = (host, way) => ((bytes[host][way] - bytesBefore[host][way]) * 8) / 1000 / took;
    const from = { low: rate("low", "sent"), high: rate("high", "sent") };
    const to = { low: rate("low", "received"), high: rate("high", "received") };
    // With a limit it counts what passed the link that has it, and not what was sent towards it.
    const carried = row.limited ? { low: from.low, high: to.low } : from;
    const side = (index, host, other) => ({
      ...figures(grown(before[index], after[index]), judged[index], begun[index] - begun[1 - index], carried[other]),
      sentKbits: from[host],
      receivedKbits: to[host],
      parts: recordings[index].parts,
    });
    return { 1: side(0, "low", "high"), 2: side(1, "high", "low"), lateMs };
  } finally {
    await clear(world.network);
    await pair.close();
  }
}
