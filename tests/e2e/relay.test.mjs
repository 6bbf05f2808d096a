// The relay on the server's own port: calls for which there is no direct path, or shall be none.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Person, bothHear, launch } from "./support/browser.mjs";
import { makeNamespace, whyNoNamespace } from "./support/namespace.mjs";
import { HIGH, LOW, fresh } from "./support/pair.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "../server/watch.mjs";

/** Only what passes a proxy for HTTP may leave this browser. */
const noUdp = ["--webrtc-ip-handling-policy=disable_non_proxied_udp", "--force-webrtc-ip-handling-policy"];

/** A server and two browsers, each with a tone, which are closed after the test. */
async function world(t, { args = ["--dev"], low = {}, high = {}, ...more } = {}) {
  const [server, lowBrowser, highBrowser] = await Promise.all([
    startServer({ args, ...more }),
    launch({ hertz: LOW, ...low }),
    launch({ hertz: HIGH, ...high }),
  ]);
  t.after(async () => {
    await Promise.all([lowBrowser.close(), highBrowser.close()]);
    await server.stop();
  });
  return { server, lowBrowser, highBrowser };
}

const path = (person, wanted) => person.until((s, path) => s.voice?.path === path, wanted);

/** The value of one of the server's metrics. */
async function metric(server, name) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(text.match(new RegExp(`^${name} (.*)$`, "m"))[1]);
}

test("relayOnly: the other learns no address of this host, and both hear each other", async (t) => {
  const { server, lowBrowser, highBrowser } = await world(t);
  const here = fresh();
  const sent = [];
  const shy = await Person.open(lowBrowser, server, "1", here({ query: { relay: "only" }, open: false }));
  shy.page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));
  shy.page.on("request", (request) => request.url().includes("/knock") && sent.push(request.postData()));
  await shy.visit();
  const other = await Person.open(highBrowser, server, "2", here());
  await bothHear(shy, LOW, other, HIGH);
  await Promise.all([path(shy, "relay"), path(other, "relay")]);
  const said = sent.join("\n");
  const candidates = said.match(/candidate:[^"\\]*/g);
  assert.ok(candidates.length > 0 && candidates.every((line) => line.includes("typ relay")), candidates.join("\n"));
  // What stands in a description is a relayed address at most.
  const relayed = candidates.map((line) => line.split(" ")[4]);
  const named = said.match(/IN IP[46] [^\\"\s]+/g).map((line) => line.split(" ")[2]);
  assert.ok(named.every((address) => ["0.0.0.0", "127.0.0.1", ...relayed].includes(address)), named.join());
  await until("a second of sound by the relay", async () => (await metric(server, "pairvoice_relay_packets_total")) > 50);
  assert.ok((await metric(server, "pairvoice_relay_allocations")) >= 2);
  // A call that ends gives back what it had of the relay.
  await Promise.all([shy.close(), other.close()]);
  await until("the end of the allocations", async () => (await metric(server, "pairvoice_relay_allocations")) === 0);
});

test("two windows that may not use UDP still talk", async (t) => {
  const { server, lowBrowser, highBrowser } = await world(t, { low: { more: noUdp }, high: { more: noUdp } });
  const here = fresh();
  const [a, b] = [await Person.open(lowBrowser, server, "1", here()), await Person.open(highBrowser, server, "2", here())];
  await bothHear(a, LOW, b, HIGH);
  await Promise.all([path(a, "relay"), path(b, "relay")]);
});

test("credentials that run out in mid-call are exchanged without a gap", async (t) => {
  const { server, lowBrowser, highBrowser } = await world(t, { args: ["--dev", "--turn-lifetime", "10"] });
  const here = fresh({ query: { relay: "only" } });
  const [a, b] = [await Person.open(lowBrowser, server, "1", here()), await Person.open(highBrowser, server, "2", here())];
  await bothHear(a, LOW, b, HIGH);
  const states = [a, b].map((person) =>
    person.page.evaluate(() => {
      globalThis.seen = [];
      globalThis.session.subscribe(() => globalThis.seen.push(globalThis.session.getState().voice.state));
    }),
  );
  await Promise.all(states);
  // On a busy machine the first connection may have come too late for the first credentials.
  const made = () => a.page.evaluate(() => globalThis.witness.connections.length);
  const [first, before] = [await a.page.evaluate(() => globalThis.witness.offers), await made()];
  // Twice: the first credentials have run out by then, and so has what was allocated with them.
  await a.page.waitForFunction((before) => globalThis.witness.offers >= before + 2, first);
  await bothHear(a, LOW, b, HIGH);
  assert.equal(await made(), before, "the connection stayed the same");
  for (const person of [a, b]) {
    const seen = await person.page.evaluate(() => globalThis.seen);
    assert.ok(seen.every((state) => state === "connected"), seen.join());
  }
});

test("a relay that is full tells the next caller, and those who talk go on talking", async (t) => {
  const { server, lowBrowser, highBrowser } = await world(t, { args: ["--dev", "--relay-allocations", "4"] });
  const here = fresh({ query: { relay: "only" } });
  const [a, b] = [await Person.open(lowBrowser, server, "1", here()), await Person.open(highBrowser, server, "2", here())];
  await bothHear(a, LOW, b, HIGH);
  const there = fresh({ query: { relay: "only" } });
  const [c, d] = [await Person.open(lowBrowser, server, "1", there()), await Person.open(highBrowser, server, "2", there())];
  // A microphone that is granted after that is a reason to try again.
  await Promise.all([c.until((s) => s.voice?.reason === "relay-busy"), d.voice("unavailable")]);
  await bothHear(a, LOW, b, HIGH);
});

test("who did not reach the relay is told apart on both sides", async (t) => {
  const { server, lowBrowser, highBrowser } = await world(t);
  const here = fresh({ query: { relay: "only" } });
  // The network of this page lets nothing through to the relay.
  const init = `const Native = RTCPeerConnection;
    const lost = (c) => ({ ...c, iceServers: c.iceServers.map((s) => ({ ...s, urls: ["turn:127.0.0.1:9?transport=tcp"] })) });
    globalThis.RTCPeerConnection = class extends Native { constructor(c) { super(lost(c)); } };`;
  const cut = await Person.open(lowBrowser, server, "1", here({ init }));
  const other = await Person.open(highBrowser, server, "2", here());
  // What cannot be is known at once; a microphone that is granted after that is a reason to try again.
  await Promise.all([[cut, "relay-unreachable"], [other, "peer-unreachable"]].map(([person, reason]) => person.until((s, wanted) => s.voice?.reason === wanted, reason)));
});

test("a call whose direct path breaks goes on through the relay, and goes back when a direct path is there", { skip: whyNoNamespace() }, async (t) => {
  const namespace = makeNamespace();
  t.after(namespace.remove);
  const { wrap, wrapper } = namespace;
  const { server, lowBrowser, highBrowser } = await world(t, { wrap, port: 8787, low: { wrapper }, high: { wrapper } });
  const here = fresh();
  const [a, b] = [await Person.open(lowBrowser, server, "1", here()), await Person.open(highBrowser, server, "2", here())];
  await bothHear(a, LOW, b, HIGH);
  await Promise.all([path(a, "direct"), path(b, "direct")]);
  namespace.cutMedia();
  await Promise.all([path(a, "relay"), path(b, "relay")]);
  await bothHear(a, LOW, b, HIGH);
  namespace.restoreMedia();
  await a.page.evaluate(() => dispatchEvent(new Event("online")));
  await Promise.all([path(a, "direct"), path(b, "direct")]);
  await bothHear(a, LOW, b, HIGH);
});
