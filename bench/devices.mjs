// npm run bench:devices: from the moment at which a microphone is unplugged (or another device is chosen, or the system uses
// another one) to the sound of the next one at the other side. Times are this machine's; compare figures of one run only.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { buildDemo, buildServer, buildWasm } from "../scripts/build.mjs";
import { ensureNodePackages, ensureRust } from "../scripts/tools.mjs";
import { Person, launch } from "../tests/e2e/support/browser.mjs";
import { startServer } from "../tests/e2e/support/server.mjs";

const TIMES = Number(process.env.TIMES ?? 7);
const [ONE, OTHER, LISTENER] = [700, 2200, 1320];

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

await ensureNodePackages();
await ensureRust();
await buildWasm();
await buildDemo();
if (!process.env.PAIRVOICE_SERVER) await buildServer();

const desk = readFileSync(fileURLToPath(new URL("../tests/e2e/support/desk.js", import.meta.url)), "utf8");
const [server, low, high] = await Promise.all([startServer(), launch({ hertz: ONE }), launch({ hertz: LISTENER })]);

/** Resolves with the time (of this machine's clock) at which this person first hears that tone. */
const heardAt = (person, hertz) =>
  person.page.evaluate(async (wanted) => {
    while (Math.abs(globalThis.witness.heard() - wanted) > wanted * 0.05) await new Promise((r) => setTimeout(r, 5));
    return performance.timeOrigin + performance.now();
  }, hertz);

/** Does something to the microphones and measures until the tone of the next one is heard. */
async function measure(talker, listener, work, hertz) {
  const end = heardAt(listener, hertz);
  const began = await talker.page.evaluate(([source]) => {
    const at = performance.timeOrigin + performance.now();
    globalThis.works[source]();
    return at;
  }, [work]);
  return (await end) - began;
}

try {
  const init = `${desk};
    globalThis.works = {
      unplug: () => desk.unplug("one"),
      plug: () => desk.plug("one", "One", ${ONE}),
      prefer: () => desk.prefer("other"),
      preferBack: () => desk.prefer("one"),
      choose: () => session.setMicrophone("other"),
      chooseBack: () => session.setMicrophone("one"),
    };
    desk.plug("one", "One", ${ONE});
    desk.plug("other", "Other", ${OTHER});`;
  const query = { session: "devices" };
  const talker = await Person.open(low, server, "1", { query, init });
  const listener = await Person.open(high, server, "2", { query });
  await Promise.all([talker.voice("connected"), listener.voice("connected"), listener.hears(ONE)]);
  // The chosen one is taken again when it is back.
  await talker.page.evaluate(() => globalThis.session.setMicrophone("one"));
  await listener.hears(ONE);
  console.log(`## To the sound of the next microphone at the other side (loopback, median of ${TIMES})`);
  const rows = [
    ["the device in use is unplugged", "unplug", "plug"],
    ["another one is chosen", "choose", "chooseBack"],
  ];
  const print = (name, times) =>
    console.log(`${name}: ${Math.round(median(times))} ms (worst ${Math.round(Math.max(...times))} ms)`);
  for (const [name, there, back] of rows) {
    const times = { there: [], back: [] };
    for (let i = 0; i < TIMES; i += 1) {
      times.there.push(await measure(talker, listener, there, OTHER));
      times.back.push(await measure(talker, listener, back, ONE));
    }
    print(name, times.there);
    if (there === "unplug") print("it is plugged in again", times.back);
  }
  await talker.page.evaluate(() => globalThis.session.setMicrophone(null));
  await listener.hears(ONE);
  const times = [];
  for (let i = 0; i < TIMES; i += 1) {
    await talker.page.evaluate(() => globalThis.works.preferBack());
    await listener.hears(ONE);
    times.push(await measure(talker, listener, "prefer", OTHER));
  }
  print("the system uses another one", times);
  console.log(`offers: ${await talker.witnessed("offers")}`);
} finally {
  await Promise.all([low.close(), high.close()]);
  await server.stop();
}
