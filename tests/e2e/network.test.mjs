// A short selection of npm run test:network: real packets lost, real addresses changed.
import { after, before, test } from "node:test";

import { faults } from "../network/faults.mjs";
import { makeWorld, whyNoNetwork } from "../network/support.mjs";
import { survive } from "../network/survive.mjs";

const skip = whyNoNetwork() ?? false;
let world;

before(async () => {
  if (!skip) world = await makeWorld();
});
after(() => world?.stop());

for (const [name, swap] of [["down-5", false], ["move-low", false], ["move-low", true], ["killed-5", false], ["killed-then-broken", true]]) {
  const who = swap ? "answerer" : "offerer";
  test(`${faults[name].name}, low is the ${who}: both hear each other again and no word is lost`, { skip }, () =>
    survive(world, faults[name], { swap }));
}
