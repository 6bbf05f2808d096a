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
