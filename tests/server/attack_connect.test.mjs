// What is sent right upon the reply to CONNECT is answered.
import assert from "node:assert/strict";
import { test } from "node:test";

import { eventPacket, webSocket } from "./raw.mjs";
import { attacked, auth, until } from "./watch.mjs";

test("2,000 sockets that emit in the tick of the reply to CONNECT are all answered", async (t) => {
  const server = await attacked(t, { args: ["--connections-per-address", "5000"] });
  let silent = 0;
  for (let round = 0; round < 20; round += 1) {
    const engines = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const engine = await webSocket(server);
        engine.onPacket = (packet) => {
          if (packet.startsWith("40/pairvoice,")) engine.sendText(eventPacket(7, "probe", null));
        };
        assert.ok((await engine.enter(auth(`at-once-${round}-${i}`, "7")))?.sid);
        return engine;
      }),
    );
    // What is asked later is answered later: then the first is answered, or never.
    const later = await Promise.all(engines.map((engine) => engine.emit("typing", { on: false })));
    assert.ok(later.every((answer) => answer?.ok));
    silent += engines.filter((engine) => !engine.heard.includes('43/pairvoice,7[{"ok":true}]')).length;
    engines.forEach((engine) => engine.end());
    await until("the ends of 100 sockets", () => engines.every((engine) => engine.closed));
  }
  assert.equal(silent, 0, `${silent} of 2,000 were never answered`);
});
