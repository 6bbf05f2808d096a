// npm run bench: bytes shipped, start-up of the module, second start to sound, and a hundred simultaneous starts.
// Times are this machine's; compare figures of one run only.
import { readFileSync } from "node:fs";

import { build, buildBarePage } from "../scripts/build.mjs";
import { measure } from "../scripts/size.mjs";
import { Person, launch } from "../tests/e2e/support/browser.mjs";
import { startServer } from "../tests/e2e/support/server.mjs";

const [LOW, HIGH] = [440, 1320];
const STARTS = Number(process.env.STARTS ?? 100);

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const ms = (value) => `${Math.round(value)} ms`;

await build();
await buildBarePage();
console.log("## Bytes shipped, socket.io-client apart");
const files = await measure();
for (const key of ["bytes", "gzip", "brotli"]) {
  console.log(`${key}: ${files.map((f) => `${f.name.split(".").at(-1)} ${f[key]}`).join(" + ")} = ${files.reduce((n, f) => n + f[key], 0)}`);
}
for (const { settings, bytes, gzip } of JSON.parse(readFileSync(new URL("../npm/wasm/sweep.json", import.meta.url), "utf8"))) {
  console.log(`wasm-opt ${settings}: ${bytes}, gzip ${gzip}`);
}

const [server, bareServer, low, high] = await Promise.all([
  startServer(),
  startServer({ page: "tests/e2e/page" }),
  launch({ hertz: LOW }),
  launch({ hertz: HIGH }),
]);
let session = 0;
const open = (browser, user, query = {}) => Person.open(browser, server, user, { query: { session: `b-${session}`, ...query } });

/** Resolves with the time (of this machine's clock) at which this person first hears the other. */
const heardAt = (person, hertz) =>
  person.page.evaluate(async (wanted) => {
    while (Math.abs(globalThis.witness.heard() - wanted) > wanted * 0.05) await new Promise((r) => setTimeout(r, 5));
    return performance.timeOrigin + performance.now();
  }, hertz);

try {
  console.log("\n## Start-up: from the first call of joinSession to its session (fetch, compile, instantiate; median of 10)");
  const startUps = [];
  for (let i = 0; i < 10; i += 1) {
    session += 1;
    const person = await Person.open(low, bareServer, "1", { query: { session: `b-${session}` } });
    await person.page.waitForFunction(() => globalThis.pairvoice);
    startUps.push(
      await person.page.evaluate(async () => {
        const began = performance.now();
        globalThis.session = await globalThis.pairvoice.joinSession(globalThis.options);
        return performance.now() - began;
      }),
    );
    await person.close();
  }
  console.log(`${ms(median(startUps))} (worst ${ms(Math.max(...startUps))})`);

  console.log("\n## Second start to sound on both sides (loopback, median of 10)");
  for (const [name, first] of [["offerer first", "1"], ["answerer first", "2"]]) {
    const times = [];
    for (let i = 0; i < 10; i += 1) {
      session += 1;
      const early = await open(low, first, { voice: "off" });
      const late = await open(high, first === "1" ? "2" : "1", { voice: "off" });
      await Promise.all([early.session("joined"), late.session("joined")]);
      await early.page.evaluate(() => globalThis.session.startVoice());
      await early.until((s) => s.voice.state === "waiting" && s.voice.microphone.state === "live");
      await late.until((s) => s.peer.voice);
      const began = await late.page.evaluate(() => {
        globalThis.session.startVoice();
        return performance.timeOrigin + performance.now();
      });
      const ends = await Promise.all([heardAt(early, HIGH), heardAt(late, LOW)]);
      times.push(Math.max(...ends) - began);
      await Promise.all([early.close(), late.close()]);
    }
    console.log(`${name}: ${ms(median(times))} (worst ${ms(Math.max(...times))})`);
  }
  const cold = [];
  for (let i = 0; i < 10; i += 1) {
    session += 1;
    const early = await open(low, "1");
    await early.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
    const late = await Person.open(high, server, "2", { query: { session: `b-${session}` }, open: false });
    const began = Date.now();
    await late.visit();
    const ends = await Promise.all([heardAt(early, HIGH), heardAt(late, LOW)]);
    cold.push(Math.max(...ends) - began);
    await Promise.all([early.close(), late.close()]);
  }
  console.log(`page opened to sound, everything included: ${ms(median(cold))} (worst ${ms(Math.max(...cold))})`);

  console.log(`\n## ${STARTS} starts of both within 0 to 50 ms of each other`);
  let connected = 0;
  let oneOffer = 0;
  for (let i = 0; i < STARTS; i += 1) {
    session += 1;
    const bare = (browser, user) => Person.open(browser, bareServer, user, { query: { session: `b-${session}` } });
    const [a, b] = await Promise.all([bare(low, "1"), bare(high, "2")]);
    await Promise.all([a, b].map((person) => person.page.waitForFunction(() => globalThis.pairvoice)));
    const start = (person, at) =>
      person.page.evaluate(async (when) => {
        await new Promise((resolve) => setTimeout(resolve, when - Date.now()));
        globalThis.session = await globalThis.pairvoice.startVoiceCall(globalThis.options);
      }, at);
    const at = Date.now() + 100;
    await Promise.all([start(a, at), start(b, at + Math.random() * 50)]);
    await Promise.all([a.voice("connected"), b.voice("connected"), a.hears(HIGH), b.hears(LOW)]).then(
      () => (connected += 1),
      (error) => console.log(`start ${i}: ${error.message}`),
    );
    oneOffer += (await a.witnessed("offers")) === 1 && (await b.witnessed("offers")) === 0;
    await Promise.all([a.close(), b.close()]);
  }
  console.log(`${connected} of ${STARTS} connected and heard each other; ${oneOffer} with exactly one offer, by the smaller ID`);
} finally {
  await Promise.all([low.close(), high.close()]);
  await Promise.all([server.stop(), bareServer.stop()]);
}
