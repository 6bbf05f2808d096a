// npm run test:network [fault ...]: each fault once per role order, those of 30 s and more in one, then the
// main ones with Firefox; `--full` does each three times, `--firefox` those with Firefox alone.
import { buildBarePage, buildRouter, buildServer, buildWasm } from "../../scripts/build.mjs";
import { ensureNodePackages, ensurePrograms, ensureRust } from "../../scripts/tools.mjs";

await ensureNodePackages();
await ensureRust();
await ensurePrograms({ chromium: "chromium", "firefox-esr": "firefox-esr", ip: "iproute2", iptables: "iptables" });
await buildWasm();
await buildBarePage();
await buildServer();
await buildRouter();
// Need the packages that were only made sure of above.
const { makeWorld, whyNoNetwork } = await import("./support.mjs");
const { survive } = await import("./survive.mjs");
const { faults, forFirefox } = await import("./faults.mjs");

const args = process.argv.slice(2);
const full = args.includes("--full");
const names = args.filter((arg) => !arg.startsWith("--"));
const why = whyNoNetwork();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

let failed = 0;

/** One fault in both role orders, those of half a minute and more in one. */
async function survived(world, name) {
  const fault = faults[name];
  for (const swap of fault.long && !full ? [false] : [false, true]) {
    const times = [];
    for (let time = 0; time < (full ? 3 : 1); time += 1) {
      try {
        times.push(await survive(world, fault, { swap }));
      } catch (error) {
        failed += 1;
        console.log(error);
      }
    }
    const sorted = times.toSorted((a, b) => a - b);
    const of = full && sorted.length > 0 ? ` (median ${sorted[Math.floor(sorted.length / 2)]}, worst ${sorted.at(-1)})` : "";
    const shown = times.map((ms) => `${ms} ms`).join(", ") + of;
    console.log(`${fault.name}, ${swap ? "answerer" : "offerer"} at low: ${shown || "not survived"}`);
  }
}

async function inWorld(options, list) {
  const world = await makeWorld(options);
  try {
    for (const name of list) await survived(world, name);
  } finally {
    await world.stop();
  }
}

if (!args.includes("--firefox")) await inWorld({}, names.length > 0 ? names : Object.keys(faults));
if (args.includes("--firefox") || names.length === 0) {
  console.log("\nFirefox at high: what Chromium hears is timed, what Firefox hears is recorded");
  await inWorld({ firefox: true }, names.length > 0 ? names : forFirefox);
}
if (failed > 0) {
  console.error(`${failed} failed`);
  process.exit(1);
}
