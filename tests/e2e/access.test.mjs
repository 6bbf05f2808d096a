// What keeps nobody out: axe-core finds nothing in any state and either theme, and the bar is in sight at every size. The states are shown in
// one page, for a call in each of them takes long; `npm run pictures` reaches them in earnest.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { fresh, pair } from "./support/pair.mjs";
import { pretend } from "./support/states.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const two = pair();

/** What axe-core finds in the page as it is, as lines. The dark theme has other colours, and nothing else. */
async function violations(page, theme) {
  const only = theme === "dark" ? { runOnly: ["color-contrast"] } : {};
  const found = await page.evaluate((options) => globalThis.axe.run(document, { resultTypes: ["violations"], ...options }), only);
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.flat().join(" ")}: ${failureSummary}`));
}

/** Sizes at which a person meets the panel: a phone, a window, and a window at 200 % zoom. */
const SIZES = [
  [375, 740],
  [1280, 800],
  [640, 400],
];

/** Nothing is wrong in either theme, and at each size the bar is in sight and nothing cut off. */
async function isOpenToAll({ page }, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    assert.deepEqual(await violations(page, colorScheme), [], `${name}, ${colorScheme}`);
  }
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    const seen = await page.evaluate(() => {
      const root = document.querySelector("pairvoice-session").shadowRoot;
      const { left, right, bottom, height: high } = (root.querySelector(".before #ready-join") ?? root.querySelector(".bar")).getBoundingClientRect();
      const page = document.documentElement;
      return { left: left >= 0, right: right <= innerWidth, bottom: bottom <= innerHeight, high: high > 0, overflow: page.scrollWidth - page.clientWidth };
    });
    assert.deepEqual(seen, { left: true, right: true, bottom: true, high: true, overflow: 0 }, `${name}, ${width} x ${height}`);
  }
}

const live = { state: "live", reason: null, label: "Headset", deviceId: "1" };
const failed = { state: "failed", reason: "denied", label: "", deviceId: "" };
const here = { userId: "2", presence: "present", voice: true, muted: false, microphone: "live", microphoneReason: null };
const voice = { state: "connected", microphone: live, heard: true };

const STATES = {
  off: {},
  waiting: { voice: { state: "waiting", microphone: live } },
  connecting: { voice: { state: "connecting", microphone: live }, peer: here },
  connected: { voice, peer: here },
  muted: { voice: { ...voice, muted: true, mutedTalking: true }, peer: here },
  denied: { voice: { ...voice, microphone: failed, listenOnly: true }, peer: here },
  "waits for a click": { voice: { ...voice, playbackBlocked: true }, peer: here },
  reconnecting: { voice: { ...voice, state: "reconnecting", recovery: "path", since: 1 }, peer: { ...here, presence: "away" } },
  unavailable: { voice: { ...voice, state: "unavailable", reason: "no-relay" }, peer: here },
  offline: { session: { state: "offline", reason: "signaling-unreachable" } },
  "not durable": { chat: { durable: false, more: true } },
  ended: { session: { state: "ended", reason: "left" } },
  elsewhere: { session: { state: "ended", reason: "opened-elsewhere" } },
};

test("every state, every sheet and the search are open to all", async () => {
  const there = fresh({ query: { voice: "off" } });
  const [a, b] = await Promise.all([two.low("1", there()), two.high("2", there())]);
  await Promise.all([a.session("joined"), b.session("joined")]);
  await a.page.evaluate(() => globalThis.session.send("with `code`, https://example.com/ and\n```\na block\n```"));
  await b.page.evaluate(() => globalThis.session.send("an answer"));
  await a.until((s) => s.chat.messages.length === 2 && s.chat.unsent === 0);
  // By the debugger, for the page's policy lets no other script in.
  await a.page.evaluate(axe);
  for (const [name, parts] of Object.entries(STATES)) {
    await pretend(a, parts);
    await isOpenToAll(a, name);
    const isShown = (await a.statusLine()) !== "Voice is off.";
    assert.equal(isShown, Boolean(parts.voice ?? parts.session), `${name} is what is looked at`);
  }
  await pretend(a, STATES.connected);
  for (const sheet of ["Devices", "Volume", "If something is wrong", "Search"]) {
    await a.page.setViewportSize({ width: 1280, height: 800 });
    await a.click(sheet);
    await isOpenToAll(a, sheet);
  }
});

test("the screen before the call is open to all, and so are other words", async () => {
  const a = await two.low("1", fresh({ query: { ready: "1", lang: "de", dir: "rtl" } })());
  await a.page.locator("#ready-microphones option").nth(1).waitFor({ state: "attached" });
  await a.page.evaluate(axe);
  await isOpenToAll(a, "ready");
  await a.page.locator("#ready-join").click();
  await a.voice("waiting");
  await isOpenToAll(a, "other words");
});
