// How good a call is, on a network that loses packets and one that has little room, as both people see it; and what finds out that
// somebody is not heard.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { makeWorld, whyNoNetwork } from "../network/support.mjs";
import { CAP_MS, bothHear, launch } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const skip = whyNoNetwork() ?? false;

/** Collects what a page is told, from now on. */
const listen = (person) =>
  person.page.evaluate(() => {
    globalThis.seconds = [];
    globalThis.session.on("quality", (quality) => globalThis.seconds.push(quality));
    globalThis.spoken = [];
    globalThis.session.on("speaking", (speaking) => globalThis.spoken.push(speaking));
  });

/** Waits until a second satisfies a condition, given as a function that runs in the page, and resolves with it. */
async function second(person, condition) {
  const find = new Function(`return globalThis.seconds.find(${condition})`);
  try {
    return await (await person.page.waitForFunction(find, undefined, { timeout: 45_000 })).jsonValue();
  } catch (cause) {
    const seen = await person.page.evaluate(() => JSON.stringify(globalThis.seconds.slice(-3)));
    throw new Error(`no such second: ${condition}\n${seen}\n${person.console?.join("\n")}`, { cause });
  }
}

describe("on a network of its own", () => {
  let world;
  before(async () => {
    if (!skip) world = await makeWorld({ page: "www", launch });
  });
  after(() => world?.stop());

  async function call(session, query = {}) {
    const address = (user) => ({ query: { session, ...query }, hash: `#token=${world.token(session, user)}` });
    const [one, two] = await Promise.all([world.low.open(world.server, "1", address("1")), world.high.open(world.server, "2", address("2"))]);
    await bothHear(one, LOW, two, HIGH);
    await Promise.all([one, two].map(listen));
    return [one, two];
  }

  const close = (people) => Promise.all(people.map((person) => person.close().catch(() => {})));

  test("copies come with loss, nothing of the sound is missing, and they go when it is over", { skip }, async () => {
    const people = await call("q-loss");
    try {
      for (const person of people) {
        const { sending } = await second(person, '(q) => q.incoming && q.outgoing && q.path === "direct" && q.sending.copies.length === 0 && q.sending.frames === 1');
        assert.ok(sending.bitrate <= 32_000);
      }
      await world.network.loss("low", 15);
      for (const person of people) {
        await second(person, "(q) => q.sending.copies.length >= 2");
        // What is lost and what is missing are two things.
        const mended = await second(person, "(q) => q.incoming.loss > 0.05 && q.incoming.concealed < 0.01 && q.sending.copies.length >= 2");
        assert.ok(mended.incoming.bufferMs > 40, `sound is held back for copies: ${JSON.stringify(mended.incoming)}`);
      }
      await world.network.loss("low", 0);
      for (const person of people) {
        await person.page.evaluate(() => (globalThis.seconds = []));
        await second(person, "(q) => q.sending.copies.length === 0 && q.incoming.loss === 0");
      }
    } finally {
      await world.network.loss("low", 0);
      await close(people);
    }
  });

  test("little room is found, told and kept to", { skip }, async () => {
    const people = await call("q-room");
    try {
      await world.network.cap("low", 32, 300);
      const narrow = await second(people[0], '(q) => q.warnings.some(({ name }) => name === "bandwidth") && q.sending.frames > 1');
      const [{ message, hint, cause }] = narrow.warnings.filter(({ name }) => name === "bandwidth");
      assert.equal(cause, "congestion");
      await people[0].page.locator("#warnings p", { hasText: message }).filter({ hasText: hint }).waitFor();
    } finally {
      await world.network.cap("low", 0);
      await close(people);
    }
  });
});

/** Whether all of a part of the panel is on the screen. */
const inSight = (person, part) =>
  person.page.locator(part).evaluate((element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    const [x, y] = [element.getBoundingClientRect().left + 5, (top + bottom) / 2];
    return height > 0 && top >= 0 && bottom <= innerHeight && element.contains(element.getRootNode().elementFromPoint(x, y));
  });

describe("on a good network", () => {
  const two = pair();

  test("both are told who speaks and that they are heard, in figures and in words", async () => {
    const here = fresh();
    const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
    await bothHear(a, LOW, b, HIGH);
    await Promise.all([a, b].map((person) => person.until((s) => s.voice.heard === true)));
    assert.equal(await a.statusLine(), "Connected. 2 hears you.");
    await listen(a);
    // How good it is depends on what else this machine does; that step and figures say the same, after the first seconds, which are not
    // judged, does not.
    const same = '(q) => q.incoming && q.outgoing && (q.step === "good") === Math.min(q.incoming.mos, q.outgoing.mos) > 3.5';
    const likely = "[q.incoming, q.outgoing].every(({ delayMs, kbps, mos }) => delayMs > 20 && kbps > 10 && kbps < 80 && mos >= 1 && mos <= 4.41)";
    await second(a, `${same} && ${likely}`);
    await a.page.locator("#own[data-speaking]").waitFor();
    await a.page.locator("#peer[data-speaking]").waitFor();
    await a.page.locator("#quality > summary").click();
    await a.page.locator("#quality-incoming", { hasText: "from mouth to ear" }).waitFor();
    await a.page.locator("#quality-sending", { hasText: "no copies of each frame, 32 kbit/s" }).waitFor();
    // What opens scrolls by itself: what one writes in, and the bar, stay in sight.
    for (const part of ["#status", "#composer", "#leave"]) assert.ok(await inSight(a, part), part);
  });

  test("whoever is muted and talks is told, and the other sees no speech", async () => {
    const here = fresh();
    const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
    await bothHear(a, LOW, b, HIGH);
    await a.click("Mute");
    await a.until((s) => s.voice.mutedTalking);
    await a.page.getByText("You are muted. Unmute to be heard.").waitFor();
    await b.page.locator("#peer:not([data-speaking])").waitFor();
    assert.equal((await a.state()).voice.heard, null, "nothing is said that could be heard");
    await a.click("Mute");
    await a.until((s) => !s.voice.mutedTalking && s.voice.heard);
    assert.equal((await a.held()).tracks, 1, "what listened to the muted microphone is gone");
    // With whoever was called by it.
    await a.click("Mute");
    await a.until((s) => s.voice.mutedTalking);
    await b.click("Leave");
    await a.voice("waiting");
    await a.page.waitForFunction(() => globalThis.witness.held().tracks === 1, undefined, { timeout: CAP_MS });
  });

  test("a browser that does not play is found out by the other side", async () => {
    const here = fresh();
    const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
    await bothHear(a, LOW, b, HIGH);
    await listen(a);
    await b.page.evaluate(() => globalThis.session.setVolume(0));
    await a.until((s) => s.voice.heard === false);
    const { warnings } = await second(a, '(q) => q.warnings.some(({ name }) => name === "not-heard")');
    assert.equal(warnings.find(({ name }) => name === "not-heard").cause, "not-played");
    await a.page.locator("#warnings p", { hasText: "The other person cannot hear you" }).waitFor();
    await b.page.evaluate(() => globalThis.session.setVolume(1));
    await a.until((s) => s.voice.heard === true);
    await a.page.locator("#warnings p", { hasText: "The other person cannot hear you" }).waitFor({ state: "detached" });
  });

  test("sound that the system pauses is seen on both sides, and goes on by a click", async () => {
    const here = fresh();
    const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
    await bothHear(a, LOW, b, HIGH);
    await a.until((s) => s.voice.heard === true);
    await b.page.evaluate(() => {
      const { play } = HTMLMediaElement.prototype;
      HTMLMediaElement.prototype.play = function () {
        globalThis.played = this;
        return play.call(this);
      };
      globalThis.session.resumeAudio();
      // As a telephone call does it, or the key of a headset.
      globalThis.played.pause();
    });
    await b.until((s) => s.voice.playbackBlocked);
    await a.until((s) => s.voice.heard === false);
    await b.click("Play sound");
    await b.until((s) => !s.voice.playbackBlocked);
    await a.until((s) => s.voice.heard === true);
    assert.equal(await b.page.evaluate(() => globalThis.played.paused), false);
  });

  test("a worker that is not there costs copies and no sound", async () => {
    const here = fresh();
    const none = { init: () => delete globalThis.RTCRtpScriptTransform };
    const [a, b] = await Promise.all([two.low("1", here(none)), two.high("2", here())]);
    await bothHear(a, LOW, b, HIGH);
    await Promise.all([a, b].map(listen));
    // The browser's own copy has its price, which a lower bit rate pays.
    await second(a, "(q) => q.sending.bitrate === 20000 && q.sending.copies.join() === '1'");
    await second(b, "(q) => q.sending.bitrate === 32000");
  });

  test("where a policy forbids workers from text, one from a file writes the packets", async () => {
    const here = fresh();
    const a = await two.low("1", here({ open: false, init: () => (globalThis.Worker = class extends globalThis.Worker {
      constructor(...args) {
        super(...args);
        (globalThis.made ??= []).push(String(args[0]));
      }
    }) }));
    await a.page.route(a.address, async (route) => {
      const response = await route.fetch();
      const policy = response.headers()["content-security-policy"];
      assert.match(policy, /worker-src 'self' blob:/);
      const headers = { ...response.headers(), "content-security-policy": policy.replace("worker-src 'self' blob:", "worker-src 'self'") };
      await route.fulfill({ response, headers });
    });
    await a.visit();
    const b = await two.high("2", here());
    await bothHear(a, LOW, b, HIGH);
    await listen(a);
    await second(a, "(q) => q.outgoing && q.sending.bitrate === 32000");
    const made = await a.page.evaluate(() => globalThis.made);
    assert.match(made.at(-1), /copies-worker.*\.js$/, made.join());
  });

  test("a worker that stops is replaced while both talk, and one that can't be had at all costs a connection", async () => {
    const here = fresh();
    const init = () => {
      globalThis.workers = [];
      const Native = globalThis.Worker;
      globalThis.Worker = class extends Native {
        constructor(...args) {
          if (globalThis.noWorkers) throw new Error("no worker");
          super(...args);
          globalThis.workers.push(this);
        }
      };
    };
    const [a, b] = await Promise.all([two.low("1", here({ init })), two.high("2", here())]);
    await bothHear(a, LOW, b, HIGH);
    await a.page.evaluate(() => globalThis.workers.at(-1).terminate());
    await a.page.waitForFunction(() => globalThis.workers.length > 1, undefined, { timeout: 45_000 });
    await bothHear(a, LOW, b, HIGH);
    await a.page.evaluate(() => {
      globalThis.noWorkers = true;
      globalThis.workers.at(-1).terminate();
    });
    await a.page.waitForFunction(() => globalThis.witness.connections.length > 1, undefined, { timeout: 45_000 });
    await bothHear(a, LOW, b, HIGH);
  });
});
