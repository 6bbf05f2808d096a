// What a development server's fast refresh does in the page. It has to be there before React DOM is.
import refresh from "react-refresh/runtime";

refresh.injectIntoGlobalHook(globalThis);

export { refresh };
