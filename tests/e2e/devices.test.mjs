// Microphones and speakers: switching, unplugging and what else happens to devices never renegotiates and keeps sound going.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair({ low: { prompt: "leave" }, high: { prompt: "leave" } });
const allowed = { context: { permissions: ["microphone"] } };
const desk = readFileSync(fileURLToPath(new URL("support/desk.js", import.meta.url)), "utf8");
/** Two microphones with tones of their own; the first is what the system uses. */
const [BUILT_IN, HEADSET, USB] = [700, 2200, 3100];
const plugged = `${desk};
  desk.plug("built-in", "Built-in", ${BUILT_IN});
  desk.plug("headset", "Headset", ${HEADSET});`;

/** A call between somebody with microphones on a desk and somebody who listens. */
async function call(options = {}) {
  const here = fresh(allowed);
  const a = await two.low("1", here({ init: plugged, ...options }));
  const b = await two.high("2", here());
  await a.page.waitForFunction(() => globalThis.session);
  await a.page.evaluate(() => {
    globalThis.changes = [];
    globalThis.session.on("microphone-changed", (change) => globalThis.changes.push(change));
  });
  await Promise.all([a.voice("connected"), b.voice("connected")]);
  return [a, b];
}

const changes = (person) => person.page.evaluate(() => globalThis.changes.splice(0));
const on = (person, work, ...values) => person.page.evaluate(([name, rest]) => void globalThis.desk[name](...rest), [work, values]);
const inUse = (person, label) => person.until((s, wanted) => s.voice?.microphone.label === wanted, label);

async function onceNegotiated(...people) {
  const offers = await Promise.all(people.map((person) => person.witnessed("offers")));
  assert.deepEqual(offers, [1, 0], "no other offer");
  for (const person of people) {
    assert.equal(await person.page.evaluate(() => globalThis.witness.connections.length), 1);
  }
}

test("the browser's own devices are listed, and another one is taken without a new negotiation", async () => {
  const here = fresh(allowed);
  const [a, b] = [await two.low("1", here()), await two.high("2", here())];
  await bothHear(a, LOW, b, HIGH);
  const { microphones } = await a.page.evaluate(() => globalThis.session.listDevices());
  assert.deepEqual(microphones.map(({ label, isDefault, current }) => [label, isDefault, current]), [
    ["Fake Default Audio Input", true, true],
    ["Fake Audio Input 1", false, false],
    ["Fake Audio Input 2", false, false],
  ]);
  const stream = await a.page.evaluateHandle(() => globalThis.session.remoteStream);
  await a.page.evaluate((id) => globalThis.session.setMicrophone(id), microphones[2].id);
  await inUse(a, "Fake Audio Input 2");
  await bothHear(a, LOW, b, HIGH);
  assert.equal((await a.state()).voice.microphone.deviceId, microphones[2].id);
  assert.equal((await a.held()).tracks, 1, "the one before was stopped");
  await a.page.evaluate(() => globalThis.session.setProcessing({ noiseSuppression: false, echoCancellation: false }));
  await a.until((s) => !s.voice.microphone.noiseSuppression && !s.voice.microphone.echoCancellation);
  assert.equal(await a.page.evaluate(() => globalThis.witness.tracks.at(-1).getSettings().noiseSuppression), false);
  await bothHear(a, LOW, b, HIGH);
  await onceNegotiated(a, b);
  assert.ok(await stream.evaluate((kept) => kept === globalThis.session.remoteStream && kept.getAudioTracks().length === 1));

  // The next session in this browser has the same.
  await a.page.evaluate(() => globalThis.session.setVolume(0.25));
  await a.page.reload();
  await bothHear(a, LOW, b, HIGH);
  const { voice } = await a.state();
  assert.equal(voice.microphone.label, "Fake Audio Input 2");
  assert.equal(voice.microphone.noiseSuppression, false);
  assert.equal(voice.volume, 0.25);
});

test("unplugged, plugged in again, another default: the next device is heard, and each change is told", async () => {
  const [a, b] = await call();
  await b.hears(BUILT_IN);
  await on(a, "unplug", "built-in");
  await b.hears(HEADSET);
  await on(a, "plug", "usb", "USB", USB);
  await on(a, "prefer", "usb");
  await b.hears(USB);
  assert.deepEqual(await changes(a), [
    { from: "Default - Built-in", to: "Default - Headset", why: "ended" },
    { from: "Default - Headset", to: "Default - USB", why: "default-changed" },
  ]);
  // As a person does it, without a mouse.
  await a.page.getByRole("button", { name: "Devices", exact: true }).press("Enter");
  await a.page.getByLabel("Microphone", { exact: true }).selectOption("Headset");
  await b.hears(HEADSET);
  await on(a, "unplug", "headset");
  await b.hears(USB);
  await a.page.getByText("Headset went away. Now using Default - USB.").waitFor();
  await on(a, "plug", "headset", "Headset", HEADSET);
  await b.hears(HEADSET);
  assert.deepEqual(await changes(a), [
    { from: "Default - USB", to: "Headset", why: "chosen" },
    { from: "Headset", to: "Default - USB", why: "ended" },
    { from: "Default - USB", to: "Headset", why: "returned" },
  ]);
  await on(a, "unplug", "headset");
  await on(a, "unplug", "usb");
  await b.until((s) => s.peer.microphoneReason === "ended");
  await a.page.getByText("You are not heard now.").waitFor();
  assert.equal(await a.page.evaluate(() => globalThis.desk.open()), 0);
  await on(a, "plug", "built-in", "Built-in", BUILT_IN);
  await b.hears(BUILT_IN);
  await onceNegotiated(a, b);
  // The panel's line about it is of this call.
  await a.click("Text only");
  await a.page.locator("#device-notice:empty").waitFor({ state: "attached" });
});

test("muted by the system, frozen, busy: the device is opened again, or the one that works goes on", async () => {
  const [a, b] = await call();
  await b.hears(BUILT_IN);
  await on(a, "mute", "built-in", true);
  await b.hearsNothing();
  await b.hears(BUILT_IN);
  await on(a, "freeze");
  await b.hearsNothing();
  await b.hears(BUILT_IN);
  assert.deepEqual(await changes(a), [], "it is the same device");
  await on(a, "fail", "headset", "NotReadableError");
  await a.page.evaluate(() => globalThis.session.setMicrophone("headset"));
  await a.page.waitForFunction(() => globalThis.changes.length > 0);
  const same = "Default - Built-in";
  assert.deepEqual(await changes(a), [{ from: same, to: same, why: "busy" }]);
  await b.hears(BUILT_IN);
  await on(a, "unplug", "built-in");
  await a.until((s) => s.voice.microphone.reason === "busy");
  await b.until((s) => s.peer.microphoneReason === "busy");
  await on(a, "fail", "headset");
  await on(a, "plug", "usb", "USB", USB);
  await b.hears(HEADSET);
  await onceNegotiated(a, b);
});

test("an own track is sent as it is, and given back untouched", async () => {
  const [a, b] = await call();
  await b.hears(BUILT_IN);
  await a.page.evaluate((hertz) => {
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: hertz });
    const output = context.createMediaStreamDestination();
    tone.connect(output);
    tone.start();
    [globalThis.own] = output.stream.getAudioTracks();
    globalThis.session.setMicrophone(globalThis.own);
  }, USB);
  await b.hears(USB);
  assert.equal(await a.page.evaluate(() => globalThis.desk.open()), 0, "no device listens");
  await a.page.evaluate(() => globalThis.session.setMuted(true));
  await b.hearsNothing();
  await a.page.evaluate(() => globalThis.session.setMicrophone(null));
  await a.page.evaluate(() => globalThis.session.setMuted(false));
  await b.hears(BUILT_IN);
  const own = await a.page.evaluate(() => [globalThis.own.readyState, globalThis.own.enabled]);
  assert.deepEqual(own, ["live", true]);
  await onceNegotiated(a, b);
});

test("a microphone that is allowed in the browser's settings is taken by itself, and one that is withdrawn is noticed", async () => {
  const here = fresh({ context: { permissions: [] } });
  const [a, b] = [await two.low("1", here()), await two.high("2", here(allowed))];
  const devtools = await two.lowBrowser.newBrowserCDPSession();
  const page = await a.context.newCDPSession(a.page);
  const { targetInfo } = await page.send("Target.getTargetInfo");
  const set = (setting) =>
    devtools.send("Browser.setPermission", {
      permission: { name: "microphone" },
      setting,
      origin: two.server.url,
      browserContextId: targetInfo.browserContextId,
    });
  await set("denied");
  await a.page.reload();
  await a.until((s) => s.voice?.microphone.reason === "denied");
  await Promise.all([a.voice("connected"), a.hears(HIGH)]);
  await set("granted");
  await bothHear(a, LOW, b, HIGH);
  await set("denied");
  await a.until((s) => s.voice.microphone.reason === "denied");
  await b.until((s) => s.peer.microphoneReason === "denied");
  await set("granted");
  await bothHear(a, LOW, b, HIGH);
});

test("a speaker is chosen where the browser allows it, and refused with a code elsewhere", async () => {
  const [a] = await call();
  const { speakers } = await a.page.evaluate(() => globalThis.session.listDevices());
  assert.ok(speakers.length > 1);
  await a.page.evaluate((id) => globalThis.session.setSpeaker(id), speakers.at(-1).id);
  await a.until((s, id) => s.voice.speaker.deviceId === id && s.voice.speaker.selectable, speakers.at(-1).id);
  const refused = (id) => a.page.evaluate((wanted) => globalThis.session.setSpeaker(wanted).catch(({ code }) => code), id);
  assert.equal(await refused("nothing"), "device-unavailable");
  await a.page.evaluate(() => delete HTMLMediaElement.prototype.setSinkId);
  assert.equal(await refused(speakers[0].id), "unsupported");
});

test("push-to-talk: what is said just before the press and the release is heard, and nothing of the time between", async () => {
  const [BEFORE, LONG_BEFORE, AT_THE_END, MUTED, LAST] = [900, 1700, 2600, 3500, 4400];
  const [a, b] = await call({ init: `${desk}; desk.plug("quiet", "Quiet", 0);` });
  // Delayed again and again, what is heard can be found for two seconds.
  await b.page.evaluate(() => {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: globalThis.session.remoteStream });
    for (let i = 0; i < 14; i += 1) source.connect(new DelayNode(context, { maxDelayTime: 2, delayTime: i * 0.15 })).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    globalThis.ear = { heard: [], context };
    const hear = () => {
      analyser.getFloatFrequencyData(bins);
      for (const hertz of [900, 1700, 2600, 3500, 4400]) {
        const level = bins[Math.round((hertz * analyser.fftSize) / context.sampleRate)];
        if (level > -50 && !globalThis.ear.heard.includes(hertz)) globalThis.ear.heard.push(hertz);
      }
    };
    setInterval(hear, 50);
  });
  const heard = () => b.page.evaluate(() => globalThis.ear.heard);
  const hears = (hertz) => b.page.waitForFunction((wanted) => globalThis.ear.heard.includes(wanted), hertz, { timeout: 20_000 });
  // A sender takes another track a moment after it was given it.
  const takes = (which) =>
    a.page.waitForFunction((wanted) => {
      const { track } = globalThis.witness.connections[0].getSenders()[0];
      return (track === globalThis.desk.live[0].track ? "microphone" : "delayed") === wanted;
    }, which);
  await a.page.evaluate(() => {
    const key = (type) => document.querySelector("main").dispatchEvent(new KeyboardEvent(type, { key: " ", bubbles: true, composed: true, cancelable: true }));
    globalThis.press = () => key("keydown");
    globalThis.release = () => key("keyup");
    globalThis.say = (hertz, seconds) => globalThis.desk.beep("quiet", hertz, seconds);
    globalThis.quiet = (seconds) => globalThis.say(0, seconds);
  });
  const released = () => a.until((s) => s.voice.muted && !s.voice.talking);
  await a.page.evaluate(() => {
    const { createDelay } = BaseAudioContext.prototype;
    BaseAudioContext.prototype.createDelay = function (...given) {
      globalThis.line = this;
      return createDelay.apply(this, given);
    };
  });
  // Whoever mutes has what the first press needs.
  await a.click("Mute");
  await a.page.waitForFunction(() => globalThis.line?.state === "running");
  await released();
  await takes("microphone");

  // A machine may be too busy to press in time, which its own clock of sound tells.
  let late = Infinity;
  for (let i = 0; i < 20 && late > 0.1; i += 1) {
    await a.page.evaluate(() => globalThis.quiet(0.5));
    late = await a.page.evaluate(async (hertz) => {
      const since = await globalThis.say(hertz, 0.3);
      globalThis.press();
      return since();
    }, BEFORE);
    await b.until((s) => !s.peer.muted);
    if (late <= 0.1) await takes("delayed");
    await a.page.evaluate(() => globalThis.release());
    await released();
  }
  assert.ok(late <= 0.1, "never pressed in time");
  await hears(BEFORE);
  await takes("microphone");

  await a.page.evaluate(
    async ([longBefore, atTheEnd]) => {
      await globalThis.say(longBefore, 0.3);
      await globalThis.quiet(1);
      globalThis.press();
      await globalThis.quiet(0.5);
      await globalThis.say(atTheEnd, 0.15);
      globalThis.release();
    },
    [LONG_BEFORE, AT_THE_END],
  );
  await hears(AT_THE_END);
  await released();
  await a.page.evaluate(
    async ([muted, last]) => {
      await globalThis.say(muted, 0.5);
      await globalThis.quiet(1);
      globalThis.press();
      await globalThis.say(last, 0.3);
      globalThis.release();
    },
    [MUTED, LAST],
  );
  await hears(LAST);
  assert.deepEqual(await heard(), [BEFORE, AT_THE_END, LAST], "who is muted is not heard");
  await released();
  await a.click("Mute");
  await a.until((s) => !s.voice.muted && !s.voice.talking);
  await takes("microphone");
  await onceNegotiated(a, b);
});
