// The interpreter's worker: QuickJS as WebAssembly, so that a program reaches nothing of the page and of the network.
import variant from "@jitl/quickjs-wasmfile-release-sync";
import wasm from "@jitl/quickjs-wasmfile-release-sync/wasm?url";
import { newQuickJSWASMModuleFromVariant, newVariant } from "quickjs-emscripten-core";

import { interpret } from "./interpreter.js";

onmessage = async ({ data }) => {
  try {
    const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmLocation: wasm }));
    // The page's limits of a run begin here, however long the way of the interpreter was.
    postMessage("ready");
    postMessage(interpret(quickJs, data));
  } catch (error) {
    postMessage([{ kind: "error", said: "broken", why: error.message }]);
  }
};
