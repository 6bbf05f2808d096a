// npm run pictures [NAME…]: the demo in each of its states, at 375 and 1280 pixels, light and dark, as files in pictures/. For people who look.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { launch } from "../tests/e2e/support/browser.mjs";
import { states } from "../tests/e2e/support/states.mjs";
import { startServer } from "../tests/e2e/support/server.mjs";
import { root } from "./tools.mjs";

const folder = join(root, "pictures");
const widths = { 375: 740, 1280: 800 };
const wanted = process.argv.slice(2);

if (wanted.length === 0) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const [server, low, high] = await Promise.all([startServer(), launch({ hertz: 440 }), launch({ hertz: 1320 })]);
try {
  let count = 0;
  for (const [name, reach] of Object.entries(states)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const { person, close } = await reach({ server, low, high, session: `p-${(count += 1)}` });
    for (const [width, height] of Object.entries(widths)) {
      for (const colorScheme of ["light", "dark"]) {
        await person.page.setViewportSize({ width: Number(width), height });
        await person.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        // Two frames: one for the layout, one for what reacts to it.
        await person.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        await person.page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
      }
    }
    await close();
    console.log(name);
  }
} finally {
  await Promise.all([low.close(), high.close()]);
  await server.stop();
}
