// Chromium and Firefox call each other, in both roles.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Person, launch } from "./support/browser.mjs";
import { FIREFOX_TONE, FirefoxPerson, launchFirefox } from "./support/firefox.mjs";
import { LOW, fresh } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";

let server;
let chromium;
let firefox;

before(async () => {
  [server, chromium, firefox] = await Promise.all([startServer(), launch({ hertz: LOW }), launchFirefox()]);
});
after(async () => {
  await Promise.all([chromium?.close(), firefox?.close()]);
  await server?.stop();
});

for (const [inChromium, inFirefox] of [["1", "2"], ["2", "1"]]) {
  const offerer = inChromium === "1" ? "Chromium" : "Firefox";
  test(`${offerer} offers: both hear each other, chat, reload and leave`, async () => {
    const here = fresh()();
    const a = await Person.open(chromium, server, inChromium, here);
    const b = await FirefoxPerson.open(firefox, server, inFirefox, here);
    const linked = () => Promise.all([a.voice("connected"), b.voice("connected"), a.hears(FIREFOX_TONE), b.hears(LOW)]);
    await linked();
    assert.equal((await b.state()).voice.role, inFirefox === "1" ? "offerer" : "answerer");
    await a.says("from Chromium");
    await b.reads(["from Chromium"]);
    await b.says("from Firefox");
    await a.reads(["from Chromium", "from Firefox"]);
    await b.page.reload();
    await linked();
    await a.page.reload();
    await linked();
    await b.close();
    await a.until((s) => s.peer.presence === "absent" && s.voice.state === "waiting");
    await a.close();
  });
}

test("Firefox: devices are listed, and an unknown one changes nothing, without a new negotiation", async () => {
  const here = fresh()();
  const a = await Person.open(chromium, server, "1", here);
  const b = await FirefoxPerson.open(firefox, server, "2", here);
  await Promise.all([a.voice("connected"), b.voice("connected"), a.hears(FIREFOX_TONE)]);
  const { microphones } = await b.page.evaluate(() => globalThis.session.listDevices());
  const { voice } = await b.state();
  assert.deepEqual(microphones.map(({ id, current }) => [id, current]), [[voice.microphone.deviceId, true]]);
  await b.page.evaluate(() => {
    globalThis.session.on("microphone-changed", ({ why }) => (globalThis.why = why));
    globalThis.session.setMicrophone("nowhere");
  });
  await b.page.waitForFunction(() => globalThis.why === "missing");
  await a.hears(FIREFOX_TONE);
  assert.deepEqual([await a.witnessed("offers"), await b.witnessed("offers")], [1, 0]);
  await Promise.all([a.close(), b.close()]);
});
