// pairvoice's server for Node.js, on an app's own Socket.IO server. The contract is index.d.ts.
export { attachPairvoice } from "./attach.js";
export { memoryStore } from "./memory-store.js";
export { sqliteStore } from "./sqlite-store.js";
export { signToken } from "./token.js";
