import { fileURLToPath } from "node:url";

// Packages are found upwards.
const root = fileURLToPath(new URL("../..", import.meta.url));

export default { turbopack: { root }, outputFileTracingRoot: root };
