// What a development server's fast refresh does in the page. It has to be there before React DOM is.
import runtime from "react-refresh/runtime";

function install() {
  runtime.injectIntoGlobalHook(globalThis);
  return runtime;
}

export const refresh = install();
