// Rows of the start: from the moment at which the second begins to sound on both sides.
import { quiet } from "./report.mjs";
import { act, nothingLoaded, openPair, soundAfter, stacks } from "./stacks.mjs";

const LIMIT_MS = 20_000;
/** So soon is a link there before voice, if the package has such a thing. */
const STANDBY_MS = 15_000;
/** How far ahead a moment lies that both pages are to begin at. */
const AHEAD_MS = 400;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** What may still be on its way has arrived, and no page is busy with what came before. */
const settle = (rtt) => pause(700 + 4 * rtt);

/** Who begins second: pairvoice's offerer, or who calls; the other; or nobody. */
const ORDERS = {
  offerer: { second: "1", words: "the offerer (the one who calls) second" },
  answerer: { second: "2", words: "the answerer (the one who is called) second" },
  together: { words: "both at the same moment" },
};
const other = (user) => (user === "1" ? "2" : "1");

/** Both pages are there; one begins and waits, then the second does, or both begin at once. Resolves with the second's moment. */
async function callCold(pair, stack, rtt, { second }) {
  if (!second) {
    await settle(rtt);
    const at = Date.now() + AHEAD_MS + rtt;
    const began = await Promise.all(pair.both.map((guest) => act(guest, "start", at)));
    return Math.max(...began);
  }
  const first = pair[other(second)];
  await act(first, "start");
  await first.page.waitForFunction(stack.waits);
  await settle(rtt);
  return act(pair[second], "start");
}

/** Both have joined, one has begun voice. `note` says why there is nothing to measure. */
async function callJoined(pair, stack, rtt, { second }, { standby }) {
  await Promise.all(pair.both.map((guest) => act(guest, "join")));
  await Promise.all(pair.both.map((guest) => guest.session("joined")));
  if (standby) {
    const linked = () => globalThis.ear.connections.some(({ connectionState }) => connectionState === "connected");
    const found = pair.both.map(({ page }) => page.waitForFunction(linked, undefined, { timeout: STANDBY_MS }));
    if ((await Promise.allSettled(found)).some(({ status }) => status === "rejected")) return "no link before voice: is there no `standby`?";
  }
  await settle(rtt);
  const first = pair[other(second)];
  await act(first, "voice");
  await first.until((s) => s.voice.microphone.state === "live");
  await pair[second].until((s) => s.peer.voice);
  await settle(rtt);
  return act(pair[second], "voice");
}

/** One call. A text in the place of a time says why there is none. */
async function once(world, stack, row, options) {
  await quiet();
  const pair = await openPair(world, stack, { query: row.query, ...options });
  try {
    const since = await row.call(pair, stack, row.rtt, row.order, row);
    if (typeof since === "string") return { note: since };
    const time = await soundAfter(pair, since, { limit: LIMIT_MS });
    const lines = options.timeLine ? await Promise.all(pair.both.map((guest) => line(guest, since))) : undefined;
    return { time, lines };
  } finally {
    await pair.close();
  }
}

/** What a page did, in milliseconds from `since`. */
const line = (guest, since) =>
  guest.page.evaluate((from) => {
    const { marks = [], ear } = globalThis;
    const heard = [["first sample", ear.first], ["sound", ear.heard.find((at) => at >= from)]];
    return [...marks, ...heard].filter(([, at]) => at >= from - 20).map(([name, at]) => [name, at - from]);
  }, since);

const SIDES = ["1, at low", "2, at high"];

/** Rows by what was there before; `firefox` has only the main ones. */
export function startRows({ firefox = false } = {}) {
  const rows = [];
  const add = (kind, words, rtts, orders, more) => {
    for (const rtt of rtts) {
      for (const order of orders) {
        const id = [...(firefox ? ["firefox"] : []), kind, rtt, order].join("-");
        const name = `${words}, RTT ${rtt}, ${ORDERS[order].words}`;
        rows.push({ id, name, rtt, order: ORDERS[order], table: "start", run: measure, ...more });
      }
    }
  };
  const [sides, all] = [["offerer", "answerer"], Object.keys(ORDERS)];
  if (firefox) {
    const more = { firefox, table: "start, Chromium with Firefox", stacks, call: callCold };
    add("cold", "cold, library loaded with the page", [50, 200], sides, more);
    return rows;
  }
  const rtts = [0, 50, 200];
  const alone = { pairvoice: stacks.pairvoice };
  add("cold", "cold, library loaded with the page", rtts, all, { stacks, call: callCold });
  add("unloaded", "cold, nothing loaded before the call", rtts, all, { stacks: { pairvoice: nothingLoaded }, call: callCold });
  add("joined", "both joined before", rtts, sides, { stacks: alone, call: callJoined });
  add("standby", "standby", rtts, sides, { stacks: alone, call: callJoined, standby: true, query: { standby: "1" } });
  return rows;
}

/** One round of a row: each stack in turn, another one first each time. */
async function measure(world, row, round, { timeLine, lines }) {
  await world.network.delay(row.rtt / 2);
  const names = Object.keys(row.stacks);
  const times = {};
  const notes = [];
  for (const index of names.keys()) {
    const name = names[(index + round) % names.length];
    const result = await once(world, row.stacks[name], row, { timeLine });
    times[name] = result.time;
    if (result.note) notes.push(result.note);
    for (const [side, found] of (result.lines ?? []).entries()) {
      const title = `${row.id}, ${name}, ${SIDES[side]}`;
      lines.set(title, [...(lines.get(title) ?? []), found]);
    }
  }
  return { times, notes };
}
