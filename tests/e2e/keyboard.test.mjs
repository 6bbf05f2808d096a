// The demo by keyboard alone, and what a screen reader gets.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();

/** Presses Tab until a control with this name has the focus. */
async function tabTo(person, name) {
  for (let i = 0; i < 20; i += 1) {
    await person.page.keyboard.press("Tab");
    const focused = await person.page.evaluate(() => {
      const element = document.activeElement.shadowRoot?.activeElement ?? document.activeElement;
      return element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent.trim();
    });
    if (focused === name) return;
  }
  assert.fail(`no control named ${name} is reached by Tab`);
}

test("mute, write, turn voice off and on, leave and join again without a mouse", async () => {
  const here = fresh();
  const [a, b] = [await two.low("1", here()), await two.high("2", here())];
  await bothHear(a, LOW, b, HIGH);
  await tabTo(a, "Mute");
  await a.page.keyboard.press("Space");
  await b.until((s) => s.peer.muted);
  await a.page.keyboard.press("Space");
  await b.until((s) => !s.peer.muted);
  await tabTo(a, "Message");
  await a.page.keyboard.type("two lines");
  await a.page.keyboard.press("Shift+Enter");
  await a.page.keyboard.type("of text");
  await a.page.keyboard.press("Enter");
  await b.reads(["two lines\nof text"]);
  await a.page.keyboard.type("and on it goes");
  await a.page.keyboard.press("Enter");
  await b.reads(["two lines\nof text", "and on it goes"]);
  await a.page.keyboard.press("Shift+Tab");
  await tabTo(a, "Text only");
  await a.page.keyboard.press("Enter");
  await b.voice("waiting");
  await a.page.getByRole("button", { name: "Text only", pressed: true }).waitFor();
  await a.page.getByRole("button", { name: "Turn voice on" }).press("Enter");
  await bothHear(a, LOW, b, HIGH);
  // The button is gone; the focus is on the bar.
  await a.page.locator("#mute:focus").waitFor();
  await tabTo(a, "Leave");
  await a.page.keyboard.press("Enter");
  await a.session("ended");
  await a.page.locator("#join:focus", { hasText: "Join again" }).waitFor();
  await a.page.keyboard.press("Enter");
  await bothHear(a, LOW, b, HIGH);
});

test("a screen reader gets names, a live status and a log", async () => {
  const here = fresh();
  const a = await two.low("1", here());
  await a.voice("waiting");
  const tree = await a.page.locator("body").ariaSnapshot();
  for (const part of [
    'heading "Voice"',
    "status: Waiting for the other person.",
    'button "Mute"',
    'button "Leave"',
    'log "Messages"',
    'textbox "Message"',
    'button "Send"',
  ]) {
    assert.ok(tree.includes(part), `${part} is missing in\n${tree}`);
  }
});

test("nothing is cut off at phone width, in the light nor in the dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const a = await two.low("1", fresh({ context: { viewport: { width: 360, height: 740 }, colorScheme } })());
    await a.voice("waiting");
    await a.page.evaluate(() => globalThis.session.send("x".repeat(300)));
    await a.until((s) => s.chat.messages.length === 1);
    const overflow = await a.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0);
  }
});
