// The element where something goes otherwise: options that change, a start that fails or is left, a handle of the app's own.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CAP_MS, bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();
const text = { query: { voice: "off" } };

test("a session whose options change goes over a relay alone from then on", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await bothHear(a, LOW, b, HIGH);
  await a.page.evaluate(() => {
    const element = document.querySelector("pairvoice-session");
    element.options = { ...element.options, relayOnly: true };
  });
  await a.until((s) => s.voice?.path === "relay");
  const policies = () => globalThis.witness.connections.map((connection) => connection.getConfiguration().iceTransportPolicy);
  assert.equal((await a.page.evaluate(policies)).at(-1), "relay");
  await bothHear(a, LOW, b, HIGH);
});

test("whoever leaves while it loads has left, and can join again", async () => {
  const a = await two.low("1", { ...fresh()(text), open: false });
  let load;
  const wanted = new Promise((resolve) => (load = resolve));
  await a.page.route("**/*.wasm", (route) => wanted.then(() => route.continue()));
  await a.visit();
  await a.page.getByText("Joining …").waitFor();
  await a.click("Leave");
  await a.page.getByText("You left the session.").waitFor();
  await a.page.locator("#join:focus").waitFor();
  await a.click("Join again");
  await a.page.getByText("Joining …").waitFor();
  load();
  await a.session("joined");
});

test("what could not be started is said once the words are there, and is tried again by the person alone", async () => {
  const a = await two.low("1", fresh()({ query: { voice: "off", lang: "en" } }));
  await a.session("joined");
  let load;
  const wanted = new Promise((resolve) => (load = resolve));
  await a.page.route("**/assets/de-*.js", (route) => wanted.then(() => route.continue()));
  await a.page.evaluate(() => {
    const first = document.querySelector("pairvoice-session");
    const second = document.createElement("pairvoice-session");
    globalThis.failures = 0;
    globalThis.failed = new Promise((resolve) => {
      second.addEventListener("pairvoice-ended", (event) => {
        globalThis.failures += 1;
        // As an app does that draws anew.
        second.options = { ...second.options };
        resolve(event.detail.error.code);
      });
    });
    second.id = "second";
    second.lang = "de";
    second.token = "x";
    second.options = { ...first.options, userId: "" };
    document.body.append(second);
  });
  assert.equal(await a.page.evaluate(() => globalThis.failed), "invalid-options");
  load();
  const second = a.page.locator("#second");
  await second.getByText("Die Sitzung konnte nicht gestartet werden.").waitFor();
  await second.locator("#join").waitFor();
  assert.equal(await a.page.evaluate(() => globalThis.failures), 1);
  await second.locator("#join").click();
  await a.page.waitForFunction(() => globalThis.failures === 2, undefined, { timeout: CAP_MS });
});

test("whoever leaves a panel has left it, also when the app has a handle of its own", async () => {
  const a = await two.low("1", fresh()());
  await a.voice("waiting");
  await a.page.evaluate(async () => {
    const first = document.querySelector("pairvoice-session");
    const second = Object.assign(document.createElement("pairvoice-session"), { id: "second", token: first.token, options: first.options });
    second.addEventListener("pairvoice-ended", ({ detail }) => (globalThis.told = detail.reason));
    const joined = new Promise((resolve) => second.addEventListener("pairvoice-joined", resolve));
    document.body.append(second);
    await joined;
  });
  const second = a.page.locator("#second");
  await second.locator("#leave").press("Enter");
  await second.getByText("You left the session.").waitFor();
  await second.locator("#join:focus").waitFor();
  assert.equal(await a.page.evaluate(() => globalThis.told), "left");
  assert.equal((await a.state()).session.state, "joined", "the other handle keeps it");
  await second.locator("#join").press("Enter");
  await second.getByText("Waiting for").first().waitFor();
});

test("the system's choice before the call is one, and the focus goes with what is shown", async () => {
  const a = await two.low("1", fresh()({ query: { ready: "1" } }));
  const picker = a.page.locator("#ready-microphones");
  const device = a.page.locator("#ready-microphones option", { hasText: "Fake Audio Input 2" });
  await device.waitFor({ state: "attached" });
  const other = await device.getAttribute("value");
  await picker.selectOption(other);
  await a.page.locator("#ready-join").press("Enter");
  await a.page.locator("#mute:focus").waitFor();
  await a.until((s, id) => s.voice?.microphone.state === "live" && s.voice.microphone.deviceId === id, other);
  await a.page.locator("#leave").press("Enter");
  await a.page.locator("#join:focus").press("Enter");
  await a.page.locator("#ready-title:focus").waitFor();
  await a.page.waitForFunction((id) => document.querySelector("pairvoice-session").shadowRoot.querySelector("#ready-microphones").value === id, other);
  await picker.selectOption("");
  await a.page.locator("#ready-join").click();
  await a.until((s) => s.voice?.microphone.state === "live" && s.voice.microphone.label === "Fake Default Audio Input");
});

test("what is read stays in its place when earlier messages come, and the focus stays in the list", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here(text)), two.high("2", here(text))]);
  await Promise.all([a.session("joined"), b.session("joined")]);
  await b.page.evaluate(() => {
    for (let i = 0; i < 130; i += 1) globalThis.session.send(`line ${i}`);
  });
  await a.until((s) => s.chat.messages.length === 130 && s.chat.messages.at(-1).text === "line 129");
  await a.page.reload();
  await a.until((s) => s.chat?.messages.at(-1)?.text === "line 129");
  const list = a.page.locator("#messages");
  // The panel hears of it a frame later.
  const scroll = (element) =>
    new Promise((resolve) => {
      if (element.scrollTop === 0) return void requestAnimationFrame(resolve);
      element.addEventListener("scroll", () => requestAnimationFrame(resolve), { once: true });
      element.scrollTo(0, 0);
    });
  await list.evaluate(scroll);
  const first = a.page.locator(".message", { hasText: "line 30" });
  const before = (await first.boundingBox()).y;
  await a.page.locator("#earlier").press("Enter");
  await a.page.locator("#messages:focus").waitFor();
  await a.page.locator(".message", { hasText: /^line 0/ }).waitFor();
  const after = (await first.boundingBox()).y;
  assert.ok(Math.abs(after - before) < 2, `it moved from ${before} to ${after}`);
});

/** Shows a chat as it comes about within days only. A message that is the same stays the same object. */
function pretend(person, chat) {
  return person.page.evaluate((given) => {
    const handle = document.querySelector("pairvoice-session").session;
    const state = handle.getState();
    const known = (globalThis.known ??= {});
    const messages = given.messages.map((message) => (known[message.id] ??= message));
    handle.getState = () => ({ ...state, chat: { ...state.chat, ...given, messages } });
    // Whatever changes makes the panel look.
    handle.setVolume((globalThis.loud = (globalThis.loud ?? 1) / 2));
  }, chat);
}

test("a day stands above each of its runs, the focus outlives what had it, and a page without an icon has none again", async () => {
  const a = await two.low("1", fresh()(text));
  await a.session("joined");
  const icons = a.page.locator('link[rel~="icon"]');
  await icons.evaluateAll((links) => links.forEach((link) => link.remove()));
  const now = Date.now();
  const message = (id, days, status = "sent") => ({ id, sender: "1", own: true, text: id, at: now - days * 86_400_000, saved: true, status, failure: status === "failed" ? "refused" : null });
  const [old, today, failed] = [message("old", 1), message("today", 0), message("failed", 1, "failed")];
  const shown = () => a.page.locator("#messages li").evaluateAll((items) => items.map((item) => item.querySelector("p")?.textContent ?? item.textContent));
  await pretend(a, { messages: [old, today, failed], unread: 2 });
  await a.page.getByRole("button", { name: "Send again" }).focus();
  await icons.waitFor({ state: "attached" });
  assert.deepEqual(await shown(), ["Yesterday", "old", "Today", "today", "Yesterday", "failed"]);
  await pretend(a, { messages: [old, today, message("newer", 0), failed], unread: 0 });
  await a.page.locator(".message", { hasText: "newer" }).waitFor();
  assert.deepEqual(await shown(), ["Yesterday", "old", "Today", "today", "newer", "Yesterday", "failed"]);
  await a.page.locator(".message.failed button:focus", { hasText: "Send again" }).waitFor();
  await icons.waitFor({ state: "detached" });
  await pretend(a, { messages: [old, today], unread: 0 });
  await a.page.locator("#messages:focus").waitFor();
});

/** Gives the element a token text that says a name, by the property or the attribute; what the app holds afterwards. */
const renew = (person, session, name, { attribute = false } = {}) =>
  person.page.evaluate(
    async ([wanted, byAttribute]) => {
      const element = document.querySelector("pairvoice-session");
      const token = await (await fetch(`/dev/token?${new URLSearchParams(wanted)}`)).text();
      if (byAttribute) element.token = null;
      if (byAttribute) element.setAttribute("token", token);
      else element.token = token;
      await new Promise((resolve) => setTimeout(resolve));
      return { stays: element.session !== undefined && element.session === globalThis.session, told: globalThis.told };
    },
    [{ session, user: "1", name }, attribute],
  );

/** Collects the words of whatever the element tells but states. */
const collect = `globalThis.told = [];
  for (const name of ["joined", "ended"]) addEventListener("pairvoice-" + name, () => globalThis.told.push(name));`;

test("another token text is taken by the session that goes on: text stays text, and nothing is asked or left", async () => {
  const here = fresh();
  const { session } = here().query;
  const a = await two.low("1", here({ query: { session, ready: "1" }, init: collect }));
  const b = await two.high("2", here(text));
  await a.page.getByLabel("Your name").fill("Half a na");
  await renew(a, session, "Nobody yet");
  assert.equal(await a.page.getByLabel("Your name").inputValue(), "Half a na");
  await a.click("Join with text only");
  await a.session("joined");
  const prompts = await a.witnessed("prompts");
  for (const [name, attribute] of [["Ada", false], ["Grace", true]]) {
    assert.deepEqual(await renew(a, session, name, { attribute }), { stays: true, told: ["joined"] });
    // It is used for the next socket.
    await a.page.evaluate(() => globalThis.witness.sockets.at(-1).close());
    await b.until((s, wanted) => s.peer?.name === wanted, name);
    await a.session("joined");
  }
  assert.equal(await a.page.locator("#ready-title").count(), 0);
  const { voice } = await a.state();
  assert.deepEqual([voice.state, await a.witnessed("prompts"), await a.page.evaluate(() => globalThis.told)], ["off", prompts, ["joined"]]);
});

test("who was not let in joins by another token text, as they had chosen before", async () => {
  const here = fresh();
  const { session } = here().query;
  const a = await two.low("1", here({ query: { session, ready: "1" }, hash: "#token=none", init: collect }));
  await a.click("Join with text only");
  await a.until((s) => s.session?.state === "ended" && s.session.reason === "token-invalid");
  const prompts = await a.witnessed("prompts");
  await renew(a, session, "Ada");
  await a.session("joined");
  assert.deepEqual([(await a.state()).voice.state, await a.witnessed("prompts")], ["off", prompts]);
  // Who has left stays away until they say so, and has the newest token then.
  await a.click("Leave");
  await a.session("ended");
  await renew(a, session, "Grace");
  await a.page.getByText("You left the session.").waitFor();
  assert.deepEqual(await a.page.evaluate(() => globalThis.told), ["ended", "joined", "ended"]);
});

test("a key that is held in a panel comes up when the panel goes to another session, also beside a handle of the app's own", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await bothHear(a, LOW, b, HIGH);
  await a.page.evaluate(async () => {
    const first = document.querySelector("pairvoice-session");
    const second = Object.assign(document.createElement("pairvoice-session"), { id: "second", token: first.token, options: first.options });
    const joined = new Promise((resolve) => second.addEventListener("pairvoice-joined", resolve));
    second.style.display = "none";
    document.body.append(second);
    await joined;
  });
  const first = a.page.locator("#call");
  await first.locator("#mute").click();
  await b.until((s) => s.peer.muted);
  await first.locator("#talk").hover();
  await a.page.mouse.down();
  await b.until((s) => !s.peer.muted);
  await a.page.evaluate(() => document.querySelector("#call").setAttribute("session", "another"));
  await b.until((s) => s.peer.muted);
});

test("words that come with other options are those of the panel at once", async () => {
  const a = await two.low("1", fresh()(text));
  await a.session("joined");
  await a.page.evaluate(() => {
    const element = document.querySelector("pairvoice-session");
    globalThis.first = element.session;
    element.options = { ...element.options, words: { status: { off: "Silence." } } };
  });
  await a.page.getByText("Silence.").waitFor();
  assert.ok(await a.page.evaluate(() => globalThis.first === document.querySelector("pairvoice-session").session), "it stays joined");
});
