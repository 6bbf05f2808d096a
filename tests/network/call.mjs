// A call over the emulated network, and what becomes of it under a fault.
import assert from "node:assert/strict";

import { Person } from "../e2e/support/browser.mjs";
import { HIGH, LOW } from "../e2e/support/pair.mjs";

/** What the jitter buffer and the analyser still hold is no new sound. */
const PAUSE_MS = 150;

let sessions = 0;

/** Runs in the page: notes each moment at which new sound of the other's tone was heard. */
function listen(hertz) {
  const heard = (globalThis.heardAt = []);
  const look = () => {
    if (Math.abs(globalThis.witness.heard() - hertz) < hertz * 0.05) heard.push(Date.now());
  };
  setInterval(look, 10);
}

/** Two people who hear each other; the one at `low` is the offerer unless `swap`. */
export async function call(world, { swap = false } = {}) {
  sessions += 1;
  const session = `n-${process.pid}-${sessions}`;
  const open = async (browser, user, hertz) => {
    const query = { session, token: world.token(session, user) };
    const person = await Person.open(browser, world.server, user, { query });
    await person.page.waitForFunction(() => globalThis.pairvoice);
    await person.page.evaluate(async () => {
      globalThis.session = await globalThis.pairvoice.startVoiceCall(globalThis.options);
      globalThis.texts = () => globalThis.session.getState().chat.messages.map((m) => m.text);
    });
    await person.page.evaluate(listen, hertz);
    return person;
  };
  const [low, high] = await Promise.all([open(world.low, swap ? "2" : "1", HIGH), open(world.high, swap ? "1" : "2", LOW)]);
  const both = [low, high];
  await Promise.all([low.voice("connected"), high.voice("connected"), low.hears(HIGH), high.hears(LOW)]);
  let said = 0;
  return {
    low,
    high,
    both,
    /** Both write a line. */
    async write() {
      said += 1;
      await Promise.all(both.map((p, side) => p.page.evaluate((text) => globalThis.session.send(text), `${side}: ${said}`)));
    },
    /** Both lists are equal, hold everything, and all of it is saved. */
    async agree() {
      for (const person of both) {
        await person.until((s, count) => s.chat.unsent === 0 && s.chat.messages.filter((m) => m.saved).length === count, 2 * said);
      }
      const [a, b] = await Promise.all(both.map((p) => p.page.evaluate(() => globalThis.texts())));
      assert.deepEqual(a, b, "both chats are equal");
    },
    /** Milliseconds until both hear the other after `since`; after a pause, unless the sound is expected to go on. */
    async soundAfter(since, { afterPause = true } = {}) {
      const first = (person) =>
        person.page.waitForFunction(
          ([at, pause]) => globalThis.heardAt.find((t, i, all) => t >= at && (i === 0 || t - all[i - 1] >= pause)),
          [since, afterPause ? PAUSE_MS : 0],
          { timeout: 90_000, polling: 20 },
        );
      const times = await Promise.all(both.map(async (p) => (await first(p)).jsonValue()));
      return Math.max(...times) - since;
    },
    /** One microphone prompt each, and the words of the state are "connected" again. */
    async isWhole() {
      await Promise.all(both.map((p) => p.voice("connected")));
      for (const person of both) assert.equal(await person.witnessed("prompts"), 1, "the microphone was asked for once");
    },
    /** Nothing of the other is heard on either side any more. */
    silent: () => Promise.all(both.map((p) => p.hearsNothing())),
    close: () => Promise.all(both.map((p) => p.close())),
  };
}
