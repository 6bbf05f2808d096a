// npm run test:network [fault ...]: each fault once per role order, those of 30 s and more in one; `--full` does each three times.
import { buildRouter, buildServer, buildWasm } from "../../scripts/build.mjs";
import { ensureNodePackages, ensurePrograms, ensureRust, run } from "../../scripts/tools.mjs";

await ensureNodePackages();
await ensureRust();
await ensurePrograms({ chromium: "chromium", ip: "iproute2", iptables: "iptables" });
await buildWasm();
await run("npx", ["vite", "build", "tests/e2e/page", "--logLevel", "warn"]);
await buildServer();
await buildRouter();
// Need the packages that were only made sure of above.
const { makeWorld, whyNoNetwork } = await import("./support.mjs");
const { survive } = await import("./survive.mjs");
const { faults } = await import("./faults.mjs");

const args = process.argv.slice(2);
const full = args.includes("--full");
const names = args.filter((arg) => arg !== "--full");
const why = whyNoNetwork();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}
const world = await makeWorld();
let failed = 0;
try {
  for (const name of names.length > 0 ? names : Object.keys(faults)) {
    for (const swap of faults[name].long && !full ? [false] : [false, true]) {
      const times = [];
      for (let time = 0; time < (full ? 3 : 1); time += 1) {
        try {
          times.push(await survive(world, faults[name], { swap }));
        } catch (error) {
          failed += 1;
          console.log(error);
        }
      }
      const shown = times.map((ms) => `${ms} ms`).join(", ");
      console.log(`${faults[name].name}, ${swap ? "answerer" : "offerer"} at low: ${shown || "not survived"}`);
    }
  }
} finally {
  await world.stop();
}
if (failed > 0) {
  console.error(`${failed} failed`);
  process.exit(1);
}
