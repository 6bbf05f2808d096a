// Before the call: the panel says what works and what does not, within ten seconds, and leaves nothing open.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CAP_MS, Person } from "./support/browser.mjs";
import { fresh, pair } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";

const two = pair({ high: { prompt: "leave" } });
const text = { query: { voice: "off" } };

/** Presses the button by the keyboard, and waits for the verdict. */
async function check(person) {
  const help = person.page.getByRole("button", { name: "If something is wrong", exact: true });
  if ((await help.getAttribute("aria-expanded")) === "false") await help.press("Enter");
  await person.page.getByRole("button", { name: "Check connection", exact: true }).focus();
  await person.page.keyboard.press("Enter");
  const verdict = person.page.locator("#check-verdict:is([data-state=good], [data-state=fair], [data-state=bad])");
  await verdict.waitFor({ timeout: CAP_MS });
  await person.page.getByRole("button", { name: "Check connection", exact: true }).waitFor({ timeout: CAP_MS });
  const line = async (name) => person.page.locator(`#check-${name}`).textContent();
  const names = ["verdict", "hint", "microphone", "server", "candidates", "relay", "loss"];
  const found = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await line(name)])));
  return { state: await verdict.getAttribute("data-state"), ...found };
}

const nothingOpen = (person) =>
  person.page.waitForFunction(
    () => {
      const { tracks, connections, sockets } = globalThis.witness;
      return (
        tracks.every((track) => track.readyState === "ended") &&
        connections.every((connection) => connection.connectionState === "closed") &&
        sockets.filter((socket) => socket.readyState < 2).length <= 1
      );
    },
    undefined,
    { timeout: CAP_MS },
  );

test("the panel shows microphone, server, candidates, relay and loss, and takes nobody's seat", async () => {
  const here = fresh(text);
  const a = await two.low("1", here());
  await a.session("joined");
  const lines = await check(a);
  assert.match(lines.server, /^Version \d+\.\d+\.\d+, answers within \d+ ms$/);
  assert.match(lines.microphone, /Fake/);
  assert.match(lines.candidates, /directly \(UDP\)/);
  assert.match(lines.candidates, /by relay \(UDP\)/);
  assert.match(lines.relay, /^Reached by UDP, \d+ ms there and back$/);
  const [, lost, sent] = lines.loss.match(/^(\d+) of (\d+) \(/).map(Number);
  assert.ok(sent > 100 && lost < sent / 20, lines.loss);
  // Three of a hundred is where a check begins to say so (crates/core/src/check.rs); a machine that is busy may lose as many.
  const isLossy = lost * 100 >= 3 * sent;
  assert.deepEqual([lines.state, lines.verdict], isLossy ? ["fair", "A call works, with short gaps."] : ["good", "Everything works."], JSON.stringify(lines));
  // The page's own socket is the only one that is left.
  await nothingOpen(a);
  assert.equal((await a.state()).session.state, "joined");
});

test("a microphone that nobody allows and a server that is gone: the check ends in time and says so; it can be stopped", async () => {
  const here = fresh(text);
  const session = here().query.session;
  const token = await (await fetch(`${two.server.url}/dev/token?${new URLSearchParams({ session, user: "1" })}`)).text();
  // A prompt that nobody answers, which ends with the page.
  const init = "navigator.mediaDevices.getUserMedia = () => new Promise(() => {})";
  const a = await two.high("1", here({ hash: `#token=${token}`, query: { session }, init }));
  await a.session("joined");
  await a.click("If something is wrong");
  await a.click("Check connection");
  await a.click("Stop checking");
  await a.page.locator("#check-verdict[data-state=stopped]").waitFor({ timeout: CAP_MS });
  await nothingOpen(a);
  await two.server.kill("SIGKILL");
  await a.session("offline");
  const lines = await check(a);
  assert.deepEqual([lines.state, lines.verdict], ["bad", "The server cannot be reached."], JSON.stringify(lines));
  assert.equal(lines.microphone, "The browser’s question was not answered");
  const took = await a.page.evaluate(() => globalThis.lastCheck.tookMs);
  // Ten seconds, and what a busy page needs to say so.
  assert.ok(took <= 12_000, `${took} ms`);
  await nothingOpen(a);
  await two.server.start();
});

test("a token that never comes, a signal that is aborted, a token that is refused, a wrong option: each ends by itself and leaves nothing open", async (t) => {
  const server = await startServer({ page: "tests/e2e/page" });
  t.after(() => server.stop());
  const a = await Person.open(two.lowBrowser, server, "7");
  t.after(() => a.close());
  await a.page.waitForFunction(() => globalThis.pairvoice);
  const found = await a.page.evaluate(async () => {
    const { checkConnection } = globalThis.pairvoice;
    const { options } = globalThis;
    const ended = (promise) => promise.then(({ reason, tookMs }) => ({ reason, tookMs }), (error) => ({ error: error.name }));
    const never = () => new Promise(() => {});
    return Promise.all([
      ended(checkConnection({ ...options, token: never })),
      ended(checkConnection({ ...options, signal: AbortSignal.timeout(500) })),
      ended(checkConnection({ ...options, microphone: false, token: "no token" })),
      ended(checkConnection({ ...options, userId: undefined })),
    ]);
  });
  assert.deepEqual(found.map(({ reason, error }) => reason ?? error), ["token-failed", "TimeoutError", "token-invalid", "PairvoiceError"]);
  await nothingOpen(a);
});

/** A browser that refuses the microphone in these words, and says this of the permission. */
const refusing = (message, permission) => `
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("${message}", "NotAllowedError"));
  navigator.permissions.query = async () => Object.assign(new EventTarget(), { state: "${permission}" });`;

for (const [who, message, permission, line, checked] of [
  ["the person", "Permission denied", "denied", "The microphone is not allowed on this page."],
  ["the system", "Permission denied by system", "denied", "Your system or this page’s settings keep the microphone from the browser.", "Microphone blocked by the system"],
  ["the person, by closing the question", "Permission dismissed", "prompt", "The microphone was not allowed this time.", "Microphone not allowed this time"],
  ["the system, where the person has allowed it", "", "granted", "Your system or this page’s settings keep the microphone from the browser."],
]) {
  test(`a microphone that is refused by ${who}: the screen before the call says what helps${checked ? ", and so does the check" : ""}`, async () => {
    const a = await two.high("1", fresh({ query: { ready: "1" }, init: refusing(message, permission) })());
    await a.page.locator("#ready-trouble", { hasText: line }).waitFor();
    if (!checked) return;
    await a.click("Join with text only");
    await a.session("joined");
    const { state, verdict, microphone } = await check(a);
    assert.deepEqual([state, verdict, microphone], ["fair", line, checked]);
    assert.equal((await a.page.evaluate(() => globalThis.lastCheck)).reason, "microphone-denied");
  });
}

test("a microphone that the page's policy withholds is told apart on the screen before the call", async () => {
  const a = await two.high("1", fresh({ query: { ready: "1" }, open: false })());
  await a.page.route(a.address, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "permissions-policy": "microphone=()" } });
  });
  await a.visit();
  await a.page.locator("#ready-trouble", { hasText: "Your system or this page’s settings keep the microphone from the browser." }).waitFor();
});
