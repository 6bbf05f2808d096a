// Two people by the server for Node.js: the same demo, the same package, the same rules.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const cli = fileURLToPath(new URL("../../npm/server/cli.js", import.meta.url));
const two = pair({ server: { run: [process.execPath, cli] } });

test("two talk and write through the server for Node.js; a reload and a restart lose nothing", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("7", here()), two.high("9", here())]);
  await bothHear(a, LOW, b, HIGH);
  await a.says("hello");
  await b.reads(["hello"]);
  await b.says("hello yourself");
  await a.reads(["hello", "hello yourself"]);
  await b.page.reload();
  await b.reads(["hello", "hello yourself"]);
  await bothHear(a, LOW, b, HIGH);
  // The call goes on without the server, and the chat by its data channel.
  await two.server.kill("SIGTERM");
  await a.says("without a server");
  await b.reads(["hello", "hello yourself", "without a server"]);
  await two.server.start();
  await Promise.all([a, b].map((person) => person.until((s) => s.session.state === "joined" && s.chat.messages.every((m) => m.saved !== false))));
  await Promise.all([a.hears(HIGH), b.hears(LOW)]);
  await a.click("Leave");
  await b.until((s) => s.peer.presence === "absent");
  assert.match(two.server.log, / joined user="7"/);
});
