// What the apps of the two pages send each other, over the data channel and by the server.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();

/** Collects what a page gets beside the editor's: strings as they are, bytes as arrays, of many the first, the last and how many. */
const listen = (person) =>
  person.page.evaluate(() => {
    globalThis.got = [];
    const plain = (data) => (typeof data === "string" ? data : data.length > 9 ? [data[0], data.at(-1), data.length] : [...data]);
    globalThis.session.on("data", ({ topic, data }) => topic !== "yjs" && globalThis.got.push([topic, plain(data)]));
  });

/** Waits until a page has so many pieces, and resolves with them. */
async function got(person, count) {
  await person.page.waitForFunction((wanted) => globalThis.got.length >= wanted, count);
  return person.page.evaluate(() => globalThis.got);
}

/** Sends, and resolves with "arrived" or the error's code. */
const send = (person, topic, data) =>
  person.page.evaluate(
    ([name, value]) =>
      globalThis.session.sendData(name, Array.isArray(value) ? new Uint8Array(value) : value).then(() => "arrived", ({ code }) => code),
    [topic, data],
  );

async function both(query) {
  const here = fresh({ query });
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await Promise.all([a, b].map((person) => person.until((s) => s.peer?.presence === "present")));
  await Promise.all([a, b].map(listen));
  return [a, b, here];
}

test("strings and bytes arrive once and in order by the server, and then over the data channel", async () => {
  const [a, b] = await both({ voice: "off" });
  const channels = () => a.page.evaluate(() => globalThis.witness.connections.length);
  assert.equal(await send(a, "greeting", "grüß dich 👋"), "arrived");
  assert.equal(await send(a, "bytes", [0, 128, 255]), "arrived");
  assert.equal(await channels(), 0, "by the server");
  assert.deepEqual(await got(b, 2), [["greeting", "grüß dich 👋"], ["bytes", [0, 128, 255]]]);
  for (const person of [a, b]) await person.page.evaluate(() => globalThis.session.startVoice());
  await bothHear(a, LOW, b, HIGH);
  // Sixteen of the largest pieces are more than may be on their way at once.
  await b.page.evaluate(async () => {
    const piece = (number) => new Uint8Array(65_536).fill(number);
    await Promise.all(Array.from({ length: 16 }, (_, number) => globalThis.session.sendData("large", piece(number))));
  });
  const large = await got(a, 16);
  assert.deepEqual(large, large.map((_, n) => ["large", [n, n, 65_536]]));
});

/** Sends what can't be sent now; its fate is in `later`. */
const sendLater = (person, data) =>
  person.page.evaluate((text) => {
    globalThis.later = globalThis.session.sendData("t", text).then(() => "arrived", ({ code }) => code);
  }, data);

test("without a server data goes over the data channel", async () => {
  const [a, b] = await both();
  await bothHear(a, LOW, b, HIGH);
  await a.goOffline();
  assert.equal(await send(a, "t", "over the channel"), "arrived");
  assert.deepEqual(await got(b, 1), [["t", "over the channel"]]);
});

test("without any way data waits for one", async () => {
  const [a, b] = await both({ voice: "off" });
  await a.goOffline();
  await sendLater(a, "later");
  await a.goOnline();
  assert.equal(await a.page.evaluate(() => globalThis.later), "arrived");
  assert.deepEqual(await got(b, 1), [["t", "later"]]);
});

test("what can't be sent is refused, and says why", async () => {
  const alone = await two.low("1", fresh({ query: { voice: "off" } })());
  await alone.session("joined");
  assert.equal(await send(alone, "t", "nobody"), "peer-absent");
  assert.equal(await send(alone, "t".repeat(129), ""), "invalid-options");
  assert.equal(await send(alone, "t", 7), "invalid-options");
  assert.equal(await send(alone, "t", "é".repeat(32_769)), "data-too-large");
  const refused = alone.page.evaluate(async () => {
    const { leave, sendData } = globalThis.session;
    await leave();
    return sendData("t", "late").catch(({ code }) => code);
  });
  assert.equal(await refused, "session-ended", "methods can be passed on as they are");
});

test("a page that was loaded anew gets what is sent to it, and not what was sent to the one before", async () => {
  const [a, b] = await both({ voice: "off" });
  assert.equal(await send(a, "t", "before"), "arrived");
  await b.page.reload();
  await b.until((s) => s.session?.state === "joined" && s.peer.presence === "present");
  await listen(b);
  // Who comes knows it before the other is told; with what comes from the new page the other knows it for sure.
  assert.equal(await send(b, "t", "back"), "arrived");
  assert.equal(await send(a, "t", "after"), "arrived");
  assert.deepEqual(await got(b, 1), [["t", "after"]]);
  assert.deepEqual(await got(a, 1), [["t", "back"]]);
});
