// What a call does beside the panel: the screen stays on, the device's keys mute and hang up, a sound says who comes and goes; and what the
// screen before the call can be heard and allowed by.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Person, bothHear, launch } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";
import { TabPerson, launchTabs } from "./support/tabs.mjs";

/** Runs in the page before its own code: writes down what is asked of the browser, which does it as ever. */
const recorder = `{
  const seen = (globalThis.seen = { locks: [], keys: {}, active: [], notes: [], contexts: [] });
  const { wakeLock, mediaSession } = navigator;
  if (wakeLock) {
    const request = wakeLock.request.bind(wakeLock);
    wakeLock.request = async (kind) => {
      const lock = await request(kind);
      seen.locks.push(lock);
      return lock;
    };
  }
  const handle = mediaSession.setActionHandler.bind(mediaSession);
  mediaSession.setActionHandler = (name, act) => {
    handle(name, act);
    seen.keys[name] = act;
  };
  const activate = mediaSession.setMicrophoneActive.bind(mediaSession);
  mediaSession.setMicrophoneActive = (on) => {
    seen.active.push(on);
    return activate(on);
  };
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...when) {
    start.apply(this, when);
    seen.notes.push(this.frequency.value);
    if (!seen.contexts.includes(this.context)) seen.contexts.push(this.context);
  };
}`;

const JOINED = [523, 784];
const LEFT = [659, 440];
const TEST = [523, 659, 784, 1047];

const locks = (person) => person.page.evaluate(() => globalThis.seen.locks.map(({ released }) => (released ? "released" : "held")));
const keys = (person) => person.page.evaluate(() => Object.fromEntries(Object.entries(globalThis.seen.keys).map(([name, act]) => [name, act !== null])));
const press = (person, key) => person.page.evaluate((name) => globalThis.seen.keys[name]({ action: name }), key);
/** Waits until these notes were played, and no others. */
const played = (person, ...sounds) => person.page.waitForFunction((notes) => globalThis.seen.notes.join() === notes, sounds.flat().join());

describe("in a call", () => {
  let server;
  let browsers;
  before(async () => {
    [server, ...browsers] = await Promise.all([startServer(), launchTabs({ hertz: LOW }), launchTabs({ hertz: HIGH })]);
  });
  after(async () => {
    await Promise.all((browsers ?? []).map((browser) => browser.close()));
    await server?.stop();
  });

  test("the screen stays on where the page is to be seen, and the keys of the device mute and hang up", async () => {
    const a = await TabPerson.open(browsers[0], server, "1", { init: recorder });
    await a.voice("waiting");
    assert.deepEqual([await locks(a), await keys(a)], [[], {}], "nobody is there to talk with");
    const b = await TabPerson.open(browsers[1], server, "2");
    await bothHear(a, LOW, b, HIGH);
    await a.page.waitForFunction(() => globalThis.seen.locks.length === 1);
    assert.deepEqual([await locks(a), await keys(a)], [["held"], { togglemicrophone: true, hangup: true }]);

    await a.cover();
    await a.page.waitForFunction(() => globalThis.seen.locks[0].released);
    await a.uncover();
    await a.page.waitForFunction(() => globalThis.seen.locks.length === 2);
    assert.deepEqual(await locks(a), ["released", "held"]);

    await press(a, "togglemicrophone");
    await b.until((s) => s.peer.muted);
    assert.equal(await a.page.evaluate(() => globalThis.seen.active.at(-1)), false);
    await press(a, "togglemicrophone");
    await b.until((s) => !s.peer.muted);
    assert.equal(await a.page.evaluate(() => globalThis.seen.active.at(-1)), true);

    await press(a, "hangup");
    await a.voice("off");
    await b.until((s) => !s.peer.voice && s.voice.state === "waiting");
    await a.page.waitForFunction(() => globalThis.seen.locks[1].released);
    assert.deepEqual(await keys(a), { togglemicrophone: false, hangup: false });
    assert.equal((await a.state()).session.state, "joined", "the chat goes on");
  });
});

describe("beside a call", () => {
  const two = pair();

  test("who comes and who goes is heard, where one wants that, and nothing holds the speaker after it", async () => {
    const here = fresh({ query: { voice: "off" } });
    const a = await two.low("1", here({ init: recorder }));
    await a.session("joined");
    const b = await two.high("2", here());
    await played(a, JOINED);
    await b.click("Leave");
    await played(a, JOINED, LEFT);
    await a.click("Devices");
    const sounds = a.page.getByLabel("A quiet sound when somebody joins or leaves");
    await sounds.uncheck();
    await b.click("Join again");
    await a.until((s) => s.peer.presence === "present");
    await sounds.check();
    await b.click("Leave");
    await played(a, JOINED, LEFT, LEFT);
    await a.page.waitForFunction(() => globalThis.seen.contexts.every(({ state }) => state === "suspended"));
    assert.equal(await a.page.evaluate(() => globalThis.seen.contexts.length), 1);
  });

  test("the screen before the call plays a test sound, and listens once the microphone is allowed in the browser's settings", async (t) => {
    const denied = await launch({ hertz: LOW, prompt: "leave", more: ["--deny-permission-prompts"] });
    t.after(() => denied.close());
    const here = fresh({ context: { permissions: [] }, init: recorder, query: { ready: "1" } });
    const a = await Person.open(denied, two.server, "1", here());
    const allow = a.page.locator(".ready").getByRole("button", { name: "Turn microphone on", exact: true });
    await allow.waitFor();
    await a.page.locator("#ready-trouble", { hasText: "not allowed" }).waitFor();
    await a.click("Play a test sound");
    await played(a, TEST);
    await a.page.waitForFunction(() => globalThis.seen.contexts[0].state === "closed");
    assert.match(await a.page.locator("#ready-trouble").textContent(), /not allowed/, "of the speaker nothing is said");

    await a.context.grantPermissions(["microphone"]);
    await a.page.waitForFunction(() => document.querySelector("pairvoice-session").shadowRoot.querySelector("#ready-level").value > 0.02);
    await allow.waitFor({ state: "hidden" });
    assert.equal(await a.page.locator("#ready-trouble").textContent(), "");
    await a.page.locator("#ready-join").click();
    await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
  });
});
