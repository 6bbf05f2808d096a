// A trap of WebAssembly, which must not happen, is said in the console and in state, and lets go of the microphone.
import assert from "node:assert/strict";
import { test } from "node:test";

import binaryen from "binaryen";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();

/** The module, with an instruction that traps in the place of one of its functions. */
function broken(bytes, name) {
  const module = binaryen.readBinary(bytes);
  const { BulkMemory, MutableGlobals, Multivalue, NontrappingFPToInt, ReferenceTypes, SignExt } = binaryen.Features;
  module.setFeatures(BulkMemory | MutableGlobals | Multivalue | NontrappingFPToInt | ReferenceTypes | SignExt);
  const exported = Array.from({ length: module.getNumExports() }, (_, index) => binaryen.getExportInfo(module.getExportByIndex(index)));
  const wanted = exported.find((entry) => entry.name === name)?.value;
  assert.ok(wanted, `the module exports ${name}`);
  const { params, results } = binaryen.getFunctionInfo(module.getFunction(wanted));
  module.removeFunction(wanted);
  module.addFunction(wanted, params, results, [], module.unreachable());
  return Buffer.from(module.emitBinary());
}

test("a module that traps ends its sessions with a reason, and lets go of the microphone", async () => {
  const here = fresh();
  const a = await two.low("1", here({ open: false }));
  await a.context.route("**/*.wasm", async (asked) => {
    const response = await asked.fetch();
    await asked.fulfill({ response, body: broken(await response.body(), "handle_setMuted") });
  });
  await a.visit();
  const b = await two.high("2", here());
  await bothHear(a, LOW, b, HIGH);
  await a.click("Mute");
  await a.until((s) => s.session.state === "ended" && s.session.reason === "internal-error" && s.voice.state === "off");
  assert.ok(a.console.some((line) => line.startsWith("pairvoice: internal error")), a.console.join("\n"));
  const held = await a.page.evaluate(() => globalThis.witness.tracks.map((track) => track.readyState));
  assert.deepEqual(held, ["ended"], "the light goes out");
  assert.equal(await a.page.evaluate(() => { try { globalThis.session.send("x"); } catch (error) { return error.code; } }), "session-ended");
  const told = await a.page.evaluate(() => globalThis.session.diagnostics());
  assert.deepEqual([told.state.session.reason, told.timeline.entries.length > 10], ["internal-error", true], "what led to it is kept");
  await a.page.evaluate(() => globalThis.session.leave());
  await b.until((s) => s.voice.state === "waiting" || s.voice.state === "reconnecting");
});
