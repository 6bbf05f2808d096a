// What keeps nobody out: axe-core finds nothing in any state and either theme, the bar stays where it is, and toggles announce right.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { launch } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";
import { states } from "./support/states.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const world = {};

before(async () => {
  [world.server, world.low, world.high] = await Promise.all([startServer(), launch({ hertz: 440 }), launch({ hertz: 1320 })]);
});
after(async () => {
  await Promise.all([world.low?.close(), world.high?.close()]);
  await world.server?.stop();
});

/** What axe-core finds in the page as it is, as lines. */
async function violations(page) {
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.flat().join(" ")}: ${failureSummary}`));
}

/** Sizes at which a person meets the panel: a phone, a window, and a window at 200 % zoom. */
const SIZES = [
  [375, 740],
  [1280, 800],
  [640, 400],
];

for (const [index, [name, reach]] of Object.entries(states).entries()) {
  test(`${name}: no violation, and the bar is in sight`, async () => {
    const { person, close } = await reach({ ...world, session: `a-${index}` });
    const { page } = person;
    try {
      // By the debugger, for the page's policy lets no other script in.
      await page.evaluate(axe);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        assert.deepEqual(await violations(page), [], colorScheme);
      }
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        const seen = await page.evaluate(() => {
          const root = document.querySelector("pairvoice-session").shadowRoot;
          const { left, right, bottom, height: high } = (root.querySelector(".before #ready-join") ?? root.querySelector(".bar")).getBoundingClientRect();
          const page = document.documentElement;
          return { left: left >= 0, right: right <= innerWidth, bottom: bottom <= innerHeight, high: high > 0, overflow: page.scrollWidth - page.clientWidth };
        });
        assert.deepEqual(seen, { left: true, right: true, bottom: true, high: true, overflow: 0 }, `${width} x ${height}`);
      }
    } finally {
      await close();
    }
  });
}
