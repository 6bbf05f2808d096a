// One user's share of the chat log: it fills for that user alone.
import assert from "node:assert/strict";
import { test } from "node:test";

import { webSocket } from "./raw.mjs";
import { MIB, attacked, auth, batch } from "./watch.mjs";

async function entered(t, server, session, user) {
  const engine = await webSocket(server);
  t.after(() => engine.end());
  assert.ok((await engine.enter(auth(session, user))).sid);
  return engine;
}

/** Writes within the allowed rate until it is refused, `most` bytes at most. */
async function fill(engine, most) {
  let [bytes, refused] = [0, undefined];
  while (!refused && bytes < most) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => engine.emit("chat", batch(6))));
    bytes += answers.flatMap((answer) => answer?.accepted ?? []).length * 7_900;
    refused = answers.find((answer) => !answer?.ok);
    if (answers.length !== answers.filter(Boolean).length) break;
  }
  return { bytes, refused };
}

for (const [what, args, share] of [["16 MiB", [], 16], ["what --chat-user-limit says", ["--chat-user-limit", "1"], 1]]) {
  test(`a user who wrote ${what} into a session is refused, and nobody else is`, async (t) => {
    const server = await attacked(t, { args });
    const writer = await entered(t, server, "full", "7");
    const other = await entered(t, server, "full", "9");
    const elsewhere = await entered(t, server, "another", "7");
    const { bytes, refused } = await fill(writer, (share + 1.5) * MIB);
    assert.equal(refused?.error?.code, "storage-full", `${Math.round(bytes / MIB)} MiB were taken`);
    assert.ok(bytes <= share * MIB && bytes > (share / 2) * MIB, `${bytes} bytes were taken`);
    for (const engine of [other, elsewhere]) assert.ok((await engine.emit("chat", batch(1)))?.ok);
    const back = await entered(t, server, "full", "7");
    assert.equal((await back.emit("chat", batch(1)))?.error?.code, "storage-full", "coming back gives a new share");
    assert.ok((await back.emit("probe", null))?.ok);
  });
}
