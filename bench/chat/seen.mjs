// node bench/chat/seen.mjs: from send() to the other's message event, with a call up (so over the data channel) and by the server alone.
import { Person, launch } from "../../tests/e2e/support/browser.mjs";
import { startServer } from "../../tests/e2e/support/server.mjs";

const COUNT = 200;
const at = (values, part) => values.toSorted((a, b) => a - b)[Math.floor(values.length * part)].toFixed(1);
const server = await startServer({ page: "tests/e2e/page" });
const browsers = await Promise.all([launch({ hertz: 440 }), launch({ hertz: 1320 })]);

/** Runs in the page. */
async function enter(voice) {
  globalThis.seen = [];
  globalThis.session = await globalThis.pairvoice[voice ? "startVoiceCall" : "joinSession"](globalThis.options);
  globalThis.session.on("message", (m) => globalThis.seen.push([m.text, performance.timeOrigin + performance.now()]));
}

/** Runs in the page: a line each 25 ms, and when it was sent. */
async function write(count) {
  const sent = [];
  for (let n = 0; n < count; n += 1) {
    sent.push([`${n}`, performance.timeOrigin + performance.now()]);
    globalThis.session.send(`${n}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return sent;
}

try {
  for (const voice of [true, false]) {
    const people = await Promise.all(
      browsers.map(async (browser, n) => {
        const person = await Person.open(browser, server, `${n + 1}`, { query: { session: `seen-${voice}` } });
        await person.page.waitForFunction(() => globalThis.pairvoice);
        await person.page.evaluate(enter, voice);
        return person;
      }),
    );
    await Promise.all(people.map((person) => (voice ? person.voice("connected") : person.session("joined"))));
    const [writer, reader] = people;
    await reader.until((s) => s.peer.presence === "present");
    const sent = await writer.page.evaluate(write, COUNT);
    await reader.page.waitForFunction((count) => globalThis.seen.length === count, COUNT);
    const seen = new Map(await reader.page.evaluate(() => globalThis.seen));
    const times = sent.map(([text, when]) => seen.get(text) - when);
    console.log(`${voice ? "call up" : "server alone"}: p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms`);
    await Promise.all(people.map((person) => person.close()));
  }
} finally {
  await Promise.all(browsers.map((browser) => browser.close()));
  await server.stop();
}
