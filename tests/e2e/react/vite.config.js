import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  // StrictMode mounts twice, and fast refresh exists, in React's development build only.
  define: { "process.env.NODE_ENV": JSON.stringify("development") },
  build: { target: "es2022", emptyOutDir: true, minify: false },
});
