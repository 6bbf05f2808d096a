// What the network is like in each row. It is so at the host of user 1, each way: what is told of a packet holds from end to end.
import { readFileSync } from "node:fs";

const trace = JSON.parse(readFileSync(new URL("trace.json", import.meta.url), "utf8"));
/** No link carries nothing: the router has 0 for no limit. */
const LEAST_KBITS = 1;
const QUEUE_MS = 300;

const lossy = (loss, burst, rtt) => ({
  id: `loss-${loss}-${burst}-${rtt}`,
  name: loss === 0 ? "no loss" : `${loss} %${burst > 1 ? ` in bursts of ${burst}` : ""}`,
  table: `loss, RTT ${rtt}`,
  loss,
  burst,
  rtt,
  set: (network) => network.loss("low", loss, burst),
});

const capped = (kbits) => ({
  id: `cap-${kbits}`,
  name: `${kbits} kbit/s each way, queue of ${QUEUE_MS} ms`,
  table: "link with a limit, RTT 50",
  limited: true,
  rtt: 50,
  set: (network) => network.cap("low", kbits, QUEUE_MS),
});

/** One step of the recorded link: what it carries from the host and to it. */
async function step(network, index) {
  await network.cap("low", Math.max(LEAST_KBITS, trace.from[index]), QUEUE_MS, "from");
  await network.cap("low", Math.max(LEAST_KBITS, trace.to[index]), QUEUE_MS, "to");
}

const recorded = {
  id: "trace",
  name: `a recorded minute of a mobile link, queue of ${QUEUE_MS} ms`,
  table: "mobile link, RTT 50",
  limited: true,
  rtt: 50,
  seconds: (trace.from.length * trace.stepMs) / 1000,
  // It settles at what the whole minute has on average.
  async set(network) {
    const average = (steps) => steps.reduce((sum, kbits) => sum + kbits, 0) / steps.length;
    await network.cap("low", average(trace.from), QUEUE_MS, "from");
    await network.cap("low", average(trace.to), QUEUE_MS, "to");
  },
  async during(network) {
    const since = performance.now();
    for (const index of trace.from.keys()) {
      const wait = since + index * trace.stepMs - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
      await step(network, index);
    }
  },
};

export const rows = [
  ...[50, 200].flatMap((rtt) => [
    lossy(0, 1, rtt),
    ...[5, 10, 20, 30].flatMap((loss) => [1, 2, 3].map((burst) => lossy(loss, burst, rtt))),
  ]),
  capped(48),
  capped(32),
  recorded,
];

/** The network as it was. */
export async function clear(network) {
  await network.loss("low", 0);
  await network.cap("low", 0);
}
