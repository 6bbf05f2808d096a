// What an app gets when it installs the package: each of these joins a session on the real server and exchanges messages.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join as path } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { CAP_MS, Person, bothHear, launch } from "../e2e/support/browser.mjs";
import { HIGH, LOW } from "../e2e/support/pair.mjs";
import { startServer } from "../e2e/support/server.mjs";
import { join } from "../server/support.mjs";
import { serveApps, serveByNpx, serveNext } from "./support.mjs";

const workshop = fileURLToPath(new URL("../../.package", import.meta.url));
/** What the apps that sign tokens themselves share with a server of their own. */
const secret = randomBytes(32).toString("hex");
const secretFile = path(workshop, "secret");
let [server, strict, apps, turbopack, nextWebpack, low, high] = [];

before(async () => {
  writeFileSync(secretFile, secret, { mode: 0o600 });
  server = await startServer({ page: "none" });
  [strict, apps, turbopack, nextWebpack, low, high] = await Promise.all([
    startServer({ page: "none", args: ["--jwt-secret-file", secretFile] }),
    serveApps(workshop, server.url),
    serveNext(workshop, "next", secret),
    serveNext(workshop, "next-webpack", secret),
    launch({ hertz: LOW }),
    launch({ hertz: HIGH }),
  ]);
});
after(async () => {
  await Promise.all([low?.close(), high?.close()]);
  await Promise.all([turbopack?.stop(), nextWebpack?.stop(), apps?.stop(), strict?.stop(), server?.stop()]);
});

/** Two people at an app; `more` goes into the address, `init` runs before the page's own code. */
async function open(t, url, more = {}, init = "") {
  const at = (browser, user) => Person.open(browser, { url }, user, { query: { session: t.name, server: server.url, ...more }, init });
  const both = await Promise.all([at(low, "1"), at(high, "2")]);
  t.after(() => Promise.all(both.map((person) => person.close())));
  return both;
}

function reads({ page }, texts) {
  const shown = (wanted) => JSON.stringify([...document.querySelectorAll("li")].map((item) => item.textContent)) === wanted;
  return page.waitForFunction(shown, JSON.stringify(texts), { timeout: CAP_MS });
}

/** The browser has nothing to say of it but what is expected. */
function isFine(person, expected = /^$/) {
  const bad = person.console.filter((line) => /uncaught|violat|refused to|TrustedScript|Failed to load|already imported/i.test(line));
  assert.deepEqual(bad.filter((line) => !expected.test(line)), []);
}

/** Each says something, and both read it. */
async function talk([a, b], expected) {
  await Promise.all([a.session("joined"), b.session("joined")]);
  await a.says("hello");
  await reads(b, ["1: hello"]);
  await b.says("hello yourself");
  for (const person of [a, b]) {
    await reads(person, ["1: hello", "2: hello yourself"]);
    isFine(person, expected);
  }
}

/** Both hear each other, and each packet of sound is written by the package's worker. */
async function call(both) {
  await bothHear(both[0], LOW, both[1], HIGH);
  for (const { page } of both) assert.equal(page.workers().length, 1);
}

describe("apps", { concurrency: 2 }, () => {
  /** The page comes from Next's server as it is before anybody has joined. */
  async function rendered({ url }) {
    const html = await (await fetch(`${url}/?session=s&user=1&server=${server.url}`)).text();
    assert.match(html, /<p>The other is absent, voice is off<\/p>/);
  }

  test("Next.js by webpack renders on the server and joins in the browser", async (t) => {
    await rendered(nextWebpack);
    await talk(await open(t, nextWebpack.url));
  });

  const routes = {
    Turbopack: () => turbopack,
    webpack: () => nextWebpack,
    // Nothing is left out of a module here that is not used.
    "webpack's development server": async (t) => {
      const served = await serveNext(workshop, "next-webpack", secret, ["dev", "--webpack"]);
      t.after(() => served.stop());
      return served;
    },
  };
  for (const [bundler, serve] of Object.entries(routes)) {
    test(`a route handler of Next.js by ${bundler} signs tokens`, async (t) => {
      const { url } = await serve(t);
      const enter = async (user) => {
        const response = await fetch(`${url}/pairvoice-token?${new URLSearchParams({ session: t.name, user })}`);
        assert.equal(response.status, 200);
        return join(strict, t.name, user, { auth: { token: await response.text() } });
      };
      const [a, b] = await Promise.all(["1", "2"].map(enter));
      assert.deepEqual(await a.emit("probe", null), { ok: true });
      await b.emit("bye", null);
      await a.until("peer", (all) => all.at(-1)?.presence === "absent");
    });
  }

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

  const look = 'addEventListener("pairvoice-state", ({ target }) => (globalThis.session = target.session))';
  for (const [name, path] of Object.entries({ "under a strict content security policy": "/element", "with trusted types": "/element-trusted" })) {
    test(`the element's five lines ${name}`, async (t) => {
      const both = await open(t, apps.url + path, {}, look);
      await call(both);
      await both[0].says("hello");
      await both[1].says("hello yourself");
      for (const person of both) {
        await person.page.waitForFunction(() => document.querySelector("pairvoice-session").shadowRoot.querySelectorAll("#messages li > p").length === 2);
        isFine(person);
      }
    });
  }

  test("esbuild, with a Yjs document", async (t) => {
    const both = await open(t, `${apps.url}/esbuild-copied/yjs`);
    const reads = ({ page }, wanted) => page.waitForFunction((text) => globalThis.text?.toString() === text, wanted, { timeout: CAP_MS });
    await both[0].page.waitForFunction(() => globalThis.text, undefined, { timeout: CAP_MS });
    await both[0].page.evaluate(() => globalThis.text.insert(0, "one"));
    await reads(both[1], "one");
    await both[1].page.evaluate(() => globalThis.text.insert(3, " and two"));
    await reads(both[0], "one and two");
    for (const person of both) isFine(person);
  });

  test("npx pairvoice-server", async (t) => {
    const own = await serveByNpx(workshop);
    t.after(() => own.stop());
    await talk(await open(t, `${apps.url}/map`, { server: own.url }));
  });

  test("Next.js by Turbopack renders on the server and joins in the browser, with voice", async (t) => {
    await rendered(turbopack);
    const both = await open(t, turbopack.url);
    await call(both);
    await talk(both);
  });

  for (const [name, more] of Object.entries({ "without blob:": { self: "1" }, "with trusted types and without blob:": { trusted: "1" } })) {
    test(`Next.js by Turbopack under a policy ${name}, with voice`, async (t) => {
      const both = await open(t, turbopack.url, more);
      await call(both);
      await talk(both, tried);
      // Only a file is left.
      for (const { page } of both) assert.match(page.workers()[0].url(), /\/_next\/static\//);
    });
  }
});
