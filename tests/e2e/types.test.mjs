// What index.d.ts says is what there is: states and payloads of events of a session's whole life, as literals, satisfy the types, with
// nothing missing and nothing beside them; and each word that the types have for a state was met.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

import ts from "typescript";

import { Person, bothHear, launch } from "./support/browser.mjs";
import { cuttable } from "./support/cut.mjs";
import { whyNoNamespace } from "./support/namespace.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs in the page before its own code: keeps each state from the first one on, and what events bring, as literals of TypeScript. */
const keeper = `{
  const kept = (globalThis.kept = {});
  const keep = (type, value) => {
    const bytes = value?.data instanceof Uint8Array && value.data;
    const text = JSON.stringify(bytes ? { ...value, data: "bytes" } : value);
    (kept[type] ??= new Set()).add(bytes ? text.replace('"bytes"', "new Uint8Array([" + bytes + "])") : text);
  };
  let handle;
  addEventListener("pairvoice-state", ({ target }) => {
    if (!target.session || handle === target.session) return;
    handle = target.session;
    const state = () => keep("State", handle.getState());
    state();
    handle.subscribe(state);
    for (const name of ["message", "peer-left", "typing", "data", "quality", "speaking", "level", "microphone-changed"]) {
      handle.on(name, (value) => keep('SessionEvents["' + name + '"]', value));
    }
  });
}`;

/** All that was kept, by type. */
const kept = {};

/** Brings what was kept in the pages of these people. */
async function collect(...people) {
  for (const { page } of people) {
    const found = await page.evaluate(() => {
      const all = Object.entries(globalThis.kept).map(([type, values]) => [type, [...values]]);
      return [...all, ["Diagnostics", [JSON.stringify(globalThis.session.diagnostics())]]];
    });
    for (const [type, values] of found) for (const value of values) (kept[type] ??= new Set()).add(value);
  }
}

/** Errors of a file of literals, given as pairs of a type and a value, as the compiler tells them. */
function errorsOf(pairs) {
  const name = join(root, "tests/types/live.ts");
  const lines = pairs.map(([type, value], n) => `export const value${n}: ${type} = ${value};`);
  const text = ['import type { Diagnostics, MicrophoneState, PeerView, SessionEvents, SessionState, State, VoiceState, VoiceView } from "pairvoice";', ...lines].join("\n");
  const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (path, ...more) => (path === name ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : getSourceFile(path, ...more));
  host.fileExists = (path) => path === name || fileExists(path);
  const program = ts.createProgram([name], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const line = file?.fileName === name ? file.text.slice(start, start + 300).split("\n")[0] : "";
    return `${ts.flattenDiagnosticMessageText(messageText, "\n")}\n${line}`;
  });
}

test("from joining to the end", async () => {
  const here = fresh({ init: keeper });
  const a = await two.low("1", here({ query: { voice: "off" } }));
  await a.session("joined");
  await a.page.evaluate(() => globalThis.session.startVoice());
  await a.voice("waiting");
  const b = await two.high("2", here());
  await bothHear(a, LOW, b, HIGH);
  await a.says("one");
  await b.says("two");
  await Promise.all([a, b].map((person) => person.until((s) => s.chat.messages.length === 2 && s.chat.unsent === 0)));
  await a.page.evaluate(() => Promise.all(["text", new Uint8Array([1, 2])].map((data) => globalThis.session.sendData("topic", data))));
  const other = await a.page.evaluate(async () => {
    const { microphones } = await globalThis.session.listDevices();
    const { id } = microphones.find(({ label }) => label === "Fake Audio Input 2");
    globalThis.session.setMicrophone(id);
    return id;
  });
  await a.until((s, id) => s.voice.microphone.deviceId === id, other);
  await a.click("Mute");
  await a.until((s) => s.voice.mutedTalking);
  await a.page.waitForFunction(() => [...globalThis.kept['SessionEvents["quality"]']].some((quality) => !quality.includes('"outgoing":null')));
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
  await collect(a, b, newer);
});

test("without WebRTC, and where the browser waits for a click", async (t) => {
  const here = fresh({ init: keeper });
  const old = await two.low("1", here({ init: `delete globalThis.RTCPeerConnection; ${keeper}` }));
  await old.voice("unavailable");
  const strict = await launch({ hertz: LOW, autoplay: false, prompt: "leave", more: ["--autoplay-policy=user-gesture-required"] });
  t.after(() => strict.close());
  const there = fresh({ init: keeper });
  // Without a microphone the page has no other leave to play.
  const waits = await Person.open(strict, two.server, "1", there({ context: { permissions: [] } }));
  const other = await two.high("2", there());
  // To ask a page counts as a gesture there: the other is asked first.
  await other.voice("connected");
  await waits.until((s) => s.voice?.state === "connected" && s.voice.playbackBlocked);
  await collect(old, waits, other);
});

const why = whyNoNamespace();

test("while the path is cut, and then the way to the server", { skip: why }, async (t) => {
  const { namespace, server, low, high } = await cuttable(t);
  const here = fresh({ init: keeper });
  const [a, b] = await Promise.all([Person.open(low, server, "1", here()), Person.open(high, server, "2", here())]);
  await bothHear(a, LOW, b, HIGH);
  await Promise.all([a, b].map((person) => person.until((s) => s.voice.heard)));
  namespace.cutMedia();
  await a.until((s) => s.voice.recovery === "path" && s.voice.since !== null);
  await a.until((s) => s.voice.recovery === "connection");
  await b.goOffline();
  await b.until((s) => s.voice.recovery === "network");
  await a.until((s) => s.peer.presence === "away");
  await b.goOnline();
  namespace.restoreMedia();
  await bothHear(a, LOW, b, HIGH);
  await collect(a, b);
});

test("all of it fits the types, and each word of a state was met", () => {
  const values = Object.entries(kept).flatMap(([type, texts]) => [...texts].map((text) => [type, text]));
  assert.deepEqual(errorsOf(values), []);
  assert.notDeepEqual(errorsOf([["State", [...kept.State][0].replace('"reason":null,', "")]]), [], "a field that is missing is found");
  if (why) return;
  const states = [...kept.State].map((state) => JSON.parse(state));
  const record = (type, words) => [`Record<${type}, true>`, JSON.stringify(Object.fromEntries(words.map((word) => [word, true])))];
  const met = (type, read) => record(type, [...new Set(states.map(read))].filter((word) => word !== null));
  const events = Object.keys(kept).flatMap((type) => (/"(.+)"/.exec(type) ?? []).slice(1));
  const words = [
    met("SessionState", (s) => s.session.state),
    met("VoiceState", (s) => s.voice.state),
    met("MicrophoneState", (s) => s.voice.microphone.state),
    met('NonNullable<VoiceView["role"]>', (s) => s.voice.role),
    met('NonNullable<VoiceView["recovery"]>', (s) => s.voice.recovery),
    met("`${boolean}`", (s) => s.voice.playbackBlocked),
    met('PeerView["presence"]', (s) => s.peer.presence),
    record("keyof SessionEvents", events),
  ];
  assert.deepEqual(errorsOf(words), []);
  assert.ok(states.some((s) => s.voice.role === null) && states.some((s) => s.voice.since !== null));
});
