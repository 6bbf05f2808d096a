// Behaviours 1, 2 and 3: the call connects by itself, whoever is smaller and whoever comes first.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();

test("both open a link and hear each other", async () => {
  const here = fresh();
  const [mentor, learner] = await Promise.all([two.low("mentor", here()), two.high("learner", here())]);
  await bothHear(mentor, LOW, learner, HIGH);
  // The second is so once the other has reported what it plays.
  assert.match(await mentor.statusLine(), /^Connected\. (You can talk|learner hears you)\.$/);
  for (const person of [mentor, learner]) {
    assert.equal(await person.witnessed("prompts"), 1);
    assert.equal((await person.held()).connections, 1);
  }
  assert.equal(await learner.witnessed("offers"), 1, "the smaller ID offers");
  assert.equal(await mentor.witnessed("offers"), 0);
});

for (const [offerer, answerer] of [["9", "10"], ["7", "ada"], ["ada", "łukasz"], ["Zoë", "мария"]]) {
  test(`user ${offerer} offers to user ${answerer}, whoever opens which browser`, async () => {
    for (const [first, second] of [[offerer, answerer], [answerer, offerer]]) {
      const here = fresh();
      const a = await two.low(first, here());
      const b = await two.high(second, here());
      await bothHear(a, LOW, b, HIGH);
      const role = async (person) => (await person.state()).voice.role;
      assert.deepEqual([await role(a), await role(b)], first === offerer ? ["offerer", "answerer"] : ["answerer", "offerer"]);
      assert.equal((await a.witnessed("offers")) + (await b.witnessed("offers")), 1);
    }
  });
}

test("one transceiver goes both ways on both sides", async () => {
  const here = fresh();
  const [a, b] = [await two.low("1", here()), await two.high("2", here())];
  await bothHear(a, LOW, b, HIGH);
  for (const person of [a, b]) {
    const directions = await person.page.evaluate(() =>
      globalThis.witness.connections.at(-1).getTransceivers().map((transceiver) => transceiver.currentDirection),
    );
    assert.deepEqual(directions, ["sendrecv"]);
  }
});

test("two people with one ID are told so", async () => {
  const lone = await two.low("7", fresh({ query: { peer: "7" } })());
  await lone.session("ended");
  assert.equal((await lone.state()).session.reason, "same-user");
});

for (const [reader, talker] of [["1", "2"], ["2", "1"]]) {
  test(`user ${reader} came for text only, sees that user ${talker} has voice on, and joins with one click`, async () => {
    const here = fresh();
    const quiet = await two.low(reader, here({ query: { voice: "off" } }));
    const loud = await two.high(talker, here());
    await quiet.until((s) => s.peer?.voice && s.peer.presence === "present");
    await loud.until((s) => s.voice?.state === "waiting" && s.peer.presence === "present");
    assert.equal(await quiet.statusLine(), `${talker} has voice on.`);
    assert.equal(await quiet.witnessed("prompts"), 0, "nobody is pulled into voice");
    await quiet.click("Turn voice on");
    await bothHear(quiet, LOW, loud, HIGH);
    await quiet.click("Text only");
    await loud.voice("waiting");
    // A connection may be prepared for the one who waits: without a microphone.
    const { tracks, sockets } = await quiet.held();
    assert.deepEqual({ tracks, sockets }, { tracks: 0, sockets: 1 });
    await quiet.click("Turn voice on");
    await bothHear(quiet, LOW, loud, HIGH);
  });
}

test("muting silences this side only, and the other sees it", async () => {
  const here = fresh();
  const [a, b] = [await two.low("1", here()), await two.high("2", here())];
  await bothHear(a, LOW, b, HIGH);
  await a.click("Mute");
  await b.until((s) => s.peer.muted);
  await b.hearsNothing();
  await a.hears(HIGH);
  await a.click("Mute");
  await b.hears(LOW);
});

test("both meters move while both speak", async () => {
  const here = fresh();
  const [a, b] = [await two.low("1", here()), await two.high("2", here())];
  await bothHear(a, LOW, b, HIGH);
  for (const meter of ["Your level", "The other person’s level"]) {
    await a.page.waitForFunction((label) => document.querySelector("pairvoice-session").shadowRoot.querySelector(`meter[aria-label="${label}"]`).value > 0.02, meter);
  }
  await a.click("Mute");
  await a.page.waitForFunction(() => document.querySelector("pairvoice-session").shadowRoot.querySelector("#own-level").value === 0);
});

test("blocked autoplay is a state, and one click lets it play", async (t) => {
  const { launch, Person } = await import("./support/browser.mjs");
  const strict = await launch({ hertz: LOW, autoplay: false, prompt: "leave", more: ["--autoplay-policy=user-gesture-required"] });
  t.after(() => strict.close());
  const here = fresh();
  // Without a microphone the page has no other leave to play.
  const person = await Person.open(strict, two.server, "1", here({ context: { permissions: [] } }));
  const other = await two.high("2", here());
  await other.voice("connected");
  await person.until((s) => s.voice?.state === "connected" && s.voice.playbackBlocked);
  await person.click("Play sound");
  await person.until((s) => !s.voice.playbackBlocked);
  await person.hears(HIGH);
});
