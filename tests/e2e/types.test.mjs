// What index.d.ts says is what there is: states of a session's whole life, as literals, satisfy the types, with nothing missing and nothing
// beside them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

import ts from "typescript";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Keeps each state from now on, and what events bring. */
const keep = (person) =>
  person.page.evaluate(() => {
    const kept = (globalThis.kept = { State: [], ChatMessage: [], Quality: [] });
    const { session } = globalThis;
    const state = () => kept.State.push(JSON.stringify(session.getState()));
    session.subscribe(state);
    session.on("message", (message) => kept.ChatMessage.push(JSON.stringify(message)));
    session.on("quality", (quality) => kept.Quality.push(JSON.stringify(quality)));
    state();
  });

/** Errors of a file of literals, as the compiler tells them. */
function errorsOf(kept) {
  const name = join(root, "tests/types/live.ts");
  const lines = Object.entries(kept).flatMap(([type, values]) => values.map((value, n) => `export const ${type}${n}: ${type} = ${value};`));
  const text = [`import type { ${Object.keys(kept).join(", ")} } from "pairvoice";`, ...lines].join("\n");
  const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (path, ...more) => (path === name ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : getSourceFile(path, ...more));
  host.fileExists = (path) => path === name || fileExists(path);
  const program = ts.createProgram([name], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const line = file?.fileName === name ? file.text.slice(start).split("\n")[0] : "";
    return `${ts.flattenDiagnosticMessageText(messageText, "\n")}\n${line}`;
  });
}

test("states, messages and qualities have what their types say, from joining to the end", async () => {
  const here = fresh();
  const a = await two.low("1", here());
  await a.session("joined");
  await keep(a);
  const b = await two.high("2", here());
  await bothHear(a, LOW, b, HIGH);
  await keep(b);
  await a.says("one");
  await b.says("two");
  await Promise.all([a, b].map((person) => person.until((s) => s.chat.messages.length === 2 && s.chat.unsent === 0)));
  await a.click("Mute");
  await a.page.waitForFunction(() => globalThis.kept.Quality.some((quality) => !quality.includes('"outgoing":null')));
  await a.goOffline();
  await a.says("offline");
  await a.goOnline();
  await a.session("joined");
  await b.page.evaluate(() => globalThis.session.stopVoice());
  await a.until((s) => s.voice.state === "waiting");
  await b.page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
    globalThis.session.startVoice();
  });
  await b.until((s) => s.voice.microphone.state === "failed" && s.voice.state === "connected");
  const newer = await two.high("2", here());
  await b.session("ended");
  await newer.page.evaluate(() => globalThis.session.end());
  await a.until((s) => s.peer.presence === "absent");
  await a.page.evaluate(() => globalThis.session.end());
  const kept = { State: new Set(), ChatMessage: new Set(), Quality: new Set() };
  for (const person of [a, b]) {
    for (const [type, values] of Object.entries(await person.page.evaluate(() => globalThis.kept))) for (const value of values) kept[type].add(value);
  }
  const lists = Object.fromEntries(Object.entries(kept).map(([type, values]) => [type, [...values]]));
  for (const [type, values] of Object.entries(lists)) assert.ok(values.length > 1, `${values.length} of ${type}`);
  assert.deepEqual(errorsOf(lists), []);
  const missing = lists.State.map((state) => state.replace('"reason":null,', ""));
  assert.notDeepEqual(errorsOf({ State: missing }), [], "a field that is missing is found");
});
