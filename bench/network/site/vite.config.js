import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "./",
  // The folder above is a package of its own, in which the name means nothing.
  resolve: { alias: { pairvoice: file("../../../npm/index.js") } },
  build: { target: "es2022", emptyOutDir: true, rolldownOptions: { input: [file("index.html"), file("late.html")] } },
});
