// Silent connections do not use up what the process may open, and when they do, it says so and recovers.
import assert from "node:assert/strict";
import { test } from "node:test";

import { tcp, webSocket } from "./raw.mjs";
import { attacked, auth, connections, until } from "./watch.mjs";

const silent = async (t, server) => {
  const peers = await Promise.all(Array.from({ length: 300 }, () => tcp(server, { from: "127.0.0.2" })));
  t.after(() => peers.forEach((peer) => peer.end()));
  return peers;
};

async function getsIn(t, server, ms) {
  const engine = await webSocket(server, { ms }).catch(() => assert.fail(`300 silent connections keep others out for ${ms} ms`));
  t.after(() => engine.end());
  assert.ok((await engine.enter(auth("descriptors", "7"))).sid);
  engine.end();
}

test("a soft limit of 256 descriptors is raised: 300 silent connections keep nobody out", async (t) => {
  const server = await attacked(t, { wrap: ["prlimit", "--nofile=256:4096"] });
  await silent(t, server);
  await getsIn(t, server, 3_000);
});

test("at a hard limit of 256 the log says that it is reached, and the server recovers", async (t) => {
  const server = await attacked(t, { wrap: ["prlimit", "--nofile=256:256"] });
  const peers = await silent(t, server);
  await until("a line of the log about what could not be accepted", () => /accept/i.test(server.log), 3_000);
  const lines = server.log.split("\n").filter((line) => /accept/i.test(line));
  assert.ok(lines.length <= 20, `${lines.length} lines of log`);
  for (const peer of peers) peer.end();
  await until("the end of them", () => !connections(server).some(({ from }) => from === "127.0.0.2"));
  await getsIn(t, server, 5_000);
});
