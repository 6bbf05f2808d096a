// The interpreter's worker: QuickJS as WebAssembly, so that a program reaches nothing of the page and of the network.
import variant from "@jitl/quickjs-wasmfile-release-sync";
import wasm from "@jitl/quickjs-wasmfile-release-sync/wasm?url";
import { newQuickJSWASMModuleFromVariant, newVariant, shouldInterruptAfterDeadline } from "quickjs-emscripten-core";

import { PRELUDE } from "./prelude.js";

const LIMIT_MS = 3_000;
const LIMIT_BYTES = 64 * 1024 * 1024;
const MAX_LINES = 200;
const MAX_CHARACTERS = 2_000;

async function run(source) {
  const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmLocation: wasm }));
  const lines = [];
  const push = (line) => {
    if (lines.length < MAX_LINES) lines.push(line);
    else if (lines.length === MAX_LINES) lines.push({ kind: "error", said: "cut", n: MAX_LINES });
  };
  const add = (kind, text) => push({ kind, text: text.slice(0, MAX_CHARACTERS) });
  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(LIMIT_BYTES);
  runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + LIMIT_MS));
  const vm = runtime.newContext();
  vm.newFunction("__line", (kind, text) => add(vm.getString(kind), vm.getString(text))).consume((f) => vm.setProp(vm.global, "__line", f));
  vm.newFunction("__say", (kind, said, n) => push({ kind: vm.getString(kind), said: vm.getString(said), n: vm.getNumber(n) })).consume((f) => vm.setProp(vm.global, "__say", f));
  const told = (handle) => {
    const error = vm.dump(handle);
    handle.dispose();
    if (error?.message === "interrupted") return push({ kind: "error", said: "interrupted", n: LIMIT_MS / 1000 });
    add("error", error?.name ? `${error.name}: ${error.message}` : String(error));
  };
  const evaluate = (code, name, options) => {
    const result = vm.evalCode(code, name, options);
    if (result.error) told(result.error);
    else result.value.dispose();
    return !result.error;
  };
  evaluate(PRELUDE, "prelude.js");
  if (evaluate(source, "session.js", { type: "module" }) | evaluate("__tests()", "tests.js")) {
    const jobs = runtime.executePendingJobs();
    if (jobs.error) told(jobs.error);
    evaluate("__end()", "end.js");
  }
  return lines;
}

onmessage = async ({ data }) => {
  try {
    postMessage(await run(data));
  } catch (error) {
    postMessage([{ kind: "error", said: "broken", why: error.message }]);
  }
};
