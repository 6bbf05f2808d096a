// What can happen to a call: `during` is the fault, from its beginning to its end. `mediaLives`: sound goes on, so that there is no
// pause to wait for; `untouched`: the call is the same afterwards, and was never anything but connected.
import assert from "node:assert/strict";

import { pidsOn, signalTo } from "./support.mjs";

/** How long small pauses come one after the other, in seconds. */
const PAUSES_S = Number(process.env.PAUSES_S ?? 600);

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** The link of a host is down for some seconds. */
export const down = (name, seconds) => ({
  name: `link of ${name} down for ${seconds} s`,
  long: seconds >= 30,
  async during({ network }, call) {
    await network.link(name, "down");
    await call.write();
    await pause(seconds);
    await network.link(name, "up");
  },
});

const moved = (...names) => ({
  name: `new address of ${names.join(" and ")}`,
  async during({ network }) {
    for (const name of names) await network.move(name);
  },
});

const killed = (seconds) => ({
  name: `server killed for ${seconds} s`,
  long: seconds >= 30,
  mediaLives: true,
  untouched: true,
  async during({ server }, call) {
    await server.kill();
    await call.write();
    await pause(seconds);
    await server.start();
  },
});

/** A signal for every process of a host's browser. */
const signal = (host, name) => pidsOn(host).forEach((pid) => signalTo(pid, name));

export const faults = {
  "down-2": down("low", 2),
  "down-5": down("low", 5),
  "down-15": down("low", 15),
  "down-30": down("low", 30),
  "down-120": down("low", 120),
  "move-low": moved("low"),
  "move-high": moved("high"),
  "move-both": moved("low", "high"),
  "move-late": {
    name: "no address at low for 3 s, then a new one",
    async during({ network }, call) {
      await network.move("low", async () => {
        await call.write();
        await pause(3);
      });
    },
  },
  "blocked-20": {
    name: "path between the two blocked for 20 s",
    async during({ network }, call) {
      await network.block("low", "high", "on");
      await call.write();
      await pause(20);
      await network.block("low", "high", "off");
    },
  },
  "killed-5": killed(5),
  "killed-30": killed(30),
  "killed-120": killed(120),
  "killed-then-broken": {
    name: "server killed, then the path broken, then both back",
    async during({ server, network }, call) {
      await server.kill();
      await call.write();
      await network.block("low", "high", "on");
      await pause(5);
      await server.start();
      await network.block("low", "high", "off");
    },
  },
  "half-open": {
    name: "the server's packets are lost without a word for 25 s",
    mediaLives: true,
    untouched: true,
    async during({ network }, call) {
      await network.block("low", "server", "on");
      await call.write();
      await pause(25);
      await network.block("low", "server", "off");
    },
  },
  "half-open-idle": {
    name: "a socket that leads nowhere, with nothing to send, is left while the sound goes on",
    mediaLives: true,
    untouched: true,
    async during({ network }, call) {
      await network.block("low", "server", "on");
      // Found out by this side itself, well before Socket.IO's ping.
      await call.low.session("offline");
      await network.block("low", "server", "off");
      await call.low.session("joined");
    },
  },
  "loss-30": {
    name: "30 % loss for 60 s",
    long: true,
    mediaLives: true,
    async during({ network }, call) {
      await network.loss("low", 30);
      await call.write();
      await pause(60);
      await network.loss("low", 0);
    },
  },
  pauses: {
    name: `pauses of 200 to 400 ms every few seconds for ${PAUSES_S} s`,
    long: true,
    mediaLives: true,
    untouched: true,
    async during({ network }, call) {
      const end = Date.now() + PAUSES_S * 1000;
      let pauses = 0;
      for (; Date.now() < end; pauses += 1) {
        await pause(1 + 2 * Math.random());
        await network.link("low", "down");
        await pause(0.2 + 0.2 * Math.random());
        await network.link("low", "up");
      }
      for (const { console: said } of call.both) {
        const times = (what) => said.filter((line) => line.includes(what)).length;
        for (const what of ["restarting ICE", "new connection", "another path", "another socket", "reviving"]) {
          assert.equal(times(what), 0, `${what}, in ${pauses} pauses`);
        }
        // Ever more rarely, and once in a while at least.
        const [looks, probes] = [times("looking at this host's addresses"), times("asking the server")];
        assert.ok(looks > 0 && looks <= 5 + pauses / 3, `${looks} looks in ${pauses} pauses`);
        assert.ok(probes <= 2 + pauses / 10, `${probes} probes in ${pauses} pauses`);
      }
    },
  },
  "slow-1000": {
    name: "one second of delay for 10 s",
    mediaLives: true,
    async during({ network }, call) {
      await network.slow("low", 1000);
      await call.write();
      await pause(10);
      await network.slow("low", 0);
    },
  },
  "frozen-60": {
    name: "page at low frozen for 60 s",
    long: true,
    mediaLives: true,
    untouched: true,
    async during(_, { low, write }) {
      await low.cover();
      await low.lifecycle("frozen");
      await write();
      await pause(60);
      await low.lifecycle("active");
      await low.uncover();
    },
  },
  "asleep-30": {
    name: "machine at low asleep for 30 s",
    long: true,
    async during({ network }) {
      signal(network.hosts.low, "SIGSTOP");
      await pause(30);
      signal(network.hosts.low, "SIGCONT");
    },
  },
  "hidden-20": {
    name: "page at low hidden for 20 s",
    mediaLives: true,
    untouched: true,
    async during(_, { low, write }) {
      await low.cover();
      await write();
      await pause(20);
      await low.uncover();
    },
  },
  "clock-jump": {
    name: "clock of low jumps an hour ahead, then two back",
    mediaLives: true,
    untouched: true,
    async during(_, call) {
      for (const hours of [1, -1]) {
        await call.low.page.evaluate((ms) => globalThis.witness.shiftClock(ms), hours * 3_600_000);
        await call.write();
        await pause(3);
      }
    },
  },
  "reload-low": {
    name: "tab at low reloaded",
    async during(_, call) {
      await call.low.page.reload();
      await call.enter(call.low);
    },
  },
  "crash-low": {
    name: "tab at low crashed, and opened again after 5 s",
    async during(_, call) {
      await call.low.crash();
      await pause(5);
      await call.low.newPage();
      await call.low.visit();
      await call.enter(call.low);
    },
  },
};

/** The main ones, between Chromium at low and Firefox at high. */
export const forFirefox = ["down-5", "down-30", "move-low", "move-high", "blocked-20", "killed-5", "killed-then-broken"];
