// npm run bench:soak -- --minutes 30: people come, talk, break off, take over, come back and leave for so long, and every acknowledged
// message must reach the other exactly once. Memory must be flat, and when everybody is gone, no room and no seat may be left.
import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { prepare, startLoad, startPairvoice } from "./processes.mjs";
import { descriptors, median, residentKib } from "./sample.mjs";

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    sessions: { type: "string", default: "40" },
    pause: { type: "string", default: "500" },
    json: { type: "string" },
  },
});
const MINUTES = Number(options.minutes);
const EVERY_MS = 10_000;
/** Seats are kept for 60 s, so memory grows for that long whatever the server does. */
const FULL_AFTER_S = 90;
/** What memory may grow by between two quarters: the larger of the two. */
const GROWTH = { part: 0.05, kib: 2_048 };
/** How long after the last person went the last room may go. */
const EMPTY_AFTER_S = 70;

await prepare();
const server = await startPairvoice({ admin: true });
const count = async () => {
  const { rooms, seats } = await (await fetch(`${server.admin}/diagnostics.json`)).json();
  return { rooms, seats };
};
const began = performance.now();
const seconds = () => Math.round((performance.now() - began) / 1000);
const samples = [];
async function sample() {
  const now = { s: seconds(), mib: residentKib(server.pid) / 1024, descriptors: descriptors(server.pid), ...(await count()) };
  samples.push(now);
  console.log(`| ${now.s} | ${now.mib.toFixed(1)} | ${now.descriptors} | ${now.rooms} | ${now.seats} |`);
  return now;
}

/** Resolves with the seconds until nobody is known any more, or with nothing when that takes too long. */
async function emptied() {
  const last = seconds();
  while (seconds() - last <= EMPTY_AFTER_S) {
    const { rooms, seats } = await count();
    if (rooms === 0 && seats === 0) return seconds() - last;
    await pause(1_000);
  }
  return undefined;
}

/** Whether memory of the last quarter is as in the second one; without an answer when seats were not full by then. */
function judged(end) {
  const quarter = (n) => samples.filter(({ s }) => s > (end * n) / 4 && s <= (end * (n + 1)) / 4).map(({ mib }) => mib);
  const [second, last] = [median(quarter(1)), median(quarter(3))];
  const allowed = Math.max(second * GROWTH.part, GROWTH.kib / 1024);
  return { second, last, allowed, long: end / 4 >= FULL_AFTER_S, flat: last - second <= allowed };
}

let failed = false;
const say = (good, text) => {
  failed ||= !good;
  console.log(`${good ? "good" : "BAD"}: ${text}`);
};
let load;
try {
  console.log("| s | resident MiB | descriptors | rooms | seats |\n|---|---|---|---|---|");
  const empty = await sample();
  load = startLoad(server, ["churn", "--minutes", MINUTES, "--sessions", options.sessions, "--pause", options.pause].map(String));
  const result = load.json();
  result.catch(() => {});
  const over = Promise.race([result, load.ended]).catch(() => {});
  const done = over.then(() => true);
  while (!(await Promise.race([done, pause(EVERY_MS, false)]))) await sample();
  const counts = await result;
  await load.finish();
  const end = seconds();
  await sample();
  console.log(JSON.stringify(counts));
  const memory = judged(end);
  const left = await emptied();
  const after = await sample();
  say(counts.failures === 0, `${counts.failures} of ${counts.lives} sessions failed; ${counts.lost} lost a message, ${counts.doubled} got one twice, of ${counts.messages}`);
  const text = `median of ${memory.second.toFixed(1)} MiB in the second quarter, ${memory.last.toFixed(1)} MiB in the last, ${memory.allowed.toFixed(1)} MiB more allowed`;
  if (memory.long) say(memory.flat, text);
  else console.log(`too short to judge (seats are kept for 60 s; from ${(FULL_AFTER_S * 4) / 60} minutes on it can be): ${text}`);
  say(left !== undefined, left === undefined ? `${after.rooms} rooms and ${after.seats} seats are left after ${EMPTY_AFTER_S} s` : `no room and no seat is left ${left} s after the last person went`);
  say(after.descriptors <= empty.descriptors + 8, `${after.descriptors} descriptors, ${empty.descriptors} before anybody came`);
  if (options.json) writeFileSync(options.json, JSON.stringify({ counts, memory, left, samples }, undefined, 2));
} finally {
  await load?.stop();
  await server.stop();
}
process.exitCode = failed ? 1 : 0;
