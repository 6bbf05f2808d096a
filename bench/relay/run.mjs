// npm run bench:relay: what one stream of voice costs the relay: 100 one-way streams of 50 packets of 100 bytes a second, between the two
// people of 50 sessions, over UDP and over TCP, through the server's own relay and through a coturn, in turn. CPU is user and system
// time of the process. SECONDS=20 of each, ROUNDS=3; PAIRVOICE_SERVER names a server that is built already.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildServer } from "../../scripts/build.mjs";
import { ensureNodePackages, ensurePrograms, ensureRust } from "../../scripts/tools.mjs";
import { cpuMs, median, residentKib } from "../server/sample.mjs";
import { TurnClient } from "./turn.mjs";

const SECONDS = Number(process.env.SECONDS ?? 20);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SESSIONS = 50;
const STREAMS = 2 * SESSIONS;
const [A_SECOND, BYTES] = [50, 100];

await ensureNodePackages();
await ensurePrograms({ turnserver: "coturn" });
if (!process.env.PAIRVOICE_SERVER) {
  await ensureRust();
  await buildServer();
}
const { freePort, startServer } = await import("../../tests/e2e/support/server.mjs");
const { credentials, startCoturn } = await import("../../tests/network/nat/coturn.mjs");
const { join: joinSession } = await import("../../tests/server/support.mjs");

const relays = {
  /** The two of each session get their credentials with the welcome. */
  async embedded() {
    const server = await startServer();
    const sockets = [];
    const pairs = [];
    for (let session = 0; session < SESSIONS; session += 1) {
      const both = [await joinSession(server, `b-${session}`, "1"), await joinSession(server, `b-${session}`, "2")];
      sockets.push(...both.map(({ socket }) => socket));
      pairs.push(both.map(({ welcome }) => welcome.iceServers.find(({ credential }) => credential)));
    }
    const stop = async () => {
      for (const socket of sockets) socket.disconnect();
      await server.stop();
    };
    return { pid: server.pid, pairs, stop };
  },
  async coturn() {
    const folder = mkdtempSync(join(tmpdir(), "pairvoice-relay-"));
    const port = await freePort();
    const coturn = await startCoturn({ folder, wrap: [], addresses: ["127.0.0.1"], port, more: ["allow-loopback-peers"] });
    const urls = ["udp", "tcp"].map((transport) => `turn:127.0.0.1:${port}?transport=${transport}`);
    const pairs = Array.from({ length: SESSIONS }, (_, session) => ["1", "2"].map((user) => ({ urls, ...credentials(`${session}-${user}`) })));
    const stop = async () => {
      await coturn.kill();
      rmSync(folder, { recursive: true, force: true });
    };
    return { pid: coturn.pid, pairs, stop };
  },
};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Each client sends at its rate, evenly spread, until `stop`; returns how many were sent. */
function load(clients) {
  const frame = TurnClient.frame(BYTES);
  const began = performance.now();
  const perMs = (clients.length * A_SECOND) / 1000;
  let sent = 0;
  // As many as are due: a timer that is late is made up for.
  const timer = setInterval(() => {
    for (const due = Math.floor((performance.now() - began) * perMs); sent < due; sent += 1) clients[sent % clients.length].write(frame);
  }, 2);
  return { sent: () => sent, stop: () => clearInterval(timer) };
}

async function measure(name, transport) {
  const { pid, pairs, stop } = await relays[name]();
  const clients = [];
  try {
    for (const both of pairs) {
      const two = await Promise.all(both.map((server) =>
        TurnClient.allocate([server.urls].flat().find((url) => url.endsWith(`transport=${transport}`)).replace("localhost", "127.0.0.1"), server)));
      clients.push(...two);
      await Promise.all(two.map((client, side) => client.bind(two[1 - side].relayed)));
    }
    const all = () => clients.reduce((sum, client) => sum + client.received, 0);
    const running = load(clients);
    await pause(2000);
    const before = { cpu: cpuMs(pid), own: process.cpuUsage(), at: performance.now(), sent: running.sent(), received: all() };
    await pause(SECONDS * 1000);
    const ms = performance.now() - before.at;
    const result = {
      percent: ((cpuMs(pid) - before.cpu) / ms / STREAMS) * 100,
      rate: ((running.sent() - before.sent) / ms) * 1000,
      delivered: (all() - before.received) / (running.sent() - before.sent),
      mib: residentKib(pid) / 1024,
      load: (process.cpuUsage(before.own).user + process.cpuUsage(before.own).system) / 1000 / ms,
    };
    running.stop();
    return result;
  } finally {
    for (const client of clients) client.close();
    await stop();
  }
}

const found = {};
for (let round = 0; round < ROUNDS; round += 1) {
  for (const transport of ["udp", "tcp"]) {
    for (const name of Object.keys(relays)) ((found[transport] ??= {})[name] ??= []).push(await measure(name, transport));
  }
}
const of = (list, key) => median(list.map((one) => one[key]));
console.log(`${STREAMS} streams of ${A_SECOND} × ${BYTES} bytes a second, ${SECONDS} s, median of ${ROUNDS}; % of a core for each stream\n`);
console.log("| | embedded | coturn | ratio | delivered | packets a second | MiB resident | the load's own core |\n|---|---|---|---|---|---|---|---|");
for (const [transport, { embedded, coturn }] of Object.entries(found)) {
  const two = (key, format) => [embedded, coturn].map((list) => format(of(list, key))).join(", ");
  const ratio = of(embedded, "percent") / of(coturn, "percent");
  const percents = [embedded, coturn].map((list) => of(list, "percent").toFixed(4)).join(" | ");
  console.log(`| ${transport} | ${percents} | ${ratio.toFixed(2)} | ${two("delivered", (v) => `${(v * 100).toFixed(2)} %`)} | ${two("rate", (v) => v.toFixed(0))} | ${two("mib", (v) => v.toFixed(1))} | ${two("load", (v) => v.toFixed(2))} |`);
}
