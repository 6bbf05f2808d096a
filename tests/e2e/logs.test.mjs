// Behaviour 7: few lines, the same on both sides and in the server, and never a secret, an address or a text.
import assert from "node:assert/strict";
import { test } from "node:test";

import { logged } from "../server/support.mjs";
import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();

test("the console and the server show one line per attempt and one per change of voice", async () => {
  const here = fresh();
  const [a, b] = await Promise.all([two.low("7", here()), two.high("9", here())]);
  await bothHear(a, LOW, b, HIGH);
  for (const person of [a, b]) {
    assert.equal(person.console.filter((line) => line === "pairvoice: user 7 offers, user 9 answers").length, 1);
    assert.equal(person.console.filter((line) => line === "pairvoice: voice connected").length, 1);
    assert.ok(person.console.every((line) => /^pairvoice: (user 7 offers|voice [a-z]+$)/.test(line)), person.console.join("\n"));
  }
  assert.equal(two.server.log.match(/user "7" offers, user ("9"|\(not here yet\))/g).length, 1);
  await logged(two.server, /voice connected room="s-\d+" user="7" socket=\S+/);
});

test("no secret, address or text is in any log, at debug level neither", async () => {
  const here = fresh({ query: { log: "debug" } });
  const [a, b] = await Promise.all([two.low("7", here()), two.high("9", here())]);
  await bothHear(a, LOW, b, HIGH);
  await a.says("a very private remark");
  await b.reads(["a very private remark"]);
  const token = await (await fetch(`${two.server.url}/dev/token?session=x&user=7`)).text();
  const candidates = await a.page.evaluate(() => globalThis.witness.connections[0].localDescription.sdp);
  const address = candidates.match(/candidate:\S+ 1 udp \d+ (\S+)/)?.[1];
  assert.ok(address, "there is an address to look for");
  const everything = [...a.console, ...b.console, two.server.log].join("\n");
  for (const secret of ["private remark", token.split(".")[0], address, "candidate:", "ice-ufrag", "a=fingerprint"]) {
    assert.ok(!everything.includes(secret), `${secret} is in a log`);
  }
});

test("silent is silent", async () => {
  const here = fresh({ query: { log: "silent" } });
  const [a, b] = await Promise.all([two.low("7", here()), two.high("9", here())]);
  await bothHear(a, LOW, b, HIGH);
  assert.deepEqual([...a.console, ...b.console], []);
});
