// npm run bench:speech [row ...]: how speech is heard on bad networks, for pairvoice and three baselines in one run. A row is named
// whole, by its beginning (`loss-10`, `cap`) or with stars (`loss-*-50`); `--list` names them. SECONDS=30 of each are measured,
// ROUNDS=1 times, STACKS=pairvoice,PeerJS takes some, JSON=FILE writes all of it (a file that is there is added to: rows that are
// measured again take the place of the old ones). A measurement in which the machine had no time is repeated (TIMES=3), and
// QUIET=0.4 waits before each until so much of the processors is idle. What is measured how: bench/README.md.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { baselines, prepare, SITE } from "../network/prepare.mjs";
import { fits, load, quiet as idle } from "../network/report.mjs";

const SECONDS = Number(process.env.SECONDS ?? 30);
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const args = process.argv.slice(2);
const listed = args.includes("--list");
if (!listed) await prepare();
// Need the packages that were only made sure of above.
const { measure } = await import("./call.mjs");
const { measureCpu } = await import("./cpu.mjs");
const { ensureSpeech, mean } = await import("./material.mjs");
const { rows: conditions } = await import("./rows.mjs");
const { PEERJS_PORT, RELAY_PORT, stacks } = await import("../network/stacks.mjs");
const { launch } = await import("../../tests/e2e/support/browser.mjs");
const { makeWorld, whyNoNetwork } = await import("../../tests/network/support.mjs");

const every = [...conditions, { id: "cpu", name: "what a call costs the processor" }];
const rows = every.filter(({ id }) => args.length === 0 || listed || args.some((arg) => fits(id, arg)));
const names = process.env.STACKS?.split(",") ?? Object.keys(stacks);
if (listed) {
  for (const { id, table, name } of rows) console.log(`${id}: ${table ? `${table}: ` : ""}${name}`);
  process.exit(0);
}
for (const arg of args) if (!rows.some(({ id }) => fits(id, arg))) throw new Error(`no row is named ${arg}; --list names them`);
for (const name of names) if (!stacks[name]) throw new Error(`no stack is named ${name}: ${Object.keys(stacks)}`);
const why = whyNoNetwork();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

const file = process.env.JSON;
const told = file && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
function keep(row) {
  const at = told.findIndex(({ id }) => id === row.id);
  if (at < 0) told.push(row);
  // Stacks that were not measured now stay as they were.
  else told[at] = { ...row, results: { ...told[at].results, ...row.results } };
  if (file) writeFileSync(file, JSON.stringify(told, undefined, 1));
}

/** What a row's rounds have on average, both ways together; nothing of those that failed. */
function average(rounds, what) {
  const values = rounds.flatMap(({ sides }) => (sides ? [sides[1][what], sides[2][what]] : []));
  return values.length > 0 ? mean(values) : undefined;
}

/** The jitter buffer without loss, by stack and round trip: what there is more of it was added by the network. */
const quiet = {};

function cell(name, row, rounds) {
  const failed = rounds.filter(({ error }) => error).length;
  if (failed === rounds.length) return rounds[0].error;
  const [concealed, score, kbits, jitter] = ["concealed", "score", "kbits", "jitterMs"].map((what) => average(rounds, what));
  const key = `${name} ${row.rtt}`;
  if (row.loss === 0) quiet[key] = jitter;
  const added = row.loss !== 0 && quiet[key] !== undefined ? ` (${jitter >= quiet[key] ? "+" : ""}${Math.round(jitter - quiet[key])})` : "";
  const shown = `${concealed.toFixed(2)} % · ${score.toFixed(2)} · ${kbits.toFixed(0)} · ${jitter.toFixed(0)}${added}`;
  return failed > 0 ? `${shown}; ${failed} of ${rounds.length} failed` : shown;
}

let heading;
async function measureRow(world, row, speech) {
  if (row.id === "cpu") {
    keep({ ...row, results: { cpu: await measureCpu(world, { seconds: SECONDS, speech }) } });
    return;
  }
  const results = Object.fromEntries(names.map((name) => [name, []]));
  let [busiest, latest] = [0, 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const index of names.keys()) {
      // One after the other: they would disturb each other on a link with a limit.
      const name = names[(index + round) % names.length];
      await idle();
      const measured = measure(world, name, row, { seconds: SECONDS, speech });
      const result = await measured.then((sides) => ({ sides }), ({ message }) => ({ error: message }));
      busiest = Math.max(busiest, load());
      latest = Math.max(latest, result.sides?.lateMs ?? 0);
      results[name].push({ ...result, load: load() });
    }
  }
  if (heading !== row.table) {
    heading = row.table;
    const what = `${heading}: concealed · PESQ · kbit/s · jitter buffer in ms (more than without loss)`;
    console.log(`\n| ${[what, ...names, "load", "machine late at worst, ms"].join(" | ")} |\n|${"---|".repeat(names.length + 3)}`);
  }
  console.log(`| ${row.name} | ${names.map((name) => cell(name, row, results[name])).join(" | ")} | ${busiest.toFixed(1)} | ${latest} |`);
  const { id, name, table, loss, burst, rtt } = row;
  keep({ id, name, table, loss, burst, rtt, seconds: row.seconds ?? SECONDS, results });
}

const speech = await ensureSpeech();
const world = await makeWorld({ launch, ports: [RELAY_PORT], page: SITE });
world.baselines = baselines(world.network.hosts.server, RELAY_PORT, PEERJS_PORT);
try {
  await world.baselines.start();
  for (const row of rows) await measureRow(world, row, speech);
} finally {
  await world.stop();
  await world.baselines.kill();
}
