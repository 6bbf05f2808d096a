// The short form of npm run test:crash.
import assert from "node:assert/strict";
import { test } from "node:test";

import { crash } from "../crash/crash.mjs";

test("the server is killed six times while both write: nothing lost, doubled or out of order", async () => {
  const { messages } = await crash({ kills: 6 });
  assert.equal(messages, 600);
});
