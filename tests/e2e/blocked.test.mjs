// Behaviour 9: when voice is impossible, both are told why and what to do, the chat goes on, and a retry connects. Files go in the order of
// their names, two at once: this one waits the longest, and comes early.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Person, bothHear, launch } from "./support/browser.mjs";
import { cuttable } from "./support/cut.mjs";
import { whyNoNamespace } from "./support/namespace.mjs";
import { HIGH, LOW, fresh } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "../server/watch.mjs";

async function chatWorks(a, b, before = []) {
  const said = [...before, "can you read this?", "yes"];
  await a.says(said.at(-2));
  await b.reads(said.slice(0, -1));
  await b.says(said.at(-1));
  await Promise.all([a.reads(said), b.reads(said)]);
  return said;
}

test("no WebRTC in the browser, on either side: both are told, text works", async (t) => {
  const two = await Promise.all([startServer(), launch({ hertz: LOW }), launch({ hertz: HIGH })]);
  const [server, low, high] = two;
  t.after(async () => {
    await Promise.all([low.close(), high.close()]);
    await server.stop();
  });
  for (const lacking of ["1", "2"]) {
    const here = fresh();
    const old = await Person.open(low, server, lacking, here({ init: "delete globalThis.RTCPeerConnection;" }));
    const other = await Person.open(high, server, lacking === "1" ? "2" : "1", here());
    await Promise.all([old.voice("unavailable"), other.voice("unavailable")]);
    assert.equal((await old.state()).voice.reason, "unsupported-browser");
    assert.equal(await old.statusLine(), "This browser cannot make voice calls.");
    assert.equal((await other.state()).voice.reason, "unsupported-browser");
    assert.equal(await other.statusLine(), "The other person’s browser cannot make voice calls.");
    for (const person of [old, other]) assert.ok(await person.page.locator("#hint").textContent());
    await chatWorks(old, other);
    await Promise.all([old.close(), other.close()]);
  }
});

for (const [blocked, hertz] of [["1", LOW], ["2", HIGH]]) {
  test(`media is never possible for user ${blocked}: unavailable with a reason, text works, retry is harmless`, async (t) => {
    const more = ["--webrtc-ip-handling-policy=disable_non_proxied_udp", "--force-webrtc-ip-handling-policy"];
    const [server, low, high] = await Promise.all([
      startServer({ args: ["--dev", "--no-relay"] }),
      launch({ hertz: LOW, more: hertz === LOW ? more : [] }),
      launch({ hertz: HIGH, more: hertz === HIGH ? more : [] }),
    ]);
    t.after(async () => {
      await Promise.all([low.close(), high.close()]);
      await server.stop();
    });
    const here = fresh();
    const [a, b] = await Promise.all([Person.open(low, server, "1", here()), Person.open(high, server, "2", here())]);
    const said = await chatWorks(a, b);
    await Promise.all([a.voice("unavailable"), b.voice("unavailable")]);
    // A try that can have no candidate may be over before one looks.
    const tries = (person) => person.console.filter((line) => line.includes("voice connecting")).length;
    const before = [a, b].map(tries);
    assert.ok(before.every((count) => count > 0), `${before} tries`);
    for (const person of [a, b]) {
      const { voice } = await person.state();
      assert.equal(voice.reason, "no-relay");
      assert.ok(voice.hint);
      assert.equal((await person.held()).connections, 0);
    }
    const retrier = blocked === "1" ? a : b;
    await retrier.click("Try again");
    await until("another try on both sides", () => [a, b].every((person, index) => tries(person) > before[index]));
    await chatWorks(b, a, said);
  });
}

const why = whyNoNamespace();

test("media is cut", { skip: why }, async (t) => {
  const { namespace, server, low, high } = await cuttable(t);

  for (const retrier of [0, 1]) {
    await t.test(`from the start until the ${retrier ? "answerer" : "offerer"} retries`, async () => {
      const here = fresh();
      namespace.cutMedia();
      const people = [];
      try {
        people.push(await Person.open(low, server, "1", here()), await Person.open(high, server, "2", here()));
        const [a, b] = people;
        await Promise.all([a.voice("unavailable"), b.voice("unavailable")]);
        assert.equal((await a.witnessed("offers")), 2, "one rebuild before giving up");
        const said = await chatWorks(a, b);
        for (const person of people) {
          // What is wrong stands in one place, and that one can go on where one writes.
          assert.equal(await person.page.getByText("Voice could not find a direct way").count(), 1);
          assert.equal(await person.page.locator("#messages .note.voice").textContent(), "Voice stopped. You can go on by text.");
        }
        namespace.restoreMedia();
        await people[retrier].click("Try again");
        await bothHear(a, LOW, b, HIGH);
        for (const person of people) {
          await person.page.getByText("Voice is back.").waitFor();
          assert.equal(await person.page.getByRole("button", { name: "Try again" }).count(), 0);
        }
        await chatWorks(b, a, said);
      } finally {
        await Promise.all(people.map((person) => person.close()));
      }
    });

    await t.test(`in mid-call, comes back by itself when it returns (${retrier ? "short" : "until a rebuild"})`, async () => {
      const here = fresh();
      const [a, b] = [await Person.open(low, server, "1", here()), await Person.open(high, server, "2", here())];
      try {
        await bothHear(a, LOW, b, HIGH);
        // Both have told how they hear, so that heartbeats come: silence means something from then on.
        await Promise.all([a, b].map((person) => person.until((s) => s.voice.heard)));
        // What is being done, for how long, and that there is nothing to do; each is said for some seconds only.
        const said = ["Nothing arrives from the other person. Looking for another path.", /^Interrupted for \d+ s\.$/, "Voice comes back by itself. What you write is kept."];
        const told = Promise.all([a, b].flatMap(({ page }) => said.map((text) => page.getByText(text).waitFor())));
        // What it is rejected with is told where it is waited for.
        told.catch(() => {});
        namespace.cutMedia();
        await Promise.all([a.voice("reconnecting"), b.voice("reconnecting"), told]);
        await chatWorks(a, b);
        if (!retrier) await a.page.waitForFunction(() => globalThis.witness.offers > 1);
        namespace.restoreMedia();
        await bothHear(a, LOW, b, HIGH);
        for (const { page } of [a, b]) await page.locator("#since").waitFor({ state: "hidden" });
      } finally {
        await Promise.all([a.close(), b.close()]);
      }
    });
  }
});
