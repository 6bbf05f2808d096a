// What is fetched for a call, and when: side by side, once, and before the call where the page says so.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { CAP_MS, Person, launch } from "./support/browser.mjs";
import { LOW, fresh } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const NOTHING = { tracks: 0, connections: 0, sockets: 0 };
let bare;
let demo;
let browser;
let people = [];

before(async () => {
  [bare, demo, browser] = await Promise.all([startServer({ page: "tests/e2e/page" }), startServer(), launch({ hertz: LOW })]);
});
afterEach(async () => {
  await Promise.all(people.splice(0).map((person) => person.close().catch(() => {})));
});
after(async () => {
  await browser?.close();
  await Promise.all([bare?.stop(), demo?.stop()]);
});

/** Runs in the page before its own code: how WebAssembly is compiled. */
const witness = `
  globalThis.compiled = [];
  for (const name of ["instantiateStreaming", "instantiate", "compileStreaming", "compile"]) {
    const work = WebAssembly[name];
    WebAssembly[name] = (...args) => {
      globalThis.compiled.push(name);
      return work.apply(WebAssembly, args);
    };
  }
`;

/** Opens a page. What it requests below /assets/ is in `asked`, as words for what it is; `held` says which of it gets no answer yet. */
async function visit(server, user, { held = () => false, ready = () => globalThis.pairvoice, ...options } = {}) {
  const person = await Person.open(browser, server, user, { ...fresh()({ init: witness }), ...options, open: false });
  people.push(person);
  person.asked = [];
  person.encodings = {};
  let open;
  const answered = new Promise((resolve) => (open = resolve));
  person.answer = open;
  await person.page.route("**/assets/*.{js,wasm}", async (route) => {
    const name = kind(route.request().url());
    person.asked.push(name);
    if (held(name)) await answered;
    await route.continue().catch(() => {});
  });
  person.page.on("response", async (response) => {
    const headers = response.headers();
    person.encodings[kind(response.url())] = [headers["content-type"], headers["content-encoding"]];
  });
  // Its load event waits for what is held.
  await person.page.goto(person.address, { waitUntil: "commit" });
  await person.page.waitForFunction(ready);
  return person;
}

function kind(url) {
  if (url.endsWith(".wasm")) return "wasm";
  return url.includes("/esm-") ? "socket.io-client" : url.includes("/build-") ? "idb" : "page";
}

const ofPackage = (names) => names.filter((name) => name !== "page").sort();
const ALL = ["idb", "socket.io-client", "wasm"];

/** Waits for something outside of the page. */
async function until(what, condition) {
  const deadline = Date.now() + CAP_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Starts voice in the page and counts what is asked for; `globalThis.outcome` is how that went. */
const start = (person, more = {}) =>
  person.page.evaluate((more) => {
    globalThis.tokens = 0;
    const token = () => {
      globalThis.tokens += 1;
      return globalThis.options.token();
    };
    globalThis.abort = new AbortController();
    const options = { ...globalThis.options, token, signal: globalThis.abort.signal, ...more };
    globalThis.pairvoice.startVoiceCall(options).then(
      (session) => {
        globalThis.session = session;
        globalThis.outcome = "started";
      },
      (error) => (globalThis.outcome = globalThis.pairvoice.isPairvoiceError(error) ? error.code : error.name),
    );
  }, more);

const outcome = (person, wanted) => person.page.waitForFunction((wanted) => globalThis.outcome === wanted, wanted, { timeout: CAP_MS });
const count = (person, name) => person.page.evaluate((name) => globalThis[name], name);
const heldNothing = (person) =>
  person.page.waitForFunction((nothing) => JSON.stringify(globalThis.witness.held()) === nothing, JSON.stringify(NOTHING), { timeout: CAP_MS });

test("a first call asks for everything at once: module, libraries, token, microphone, and the socket while the module loads", async () => {
  const a = await visit(bare, "1", { held: (name) => name !== "page" });
  await start(a);
  await until("all requests while none is answered", () => ofPackage(a.asked).length >= ALL.length);
  assert.deepEqual(ofPackage(a.asked), ALL);
  await a.page.waitForFunction(() => globalThis.tokens === 1 && globalThis.witness.tracks.length === 1);
  a.answer();
  await outcome(a, "started");
  await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
  assert.deepEqual(ofPackage(a.asked), ALL);
  assert.deepEqual([await count(a, "tokens"), await a.witnessed("prompts")], [1, 1]);
  assert.deepEqual(await a.held(), { tracks: 1, connections: 0, sockets: 1 });
  assert.deepEqual(await count(a, "compiled"), ["instantiateStreaming"]);
  assert.deepEqual(a.encodings.wasm, ["application/wasm", "br"]);
  assert.equal(a.encodings["socket.io-client"][1], "br");
  assert.ok(!a.console.some((line) => line.includes("instantiateStreaming")), a.console.join("\n"));
});

test("the socket that was opened while the module was on its way is the session's", async () => {
  const a = await visit(bare, "1", { held: (name) => name === "wasm" });
  await start(a);
  await a.page.waitForFunction(() => globalThis.witness.sockets[0]?.readyState === WebSocket.OPEN);
  a.answer();
  await a.session("joined");
  assert.equal(await a.page.evaluate(() => globalThis.witness.sockets.length), 1);
  await a.page.evaluate(() => globalThis.session.leave());
  await heldNothing(a);
});

for (const preloaded of [false, true]) {
  test(`the socket does not wait for the token, ${preloaded ? "nor after preload()" : "nor for the module"}, and who leaves before it is there leaves none`, async () => {
    const a = await visit(bare, "1", { held: (name) => name === "wasm" });
    if (preloaded) a.answer();
    await a.page.evaluate(async (preloaded) => {
      if (preloaded) await globalThis.pairvoice.preload();
      globalThis.options.token = () => new Promise(() => {});
      globalThis.pairvoice.joinSession(globalThis.options).then((session) => (globalThis.session = session));
    }, preloaded);
    await a.page.waitForFunction(() => globalThis.witness.sockets[0]?.readyState === WebSocket.OPEN);
    a.answer();
    await a.session("joining");
    await a.page.evaluate(() => globalThis.session.leave());
    assert.ok((await a.page.evaluate(() => globalThis.witness.sockets[0].readyState)) > 1, "it is closing");
  });
}

test("a second call of a session that runs opens and asks for nothing", async () => {
  const a = await visit(bare, "1");
  await start(a);
  await a.until((s) => s.session?.state === "joined" && s.voice.microphone.state === "live");
  await a.page.evaluate(async () => {
    const { startVoiceCall } = globalThis.pairvoice;
    const token = () => (globalThis.tokens += 1);
    globalThis.second = await startVoiceCall({ ...globalThis.options, token });
    await globalThis.session.leave();
    globalThis.session = globalThis.second;
    globalThis.third = await startVoiceCall({ ...globalThis.options, token });
  });
  await a.voice("waiting");
  assert.deepEqual([await count(a, "tokens"), await a.witnessed("prompts")], [1, 1]);
  assert.deepEqual(await a.held(), { tracks: 1, connections: 0, sockets: 1 });
  assert.equal(await a.page.evaluate(() => globalThis.witness.sockets.length), 1);
  await a.page.evaluate(() => Promise.all([globalThis.second.leave(), globalThis.third.leave()]));
  await heldNothing(a);
});

test("after preload() a call fetches nothing more, and preload() itself asks for nothing and joins nothing", async () => {
  const a = await visit(bare, "1");
  await a.page.evaluate(() => Promise.all([globalThis.pairvoice.preload(), globalThis.pairvoice.preload({ url: globalThis.options.url })]));
  assert.deepEqual(ofPackage(a.asked), ALL);
  assert.equal(await a.witnessed("prompts"), 0);
  assert.deepEqual(await a.held(), NOTHING);
  assert.equal(await a.page.locator(`link[rel=preconnect][href="${bare.url}"]`).count(), 1);
  await start(a);
  await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
  assert.deepEqual(ofPackage(a.asked), ALL);
  assert.deepEqual([await count(a, "tokens"), await a.witnessed("prompts")], [1, 1]);
  assert.deepEqual(await count(a, "compiled"), ["instantiateStreaming"]);
});

test("preload() rejects as a call does, and the next one tries again", async () => {
  const a = await visit(bare, "1");
  const code = await a.page.evaluate(() => globalThis.pairvoice.preload({ wasm: "/nothing.wasm" }).catch((error) => error.code));
  assert.equal(code, "wasm-unavailable");
  // Nobody looks at this one.
  await a.page.evaluate(() => {
    void globalThis.pairvoice.preload({ wasm: "/nothing.wasm" });
    return globalThis.pairvoice.preload({ wasm: "/nothing.wasm" }).catch(() => {});
  });
  await a.page.evaluate(() => globalThis.pairvoice.preload());
  assert.ok(!a.console.some((line) => line.startsWith("uncaught")), a.console.join("\n"));
});

for (const how of ["aborted", "failed"]) {
  test(`a start that is ${how} while the module is on its way leaves nothing behind`, async () => {
    const a = await visit(bare, "1", { held: (name) => name === "wasm" });
    await start(a, how === "failed" ? { wasm: "/assets/nothing.wasm" } : {});
    await a.page.waitForFunction(() => {
      const { tracks, sockets } = globalThis.witness;
      return tracks[0]?.readyState === "live" && sockets[0]?.readyState === WebSocket.OPEN;
    });
    if (how === "aborted") await a.page.evaluate(() => globalThis.abort.abort());
    else a.answer();
    await outcome(a, how === "aborted" ? "AbortError" : "wasm-unavailable");
    await heldNothing(a);
    a.answer();
    // The next start is one of its own.
    await start(a);
    await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
    assert.deepEqual(await a.held(), { tracks: 1, connections: 0, sockets: 1 });
    assert.deepEqual([await count(a, "tokens"), await a.witnessed("prompts")], [1, 2]);
  });
}

test("the microphone that is opened at once is the one that the person chose before, opened as they chose", async () => {
  const a = await visit(bare, "1", { held: (name) => name === "wasm" });
  const wanted = await a.page.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "audioinput");
    for (const track of stream.getTracks()) track.stop();
    const { deviceId: id, label } = devices.at(-1);
    localStorage.setItem("pairvoice.devices", JSON.stringify({ microphone: { id, label }, noiseSuppression: false }));
    return id;
  });
  await start(a);
  await a.page.waitForFunction(() => globalThis.witness.tracks.length === 2);
  a.answer();
  await a.until((s) => s.voice?.microphone.state === "live");
  const { microphone } = (await a.state()).voice;
  assert.deepEqual([microphone.deviceId, microphone.noiseSuppression, microphone.echoCancellation], [wanted, false, true]);
  assert.equal(await a.witnessed("prompts"), 2, "one of them the test's");
});

test("no microphone is opened for a text chat, for a track of the app's own, or for options that are wrong", async () => {
  const a = await visit(bare, "1", { held: (name) => name === "wasm" });
  const outcomes = a.page.evaluate(async () => {
    const context = new AudioContext();
    const own = context.createMediaStreamDestination().stream.getAudioTracks()[0];
    const { joinSession, startVoiceCall } = globalThis.pairvoice;
    const at = (sessionId, more) => ({ ...globalThis.options, sessionId, ...more });
    const all = await Promise.allSettled([
      joinSession(at("text")),
      startVoiceCall(at("own", { microphone: own })),
      startVoiceCall(at("wrong", { userId: "a\nb" })),
      startVoiceCall(at("wrong", { userId: -1 })),
      startVoiceCall(at("wrong", { token: 7 })),
      startVoiceCall(at("wrong", { microphone: 7 })),
      startVoiceCall(at("wrong", { url: "ftp://x.example" })),
    ]);
    globalThis.session = all[1].value;
    return all.map(({ status, reason }) => reason?.code ?? status);
  });
  await until("the module", () => a.asked.includes("wasm"));
  a.answer();
  assert.deepEqual(await outcomes, ["fulfilled", "fulfilled", ...Array(5).fill("invalid-options")]);
  await a.until((s) => s.voice.microphone.state === "live");
  assert.equal(await a.witnessed("prompts"), 0);
});

test("the demo's lines fetch everything with the page, once", async () => {
  const a = await visit(demo, "1", { held: (name) => name === "page", ready: () => document.readyState !== "loading" });
  await until("the lines' requests before the page's own code is there", () => ofPackage(a.asked).length >= ALL.length);
  a.answer();
  await a.until((s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live");
  assert.deepEqual(ofPackage(a.asked), ALL);
  assert.deepEqual([await a.witnessed("prompts"), await count(a, "compiled")], [1, ["instantiateStreaming"]]);
  assert.ok(!a.console.some((line) => /preload/.test(line)), a.console.join("\n"));
});

test("the lines that docs/loading.md has for an import map fetch every file, once", async (t) => {
  const [, lines] = readFileSync(join(root, "docs", "loading.md"), "utf8").match(/```html\n(<script type="importmap">[^`]*)```/);
  const page = `<!doctype html>${lines}<link rel="icon" href="data:,"><script type="module">
    import * as pairvoice from "pairvoice";
    globalThis.preloaded = pairvoice.preload().then(() => "all");
  </script>`;
  const types = { ".js": "text/javascript", ".wasm": "application/wasm" };
  const server = createServer(({ url }, response) => {
    if (url === "/") return response.writeHead(200, { "content-type": "text/html" }).end(page);
    const path = url.replace("/lib/pairvoice/", "/").replace("/lib/", "/node_modules/");
    response.writeHead(200, { "content-type": types[extname(path)] }).end(readFileSync(join(root, path)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const opened = await browser.newPage();
  t.after(() => opened.close());
  const asked = [];
  const said = [];
  opened.on("request", (request) => asked.push(new URL(request.url()).pathname));
  opened.on("console", (message) => said.push(message.text()));
  await opened.goto(`http://127.0.0.1:${server.address().port}/`);
  assert.equal(await opened.evaluate(() => globalThis.preloaded), "all");
  const named = [...lines.matchAll(/href="([^"]+)"/g)].map(([, path]) => path);
  assert.deepEqual(asked.filter((path) => path.startsWith("/lib/")).sort(), named.sort());
  assert.deepEqual(said, []);
});
