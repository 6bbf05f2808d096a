// What is done before a socket is open, and before both want voice.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const setup = pair({ server: { page: "tests/e2e/page" } });

/** Joins, or begins a call, in a page that has just been opened. */
async function begin(person, how) {
  await person.page.waitForFunction(() => globalThis.pairvoice);
  await person.page.evaluate(async (name) => {
    globalThis.session = await globalThis.pairvoice[name](globalThis.options);
  }, how);
}

const start = (person) => person.page.evaluate(() => globalThis.session.startVoice());
const linked = (person) =>
  person.page.waitForFunction(() => globalThis.witness.connections.some((c) => c.connectionState === "connected"));

/** Runs in the page: an offer has its answer. */
const isPrepared = () => globalThis.witness.connections[0]?.remoteDescription && globalThis.witness.connections[0].signalingState === "stable";

/** Packets of sound that a page's connections have sent and got. */
const packets = (person) =>
  person.page.evaluate(async () => {
    const sums = { sent: 0, got: 0 };
    for (const connection of globalThis.witness.connections) {
      if (connection.signalingState === "closed") continue;
      for (const entry of (await connection.getStats()).values()) {
        if (entry.type === "outbound-rtp") sums.sent += entry.packetsSent;
        if (entry.type === "inbound-rtp") sums.got += entry.packetsReceived;
      }
    }
    return sums;
  });

/** Opens a page from which no transport of Socket.IO gets an answer. */
async function openBarred(person) {
  await person.page.route("**/socket.io/**", () => {});
  await person.page.routeWebSocket(/socket\.io/, () => {});
  await person.visit();
}

for (const [name, first, second] of [["the offerer", "1", "2"], ["the answerer", "2", "1"]]) {
  test(`a call without a socket: ${name} first`, async () => {
    const here = fresh();
    const low = await setup.low(first, here({ query: { peer: second }, open: false }));
    const high = await setup.high(second, here({ query: { peer: first }, open: false }));
    await Promise.all([openBarred(low), openBarred(high)]);
    await begin(low, "startVoiceCall");
    await begin(high, "startVoiceCall");
    await bothHear(low, LOW, high, HIGH);
    for (const person of [low, high]) assert.notEqual((await person.state()).session.state, "joined");
  });

  test(`${name} waits: descriptions are exchanged, and no address, until the other starts`, async () => {
    const here = fresh();
    const low = await setup.low(first, here());
    const high = await setup.high(second, here());
    await Promise.all([begin(low, "startVoiceCall"), begin(high, "joinSession")]);
    await Promise.all([low, high].map(({ page }) => page.waitForFunction(isPrepared)));
    for (const { page } of [low, high]) {
      const known = await page.evaluate(() => globalThis.witness.connections[0].remoteDescription.sdp.match(/a=candidate:.*/g));
      assert.equal(known, null, "no candidate of the other is known");
    }
    assert.equal((await high.state()).voice.state, "off");
    assert.equal(await high.witnessed("prompts"), 0);
    await start(high);
    await bothHear(low, LOW, high, HIGH);
    assert.deepEqual([await low.held(), await high.held()].map((held) => held.connections), [1, 1]);
  });
}

/** A page whose network lets it have no candidate: it may use a relay alone, and there is none. */
const nowhere = `const Native = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    constructor(configuration) { super({ ...configuration, iceServers: [], iceTransportPolicy: "relay" }); }
  };`;

for (const [first, second, who] of [["1", "2", "waited"], ["2", "1", "waited"], ["1", "2", "starts"], ["2", "1", "starts"]]) {
  test(`user ${second} starts after user ${first}, and who ${who} can have no candidate: nobody waits for a path that can't be`, async () => {
    const here = fresh();
    const low = await setup.low(first, here({ init: who === "waited" ? nowhere : undefined }));
    const high = await setup.high(second, here({ init: who === "starts" ? nowhere : undefined }));
    await Promise.all([begin(low, "startVoiceCall"), begin(high, "joinSession")]);
    await Promise.all([low, high].map(({ page }) => page.waitForFunction(isPrepared)));
    await start(high);
    await Promise.all([low.voice("unavailable"), high.voice("unavailable")]);
    const decisions = (await Promise.all([low, high].map(({ page }) => page.evaluate(() => JSON.stringify(globalThis.session.diagnostics().decisions))))).join();
    assert.match(decisions, /connectionFailed/);
    assert.doesNotMatch(decisions, /connectTooLong/);
  });
}

test("standby: a link without a microphone and without a packet of sound, and sound both ways once both want it", async () => {
  const here = fresh({ query: { standby: "" } });
  const low = await setup.low("1", here());
  const high = await setup.high("2", here());
  await Promise.all([begin(low, "joinSession"), begin(high, "joinSession")]);
  await Promise.all([linked(low), linked(high)]);
  assert.deepEqual([await low.witnessed("prompts"), await high.witnessed("prompts")], [0, 0]);
  await start(low);
  await low.until((s) => s.voice.state === "waiting" && s.voice.microphone.state === "live");
  await high.until((s) => s.peer.voice);
  for (const person of [low, high]) assert.deepEqual(await packets(person), { sent: 0, got: 0 });
  await start(high);
  await bothHear(low, LOW, high, HIGH);
  await low.page.evaluate(() => globalThis.session.stopVoice());
  await low.until((s) => s.voice.state === "off");
  await high.until((s) => s.voice.state === "waiting");
  await high.hearsNothing();
  const [before, after] = [await packets(high), await packets(high)];
  assert.equal(after.sent, before.sent, "nothing goes to somebody who does not want to hear it");
  await start(low);
  await bothHear(low, LOW, high, HIGH);
  for (const person of [low, high]) {
    const connections = await person.page.evaluate(() => globalThis.witness.connections.length);
    assert.equal(connections, 1, "the link stood all the while");
  }
});
