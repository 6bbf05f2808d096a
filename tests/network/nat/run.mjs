// npm run test:nat [case ...]: calls between kinds of network, through the relay of the server itself and through a coturn, then the main
// ones with Firefox at one side. `--relay embedded` or `--relay coturn` takes one of them, `--firefox` those with Firefox alone.
import { prepare } from "./prepare.mjs";

const why = await prepare();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}
// Need the packages that were only made sure of above.
const { cases, forFirefox } = await import("./cases.mjs");
const { checkGateways } = await import("./gateways.mjs");
const { makeTopology } = await import("./topology.mjs");
const { makeWorld } = await import("./world.mjs");

const args = process.argv.slice(2);
const at = args.indexOf("--relay");
const relays = at < 0 ? ["embedded", "coturn"] : args.splice(at, 2).slice(1);
const given = args.filter((arg) => !arg.startsWith("--"));
const unknown = given.filter((name) => !cases[name]);
if (unknown.length > 0) {
  console.error(`no such case: ${unknown.join(", ")}; there are ${Object.keys(cases).join(", ")}`);
  process.exit(2);
}
let passed = 0;
let failed = 0;

async function inWorld(options, names) {
  if (names.length === 0) return;
  const world = await makeWorld(options);
  try {
    for (const name of names) {
      const what = `${options.relay}${options.firefox ? ", Firefox" : ""}: ${cases[name].title}`;
      try {
        const { heard, after, route } = await cases[name].run(world);
        passed += 1;
        console.log(`${what}: heard after ${heard} ms${after === undefined ? "" : `, again after ${after} ms`}; ${route}`);
      } catch (error) {
        failed += 1;
        console.log(`${what}: FAILED\n${error.stack}`);
        if (process.env.SERVER_LOG) console.log(world.server.log, world.coturn?.log ?? "");
      }
    }
  } finally {
    await world.stop();
  }
}

if (given.length === 0) {
  const topology = makeTopology();
  try {
    await checkGateways({ topology });
    passed += 1;
    console.log("the gateways are what they are called");
  } finally {
    topology.remove();
  }
}
for (const firefox of args.includes("--firefox") ? [true] : [false, true]) {
  const names = given.length > 0 ? given : firefox ? forFirefox : Object.keys(cases);
  // With names given, Firefox only where it was asked for.
  if (firefox && given.length > 0 && !args.includes("--firefox")) continue;
  for (const relay of relays) {
    await inWorld({ relay, firefox }, names.filter((name) => !cases[name].args));
    // Those that need another setting of the server have a world of their own.
    for (const name of names.filter((name) => cases[name].args)) await inWorld({ relay, firefox, args: cases[name].args }, [name]);
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
