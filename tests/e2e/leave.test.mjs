// Behaviours 6, 10 and 11: reloads, take-overs, refusals and goodbyes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CAP_MS, bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair();
const NOTHING = { tracks: 0, connections: 0, sockets: 0 };

/** Nothing is open any more: a goodbye waits for its acknowledgement. */
const heldNothing = (person) =>
  person.page.waitForFunction((nothing) => JSON.stringify(globalThis.witness.held()) === nothing, JSON.stringify(NOTHING), { timeout: CAP_MS });

/** Notes what goes over the newest socket from now on. */
const noteFrames = (person) =>
  person.page.evaluate(() => {
    const socket = globalThis.witness.sockets.at(-1);
    const { send, onmessage } = socket;
    globalThis.frames = [];
    socket.send = (data) => (globalThis.frames.push(`> ${data}`), send.call(socket, data));
    socket.onmessage = (event) => (globalThis.frames.push(`< ${event.data}`), onmessage.call(socket, event));
  });

async function call(here = fresh()) {
  const [a, b] = await Promise.all([two.low("1", here()), two.high("2", here())]);
  await bothHear(a, LOW, b, HIGH);
  return [a, b, here];
}

for (const [index, who] of ["offerer", "answerer"].entries()) {
  test(`the ${who} reloads in mid-call, and both hear each other again`, async () => {
    const people = await call();
    const [a, b] = people;
    for (let again = 0; again < 2; again += 1) {
      await people[index].page.reload();
      await people[index].voice("connected");
      await bothHear(a, LOW, b, HIGH);
    }
    for (const person of [a, b]) assert.equal((await person.held()).connections, 1);
  });

  test(`the ${who} leaves: nothing stays open, and the other sees it at once`, async () => {
    const people = await call();
    const [leaver, other] = [people[index], people[1 - index]];
    await noteFrames(leaver);
    await leaver.click("Leave");
    await leaver.session("ended");
    assert.equal(await leaver.statusLine(), "You left the session.");
    await heldNothing(leaver);
    const frames = await leaver.page.evaluate(() => globalThis.frames);
    const [, bye] = frames.join("\n").match(/^> 42\/pairvoice,(\d+)\["bye",null\]$/m);
    const [word, end] = [`< 43/pairvoice,${bye}[`, "> 41/pairvoice,"].map((start) => frames.findIndex((frame) => frame.startsWith(start)));
    assert.ok(word > 0 && (end < 0 || end > word), `it waits for the server's word\n${frames.join("\n")}`);
    await other.until((s) => s.peer.presence === "absent" && s.voice.state === "waiting");
    await leaver.click("Join again");
    await bothHear(people[0], LOW, people[1], HIGH);
  });

  test(`the ${who} closes the tab, and the other sees it`, async () => {
    const people = await call();
    await people[index].page.close({ runBeforeUnload: true });
    await people[1 - index].until((s) => s.peer.presence === "absent" && s.voice.state === "waiting");
  });

  test(`the ${who}'s tab crashes, and the other sees it`, async () => {
    const people = await call();
    people[index].page.goto("chrome://crash").catch(() => {});
    await people[1 - index].until((s) => s.peer.presence === "absent" && s.voice.state === "waiting");
  });
}

test("a third user is told that the session is full, and the call goes on", async () => {
  const [a, b, here] = await call();
  const third = await two.low("3", here());
  await third.session("ended");
  assert.equal((await third.state()).session.reason, "session-full");
  assert.deepEqual(await third.held(), NOTHING);
  await bothHear(a, LOW, b, HIGH);
});

test("a token that is not for this user, or is none, is invalid", async () => {
  const here = fresh();
  const take = (user) => fetch(`${two.server.url}/dev/token?session=elsewhere&user=${user}`).then((r) => r.text());
  for (const token of [await take("1"), "garbage"]) {
    const person = await two.low("1", here({ hash: `#token=${token}` }));
    await person.session("ended");
    const { session } = await person.state();
    assert.equal(session.reason, "token-invalid");
    assert.equal(await person.statusLine(), "The link to this session is wrong.");
    assert.deepEqual(await person.held(), NOTHING);
  }
});

test("the same user in a second tab takes over, and the first says so", async () => {
  const [a, b, here] = await call();
  const newer = await two.low("1", here());
  await bothHear(newer, LOW, b, HIGH);
  await a.session("ended");
  assert.equal((await a.state()).session.reason, "opened-elsewhere");
  assert.deepEqual(await a.held(), NOTHING);
  await a.click("Continue here");
  await bothHear(a, LOW, b, HIGH);
  await newer.session("ended");
  assert.equal((await newer.state()).session.reason, "opened-elsewhere");
});

test("one that was offline while another tab took over does not come back", async () => {
  const [a, b, here] = await call();
  await a.goOffline();
  const newer = await two.low("1", here());
  await bothHear(newer, LOW, b, HIGH);
  assert.equal((await a.state()).session.state, "offline");
  await a.goOnline();
  await a.session("ended");
  assert.equal((await a.state()).session.reason, "opened-elsewhere");
  assert.equal((await newer.state()).session.state, "joined", "no ping-pong");
  await bothHear(newer, LOW, b, HIGH);
});
