// node bench/chat/run.mjs: durable acknowledged messages a second, and the time from send to acknowledgement, for pairvoice-server and
// the baseline, one after the other in one run. One message in flight for each of two people of a session, over loopback.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { startServer } from "../../tests/e2e/support/server.mjs";
import { join as enter, messageId } from "../../tests/server/support.mjs";

const SECONDS = Number(process.env.SECONDS ?? 8);
const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

async function ours() {
  const server = await startServer({ args: ["--dev", "--rate", "100000"] });
  return { server, stop: () => server.stop(), auth: {} };
}

async function baseline() {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-bench-"));
  const child = spawn(process.execPath, [fileURLToPath(new URL("baseline.mjs", import.meta.url)), join(folder, "chat.db")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await once(child.stdout, "data");
  const stop = async () => {
    child.kill();
    await once(child, "exit");
    rmSync(folder, { recursive: true });
  };
  return { server: { url: `http://127.0.0.1:${Number(port)}` }, stop, auth: { token: "none" } };
}

async function measure(begin, sessions) {
  const { server, stop, auth } = await begin();
  const people = [];
  for (let n = 0; n < sessions; n += 1) {
    people.push(...(await Promise.all(["1", "2"].map((user) => enter(server, `b-${n}`, user, { auth })))));
  }
  for (const { socket } of people) socket.offAny();
  const times = [];
  const end = performance.now() + SECONDS * 1000;
  await Promise.all(
    people.map(async (person) => {
      while (performance.now() < end) {
        const began = performance.now();
        const answer = await person.emit("chat", { messages: [{ id: messageId(), text: "a line of a chat, as long as lines are" }] });
        if (!answer.ok) throw new Error(JSON.stringify(answer));
        times.push(performance.now() - began);
      }
    }),
  );
  for (const { socket } of people) socket.disconnect();
  await stop();
  times.sort((a, b) => a - b);
  return `${Math.round(times.length / SECONDS)} a second, p50 ${at(times, 0.5).toFixed(1)} ms, p99 ${at(times, 0.99).toFixed(1)} ms`;
}

for (const sessions of [1, 200]) {
  for (const [name, begin] of [["pairvoice-server", ours], ["socket.io + better-sqlite3", baseline]]) {
    console.log(`${sessions} sessions, ${name}: ${await measure(begin, sessions)}`);
  }
}
