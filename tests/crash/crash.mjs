// The server is killed again and again, connections are cut, and two clients write all the time: the official
// socket.io-client speaking the protocol, and the package in a browser. Nothing may be lost, doubled or out of order.
import assert from "node:assert/strict";

import { Person, launch } from "../e2e/support/browser.mjs";
import { startServer } from "../e2e/support/server.mjs";
import { ChatClient } from "./client.mjs";

/** Writes between two kills, of each client; in bursts, so that some are under way at any time. */
const LINES = 50;

/** Runs in the page: joins, and notes where each message stood in the log, and whatever should not be. */
async function joinAndWatch() {
  const seen = (globalThis.seen = { places: new Map(), events: new Map(), wrong: [] });
  const session = await globalThis.pairvoice.joinSession(globalThis.options);
  globalThis.session = session;
  session.on("message", (m) => seen.events.set(m.id, (seen.events.get(m.id) ?? 0) + 1));
  session.subscribe(() => {
    let last = 0;
    for (const { id, seq, status } of session.getState().chat.messages) {
      if (status === "failed") seen.wrong.push(`failed ${id}`);
      if (seq === null) continue;
      if (seq <= last) seen.wrong.push(`${seq} after ${last}`);
      last = seq;
      const before = seen.places.get(id);
      if (before !== undefined && before !== seq) seen.wrong.push(`${id} moved from ${before} to ${seq}`);
      seen.places.set(id, seq);
    }
  });
}

/** Runs in the page: writes lines with pauses of the browser's own between the bursts. */
async function write({ from, count }) {
  for (let n = from; n < from + count; n += 1) {
    globalThis.session.send(`browser ${n}`);
    if (Math.random() < 0.3) await new Promise((resolve) => setTimeout(resolve));
  }
}

/** The same for the other client. */
async function writeHere(node, from) {
  for (let n = from; n < from + LINES; n += 1) {
    node.send(`node ${n}`);
    if (Math.random() < 0.3) await new Promise((resolve) => setTimeout(resolve));
  }
}

/** Runs in the page. */
const breakSockets = () => globalThis.witness.sockets.forEach((socket) => socket.close());

/** Runs in the page: the whole chat as it is shown, page by page. */
async function everything() {
  const session = await globalThis.pairvoice.joinSession(globalThis.options);
  const shown = new Map();
  return new Promise((resolve) => {
    const look = () => {
      const { session: joined, chat } = session.getState();
      for (const { seq, sender, text } of chat.messages) shown.set(seq, [sender, text]);
      if (joined.state !== "joined") return;
      if (chat.more) session.loadEarlier();
      else resolve([...shown].sort(([a], [b]) => a - b));
    };
    session.subscribe(look);
    look();
  });
}

/** Kills the server `kills` times while 2 × 50 × `kills` messages are written; returns what happened. */
export async function crash({ kills, report = () => {} }) {
  const [server, browser] = await Promise.all([startServer({ page: "tests/e2e/page", args: ["--dev", "--rate", "1000"] }), launch()]);
  let node;
  try {
    node = new ChatClient(server, "crash", "2");
    const person = await Person.open(browser, server, "1", { query: { session: "crash" } });
    const { page } = person;
    await page.waitForFunction(() => globalThis.pairvoice);
    await page.evaluate(joinAndWatch);
    let [cuts, unacknowledged] = [0, 0];
    for (let kill = 0; kill < kills; kill += 1) {
      // Each life of the server does some work, and dies in the middle of it.
      const until = node.since + 1 + Math.floor(Math.random() * LINES);
      const writing = [page.evaluate(write, { from: kill * LINES, count: LINES }), writeHere(node, kill * LINES)];
      for (const break_ of [() => node.cut(), () => page.evaluate(breakSockets)]) {
        if (Math.random() < 0.25) cuts += (await break_(), 1);
      }
      await node.until(() => node.since >= until);
      await server.kill("SIGKILL");
      unacknowledged += node.outbox.length;
      await Promise.all(writing);
      await server.start();
      await person.session("joined");
      report(`${kill + 1} kills, ${node.since} messages in the log, ${node.outbox.length} of the other client's on their way`);
    }
    const total = 2 * LINES * kills;
    report("all is written; waiting until both know all of it");
    await node.until(() => node.since === total && node.outbox.length === 0);
    await person.until((s, last) => s.chat.unsent === 0 && s.chat.messages.at(-1).seq === last, total);
    report("both know all of it; the page is loaded anew");
    const seen = await page.evaluate(() => ({
      events: [...globalThis.seen.events],
      wrong: globalThis.seen.wrong,
      joins: globalThis.witness.sockets.length,
    }));
    await page.reload();
    await page.waitForFunction(() => globalThis.pairvoice);
    check({ node, seen, shown: await page.evaluate(everything), kills });
    return { messages: total, kills, cuts, unacknowledged, connections: node.connections + seen.joins };
  } finally {
    node?.leave();
    await browser.close();
    await server.stop();
  }
}

function check({ node, seen, shown, kills }) {
  const expected = (name) => Array.from({ length: LINES * kills }, (_, n) => `${name} ${n}`);
  const log = [...node.log].sort(([a], [b]) => a - b);
  const by = (user) => log.filter(([, m]) => m.sender === user).map(([, m]) => m.text);
  assert.deepEqual(by("1"), expected("browser"), "each of the browser's messages once and in order");
  assert.deepEqual(by("2"), expected("node"), "each of the other's messages once and in order");
  assert.deepEqual(log.map(([seq]) => seq), log.map((_, at) => at + 1), "no number is missing");
  assert.deepEqual(shown, log.map(([seq, m]) => [seq, [m.sender, m.text]]), "both lists are equal");
  assert.deepEqual(node.broken, []);
  assert.deepEqual(seen.wrong, []);
  assert.deepEqual(seen.events.filter(([, times]) => times !== 1), [], "no message was announced twice");
}
