// What a store promises (npm/server/index.d.ts), of the one in memory and of the one in a file, by each of the two packages that it can be written by: what
// one has written, the other reads.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { memoryStore, sqliteStore } from "../../npm/server/index.js";
import { messageId } from "../server/support.mjs";

const source = fileURLToPath(new URL("../../npm/server/sqlite-store.js", import.meta.url));
const require = createRequire(import.meta.url);

/** Why Node's own is not tested, or `false`: it came with Node.js 22.13. */
const skip = (() => {
  try {
    require("node:sqlite");
    return false;
  } catch {
    return `Node.js ${process.versions.node} has no node:sqlite`;
  }
})();

let folder;
const stores = { "better-sqlite3": sqliteStore };
before(async () => {
  folder = mkdtempSync(path(tmpdir(), "pairvoice-sqlite-"));
  // From here no package is found, as in an app that installed none.
  copyFileSync(source, path(folder, "store.mjs"));
  stores["node:sqlite"] = (await import(pathToFileURL(path(folder, "store.mjs")))).sqliteStore;
});
after(() => rmSync(folder, { recursive: true, force: true }));

const message = (seq, text = `line ${seq}`) => ({ id: messageId(), sender: "7", seq, at: 1_700_000_000_000 + seq, text });

const said = [message(1), message(2, "naïve 👋"), message(3)];

/** Writes into a new store, by several changes of one turn, and returns what it keeps from then on. */
async function fill(store) {
  const empty = await store.load("s");
  assert.match(empty.log, /^[0-9a-f]{32}$/);
  assert.deepEqual(empty, { log: empty.log, last: 0, receipts: [], participants: undefined, revoked: {}, bytes: {} });
  await Promise.all([
    ...said.map((one) => store.write("s", { messages: [one] })),
    store.write("s", { receipt: { user: "9", delivered: 2, read: 1 } }),
    store.write("s", { participants: ["7", "9"] }),
    store.write("s", { revoked: { user: "9", at: 1_700_000_000 } }),
  ]);
  return {
    log: empty.log,
    last: 3,
    receipts: [{ user: "9", delivered: 2, read: 1 }],
    participants: ["7", "9"],
    revoked: { 9: 1_700_000_000 },
    bytes: { 7: said.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) },
  };
}

async function holds(store, kept) {
  assert.deepEqual(await store.load("s"), kept);
  const read = async (after, before, limit) => (await store.read("s", { after, before, limit })).map(({ seq }) => seq);
  assert.deepEqual(await store.read("s", { after: 0, before: 4, limit: 50 }), said);
  assert.deepEqual(await read(0, Number.MAX_SAFE_INTEGER, 2), [2, 3], "the newest, however far it may go");
  assert.deepEqual(await read(0, 3, 50), [1, 2]);
  assert.deepEqual(await read(0, 3, 1), [2]);
  assert.deepEqual(await read(1, 9, 50), [2, 3]);
  assert.deepEqual([await read(3, 9, 50), await read(9, 20, 50), await read(0, 1, 50), await read(0, 0, 50)], [[], [], [], []]);
  assert.deepEqual(await store.find("s", [said[1].id, messageId()]), [said[1]]);
  assert.equal((await store.load("another")).last, 0);
}

test("the store in memory keeps what the store's contract says", async () => {
  const store = memoryStore();
  await holds(store, await fill(store));
});

for (const [name, other] of [["better-sqlite3", "node:sqlite"], ["node:sqlite", "better-sqlite3"]]) {
  const is = { skip: name === "node:sqlite" && skip };

  test(`${name} keeps what the store's contract says`, is, async () => {
    const file = path(folder, `${name.replace(":", "-")}.db`);
    let store = stores[name](file);
    const kept = await fill(store);
    await holds(store, kept);
    assert.throws(() => stores[name](file), /in use by another server/);
    store.close();
    for (const by of skip ? [name] : [other, name]) {
      store = stores[by](file);
      await holds(store, kept);
      store.close();
    }
  });

  test(`${name} writes all that is asked for in one turn, or nothing`, is, async () => {
    const store = stores[name](path(folder, `${name.replace(":", "-")}-turn.db`));
    await store.write("s", { messages: [message(1)] });
    const answers = await Promise.allSettled([store.write("s", { messages: [message(2)] }), store.write("s", { messages: [message(1)] })]);
    assert.deepEqual(answers.map(({ status }) => status), ["rejected", "rejected"]);
    assert.equal((await store.load("s")).last, 1);
    // What is asked for as it closes is written.
    const last = store.write("s", { messages: [message(2)] });
    store.close();
    await last;
  });
}
