import { defineConfig } from "vite";

const LIBRARIES = /\/node_modules\/(socket\.io-client|idb)\//;

const link = (attrs) => ({ tag: "link", injectTo: "head", attrs: { crossorigin: true, ...attrs } });

/** What the editor is made of, but for what only some texts need. */
function editorParts(bundle) {
  const parts = new Set();
  const add = (fileName) => {
    const chunk = bundle[fileName];
    if (parts.has(fileName) || chunk.isEntry || /lang-python/.test(chunk.facadeModuleId)) return;
    parts.add(fileName);
    for (const next of [...chunk.imports, ...chunk.dynamicImports]) add(next);
  };
  for (const [fileName, { facadeModuleId }] of Object.entries(bundle)) if (/www\/editor\.js$/.test(facadeModuleId ?? "")) add(fileName);
  return [...parts];
}

/**
 * Lines in the page's head by which what the package loads is fetched with the page, under the names that the build gave it; and a template
 * with those of the editor, which main.js puts there once it is wanted: all parts are fetched at once, while they are evaluated one by one.
 */
function preloadLines() {
  let base;
  return {
    name: "pairvoice-preload",
    apply: "build",
    configResolved: (config) => (base = config.base),
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle = {} }) => {
        const lines = Object.values(bundle).flatMap(({ fileName, facadeModuleId }) => {
          const href = base + fileName;
          if (/pairvoice_bg.*\.wasm$/.test(fileName)) return link({ rel: "preload", as: "fetch", href });
          if (LIBRARIES.test(facadeModuleId ?? "")) return link({ rel: "modulepreload", href });
          return [];
        });
        const later = editorParts(bundle).map((fileName) => link({ rel: "modulepreload", href: base + fileName }));
        return [...lines, { tag: "template", injectTo: "head", attrs: { id: "editor-parts" }, children: later }];
      },
    },
  };
}

export default defineConfig({ base: "./", build: { target: "es2022", emptyOutDir: true, modulePreload: { polyfill: false } }, worker: { format: "es" }, plugins: [preloadLines()] });
