// npm run bench:attacks: by how much the server's memory grows under each attack of tests/server that is about memory.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { buildServer } from "../../scripts/build.mjs";
import { env, root } from "../../scripts/tools.mjs";

if (!process.env.PAIRVOICE_SERVER) await buildServer();
const files = ["memory", "packets", "readers"].map((name) => join("tests", "server", `attack_${name}.test.mjs`));
const { stdout, status } = spawnSync("node", ["--test", "--test-concurrency=1", "--test-reporter=tap", ...files], { cwd: root, env, encoding: "utf8" });
console.log("| attack | before, MiB | grew by at most, MiB |\n|---|---|---|");
let name;
for (const line of stdout.split("\n")) {
  name = line.match(/^# Subtest: (.*)/)?.[1] ?? name;
  const figures = line.match(/^# memory: ([\d.]+) MiB before, (-?[\d.]+) MiB more/);
  if (figures) console.log(`| ${name} | ${figures[1]} | ${figures[2]} |`);
}
if (status !== 0) console.error("an attack succeeded: see npm run test:server");
process.exitCode = status ?? 1;
