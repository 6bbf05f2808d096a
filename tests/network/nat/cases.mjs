// What is tried over each relay: pairs of networks that must connect, and what can happen to the path of a call.
import { call } from "../call.mjs";

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Runs in the page: how packets leave it, such as `relay by udp`; the newest connection counts. */
async function leaves() {
  const stats = await globalThis.witness.connections.at(-1).getStats();
  const all = [...stats.values()];
  const transport = all.find(({ type, selectedCandidatePairId }) => type === "transport" && selectedCandidatePairId);
  // Firefox has no selectedCandidatePairId.
  const pair = stats.get(transport?.selectedCandidatePairId) ?? all.find(({ type, selected, nominated, state }) =>
    type === "candidate-pair" && (selected || (nominated && state === "succeeded")));
  const local = stats.get(pair?.localCandidateId);
  return local ? `${local.candidateType} by ${local.relayProtocol ?? local.protocol}` : "unknown";
}

/** Waits until this person's packets leave by a stream. */
async function leavesByStream(person) {
  const deadline = Date.now() + 45_000;
  for (let way; !/^relay by (tcp|tls)$/.test(way); way = await person.page.evaluate(leaves)) {
    if (Date.now() > deadline) throw new Error(`packets leave as ${way}, not through a relay by TCP or TLS`);
    await pause(0.1);
  }
}

const routes = async (pair) => (await Promise.all(pair.both.map(({ page }) => page.evaluate(leaves)))).join(", ");
const onPath = (pair, wanted) => Promise.all(pair.both.map((person) => person.until((s, path) => s.voice.path === path, wanted)));
/** What apps tell the session when the system says so; there is no system here that would. */
const hint = (pair) => Promise.all(pair.both.map(({ page }) => page.evaluate(() => void globalThis.dispatchEvent(new Event("online")))));

/** A call between two networks, and what happens to it; returns what is worth reporting. */
async function between(world, low, high, during) {
  world.topology.site("low", low);
  world.topology.site("high", high);
  const began = Date.now();
  const pair = await call(world);
  const report = { heard: Date.now() - began };
  try {
    await pair.write();
    await during(pair, report);
    report.route = await routes(pair);
    await pair.isWhole();
    await pair.agree();
    return report;
  } catch (error) {
    throw new Error(`${error.message}\nroutes: ${await routes(pair).catch((e) => e.message)}\n${pair.told()}`, { cause: error });
  } finally {
    await pair.close().catch(() => {});
  }
}

/** A call by the relay; then something happens to it. */
const relayed = (world, during) => between(world, "symmetric", "symmetric", async (pair, report) => {
  await onPath(pair, "relay");
  await during(pair, report);
});

/** Where packets to the relay go. */
const relayHost = (world) => (world.relay === "coturn" ? "relay" : "server");

/** The path is cut by `cut`; sound comes back over the relay. */
async function cutTo(world, pair, report, cut) {
  await onPath(pair, "direct");
  cut();
  const since = Date.now();
  report.after = await pair.soundAfter(since);
  await onPath(pair, "relay");
}

const pairs = [
  ["open", "open", "direct"],
  ["cone", "restricted", "direct"],
  ["restricted", "restricted", "direct"],
  ["symmetric", "open", "direct"],
  ["symmetric", "cone", "direct"],
  ["ipv6", "ipv6", "direct"],
  ["restricted", "symmetric", "relay"],
  ["symmetric", "symmetric", "relay"],
  ["no-udp", "open", "relay"],
  ["no-udp", "no-udp", "relay"],
  ["tls-443", "open", "relay"],
  ["tls-443", "tls-443", "relay"],
  ["proxy", "symmetric", "relay"],
  ["proxy", "proxy", "relay"],
  ["open", "ipv6", "relay"],
  ["ipv6", "symmetric", "relay"],
  ["ipv6", "tls-443", "relay"],
];

const happenings = {
  "blocked-from-the-start": {
    title: "no direct path from the start",
    async run(world) {
      world.topology.direct(false);
      try {
        return await between(world, "open", "open", (pair) => onPath(pair, "relay"));
      } finally {
        world.topology.direct(true);
      }
    },
  },
  "cut-and-back": {
    title: "the direct path is cut in mid-call; it is back, and the system says that something changed",
    async run(world) {
      let passes = true;
      const direct = (on) => world.topology.direct((passes = on));
      try {
        return await between(world, "restricted", "restricted", async (pair, report) => {
          await cutTo(world, pair, report, () => direct(false));
          direct(true);
          await hint(pair);
          await onPath(pair, "direct");
        });
      } finally {
        if (!passes) direct(true);
      }
    },
  },
  "udp-blocked": {
    title: "UDP is blocked in mid-call, the call was direct",
    run: (world) => between(world, "open", "open", async (pair, report) => {
      await cutTo(world, pair, report, () => world.topology.udp("low", false));
      await leavesByStream(pair.low);
    }),
  },
  "relay-udp-blocked": {
    title: "UDP is blocked in mid-call, the call was by relay",
    run: (world) => relayed(world, async (pair, report) => {
      world.topology.udp("low", false);
      report.after = await pair.soundAfter(Date.now());
      await leavesByStream(pair.low);
    }),
  },
  "relay-killed": {
    title: "the relay is killed in mid-call and started again",
    run: (world) => relayed(world, async (pair, report) => {
      const relay = world.coturn ?? world.server;
      await relay.kill();
      await pause(2);
      await relay.start();
      report.after = await pair.soundAfter(Date.now());
    }),
  },
  loss: {
    title: "10 % of the packets between one side and the relay are lost",
    run: (world) => relayed(world, async (pair, report) => {
      world.topology.loss("low", relayHost(world), 10);
      try {
        await pause(10);
        await pair.write();
        report.after = await pair.soundAfter(Date.now(), { afterPause: false });
        await pair.isWhole();
        await pair.agree();
      } finally {
        world.topology.loss("low", relayHost(world), 10, false);
      }
    }),
  },
  "credentials-expired": {
    title: "the credentials expire in mid-call three times over, then UDP is blocked",
    args: ["--turn-lifetime", "20"],
    run: (world) => relayed(world, async (pair, report) => {
      await pause(65);
      await pair.wasNotTouched();
      world.topology.udp("low", false);
      report.after = await pair.soundAfter(Date.now());
      await leavesByStream(pair.low);
    }),
  },
};

/** Everything that is tried, by name: `{ title, args?, run(world) }`; `run` returns `{ heard, after?, route }`. */
export const cases = {
  ...Object.fromEntries(pairs.map(([low, high, path]) => {
    const run = (world) => between(world, low, high, (pair) => onPath(pair, path));
    return [`${low}:${high}`, { title: `${low} × ${high}, ${path}`, run }];
  })),
  ...happenings,
};

/** The main ones, between Chromium at low and Firefox at high. */
export const forFirefox = [
  ...["open:open", "restricted:restricted", "symmetric:symmetric", "no-udp:no-udp", "tls-443:tls-443", "open:ipv6", "ipv6:ipv6"],
  ...["blocked-from-the-start", "cut-and-back", "relay-udp-blocked", "relay-killed"],
];
