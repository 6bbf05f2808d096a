// The panel as people use it: what is read, the search, the draft, the keys, and an element that comes, moves and goes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CAP_MS, bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();
const text = { query: { voice: "off" } };

/** Two people who write; the second one has said so many lines. */
async function writing(lines) {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here(text)), two.high("2", here(text))]);
  await Promise.all([a.session("joined"), b.session("joined")]);
  await b.page.evaluate((count) => {
    for (let i = 0; i < count; i += 1) globalThis.session.send(`line ${i}`);
  }, lines);
  await a.until((s, count) => s.chat.messages.length === count && s.chat.unread === 0, lines);
  return [a, b];
}

test("what is below the edge is not read; a chip says how many there are, and scrolls to them", async () => {
  const [a, b] = await writing(40);
  const list = a.page.locator("#messages");
  await list.hover();
  await a.page.mouse.wheel(0, -20_000);
  await a.page.waitForFunction(() => document.querySelector("pairvoice-session").shadowRoot.querySelector("#messages").scrollTop === 0);
  await b.says("did you see this?");
  await a.page.getByRole("button", { name: "1 new message", exact: true }).waitFor();
  await b.says("and this?");
  const chip = a.page.getByRole("button", { name: "2 new messages", exact: true });
  await chip.waitFor();
  assert.equal(await list.evaluate((element) => element.scrollTop), 0, "nothing moves under one's eyes");
  assert.equal(await a.page.title(), "(2) pairvoice demo");
  assert.match(await a.page.locator('link[rel="icon"]').getAttribute("href"), /^data:image\/png/);
  assert.deepEqual((await b.state()).chat.messages.slice(-2).map(({ status }) => status).filter((status) => status === "read"), []);
  await chip.click();
  await b.until((s) => s.chat.messages.at(-1).status === "read");
  await chip.waitFor({ state: "hidden" });
  assert.equal(await a.page.title(), "pairvoice demo");
});

test("one finds words in the messages, goes from one to the next, and Escape closes the search", async () => {
  const [a] = await writing(40);
  await a.click("Search");
  const field = a.page.getByLabel("Search in the messages");
  await field.fill("LINE 1");
  const count = a.page.locator("#search-count");
  const found = a.page.locator(".message.found > p");
  await count.getByText("11 of 11", { exact: true }).waitFor();
  assert.equal(await found.textContent(), "line 19");
  await a.click("Next");
  await count.getByText("1 of 11", { exact: true }).waitFor();
  assert.equal(await found.textContent(), "line 1");
  assert.ok(await found.evaluate((element) => {
    const [one, around] = [element.getBoundingClientRect(), element.closest("#messages").getBoundingClientRect()];
    return one.top >= around.top && one.bottom <= around.bottom;
  }), "it is in sight");
  await field.fill("nothing like it");
  await count.getByText("Not found").waitFor();
  await field.press("Escape");
  await field.waitFor({ state: "hidden" });
  await a.page.locator("#search-open:focus").waitFor();
});

test("a draft stays over a reload and when the session ends, and nobody writes into an ended session", async () => {
  const here = fresh();
  const a = await two.low("1", here(text));
  await a.session("joined");
  const field = a.page.getByLabel("Message", { exact: true });
  await field.pressSequentially("half a tho");
  assert.equal(await a.page.locator("#closed").textContent(), "", "the field is not described as closed");
  await a.page.reload();
  await a.session("joined");
  assert.equal(await field.inputValue(), "half a tho");
  await a.click("Leave");
  await a.session("ended");
  await a.page.getByText("The session is over. What you wrote stays here.").waitFor();
  assert.equal(await field.inputValue(), "half a tho");
  assert.equal(await field.getAttribute("readonly"), "");
  await a.click("Join again");
  await a.session("joined");
  await field.press("Enter");
  await a.reads(["half a tho"]);
});

test("M mutes, holding space talks meanwhile, and neither counts where one writes", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await bothHear(a, LOW, b, HIGH);
  const mute = (pressed) => a.page.getByRole("button", { name: "Mute", exact: true, pressed });
  await a.page.getByLabel("Message", { exact: true }).pressSequentially("m m");
  await mute(false).waitFor();
  await a.page.locator("#messages").focus();
  await a.page.keyboard.press("m");
  await b.until((s) => s.peer.muted);
  assert.equal(await a.statusLine(), "Connected. You are muted.");
  await a.page.keyboard.down(" ");
  await b.until((s) => !s.peer.muted);
  await mute(true).waitFor();
  assert.equal(await a.page.locator("#status").getAttribute("aria-live"), "off", "nothing is read into what one says");
  await a.page.keyboard.up(" ");
  await b.until((s) => s.peer.muted);
  // By the button: held it talks, pressed it unmutes.
  await a.page.getByRole("button", { name: "Hold to talk" }).hover();
  await a.page.mouse.down();
  await b.until((s) => !s.peer.muted);
  await a.page.mouse.up();
  await b.until((s) => s.peer.muted);
  await mute(true).press(" ");
  await b.until((s) => !s.peer.muted);
  await mute(false).waitFor();
});

test("whoever leaves is one line, and so is whoever comes", async () => {
  const here = fresh();
  const a = await two.low("1", here(text));
  // Who is there already does not come.
  await a.session("joined");
  const b = await two.high("2", here(text));
  await a.page.getByText("2 is here.").waitFor();
  await b.click("Leave");
  await a.page.getByText("2 left.").waitFor();
  assert.equal(await a.page.locator("#messages .note").count(), 1);
  assert.equal(await b.page.locator("#peer-note").textContent(), "", "who has left knows nothing of the other");
});

test("an element joins by its attributes, tells so, leaves when they change or it is taken out, and stays when it is moved", async () => {
  const here = fresh();
  const a = await two.low("1", here(text));
  await a.session("joined");
  const seen = await a.page.evaluate(async () => {
    const element = document.querySelector("pairvoice-session");
    const told = [];
    for (const name of ["joined", "ended"]) document.addEventListener(`pairvoice-${name}`, ({ detail }) => told.push([name, detail.reason ?? null]));
    const joined = () => new Promise((resolve) => document.addEventListener("pairvoice-joined", resolve, { once: true }));
    const first = element.session;
    document.body.append(element);
    await Promise.resolve();
    const moved = element.session === first && first.getState().session.state === "joined";
    let next = joined();
    element.token = () => fetch("/dev/token?session=another&user=7").then((response) => response.text());
    element.setAttribute("session", "another");
    element.setAttribute("user", "7");
    await next;
    const second = element.session;
    next = joined();
    element.token = await (await fetch("/dev/token?session=third&user=7")).text();
    element.setAttribute("session", "third");
    await next;
    const third = element.session;
    element.remove();
    await Promise.resolve();
    return { moved, others: new Set([first, second, third]).size, told, after: element.session ?? null, ended: [first, second].map((one) => one.getState().session.state) };
  });
  assert.deepEqual(seen, { moved: true, others: 3, told: [["joined", null], ["joined", null]], after: null, ended: ["ended", "ended"] });
  await a.page.waitForFunction(() => globalThis.witness.held().sockets === 0, undefined, { timeout: CAP_MS });
});

test("the screen before the call opens nothing but the microphone, and joins with what was chosen", async () => {
  const here = fresh({ query: { ready: "1" } });
  const a = await two.low("1", here());
  await a.page.waitForFunction(() => document.querySelector("pairvoice-session").shadowRoot.querySelector("#ready-level")?.value > 0.02, undefined, { timeout: CAP_MS });
  assert.equal(await a.page.evaluate(() => globalThis.session), undefined);
  await a.page.locator("#ready-join").press("Enter");
  await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
  assert.equal((await a.held()).tracks, 1, "the one that was looked at is closed");
});

test("a name that somebody gives before the call is what the other reads, and is remembered", async () => {
  const here = fresh();
  const a = await two.low("1", here({ query: { ready: "1" } }));
  await a.page.getByLabel("Your name").fill(" <b>Ada</b>\u202e ");
  await a.page.locator("#ready-join").click();
  const b = await two.high("2", here({ query: { voice: "off" } }));
  await b.until((s) => s.peer?.name === "<b>Ada</b>");
  assert.equal(await b.page.locator("#peer-name").textContent(), "<b>Ada</b>");
  await b.page.getByText("\u2068<b>Ada</b>\u2069 has voice on.").first().waitFor();
  assert.equal(await a.page.locator("#own-name").textContent(), "<b>Ada</b> (You)");
  await a.says("hello");
  await b.page.getByText(/^\u2068<b>Ada<\/b>\u2069 · /).waitFor();
  assert.equal((await a.state()).peer.name, null);
  assert.equal(await a.page.locator("#peer-name").textContent(), "2", "who gave none is called by the ID");
  await a.page.locator("#code-editor .cm-content").click();
  await b.page.locator(".remote-name", { hasText: "<b>Ada</b>" }).waitFor();
  await a.page.reload();
  assert.equal(await a.page.getByLabel("Your name").inputValue(), "<b>Ada</b>");
});

test("what somebody wrote who has left stays theirs when another person takes the seat", async () => {
  const here = fresh();
  const named = (name) => here({ query: { voice: "off", name } });
  const a = await two.low("1", here(text));
  const ada = await two.high("ada", named("Ada"));
  await ada.says("from Ada");
  await a.reads(["from Ada"]);
  const authors = async (person) => (await person.page.locator("#messages .message > .fine").allTextContents()).map((line) => line.split(" · ")[0]);
  await a.until((s) => s.peer.name === "Ada");
  assert.deepEqual(await authors(a), ["\u2068Ada\u2069"]);
  await ada.click("Leave");
  await ada.session("ended");
  const bob = await two.high("bob", named("Bob"));
  await bob.says("from Bob");
  await Promise.all([a, bob].map((person) => person.reads(["from Ada", "from Bob"])));
  await a.until((s) => s.peer.name === "Bob");
  assert.deepEqual(await authors(a), ["\u2068Ada\u2069", "\u2068Bob\u2069"]);
  assert.deepEqual(await authors(bob), ["ada", "You"]);
  await a.page.reload();
  await a.reads(["from Ada", "from Bob"]);
  await a.until((s) => s.peer.name === "Bob");
  assert.deepEqual(await authors(a), ["ada", "\u2068Bob\u2069"], "nobody is here who tells Ada's name");
});

test("words are those of the browser's language or the app's own, in the whole page, and an invitation leads to the screen before the call, once", async () => {
  const here = fresh({ context: { permissions: ["clipboard-read", "clipboard-write"], locale: "de-AT" }, query: { voice: "off" } });
  const a = await two.low("mentor", here());
  await a.page.getByText("Die Sprachverbindung ist aus.").waitFor();
  await a.page.getByRole("heading", { name: "Die Aufgabe von heute" }).waitFor();
  await a.page.getByText("Du bist \u2068mentor\u2069").waitFor();
  assert.deepEqual([await a.page.title(), await a.page.locator("html").getAttribute("lang")], ["pairvoice-Demo", "de-AT"]);
  await a.page.locator("#code .cm-content").fill('console.log("ja"); for (;;);');
  await a.click("Ausführen");
  await a.page.locator("#output .error", { hasText: "Das Programm lief 3 Sekunden lang und wurde angehalten." }).waitFor();
  await a.page.evaluate(() => {
    document.querySelector("pairvoice-session").words = { status: { off: "Stille." } };
  });
  await a.page.getByText("Stille.").waitFor();
  await a.page.getByRole("button", { name: "Senden" }).waitFor();
  await a.click("Einladungslink kopieren");
  await a.page.getByText("Kopiert. Schick ihn der anderen Person.").waitFor();
  const link = await a.page.evaluate(() => navigator.clipboard.readText());
  const { searchParams } = new URL(link);
  assert.deepEqual([searchParams.get("user"), searchParams.get("session")], ["learner", new URL(a.address).searchParams.get("session")]);
  const b = await two.high("learner", { open: false });
  await b.page.goto(link);
  await b.page.locator("#ready-join").click();
  await b.voice("waiting");
  await b.page.reload();
  await b.voice("waiting");
});
