import { fileURLToPath } from "node:url";

// Packages are found upwards. One process is enough for one page.
const root = fileURLToPath(new URL("../..", import.meta.url));
const strict = { key: "Content-Security-Policy", value: "worker-src 'self'" };

export default {
  outputFileTracingRoot: root,
  turbopack: { root },
  experimental: { webpackBuildWorker: false, cpus: 1 },
  // Who asks for it gets a page that may have no worker from text.
  headers: async () => [{ source: "/", has: [{ type: "query", key: "strict" }], headers: [strict] }],
};
