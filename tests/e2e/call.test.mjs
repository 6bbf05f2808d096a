// Behaviours 1, 2 and 3: the call connects by itself, whoever is smaller and whoever comes first.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();

test("both open a link and hear each other", async () => {
  const here = fresh();
  const [mentor, learner] = await Promise.all([two.low("mentor", here()), two.high("learner", here())]);
  await bothHear(mentor, LOW, learner, HIGH);
  assert.equal(await mentor.statusLine(), "Connected. You can talk.");
  for (const person of [mentor, learner]) {
    assert.equal(await person.witnessed("prompts"), 1);
    assert.equal((await person.held()).connections, 1);
  }
  assert.equal(await learner.witnessed("offers"), 1, "the smaller ID offers");
  assert.equal(await mentor.witnessed("offers"), 0);
});
