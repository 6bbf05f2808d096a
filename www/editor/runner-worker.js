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
  const add = (kind, text) => {
    if (lines.length < MAX_LINES) lines.push({ kind, text: text.slice(0, MAX_CHARACTERS) });
    else if (lines.length === MAX_LINES) lines.push({ kind: "error", text: `Only the first ${MAX_LINES} lines are shown.` });
  };
  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(LIMIT_BYTES);
  runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + LIMIT_MS));
  const vm = runtime.newContext();
  vm.newFunction("__line", (kind, text) => add(vm.getString(kind), vm.getString(text))).consume((f) => vm.setProp(vm.global, "__line", f));
  const told = (handle) => {
    const error = vm.dump(handle);
    handle.dispose();
    if (error?.message === "interrupted") return add("error", `The program ran for ${LIMIT_MS / 1000} seconds and was stopped.`);
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
    postMessage([{ kind: "error", text: `The interpreter stopped: ${error.message}` }]);
  }
};
