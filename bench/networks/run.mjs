// npm run bench:networks [kind ...]: which pairs of networks connect, and how soon there is sound: pairvoice with the relay of its own
// server beside PeerJS with its own server and a coturn, in one run, over tests/network/nat. Each kind at each side; prints a table.
// ROUNDS=3 rounds of each pair (1), STACKS=pairvoice,peerjs,peerjs-3478 (the last is a coturn without TLS on 443); EACH=1 prints every pair at once.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { run } from "../../scripts/tools.mjs";
import { prepare } from "../../tests/network/nat/prepare.mjs";

const baseline = fileURLToPath(new URL("../network/", import.meta.url));
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const LIMIT_MS = Number(process.env.LIMIT_MS ?? 45_000);

const why = await prepare();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}
await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: baseline });
// Need the packages that were only made sure of above.
const { HIGH, LOW } = await import("../../tests/e2e/support/pair.mjs");
const { heardAnew, listen } = await import("../../tests/network/call.mjs");
const { credentials, turnUrls } = await import("../../tests/network/nat/coturn.mjs");
const { kinds } = await import("../../tests/network/nat/kinds.mjs");
const { makeWorld } = await import("../../tests/network/nat/world.mjs");

/** How each stack opens the page of one person, and when that person waits for the other. */
const stacks = {
  pairvoice: {
    async open(world, site, user, session) {
      const person = await world[site].open(world.server, user, { query: { session, token: world.token(session, user) }, open: false });
      return { person, begin: () => begin(person) };
      async function begin({ page }) {
        await person.visit();
        await page.waitForFunction(() => globalThis.pairvoice);
        await page.evaluate(async () => {
          globalThis.session = await globalThis.pairvoice.startVoiceCall(globalThis.options);
        });
      }
    },
    waits: () => globalThis.session?.getState().voice.state === "waiting",
  },
  peerjs: peerjs(turnUrls),
  // A coturn at its own ports only, as its documentation begins.
  "peerjs-3478": peerjs((name) => turnUrls(name).filter((url) => url.startsWith("turn:"))),
};

/** PeerJS whose coturn has the URLs that `urls` makes of its name. */
function peerjs(urls) {
  return {
    async open(world, site, user, session) {
      const ice = JSON.stringify([{ urls: urls(world.topology.names.relay), ...credentials(`${session}-${user}`) }]);
      const server = { url: `https://${world.topology.names.peer}` };
      const person = await world[site].open(server, user, { query: { session, port: 443, path: "/signalling", ice }, open: false });
      return { person, begin: () => person.visit() };
    },
    waits: () => globalThis.waits,
  };
}

/** Milliseconds from the opening of the second page to sound on both sides, or nothing. */
async function timeToSound(world, stack, session) {
  const { open, waits } = stacks[stack];
  // PeerJS has the one call who comes second.
  const high = await open(world, "high", "2", session);
  const low = await open(world, "low", "1", session);
  const both = [low, high];
  try {
    await high.begin();
    await high.person.page.waitForFunction(waits, undefined, { timeout: LIMIT_MS });
    await high.person.page.evaluate(listen, [LOW, false]);
    const began = Date.now();
    await low.begin();
    await low.person.page.evaluate(listen, [HIGH, false]);
    const heard = await Promise.all(both.map(({ person }) => heardAnew(person, 0, { afterPause: false, limit: LIMIT_MS })));
    return heard.every(Boolean) ? Math.max(...heard) - began : undefined;
  } catch (error) {
    // A page that its network does not let through.
    if (process.env.EACH) console.log(`${stack}: ${error.message.split("\n")[0]}`);
    return undefined;
  } finally {
    await Promise.all(both.map(({ person }) => person.close().catch(() => {})));
  }
}

async function startPeerJs(world) {
  const [command, ...args] = [...world.topology.wrap("peer"), process.execPath, fileURLToPath(new URL("peerjs.mjs", import.meta.url))];
  const { cert, key } = world.certificates;
  const child = spawn(command, [...args, cert, key], { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface({ input: child.stdout }), "line");
  return child;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const shown = (times) => {
  const got = times.filter((time) => time !== undefined);
  if (got.length === 0) return "-";
  return `${Math.round(median(got))}${got.length < times.length ? ` (${times.length - got.length} of ${times.length} not)` : ""}`;
};

const given = process.argv.slice(2);
const list = given.length > 0 ? given : Object.keys(kinds);
const names = (process.env.STACKS ?? "pairvoice,peerjs").split(",");
const world = await makeWorld({ relay: names.includes("pairvoice") ? "embedded" : "none", coturn: true });
const peerServer = await startPeerJs(world);
/** times[stack][low][high] */
const times = Object.fromEntries(names.map((stack) => [stack, {}]));
try {
  let session = 0;
  for (const low of list) {
    for (const high of list) {
      for (let round = 0; round < ROUNDS; round += 1) {
        world.topology.site("low", low);
        world.topology.site("high", high);
        // Whoever is second has the processes warm: it changes with the pair.
        for (const stack of session % 2 === 0 ? names : names.toReversed()) {
          const time = await timeToSound(world, stack, `b-${process.pid}-${session}`);
          (((times[stack][low] ??= {})[high] ??= [])).push(time);
        }
        session += 1;
      }
      if (process.env.EACH) console.log(`${low} × ${high}: ${names.map((stack) => `${stack} ${shown(times[stack][low][high])}`).join(", ")}`);
    }
  }
} finally {
  peerServer.kill();
  await world.stop();
}

console.log(`\nMilliseconds to sound on both sides, ${names.join(" / ")}; the row is the caller's network, the column the other's.\n`);
console.log(`| | ${list.join(" | ")} |\n|---|${"---|".repeat(list.length)}`);
for (const low of list) console.log(`| ${low} | ${list.map((high) => names.map((stack) => shown(times[stack][low][high])).join(" / ")).join(" | ")} |`);
console.log("\n| | pairs connected | median, ms | worst, ms |\n|---|---|---|---|");
for (const stack of names) {
  const all = Object.values(times[stack]).flatMap((row) => Object.values(row).flat());
  const got = all.filter((time) => time !== undefined);
  console.log(`| ${stack} | ${got.length} of ${all.length} | ${Math.round(median(got))} | ${Math.round(Math.max(...got))} |`);
}
