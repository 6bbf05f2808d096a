// pairvoice/react in a page of React 19 under StrictMode: one session and one prompt, whatever React does, and nothing left afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createElement } from "react";
import { renderToString } from "react-dom/server";

import { CAP_MS, bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair({ server: { page: "tests/e2e/react" } });
const NOTHING = JSON.stringify({ tracks: 0, connections: 0, sockets: 0 });

async function open(side, user, here) {
  const person = await side(user, here());
  await person.page.waitForFunction(() => globalThis.show);
  return person;
}

const show = (person, props) => person.page.evaluate((more) => globalThis.show(more), props);
const seen = (person, name) => person.page.evaluate((key) => [...globalThis.seen[key]], name);

/** Waits until the page shows a text at an element. */
async function shows(person, selector, text) {
  const there = ([at, wanted]) => document.querySelector(at)?.textContent.startsWith(wanted);
  await person.page.waitForFunction(there, [selector, text], { timeout: CAP_MS }).catch(async (cause) => {
    const page = await person.page.evaluate(() => document.body.innerText);
    throw new Error(`${selector} does not show ${text}\n${page}\n${person.console.join("\n")}`, { cause });
  });
}

async function holdsNothing(person) {
  const look = (nothing) => JSON.stringify(globalThis.witness.held()) === nothing;
  await person.page.waitForFunction(look, NOTHING, { timeout: CAP_MS });
}

/** One session was joined, once, and nothing was rejected that nobody looked at. */
async function once(person) {
  assert.equal(await person.witnessed("prompts"), 1);
  assert.deepEqual(await person.held(), { tracks: 1, connections: 1, sockets: 1 });
  assert.equal(await person.page.evaluate(() => globalThis.seen.handles.size), 1);
  assert.deepEqual(await seen(person, "refused"), []);
}

test("two people hear each other; each is mounted twice, by a hook and a provider, and is one session", async () => {
  const here = fresh();
  const [a, b] = [await open(two.low, "1", here), await open(two.high, "2", here)];
  for (const person of [a, b]) await show(person);
  await bothHear(a, LOW, b, HIGH);
  await Promise.all([once(a), once(b)]);
  assert.equal((await a.witnessed("offers")) + (await b.witnessed("offers")), 1);
  // Everything that the hooks tell and do.
  await a.click("Mute");
  await b.until((s) => s.peer.muted);
  assert.equal(await a.page.getByRole("button").getAttribute("aria-pressed"), "true");
  await a.click("Mute");
  await b.page.evaluate(() => globalThis.panel.chat.setTyping(true));
  await a.page.waitForFunction(() => globalThis.panel.chat.typing);
  await b.page.evaluate(() => globalThis.panel.chat.send("hello"));
  await shows(a, "li", "hello");
  await a.page.waitForFunction(() => globalThis.seen.levels[0] > 0 && globalThis.seen.levels[1] > 0);
  await a.page.waitForFunction(() => globalThis.panel.devices.microphones.some(({ label }) => label));
  await a.page.evaluate(() => globalThis.panel.devices.setVolume(0.5));
  await a.page.waitForFunction(() => globalThis.panel.devices.volume === 0.5);
  // An object literal at each render is the same session.
  const before = await a.page.evaluate(() => globalThis.seen.renders);
  for (let i = 0; i < 10; i += 1) await show(a, { at: i });
  assert.ok((await a.page.evaluate(() => globalThis.seen.renders)) > before);
  await once(a);
  await show(a, { rooms: 0 });
  await holdsNothing(a);
  await shows(b, "#status", "joined  absent");
  assert.deepEqual([...(await seen(a, "states"))], ["joining", "joined"]);
});

test("fast refresh keeps the session, whether React keeps the component's state or not", async () => {
  const here = fresh();
  const [a, b] = [await open(two.low, "1", here), await open(two.high, "2", here)];
  for (const person of [a, b]) await show(person, { rooms: 2 });
  await bothHear(a, LOW, b, HIGH);
  for (const reset of [false, true]) {
    const counted = reset ? "mounts" : "renders";
    const before = await a.page.evaluate((name) => globalThis.seen[name], counted);
    await a.page.evaluate((reset) => globalThis.save(reset), reset);
    await a.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    await a.page.waitForFunction(([name, number]) => globalThis.seen[name] > number, [counted, before]);
    await a.hears(HIGH);
    await once(a);
  }
  // One of two components goes, and the other still holds the session.
  await show(a, { rooms: 1 });
  await a.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  await a.hears(HIGH);
  await once(a);
});

test("what suspends before it is mounted joins nothing, and what suspends later keeps its session", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  const suspend = () =>
    a.page.evaluate(() => {
      const { promise, release } = globalThis.hold();
      globalThis.release = release;
      globalThis.show({ waits: promise });
    });
  await suspend();
  await shows(a, "#fallback", "…");
  assert.deepEqual([await a.witnessed("prompts"), await seen(a, "tokens")], [0, []]);
  await a.page.evaluate(() => globalThis.release());
  await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
  await suspend();
  await shows(a, "#fallback", "…");
  assert.deepEqual(await a.held(), { tracks: 1, connections: 0, sockets: 1 });
  await a.page.evaluate(() => globalThis.release());
  await a.page.waitForFunction(() => !document.querySelector("#fallback"));
  assert.deepEqual([await a.witnessed("prompts"), (await seen(a, "handles")).length], [1, 1]);
});

const stages = {
  "in the tick of the mount": () => true,
  // Or a moment later, when this machine is busy.
  "while joining": () => ["joining", "joined"].includes(globalThis.session?.getState().session.state),
  "while waiting": () => globalThis.session?.getState().voice.microphone.state === "live",
  "while connecting": () => ["connecting", "connected"].includes(globalThis.session?.getState().voice.state),
};

test("an unmount leaves nothing, in whatever state the call is", async () => {
  const here = fresh();
  const [a, b] = [await open(two.low, "1", here), await open(two.high, "2", here)];
  for (const [stage, reached] of Object.entries(stages)) {
    if (stage === "while connecting") await show(b);
    await show(a);
    if (stage !== "in the tick of the mount") await a.page.waitForFunction(reached, undefined, { timeout: CAP_MS, polling: 5 });
    await show(a, { rooms: 0 });
    await holdsNothing(a);
    await a.page.evaluate(() => (globalThis.session = undefined));
  }
  await shows(b, "#status", "joined  absent");
  assert.deepEqual(await seen(a, "refused"), []);
});

test("other IDs are another session, and the first one is left", async () => {
  const here = fresh();
  const there = fresh()().query.session;
  const [a, b] = [await open(two.low, "1", here), await open(two.high, "2", here)];
  for (const person of [a, b]) await show(person);
  await bothHear(a, LOW, b, HIGH);
  await show(a, { session: there });
  await shows(b, "#status", "joined  absent");
  await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
  assert.deepEqual(await a.held(), { tracks: 1, connections: 0, sockets: 1 });
  await show(b, { session: there });
  await bothHear(a, LOW, b, HIGH);
  assert.equal((await seen(a, "handles")).length, 2);
});

test("what can't be joined is state with a typed error, and can be joined again", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  await show(a, { extra: { wasm: "/nothing.wasm" } });
  await shows(a, "#status", "failed wasm-unavailable");
  await show(a, { user: "" });
  await shows(a, "#status", "failed invalid-options");
  await show(a, { user: "" });
  assert.equal(await a.page.evaluate(() => globalThis.panel.call.error.message), await a.page.evaluate(() => globalThis.panel.call.message));
  await show(a, { extra: { token: 7 } });
  await shows(a, "#status", "failed invalid-options");
  await show(a, { extra: { token: 7, relayOnly: false } });
  await a.page.evaluate(() => globalThis.panel.call.rejoin());
  await shows(a, "#status", "failed invalid-options");
  await show(a);
  await shows(a, "#status", "joined");
  // Ended by the app, it stays so until it is wanted again.
  await a.page.evaluate(() => globalThis.session.end());
  await shows(a, "#status", "ended");
  await show(a, { at: 1 });
  await holdsNothing(a);
  await a.page.evaluate(() => globalThis.panel.call.rejoin());
  await shows(a, "#status", "joined");
  assert.deepEqual(await seen(a, "refused"), []);
});

test("the newest token is taken: a function when it is asked, a text when it is rendered", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  const { session } = here().query;
  await show(a, { extra: { token: "no token" } });
  await shows(a, "#status", "ended");
  const token = await (await fetch(`${two.server.url}/dev/token?session=${session}&user=1`)).text();
  await show(a, { extra: { token } });
  await shows(a, "#status", "joined");
  assert.deepEqual(await seen(a, "tokens"), []);
  await show(a, { rooms: 0 });
  await holdsNothing(a);
  // A function of an earlier render is not asked again.
  await show(a, { extra: { name: "first", fails: true } });
  await shows(a, "#status", "offline");
  await show(a, { extra: { name: "second", fails: true } });
  await show(a, { extra: { name: "third" } });
  await shows(a, "#status", "joined");
  const asked = await seen(a, "tokens");
  assert.equal(asked[0], "first");
  assert.deepEqual([...new Set(asked.slice(asked.indexOf("third")))], ["third"]);
});

test("voice is on while it is rendered so, and what the person chose meanwhile stands", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  await show(a, { extra: { voice: false } });
  await a.session("joined");
  assert.deepEqual([await a.witnessed("prompts"), (await a.state()).voice.state], [0, "off"]);
  const isLive = (s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live";
  await show(a);
  await a.until(isLive);
  assert.equal(await a.witnessed("prompts"), 1);
  await a.page.evaluate(() => globalThis.panel.voice.stop());
  await a.voice("off");
  await show(a, { at: 1 });
  await a.page.evaluate(() => globalThis.save(false));
  await a.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  await a.voice("off");
  await a.page.evaluate(() => globalThis.panel.voice.start());
  await a.until(isLive);
  await show(a, { extra: { voice: false } });
  await a.voice("off");
  assert.deepEqual(await a.held(), { tracks: 0, connections: 0, sockets: 1 });
  assert.equal((await seen(a, "handles")).length, 1);
});

test("voice is off once what wanted it is taken down, and the others keep the session", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  await show(a, { silent: true });
  await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
  await show(a, { silent: true, rooms: 0 });
  await a.voice("off");
  assert.deepEqual(await a.held(), { tracks: 0, connections: 0, sockets: 1 });
  await a.session("joined");
  await show(a, { silent: true });
  await a.until((s) => s.voice.state === "waiting");
  assert.equal((await seen(a, "handles")).length, 1);
});

test("the element is a tag of React's: it joins by its properties, another one is another session, and nothing is left", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  const tag = { tag: true, rooms: 0, voice: "off" };
  await show(a, tag);
  await a.session("joined");
  const element = () => a.page.evaluate(() => [...document.querySelector("pairvoice-session").attributes].map(({ name }) => name).sort().join());
  assert.equal(await element(), "session,user,voice");
  await show(a, { ...tag, session: "another" });
  await a.page.waitForFunction(() => globalThis.seen.handles.size === 2, undefined, { timeout: CAP_MS });
  await a.session("joined");
  await show(a, { rooms: 0 });
  await holdsNothing(a);
  assert.deepEqual(a.console.filter((line) => /uncaught|TypeError/.test(line)), []);
});

test("the element that a server rendered has its token by a ref", async () => {
  const a = await open(two.low, "1", fresh());
  await a.page.evaluate(() => globalThis.hydrate());
  await a.session("joined");
  assert.deepEqual(a.console.filter((line) => /uncaught|hydrat/i.test(line)), []);
});

test("a server renders what a browser begins with", async () => {
  const { SessionProvider, useChat, useDevices, useLevel, useSession, useVoice } = await import("pairvoice/react");
  function Panel() {
    const [call, voice, chat, level, devices] = [useSession(), useVoice(), useChat(), useLevel(), useDevices()];
    return [call.state, voice.state, chat.messages.length, level.own, devices.microphones.length].join(" ");
  }
  const at = (options) => renderToString(createElement(SessionProvider, { options }, createElement(Panel)));
  assert.equal(at({ url: "/", sessionId: 1, userId: 2, token: () => assert.fail("asked for a token") }), "joining off 0 0 0");
  assert.equal(at(null), "idle off 0 0 0");
  assert.throws(() => renderToString(createElement(Panel)), /useSession without an argument needs a <SessionProvider>/);
});
