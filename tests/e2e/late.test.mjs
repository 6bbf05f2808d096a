// Behaviour 3: whoever comes first, and however long before the other, the call connects by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();

/** One comes, and the other so many seconds later; `named` says whether they know each other's IDs. */
async function comeOneAfterTheOther(first, second, seconds, named) {
  const here = fresh();
  const query = (peer) => here(named ? { query: { peer } } : {});
  const early = await two.low(first, query(second));
  await early.voice("waiting");
  assert.match(await early.statusLine(), /^Waiting for/);
  // The time between the two is what is tried here; nothing waits for it to pass.
  await pause(seconds * 1000);
  assert.equal((await early.state()).voice.state, "waiting", "waiting is calm");
  const late = await two.high(second, query(first));
  await bothHear(early, LOW, late, HIGH);
  assert.equal((await early.witnessed("offers")) + (await late.witnessed("offers")), 1);
}

for (const [first, second] of [["1", "2"], ["2", "1"]]) {
  for (const named of [true, false]) {
    test(`user ${first} comes 2 s before user ${second}, ${named ? "knowing the other's ID" : "without it"}`, () =>
      comeOneAfterTheOther(first, second, 2, named));
  }
}

test("user 1 comes 90 s before user 2, knowing the other's ID, and user 2 before user 1 without it", () =>
  Promise.all([comeOneAfterTheOther("1", "2", 90, true), comeOneAfterTheOther("2", "1", 90, false)]));
