// Behaviour 8: without a microphone the call connects and this side listens; it can be granted or plugged in later.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Person, bothHear, launch } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

// These browsers have a fake microphone, and the test answers for the person whether it is allowed.
const two = pair({ low: { prompt: "leave" }, high: { prompt: "leave" } });
const allowed = { context: { permissions: ["microphone"] } };

/** Makes `getUserMedia` fail with this error until `globalThis.mend()` is called. */
const failing = (name, from = true) => `{
  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  let broken = ${from};
  globalThis.breakIt = () => { broken = true; };
  globalThis.mend = () => { broken = false; };
  devices.getUserMedia = (constraints) =>
    broken ? Promise.reject(new DOMException("", ${JSON.stringify(name)})) : ask(constraints);
}`;

// A person who allowed the microphone and does not get it is kept from it by the system.
const reasons = { NotAllowedError: "blocked", NotFoundError: "missing", NotReadableError: "busy" };

for (const [error, reason] of Object.entries(reasons)) {
  for (const [listener, talker] of [["1", "2"], ["2", "1"]]) {
    test(`${reason} at user ${listener}: they listen, both see why, one click mends it`, async () => {
      const here = fresh(allowed);
      const silent = await two.low(listener, here({ init: failing(error) }));
      const loud = await two.high(talker, here());
      await Promise.all([silent.voice("connected"), loud.voice("connected"), silent.hears(HIGH)]);
      const { voice } = await silent.state();
      assert.equal(voice.listenOnly, true);
      assert.equal(voice.microphone.reason, reason);
      assert.ok(voice.microphone.hint);
      assert.match(await silent.statusLine(), /You hear .; they don’t hear you\./);
      await loud.until((s, wanted) => s.peer.microphone === "failed" && s.peer.microphoneReason === wanted, reason);
      assert.match(await loud.statusLine(), /has no microphone/);
      await silent.page.evaluate(() => globalThis.mend());
      await silent.click("Turn microphone on");
      await bothHear(silent, LOW, loud, HIGH);
      assert.equal((await silent.witnessed("offers")) + (await loud.witnessed("offers")), 1, "no new call");
    });
  }
}

test("denied by the browser itself, on both sides: the call connects, and both grant it later", async () => {
  const here = fresh({ context: { permissions: [] } });
  const deniedLow = await launch({ hertz: LOW, prompt: "leave", more: ["--deny-permission-prompts"] });
  const deniedHigh = await launch({ hertz: HIGH, prompt: "leave", more: ["--deny-permission-prompts"] });
  try {
    const a = await Person.open(deniedLow, two.server, "1", here());
    const b = await Person.open(deniedHigh, two.server, "2", here());
    await Promise.all([a, b].map((p) => p.until((s) => s.voice?.microphone.reason === "denied")));
    for (const person of [a, b]) {
      // Nobody clicks: that it is allowed now is noticed.
      await person.context.grantPermissions(["microphone"]);
    }
    await bothHear(a, LOW, b, HIGH);
  } finally {
    await Promise.all([deniedLow.close(), deniedHigh.close()]);
  }
});

for (const late of [["1"], ["2"], ["1", "2"]]) {
  test(`granted at user ${late.join(" and ")} only after the offer left: both hear each other`, async () => {
    const here = fresh();
    // The prompt stays open as it does before a person answers it; the browser knows no grant meanwhile.
    const holding = `{
      const devices = navigator.mediaDevices;
      const ask = devices.getUserMedia.bind(devices);
      devices.getUserMedia = async (constraints) => {
        await new Promise((resolve) => (globalThis.answer = resolve));
        return ask(constraints);
      };
    }`;
    const open = (side, user) => side(user, here(late.includes(user) ? { init: holding, context: { permissions: [] } } : allowed));
    const [a, b] = await Promise.all([open(two.low, "1"), open(two.high, "2")]);
    await Promise.all([a, b].map((p) => p.until((s) => ["connecting", "connected"].includes(s.voice?.state))));
    await a.page.waitForFunction(() => globalThis.witness.offers > 0);
    for (const person of [a, b].filter((_, index) => late.includes(String(index + 1)))) {
      await person.context.grantPermissions(["microphone"]);
      await person.page.evaluate(() => globalThis.answer());
    }
    await bothHear(a, LOW, b, HIGH);
  });
}

test("a prompt that is closed without an answer is told apart, and one click asks again", async () => {
  const here = fresh();
  const a = await two.low("1", here({ open: false, context: {} }));
  const devtools = await two.lowBrowser.newBrowserCDPSession();
  const page = await a.context.newCDPSession(a.page);
  const { targetInfo } = await page.send("Target.getTargetInfo");
  await devtools.send("Browser.setPermission", {
    permission: { name: "microphone" },
    setting: "prompt",
    origin: two.server.url,
    browserContextId: targetInfo.browserContextId,
  });
  await a.visit();
  await a.until((s) => s.voice?.microphone.reason === "dismissed");
  assert.match((await a.state()).voice.microphone.hint, /again/);
});

test("a microphone that ends in mid-call is opened again, and one that can't be is noticed on both sides and comes back with one click", async () => {
  const here = fresh(allowed);
  const [a, b] = [await two.low("1", here({ init: failing("NotFoundError", false) })), await two.high("2", here())];
  await bothHear(a, LOW, b, HIGH);
  // What unplugging does, as far as a page can tell.
  const end = () =>
    a.page.evaluate(() => {
      const track = globalThis.witness.tracks.at(-1);
      track.stop();
      track.dispatchEvent(new Event("ended"));
    });
  await end();
  await bothHear(a, LOW, b, HIGH);
  assert.equal(await a.witnessed("prompts"), 2);
  await a.page.evaluate(() => globalThis.breakIt());
  await end();
  await a.until((s) => s.voice.microphone.reason === "ended");
  await b.until((s) => s.peer.microphoneReason === "ended");
  await a.page.evaluate(() => globalThis.mend());
  await a.click("Turn microphone on");
  await bothHear(a, LOW, b, HIGH);
});
