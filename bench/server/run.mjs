// npm run bench:server: what pairvoice-server costs beside Node's socket.io: memory of an idle connection, CPU of a relayed signal.
// Both get the same load over loopback, one server at a time, in turn. `-- --quick` is a short run that only shows that this works, `-- --rounds 1` a shorter one,
// `-- --json FILE` writes all figures.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { prepare, startLoad, startPairvoice, startReference } from "./processes.mjs";
import { cpuMs, median, residentKib } from "./sample.mjs";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false }, rounds: { type: "string" }, json: { type: "string" } } });
const QUICK = options.quick;
const CONNECTIONS = QUICK ? [100, 1_000] : [100, 1_000, 2_000, 10_000];
const PAIRS = QUICK ? [10, 100] : [10, 100, 1_000];
const BYTES = [200, 2_048];
const ROUNDS = Number(options.rounds ?? (QUICK ? 1 : 3));
/** Signals of a run, and of the run before it that is not counted: Node compiles meanwhile. */
const SIGNALS = QUICK ? 20_000 : 100_000;
const WARM_UP = SIGNALS / 4;
/** Signals of a pair on their way. */
const WINDOW = 4;
/** Idle time before memory is read, and how long it and the CPU are read: pings go out every 10 s. */
const SETTLE_MS = QUICK ? 3_000 : 12_000;
const READ_MS = QUICK ? 2_000 : 10_000;
/** Connections opened in a second. */
const OPEN_RATE = 1_000;
const SOURCES = 8;
const WANTED = { memory: 0.8, cpu: 0.5 };

const servers = [startPairvoice, startReference];

/** Runs `measure` with a server and a load that both end with it. */
async function withLoad(begin, args, measure) {
  const server = await begin();
  try {
    const before = { kib: await settled(server.pid, 1_000), cpu: cpuMs(server.pid) };
    const load = startLoad(server, ["--sources", SOURCES, ...args].map(String));
    try {
      await load.json();
      const figures = await measure(server, load, before);
      await load.finish();
      return figures;
    } finally {
      await load.stop();
    }
  } finally {
    await server.stop();
  }
}

/** Resident memory: the median of what is seen for so long. */
async function settled(pid, forMs) {
  const seen = [];
  for (const end = performance.now() + forMs; performance.now() < end; await pause(100)) seen.push(residentKib(pid));
  return median(seen);
}

const idle = (begin, count) =>
  withLoad(begin, ["connect", "--count", count, "--rate", OPEN_RATE], async (server, load, before) => {
    const joinUs = ((cpuMs(server.pid) - before.cpu) * 1000) / count;
    await pause(SETTLE_MS);
    const cpu = cpuMs(server.pid);
    const began = performance.now();
    const kib = await settled(server.pid, READ_MS);
    const idlePercent = (100 * (cpuMs(server.pid) - cpu)) / (performance.now() - began);
    return { totalKib: kib, emptyKib: before.kib, perConnectionKib: (kib - before.kib) / count, joinUs, idlePercent };
  });

const relay = (begin, pairs, bytes) =>
  withLoad(begin, ["relay", "--pairs", pairs, "--bytes", bytes, "--window", WINDOW], async (server, load) => {
    load.say(Math.ceil(WARM_UP / pairs));
    await load.json();
    const [cpu, ofLoad] = [server, load].map(({ pid }) => cpuMs(pid));
    load.say(Math.ceil(SIGNALS / pairs));
    const result = await load.json();
    const spent = cpuMs(server.pid) - cpu;
    return {
      cpuUs: (spent * 1000) / result.messages,
      perSecond: result.perSecond,
      cores: spent / 1000 / result.seconds,
      loadCores: (cpuMs(load.pid) - ofLoad) / 1000 / result.seconds,
      deliveredMs: { p50: result.deliveredUs.p50 / 1000, p99: result.deliveredUs.p99 / 1000 },
    };
  });

/** The median of each figure of several runs. */
function medians(runs) {
  return Object.fromEntries(
    Object.entries(runs[0]).map(([key, value]) => {
      const all = runs.map((run) => run[key]);
      return [key, typeof value === "number" ? median(all) : medians(all)];
    }),
  );
}

const number = (value, digits = 0) =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const row = (...cells) => console.log(`| ${cells.join(" | ")} |`);
function header(...cells) {
  row(...cells);
  row(...cells.map(() => "---"));
}
const both = (a, b, digits) => `${number(a, digits)}, ${number(b, digits)}`;

const figures = { cores: cpus().length, node: process.version, quick: QUICK, memory: [], relay: [] };
await prepare({ reference: true });
console.log(`pairvoice-server, then Node ${process.version} with socket.io; ratio of the two\n`);
header("idle connections", "KiB a connection", "ratio", "whole process, MiB", "ratio", "CPU of a join, µs", "CPU when idle, % of a core");
for (const count of CONNECTIONS) {
  const [a, b] = [await idle(servers[0], count), await idle(servers[1], count)];
  const ratios = { perConnection: a.perConnectionKib / b.perConnectionKib, total: a.totalKib / b.totalKib };
  figures.memory.push({ count, pairvoice: a, node: b, ratios });
  const total = both(a.totalKib / 1024, b.totalKib / 1024, 1);
  const [each, whole] = [number(ratios.perConnection, 2), number(ratios.total, 2)];
  row(number(count), both(a.perConnectionKib, b.perConnectionKib, 1), each, total, whole, both(a.joinUs, b.joinUs), both(a.idlePercent, b.idlePercent, 1));
}
console.log(`\nmedian of ${ROUNDS}, ${number(SIGNALS)} signals each, ${WINDOW} of a pair on their way\n`);
header("pairs", "bytes", "CPU of a signal, µs", "ratio", "signals a second", "delivered p50, ms", "p99, ms", "cores: server", "cores: load");
for (const bytes of BYTES) {
  for (const pairs of PAIRS) {
    const runs = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, begin] of servers.entries()) runs[index].push(await relay(begin, pairs, bytes));
    }
    const [a, b] = runs.map(medians);
    const ratio = a.cpuUs / b.cpuUs;
    figures.relay.push({ pairs, bytes, pairvoice: a, node: b, ratio, rounds: { pairvoice: runs[0], node: runs[1] } });
    const latency = (name) => both(a.deliveredMs[name], b.deliveredMs[name], 1);
    row(number(pairs), number(bytes), both(a.cpuUs, b.cpuUs, 1), number(ratio, 2), both(a.perSecond, b.perSecond), latency("p50"), latency("p99"), both(a.cores, b.cores, 2), both(a.loadCores, b.loadCores, 2));
  }
}
const worst = {
  memory: Math.max(...figures.memory.filter(({ count }) => count >= 1_000).map(({ ratios }) => ratios.perConnection)),
  cpu: Math.max(...figures.relay.map(({ ratio }) => ratio)),
};
figures.worst = worst;
console.log(`\nmemory of an idle connection, from 1,000 on: at most ${number(worst.memory, 2)} of Node's (wanted: ${WANTED.memory})`);
console.log(`CPU of a signal: at most ${number(worst.cpu, 2)} of Node's (wanted: ${WANTED.cpu})`);
if (options.json) writeFileSync(options.json, JSON.stringify(figures, undefined, 2));
