// npm run bench:waterfall: what is loaded, and when, by a page that has nothing before the call and calls as soon as it is there,
// while the other waits. RTT=200 milliseconds between any two hosts; SECOND=2 has the answerer call and not the offerer. Of as many
// as ROUNDS=7 calls, the one whose sound came in the middle is printed, as Markdown for bench/README.md.
import { prepare, SITE } from "./network/prepare.mjs";
import { load } from "./network/report.mjs";

const RTT = Number(process.env.RTT ?? 200);
const ROUNDS = Number(process.env.ROUNDS ?? 7);
const SECOND = process.env.SECOND ?? "1";
const LIMIT_MS = 20_000;

await prepare();
// Need the packages that were only made sure of above.
const { act, heard, nothingLoaded, openPair } = await import("./network/stacks.mjs");
const { launch } = await import("../tests/e2e/support/browser.mjs");
const { makeWorld, whyNoNetwork } = await import("../tests/network/support.mjs");

const why = whyNoNetwork();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

/** Runs in the page: its requests and marks, in milliseconds from its beginning. */
function read() {
  const name = (url) => {
    const { pathname } = new URL(url);
    return pathname.split("/").at(-1).replace(/-[\w-]{8}\./, ".") || "the page";
  };
  const request = (entry) => ({
    name: entry.entryType === "navigation" ? "the page" : name(entry.name),
    from: entry.startTime,
    first: entry.responseStart,
    to: entry.responseEnd,
    bytes: entry.transferSize,
    packed: entry.encodedBodySize < entry.decodedBodySize,
    // A new connection takes time to be made (Resource Timing, `connectStart`).
    reused: entry.connectEnd - entry.connectStart < 1,
  });
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const { ear, marks } = globalThis;
  const since = (at) => at - performance.timeOrigin;
  return {
    requests: entries.filter(({ name: url }) => url.startsWith("http")).map(request),
    marks: [...marks.map(([what, at]) => [what, since(at)]), ["sound", since(ear.heard[0])]],
  };
}

/** The marks that are told, by the first of a page's that says so. */
const TOLD = [
  ["the page's script runs and calls", "call"],
  ["the package's module is there", "module here"],
  ["WebAssembly is ready", "WebAssembly instantiated"],
  ["the microphone is asked for", "microphone asked for"],
  ["the microphone is live", "microphone live"],
  ["the first knock is answered", "fetched knock"],
  ["the socket is begun", "socket begun"],
  ["the WebSocket is open", "socket open"],
  ["Engine.IO is open", "received 0"],
  ["the handshake (CONNECT) goes", "sent 40"],
  ["the handshake is answered", "received 40"],
  ["the welcome is here", "state: session joined"],
  ["the connection is made", "connection made"],
  ["the own offer is made", "offer made"],
  ["the other's offer is here", "offer here"],
  ["the own answer is made", "answer made"],
  ["the other's answer is here", "answer here"],
  ["ICE is connected", "ICE connected"],
  ["DTLS is connected", "connection connected"],
  ["the other's sound is heard here", "sound"],
];

async function once(world) {
  const pair = await openPair(world, nothingLoaded, { timeLine: true, visit: false });
  try {
    const [caller, other] = [pair[SECOND], pair[SECOND === "1" ? "2" : "1"]];
    await other.visit();
    await other.isReady();
    await act(other, "start");
    await other.page.waitForFunction(nothingLoaded.waits);
    await new Promise((resolve) => setTimeout(resolve, 700 + 4 * RTT));
    caller.address += "&now=1";
    await caller.visit();
    await caller.isReady();
    const times = await Promise.all(pair.both.map((guest) => heard(guest, 0, 0, LIMIT_MS)));
    if (!times.every(Boolean)) throw new Error("no sound");
    const origin = await caller.page.evaluate(() => performance.timeOrigin);
    return { ...(await caller.page.evaluate(read)), both: Math.max(...times) - origin };
  } finally {
    await pair.close();
  }
}

const world = await makeWorld({ launch, page: SITE, delay: RTT / 2 });
try {
  const calls = [];
  for (let round = 0; round < ROUNDS; round += 1) calls.push(await once(world));
  const { requests, marks, both } = calls.toSorted((a, b) => a.both - b.both)[Math.floor(calls.length / 2)];
  const ms = (value) => Math.round(value).toLocaleString("en");
  console.log(`| request | starts | first byte | ends | bytes | connection |\n|---|---|---|---|---|---|`);
  for (const { name, from, first, to, bytes, packed, reused } of requests.toSorted((a, b) => a.from - b.from)) {
    const size = `${bytes.toLocaleString("en")}${packed ? ", compressed" : ""}`;
    console.log(`| ${name} | ${ms(from)} | ${ms(first)} | ${ms(to)} | ${size} | ${reused ? "reused" : "new"} |`);
  }
  console.log(`\n| mark | ms from the page's beginning |\n|---|---|`);
  const rows = TOLD.map(([words, name]) => [words, marks.find(([what]) => what === name)?.[1]]).filter(([, at]) => at !== undefined);
  rows.push(["there is sound on both sides", both]);
  for (const [words, at] of rows.toSorted((a, b) => a[1] - b[1])) console.log(`| ${words} | ${ms(at)} |`);
  console.log(`\nRTT ${RTT}, ${SECOND === "1" ? "the offerer" : "the answerer"} second, the middle one of ${ROUNDS}, load ${load().toFixed(1)}.`);
} finally {
  await world.stop();
}
