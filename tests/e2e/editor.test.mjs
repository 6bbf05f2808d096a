// The demo's editor: two people write in one text, whatever breaks, and run it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fresh, pair } from "./support/pair.mjs";

const two = pair();

const code = (person) => person.page.locator("#code .cm-content");

async function both(query = {}) {
  const here = fresh({ query: { voice: "off", ...query } });
  const people = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await Promise.all(people.map((person) => person.page.locator("#together", { hasText: "writes with you" }).waitFor()));
  return [...people, here];
}

/** Waits until the person's text satisfies a condition. */
const reads = (person, part) => code(person).filter({ hasText: part }).waitFor();

/** Writes at the end of the text. */
async function write(person, words) {
  await code(person).click();
  await person.page.keyboard.press("Control+End");
  await person.page.keyboard.type(words);
}

/** The contrast ratio of two opaque colours as computed styles have them (WCAG 2.2). */
function contrast(...colors) {
  const luminance = (color) => {
    const [red, green, blue] = color.match(/\d+/g).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, light] = colors.map(luminance).sort((one, other) => one - other);
  return (light + 0.05) / (dark + 0.05);
}

test("two write in one text, see each other's cursor, and take back their own words only", async () => {
  const [a, b] = await both();
  await reads(b, "export function slugify");
  await write(a, "// from one");
  await reads(b, "// from one");
  const name = b.page.locator(".remote-name", { hasText: "1" });
  await name.waitFor();
  for (const colorScheme of ["light", "dark"]) {
    await b.page.emulateMedia({ colorScheme });
    const { color, backgroundColor } = await name.evaluate((element) => ({ ...getComputedStyle(element) }));
    assert.ok(contrast(color, backgroundColor) >= 4.5, `${color} on ${backgroundColor}`);
  }
  await write(b, " and two");
  await reads(a, "// from one and two");
  await a.page.keyboard.press("Control+z");
  await b.page.waitForFunction((gone) => !document.querySelector("#code-editor").shadowRoot.textContent.includes(gone), "from one");
  await reads(b, "and two");
});

test("who writes along is said once, not with each step of their cursor", async () => {
  const [a, b] = await both();
  await a.page.evaluate(() => {
    globalThis.told = [];
    const { shadowRoot } = document.querySelector("#code-editor");
    new MutationObserver(() => globalThis.told.push(shadowRoot.querySelector("#together").textContent)).observe(shadowRoot.querySelector("#together"), { childList: true, characterData: true, subtree: true });
  });
  await write(b, "// with a cursor");
  await reads(a, "// with a cursor");
  await a.page.locator(".remote-name", { hasText: "2" }).waitFor();
  await b.close();
  await a.page.waitForFunction(() => globalThis.told.at(-1) === "");
  assert.deepEqual(await a.page.evaluate(() => globalThis.told), [""]);
});

test("what is written apart comes together, and a reload loses nothing", async () => {
  const [a, b] = await both();
  await a.goOffline();
  await write(a, "// written apart");
  await write(b, "// meanwhile");
  await a.goOnline();
  for (const person of [a, b]) {
    await reads(person, "// written apart");
    await reads(person, "// meanwhile");
  }
  await b.close();
  await a.page.reload();
  await reads(a, "// meanwhile");
  assert.equal((await code(a).textContent()).split("export function slugify").length, 2, "the task stands there once");
});

test("a program runs away from the page, both see what came of it, and a reload keeps it", async () => {
  const [a, b] = await both();
  await a.page.getByRole("button", { name: "Run", exact: true }).click();
  await b.page.locator("#output .failed", { hasText: 'knows no double dashes: expected "a------b" to be "a-b"' }).waitFor();
  await code(b).click();
  await b.page.keyboard.press("Control+a");
  await b.page.keyboard.type('test("adds", () => expect(1 + 1).toBe(2));');
  await b.page.keyboard.press("Control+Enter");
  await a.page.locator("#output .passed", { hasText: "adds" }).waitFor();
  await b.page.keyboard.press("Control+a");
  await b.page.keyboard.type("for (;;);");
  await b.page.keyboard.press("Control+Enter");
  await a.page.locator("#output .error", { hasText: "was stopped" }).waitFor();
  await b.page.keyboard.press("Control+a");
  await b.page.keyboard.type("console.log(typeof document, typeof fetch)");
  await b.page.keyboard.press("Control+Enter");
  await a.page.locator("#output .log", { hasText: "undefined undefined" }).waitFor();
  // From what this browser keeps: nobody else is there.
  await b.close();
  await a.page.reload();
  await a.page.locator("#output .log", { hasText: "undefined undefined" }).waitFor();
  assert.deepEqual(await a.page.locator("#output p").evaluateAll((lines) => lines.map(({ className }) => className)), ["run", "log"]);
  await a.page.getByRole("button", { name: "Clear output" }).click();
  await a.page.locator("#output p").first().waitFor({ state: "detached" });
});

test("the language that one chooses is that of both, also after a reload, and what is no JavaScript is not run", async () => {
  const [a, b] = await both();
  /** The language is shown, the text is read in it, and it runs or does not. */
  const writes = async (person, name, data, runs) => {
    await person.page.locator(`#code .cm-content[data-language="${data}"]`).waitFor();
    assert.equal(await person.page.getByLabel("Language").evaluate((select) => select.selectedOptions[0].text), name);
    assert.equal(await person.page.getByRole("button", { name: "Run", exact: true }).isEnabled(), runs);
  };
  await Promise.all([a, b].map((person) => writes(person, "JavaScript", "javascript", true)));
  await a.page.getByLabel("Language").selectOption("Python");
  await Promise.all([a, b].map((person) => writes(person, "Python", "python", false)));
  await b.close();
  await a.page.reload();
  await writes(a, "Python", "python", false);
  await a.page.getByLabel("Language").selectOption("JavaScript");
  await writes(a, "JavaScript", "javascript", true);
});
