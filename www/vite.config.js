import { defineConfig } from "vite";

const LIBRARIES = /\/node_modules\/(socket\.io-client|idb)\//;

const link = (attrs) => ({ tag: "link", injectTo: "head", attrs: { crossorigin: true, ...attrs } });

/** Lines in the page's head by which what the package loads is fetched with the page, under the names that the build gave it. */
function preloadLines() {
  let base;
  return {
    name: "pairvoice-preload",
    apply: "build",
    configResolved: (config) => (base = config.base),
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) =>
        Object.values(bundle ?? {}).flatMap(({ fileName, facadeModuleId }) => {
          const href = base + fileName;
          if (/pairvoice_bg.*\.wasm$/.test(fileName)) return link({ rel: "preload", as: "fetch", href });
          if (LIBRARIES.test(facadeModuleId ?? "")) return link({ rel: "modulepreload", href });
          return [];
        }),
    },
  };
}

export default defineConfig({ base: "./", build: { target: "es2022", emptyOutDir: true, modulePreload: { polyfill: false } }, worker: { format: "es" }, plugins: [preloadLines()] });
