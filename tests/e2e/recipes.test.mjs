// The documentation's recipes, as they stand on its pages, in real browsers with the real server: Vue and Svelte built by Vite, and the plain
// page with its import map under the documentation's content security policy.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import vue from "@vitejs/plugin-vue";
import { build } from "vite";

import { blocks, labelled } from "../../scripts/markdown.mjs";
import { root } from "../../scripts/tools.mjs";
import { CAP_MS, Person, launch } from "./support/browser.mjs";
import { HIGH, LOW, fresh } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";

const FOLDER = "tests/e2e/recipes";
const NOTHING = { tracks: 0, connections: 0, sockets: 0 };
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const site = mkdtempSync(join(tmpdir(), "pairvoice-plain-"));
let people = [];
let low;
let high;
let server;
let plain;

before(async () => {
  await buildComponents();
  plain = await servePlainPage();
  const origin = `http://localhost:${plain.address().port}`;
  [server, low, high] = await Promise.all([
    startServer({ page: FOLDER, args: ["--dev", "--allow-origin", origin] }),
    launch({ hertz: LOW }),
    launch({ hertz: HIGH }),
  ]);
});
afterEach(async () => {
  await Promise.all(people.splice(0).map((person) => person.close().catch(() => {})));
});
after(async () => {
  await Promise.all([low?.close(), high?.close(), server?.stop()]);
  plain?.close();
  for (const path of [site, join(root, FOLDER, ".pages"), join(root, FOLDER, "dist")]) rmSync(path, { recursive: true, force: true });
});

async function buildComponents() {
  const pages = join(root, FOLDER, ".pages");
  mkdirSync(pages, { recursive: true });
  for (const name of ["usePairvoice.js", "Call.vue", "pairvoice.js", "Call.svelte"]) {
    writeFileSync(join(pages, name), labelled("site/recipes.md", name));
  }
  writeFileSync(join(pages, "Panel.vue"), labelled("docs/element.md", "Panel.vue"));
  await build({
    root: join(root, FOLDER),
    base: "./",
    configFile: false,
    logLevel: "warn",
    plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === "pairvoice-session" } } }), svelte({ configFile: false })],
    build: { target: "es2022", outDir: "dist", emptyOutDir: true },
  });
}

/** The policy of site/csp.md, for this page and this server. */
function policy(page) {
  const hashFile = join(site, "hash.mjs");
  writeFileSync(hashFile, labelled("site/csp.md", "hash.mjs"));
  const hashes = execFileSync("node", [hashFile, page], { encoding: "utf8" }).trim().split("\n");
  assert.equal(hashes.length, 2, "an import map and a module");
  const [{ code }] = [...blocks("site/csp.md")].filter(({ language, code }) => language === "http" && code.startsWith("Content-Security-Policy"));
  const { host } = new URL(server.url);
  return code
    .replace(/^Content-Security-Policy:/, "")
    .replace(/\s+/g, " ")
    .replace("script-src", `script-src ${hashes.join(" ")}`)
    .replace("https://signal.example.com wss://signal.example.com", `http://${host} ws://${host}`);
}

/** A web server of an app: the plain page, the libraries below /lib, and tokens. */
async function servePlainPage() {
  const page = join(site, "call.html");
  writeFileSync(page, labelled("site/plain-page.md", "call.html"));
  cpSync(join(root, "npm"), join(site, "lib", "pairvoice", "npm"), { recursive: true });
  for (const name of ["socket.io-client", "idb"]) cpSync(join(root, "node_modules", name), join(site, "lib", name), { recursive: true });
  const app = createServer(async (request, response) => {
    const path = new URL(request.url, "http://app").pathname;
    if (path === "/pairvoice-token") {
      const query = (await request.setEncoding("utf8").toArray()).join("");
      const answer = await fetch(`${server.url}/dev/token?${query}`);
      return response.writeHead(answer.status).end(await answer.text());
    }
    if (path === "/") return response.writeHead(200, { "Content-Type": "text/html", "Content-Security-Policy": policy(page) }).end(readFileSync(page));
    try {
      const bytes = readFileSync(join(site, path));
      return response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "text/plain" }).end(bytes);
    } catch {
      return response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => app.listen(0, "localhost", resolve));
  return app;
}

async function open(browser, user, here, query, at = server) {
  const person = await Person.open(browser, at, user, here({ query }));
  people.push(person);
  return person;
}

const status = (person, text) => person.page.getByRole("status").filter({ hasText: new RegExp(`^${text}$`) }).waitFor({ timeout: CAP_MS });
const message = (person, text) => person.page.getByRole("listitem").filter({ hasText: text }).waitFor({ timeout: CAP_MS });

/** Two people start voice, hear each other, and each reads what the other writes. */
async function talk(a, b) {
  for (const person of [a, b]) {
    await status(person, "off");
    await person.click("Start voice");
  }
  try {
    await Promise.all([status(a, "connected"), status(b, "connected"), a.hears(HIGH), b.hears(LOW)]);
  } catch (cause) {
    throw new Error([a, b].flatMap((person) => [person.address, ...person.console]).join("\n"), { cause });
  }
  await a.says("from a");
  await b.says("from b");
  for (const person of [a, b]) await Promise.all([message(person, "from a"), message(person, "from b")]);
}

test("Vue's composable and Svelte's store talk to each other, and leave with their component", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([open(low, "1", here, { with: "vue" }), open(high, "2", here, { with: "svelte" })]);
  await talk(a, b);
  for (const person of [a, b]) {
    await person.page.evaluate(() => globalThis.unmount());
    const isNothing = (nothing) => JSON.stringify(globalThis.witness.held()) === nothing;
    await person.page.waitForFunction(isNothing, JSON.stringify(NOTHING), { timeout: CAP_MS });
    assert.deepEqual(person.console.filter((line) => line.startsWith("uncaught")), []);
  }
});

test("the element is a tag of Vue's, which joins by its properties and leaves with its component", async () => {
  const person = await open(low, "1", fresh(), { with: "element" });
  await person.session("joined");
  await person.click("Leave");
  await person.page.waitForFunction(() => globalThis.ended === "left", undefined, { timeout: CAP_MS });
  await person.click("Join again");
  await person.session("joined");
  await person.page.evaluate(() => globalThis.unmount());
  const isNothing = (nothing) => JSON.stringify(globalThis.witness.held()) === nothing;
  await person.page.waitForFunction(isNothing, JSON.stringify(NOTHING), { timeout: CAP_MS });
  assert.deepEqual(person.console.filter((line) => line.startsWith("uncaught")), []);
});

test("the plain page works by its import map, under the documentation's content security policy", async () => {
  const here = fresh();
  const app = { url: `http://localhost:${plain.address().port}` };
  const [a, b] = await Promise.all([open(low, "1", here, { server: server.url }, app), open(high, "2", here, { server: server.url }, app)]);
  await talk(a, b);
  for (const person of [a, b]) {
    assert.deepEqual(person.console.filter((line) => /content security policy|^uncaught/i.test(line)), []);
  }
});
