// Who does not read is hung up on, whoever writes to them is not harmed, and their next welcome brings what waited.
import assert from "node:assert/strict";
import { test } from "node:test";

import { blind, connectPacket, seated, webSocket } from "./raw.mjs";
import { GROWTH, MIB, attacked, auth, envelope, growth, holds, until } from "./watch.mjs";

/** Signals that one side sends: 19 MiB, which is more than the system's buffers of a connection take. */
const SIGNALS = 600;
const PAIRS = 4;

/** A pair of which one side does not read. */
async function pair(server, session) {
  const reader = auth(session, "9");
  const peer = await blind(server);
  assert.ok(await peer.send(connectPacket(reader)));
  const engine = await seated(server, session, "7");
  await until("the other to be there", () => engine.other?.presence === "present");
  return { reader, peer, engine, sequence: 0 };
}

const away = ({ engine }) => engine.other?.presence === "away";

/** Sends signals of 32 KiB as fast as is allowed, until the other is gone. */
async function talk(one) {
  const began = performance.now();
  const answers = [];
  while (answers.length < SIGNALS && !away(one)) {
    const allowed = 340 + ((performance.now() - began) / 1000) * 90;
    if (answers.length >= allowed) {
      await until("the next event to be allowed", () => answers.length < 340 + ((performance.now() - began) / 1000) * 90);
    }
    const body = { candidate: { candidate: "x".repeat(32_000) } };
    const signals = Array.from({ length: 10 }, () => one.engine.emit("signal", envelope(one.engine.seat, (one.sequence += 1), body)));
    answers.push(...(await Promise.all(signals)));
  }
  return answers;
}

for (const [name, sips] of [["deaf readers", false], ["readers of 16 bytes at a time, who answer pings blindly,", true]]) {
  test(`${name} are hung up on, and everybody else goes on`, async (t) => {
    const server = await attacked(t);
    const pairs = await Promise.all(Array.from({ length: PAIRS }, (_, i) => pair(server, `reader-${i}`)));
    t.after(() => pairs.forEach(({ peer, engine }) => (peer.end(), engine.end())));
    const sipping = setInterval(() => sips && pairs.forEach(({ peer }) => peer.sip()), 100);
    const ponging = setInterval(() => sips && pairs.forEach(({ peer }) => peer.send("3")), 1_000);
    t.after(() => (clearInterval(sipping), clearInterval(ponging)));
    let answers = [];
    const grown = await growth(t, server, async () => {
      answers = await Promise.all(pairs.map(talk));
      await until(`the hanging up on whoever did not read ${SIGNALS} signals of 32 KiB`, () => pairs.every(away), 3_000);
    });
    assert.ok(grown < GROWTH, `the process grew by ${Math.round(grown / MIB)} MiB`);
    await until("the ends of their connections", () => !pairs.some(({ peer }) => holds(server, peer.port)), 3_000);
    for (const [index, one] of pairs.entries()) {
      const refused = answers[index].filter((answer) => !answer || (answer.error && answer.error.code !== "busy"));
      assert.deepEqual(refused, [], "whoever writes was harmed");
      // A newer offer: what is parked of the attempt before is no longer wanted.
      const offer = envelope(one.engine.seat, (one.sequence += 1), { offer: { sdp: "v=0" } }, 2);
      assert.equal((await one.engine.emit("signal", offer))?.outcome, "parked");
      const back = await webSocket(server);
      t.after(() => back.end());
      assert.ok((await back.enter(one.reader)).sid);
      assert.deepEqual((await back.first("welcome")).signals.at(-1), offer);
      await until("whoever writes to see the reader again", () => one.engine.other.presence === "present");
    }
  });
}
