// What an app gets when it installs the package: each of these joins a session on the real server and exchanges messages.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { CAP_MS, Person, bothHear, launch } from "../e2e/support/browser.mjs";
import { HIGH, LOW } from "../e2e/support/pair.mjs";
import { startServer } from "../e2e/support/server.mjs";
import { serveApps, serveNext } from "./support.mjs";

const workshop = fileURLToPath(new URL("../../.package", import.meta.url));
let [server, apps, next, low, high] = [];

before(async () => {
  server = await startServer({ page: "none" });
  [apps, next, low, high] = await Promise.all([
    serveApps(workshop, server.url),
    serveNext(workshop),
    launch({ hertz: LOW }),
    launch({ hertz: HIGH }),
  ]);
});
after(async () => {
  await Promise.all([low?.close(), high?.close()]);
  await Promise.all([next?.stop(), apps?.stop(), server?.stop()]);
});

/** Two people at an app. */
async function open(t, url) {
  const at = (browser, user) => Person.open(browser, { url }, user, { query: { session: t.name, server: server.url } });
  const both = await Promise.all([at(low, "1"), at(high, "2")]);
  t.after(() => Promise.all(both.map((person) => person.close())));
  return both;
}

function reads({ page }, texts) {
  const shown = (wanted) => JSON.stringify([...document.querySelectorAll("li")].map((item) => item.textContent)) === wanted;
  return page.waitForFunction(shown, JSON.stringify(texts), { timeout: CAP_MS });
}

/** Each says something, and both read it. The browsers have nothing to say of it but what is expected. */
async function talk([a, b], expected = /^$/) {
  await Promise.all([a.session("joined"), b.session("joined")]);
  await a.says("hello");
  await reads(b, ["1: hello"]);
  await b.says("hello yourself");
  for (const person of [a, b]) {
    await reads(person, ["1: hello", "2: hello yourself"]);
    const bad = person.console.filter((line) => /uncaught|violat|refused to|TrustedScript|Failed to load/.test(line));
    assert.deepEqual(bad.filter((line) => !expected.test(line)), []);
  }
}

/** Both hear each other, and each packet of sound is written by the package's worker. */
async function call(both) {
  await bothHear(both[0], LOW, both[1], HIGH);
  for (const { page } of both) assert.equal(page.workers().length, 1);
}

describe("apps", { concurrency: 2 }, () => {
  test("Next.js renders on the server and joins in the browser", async (t) => {
    const html = await (await fetch(`${next.url}/?session=s&user=1&server=${server.url}`)).text();
    assert.match(html, /<p>The other is absent, voice is off<\/p>/);
    await talk(await open(t, next.url));
  });

  const plain = {
    "Vite, with the module's address by ?url": "/vite/url",
    "webpack 5": "/webpack",
    "esbuild, with the module copied beside the bundle": "/esbuild-copied",
    "esbuild, with options.wasm": "/esbuild-option",
    "an import map": "/map",
  };
  for (const [name, path] of Object.entries(plain)) test(name, async (t) => talk(await open(t, apps.url + path)));

  // What a browser writes before the next way to a worker is tried.
  const tried = /Creating a worker from 'blob:|requires 'TrustedScriptURL'/;
  const spoken = {
    "Vite and React": ["/vite"],
    "an import map under a strict content security policy": ["/csp"],
    "the same without blob:": ["/csp-self", tried],
    "the same with trusted types": ["/trusted"],
    "the same with trusted types and without blob:": ["/trusted-self", tried],
  };
  for (const [name, [path, expected]] of Object.entries(spoken)) {
    test(`${name}, with voice`, async (t) => {
      const both = await open(t, apps.url + path);
      await call(both);
      await talk(both, expected);
    });
  }
});
