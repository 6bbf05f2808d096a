// A short selection of npm run test:network: real packets lost, real addresses changed.
import { after, before, describe, test } from "node:test";

import { faults } from "../network/faults.mjs";
import { makeWorld, whyNoNetwork } from "../network/support.mjs";
import { survive } from "../network/survive.mjs";

const skip = whyNoNetwork() ?? false;

/** The faults by name, each with the answerer at low or not. */
function selection(options, list) {
  let world;
  before(async () => {
    if (!skip) world = await makeWorld(options);
  });
  after(() => world?.stop());
  for (const [name, swap] of list) {
    const who = swap ? "answerer" : "offerer";
    test(`${faults[name].name}, low is the ${who}: both hear each other again and no word is lost`, { skip }, () =>
      survive(world, faults[name], { swap }));
  }
}

describe("two Chromium", () => {
  selection({}, [
    ["down-5", false],
    ["move-low", false],
    ["move-low", true],
    ["move-late", true],
    ["killed-5", false],
    ["killed-then-broken", true],
    ["half-open-idle", false],
    ["clock-jump", true],
    ["crash-low", false],
  ]);
});

describe("Chromium at low, Firefox at high", () => {
  selection({ firefox: true }, [["move-low", true], ["move-high", false], ["killed-then-broken", false]]);
});
