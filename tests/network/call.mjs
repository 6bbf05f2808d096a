// A call over the emulated network, and what becomes of it under a fault.
import assert from "node:assert/strict";

import { FIREFOX_TONE } from "../e2e/support/firefox.mjs";
import { HIGH, LOW } from "../e2e/support/pair.mjs";

/** What the jitter buffer and the analyser still hold is no new sound. */
const PAUSE_MS = 150;
let sessions = 0;

/** Runs in the page: notes each moment at which new sound of the other's tone was heard. */
export function listen([hertz, recorded]) {
  const heard = (globalThis.heardAt = []);
  const note = (tone) => {
    if (Math.abs(tone - hertz) < hertz * 0.05) heard.push(performance.timeOrigin + performance.now());
  };
  const record = () => globalThis.witness.recorded().then(note, () => {}).then(() => setTimeout(record, 20));
  if (recorded) record();
  else setInterval(() => note(globalThis.witness.heard()), 10);
}

/**
 * When this person heard the other anew after `since` (a time of this machine's clock); after a pause, unless the sound is
 * expected to go on, or is recorded, when one look takes longer than the pause. Nothing when it took longer than `limit`
 * milliseconds.
 */
export async function heardAnew(person, since, { afterPause = true, limit = 90_000 } = {}) {
  const pause = afterPause && !person.records ? PAUSE_MS : 0;
  const first = ([at, gap]) => globalThis.heardAt?.find((t, i, all) => t >= at && (i === 0 || t - all[i - 1] >= gap));
  const found = await person.page.waitForFunction(first, [since, pause], { timeout: limit, polling: 20 }).catch((error) => {
    if (/Timeout|timeout|exceeded/.test(error.message)) return undefined;
    throw error;
  });
  return found?.jsonValue();
}

/** Two people who hear each other; the one at `low` is the offerer unless `swap`. */
export async function call(world, { swap = false } = {}) {
  sessions += 1;
  const session = `n-${process.pid}-${sessions}`;
  /** Starts voice in a page that has just been loaded. */
  const enter = async (person) => {
    await person.page.waitForFunction(() => globalThis.pairvoice);
    await person.page.evaluate(async () => {
      globalThis.session = await globalThis.pairvoice.startVoiceCall(globalThis.options);
      globalThis.texts = () => globalThis.session.getState().chat.messages.map((m) => m.text);
      globalThis.states = [];
      globalThis.session.subscribe(() => {
        const { state } = globalThis.session.getState().voice;
        if (globalThis.states.at(-1) !== state) globalThis.states.push(state);
      });
    });
    await person.page.evaluate(listen, [person.wanted, Boolean(person.records)]);
  };
  const open = async (host, user, hertz) => {
    const person = await host.open(world.server, user, { query: { session, log: "debug", token: world.token(session, user) } });
    person.wanted = hertz;
    await enter(person);
    return person;
  };
  const ofHigh = world.high.firefox ? FIREFOX_TONE : HIGH;
  const [low, high] = await Promise.all([
    open(world.low, swap ? "2" : "1", ofHigh),
    open(world.high, swap ? "1" : "2", LOW),
  ]);
  const both = [low, high];
  await Promise.all(both.map((person) => Promise.all([person.voice("connected"), heardAnew(person, 0, { afterPause: false })])));
  let said = 0;
  return {
    low,
    high,
    both,
    enter,
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
    /** Milliseconds until both hear the other after `since`. */
    async soundAfter(since, options) {
      const times = await Promise.all(both.map((person) => heardAnew(person, since, options)));
      assert.ok(times.every(Boolean), `heard again: ${times.map(Boolean)}`);
      return Math.round(Math.max(...times) - since);
    },
    /** One microphone prompt each, sound now, and the words of the state are "connected" again. */
    async isWhole() {
      await Promise.all(both.map((p) => p.voice("connected")));
      const now = Date.now();
      const heard = await Promise.all(both.map((person) => heardAnew(person, now, { afterPause: false })));
      assert.ok(heard.every(Boolean), "both hear each other");
      for (const person of both) assert.equal(await person.witnessed("prompts"), 1, "the microphone was asked for once");
    },
    /** The call never left `connected`, on the one connection that it began with. */
    async wasNotTouched() {
      for (const { page } of both) {
        const [after, connections] = await page.evaluate(() => {
          const first = globalThis.states.indexOf("connected");
          return [globalThis.states.slice(first), globalThis.witness.connections.length];
        });
        assert.deepEqual(after, ["connected"]);
        assert.equal(connections, 1);
      }
    },
    /** What both consoles say, for the report of a failure. */
    told: () => both.map((p) => p.console.join("\n")).join("\n--\n"),
    close: () => Promise.all(both.map((p) => p.close())),
  };
}
