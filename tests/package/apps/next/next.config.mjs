import { fileURLToPath } from "node:url";

// Packages are found upwards. One process is enough for one page.
const root = fileURLToPath(new URL("../..", import.meta.url));

export default { outputFileTracingRoot: root, experimental: { webpackBuildWorker: false, cpus: 1 } };
