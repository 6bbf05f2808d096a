// What can happen to a call: `during` is the fault, from its beginning to its end.
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const down = (name, seconds) => ({
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
  async during({ server }, call) {
    await server.kill();
    await call.write();
    await pause(seconds);
    await server.start();
  },
});

export const faults = {
  "down-2": down("low", 2),
  "down-5": down("low", 5),
  "down-15": down("low", 15),
  "down-30": down("low", 30),
  "down-120": down("low", 120),
  "move-low": moved("low"),
  "move-high": moved("high"),
  "move-both": moved("low", "high"),
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
    async during({ network }, call) {
      await network.block("low", "server", "on");
      await call.write();
      await pause(25);
      await network.block("low", "server", "off");
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
};
