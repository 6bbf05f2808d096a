// npm start: builds what is missing, starts the server with the demo, and prints the two links to open.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { build } from "./build.mjs";
import { env, root } from "./tools.mjs";

console.log("building what is missing; the first time takes some minutes …");
const program = await build().catch((error) => {
  console.error(`\n${error.message}`);
  process.exit(1);
});

mkdirSync(join(root, ".data"), { recursive: true });
const server = spawn(
  program,
  [
    ...["--dev", "--listen", process.env.PAIRVOICE_LISTEN ?? "127.0.0.1:8787"],
    ...["--database", join(root, ".data", "chat.db"), "--static", join(root, "www", "dist")],
  ],
  { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => server.kill(signal));
server.once("exit", (code) => process.exit(code ?? 0));

createInterface({ input: server.stdout }).on("line", (line) => {
  console.log(line);
  const port = line.match(/http:\/\/\S+:(\d+)/)?.[1];
  if (!port) return;
  // The first time a browser joins, microphone and speaker are chosen before the call.
  const link = (user) => `http://localhost:${port}/?session=demo&user=${user}&ready=first`;
  console.log(`\nOpen these two links in two windows:\n  ${link("mentor")}\n  ${link("learner")}\n\nCtrl+C stops the server.`);
});
