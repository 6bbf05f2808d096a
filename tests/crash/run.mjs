// npm run test:crash: at least 5,000 messages and 50 kills (`KILLS=200` for a longer look).
import { buildBarePage, buildServer, buildWasm } from "../../scripts/build.mjs";
import { ensureNodePackages, ensurePrograms, ensureRust } from "../../scripts/tools.mjs";

const kills = Number(process.env.KILLS ?? 50);

await ensureNodePackages();
await ensureRust();
await ensurePrograms({ chromium: "chromium" });
await buildWasm();
await buildBarePage();
await buildServer();
// Needs the packages that were only made sure of above.
const { crash } = await import("./crash.mjs");
const began = Date.now();
const { messages, cuts, connections, unacknowledged } = await crash({ kills, report: (line) => console.log(line) });
const seconds = Math.round((Date.now() - began) / 1000);
console.log(
  `${messages} messages, the server killed ${kills} times, connections cut ${cuts} times, ${connections} connections, ` +
    `${unacknowledged} of the Node client's messages unacknowledged at a kill, in ${seconds} s: ` +
    "0 lost, 0 doubled, 0 out of order",
);
