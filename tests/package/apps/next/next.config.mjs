import { fileURLToPath } from "node:url";

// Packages are found upwards. One process is enough for one page.
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Who asks for it by the address gets a page under a policy. */
const under = (key, value) => ({ source: "/", has: [{ type: "query", key }], headers: [{ key: "Content-Security-Policy", value }] });

export default {
  outputFileTracingRoot: root,
  turbopack: { root },
  experimental: { webpackBuildWorker: false, cpus: 1 },
  headers: async () => [
    under("self", "worker-src 'self'"),
    under("trusted", "worker-src 'self'; require-trusted-types-for 'script'; trusted-types default pairvoice"),
  ],
};
