// npm run bench:network [row ...]: how soon there is sound, and how soon again after a fault, on an emulated network, for pairvoice
// and three baselines in one run. A row is named whole, by its beginning (`cold-200`, `firefox`) or with stars (`*-200-*`);
// `--list` names them. ROUNDS=7 rounds of each, EACH=1 prints every round, JSON=FILE writes all of it, TIMELINE=1 prints the
// medians of what the pages did in the rows of the start. On a machine that does other things, too, NICE=-15 has the hosts go first,
// and QUIET=0.4 waits before each start until so much of the processors is idle. What is measured how: bench/README.md.
import { baselines, prepare, SITE } from "./prepare.mjs";
import { fits, load, report, timeLine } from "./report.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const args = process.argv.slice(2);
const listed = args.includes("--list");
if (!listed) await prepare();
// Need the packages that were only made sure of above.
const { faultRows } = await import("./faults.mjs");
const { PEERJS_PORT, RELAY_PORT, stacks } = await import("./stacks.mjs");
const { startRows } = await import("./starts.mjs");
const { launch } = await import("../../tests/e2e/support/browser.mjs");
const { makeWorld, whyNoNetwork } = await import("../../tests/network/support.mjs");

const firefox = { firefox: true };
const every = [...startRows(), ...faultRows(), ...startRows(firefox), ...faultRows(firefox)];
const rows = every.filter(({ id }) => args.length === 0 || listed || args.some((arg) => fits(id, arg)));
if (listed) {
  for (const { id, name } of rows) console.log(`${id}: ${name}`);
  process.exit(0);
}
for (const arg of args) if (!rows.some(({ id }) => fits(id, arg))) throw new Error(`no row is named ${arg}; --list names them`);
const why = whyNoNetwork();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

const told = report(Object.keys(stacks), { each: Boolean(process.env.EACH), file: process.env.JSON });

async function measure(world, row) {
  const [rounds, notes, lines] = [[], new Set(), new Map()];
  for (let round = 0; round < ROUNDS; round += 1) {
    const result = await row.run(world, row, round, { timeLine: Boolean(process.env.TIMELINE), lines });
    rounds.push({ times: result.times, load: load() });
    for (const note of result.notes) notes.add(note);
    // What is not there now is not there in the next round either.
    if (result.notes.length > 0) break;
  }
  told.row(row, rounds, [...notes]);
  for (const [title, found] of lines) timeLine(title, found);
}

async function inWorld(options, some) {
  if (some.length === 0) return;
  const world = await makeWorld({ launch, ports: [RELAY_PORT], page: SITE, ...options });
  world.baselines = baselines(world.network.hosts.server, RELAY_PORT, PEERJS_PORT);
  // A killed server takes the others along.
  const { kill, start } = world.server;
  world.server.kill = (...how) => Promise.all([kill(...how), world.baselines.kill()]);
  world.server.start = () => Promise.all([start(), world.baselines.start()]);
  try {
    await world.baselines.start();
    for (const row of some) await measure(world, row);
  } finally {
    world.server.kill = kill;
    await world.stop();
    await world.baselines.kill();
  }
}

await inWorld({}, rows.filter((row) => !row.firefox));
await inWorld(firefox, rows.filter((row) => row.firefox));
