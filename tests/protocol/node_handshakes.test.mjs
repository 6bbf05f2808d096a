// Handshakes at an app's own server that come to nothing, or that its rules can't read: everybody is answered, and nothing of them is kept.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { io as connect } from "socket.io-client";

import { instance } from "../server/support.mjs";
import { app, enter, token, until } from "./node_app.mjs";

/** Half of a surrogate pair, as a name has it that was cut within an emoji. */
const HALF = "\ud83d";
const MANY = 5;

const handshake = (user, more = {}) => ({ v: 1, token: token(user), sessionId: "s", userId: user, instance: instance(), ...more });

/** How often Socket.IO was told of each socket whether it is let in. */
function decisions({ io }) {
  const told = new Map();
  const namespace = io.of("/pairvoice");
  const run = namespace.run;
  namespace.run = (socket, decided) => {
    told.set(socket.id, 0);
    return run.call(namespace, socket, (error) => {
      told.set(socket.id, told.get(socket.id) + 1);
      decided(error);
    });
  };
  return told;
}

/** Sockets that Socket.IO keeps because nobody has told it whether they are let in. */
const kept = ({ io }) => io.of("/pairvoice")._preConnectSockets.size;

/** A step of a handshake that is never done, and how often it was begun. */
function stuck() {
  const step = { begun: 0, wait: () => ((step.begun += 1), new Promise(() => {})) };
  return step;
}

describe("a handshake", { concurrency: true }, () => {
  const steps = {
    "its token is verified": (wait) => ({ verify: wait }),
    "ICE servers are asked for": (wait) => ({ iceServers: wait }),
    "the chat log is read": (wait) => ({ store: { load: wait, read: wait, find: wait, write: wait } }),
  };
  for (const [name, options] of Object.entries(steps)) {
    test(`whose connection ends while ${name} leaves nothing behind`, async (t) => {
      const step = stuck();
      const server = await app(t, options(step.wait));
      // A store that never answers would keep the app from closing.
      if (name.includes("chat log")) server.pairvoice.close = async () => {};
      const told = decisions(server);
      const sockets = Array.from({ length: MANY }, (_, n) => connect(`${server.url}/pairvoice`, { forceNew: true, reconnection: false, transports: ["websocket"], auth: handshake(String(n)) }));
      t.after(() => sockets.forEach((socket) => socket.disconnect()));
      await until("all to be asked about", () => kept(server) === MANY && step.begun > 0);
      for (const socket of sockets) socket.disconnect();
      await until("nothing to be left", () => kept(server) === 0);
      assert.deepEqual([...told.values()], Array(MANY).fill(1), "Socket.IO is told once");
    });
  }

  test("that comes twice in one packet ends the connection and leaves nothing behind", async (t) => {
    const step = stuck();
    const server = await app(t, { verify: step.wait });
    const told = decisions(server);
    const polling = `${server.url}/socket.io/?EIO=4&transport=polling`;
    for (let n = 0; n < MANY; n += 1) {
      const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1));
      const packet = `40/pairvoice,${JSON.stringify(handshake(String(n)))}`;
      await fetch(`${polling}&sid=${sid}`, { method: "POST", body: `${packet}\x1e${packet}` });
      await until("the second one", () => told.size === 2 * (n + 1));
    }
    await until("nothing to be left", () => kept(server) === 0);
    assert.equal(step.begun, MANY, "the second one is not verified");
    assert.deepEqual([...told.values()], Array(2 * MANY).fill(1), "Socket.IO is told once");
  });

  test("that waits while the server closes is told when to come back", async (t) => {
    const step = stuck();
    const server = await app(t, { verify: step.wait });
    const told = decisions(server);
    const refused = enter(server, "7").then(assert.fail, (error) => error);
    await until("the token to be verified", () => step.begun === 1);
    await server.pairvoice.close();
    const { code, afterMs } = await refused;
    assert.ok(code === "restarting" && afterMs > 0);
    await until("nothing to be left", () => kept(server) === 0);
    assert.deepEqual([...told.values()], [1]);
  });

  test("is answered when a name was cut within a character, by socket, by renewal and by HTTP", async (t) => {
    const verify = (_, { sessionId, userId }) => ({ sub: userId, session: sessionId, name: `Ada ${HALF}` });
    const server = await app(t, { verify });
    const a = await enter(server, "7");
    const { peer } = (await enter(server, "9")).welcome;
    assert.equal(peer.name, "Ada \ufffd");
    assert.deepEqual(await a.emit("token", { token: "x" }), { ok: true });
    const knock = await fetch(`${server.url}/pairvoice/knock`, { method: "POST", headers: { "content-type": "text/plain" }, body: JSON.stringify(handshake("7", { sessionId: "t" })) });
    assert.equal(knock.status, 200);
  });

  test("is refused when its token is for a user that can't be", async (t) => {
    const verify = (_, { sessionId, userId }) => ({ sub: userId, session: sessionId, participants: [userId, HALF] });
    const server = await app(t, { verify });
    const { code, detail } = await enter(server, "7").then(assert.fail, (error) => error);
    assert.deepEqual([code, detail], ["unauthorized", "invalid"]);
  });

  test("is answered without an ICE server whose words can't be told", async (t) => {
    const lines = [];
    const iceServers = [{ urls: "turn:a", username: HALF, credential: "c" }, { urls: "stun:b" }];
    const server = await app(t, { iceServers, log: (line) => lines.push(line.event) });
    const { welcome } = await enter(server, "7");
    assert.deepEqual(welcome.iceServers, [{ urls: ["stun:b"] }]);
    assert.ok(lines.includes("ice-failed"));
  });

  test("of somebody who left before it came is no longer looked at", async (t) => {
    const server = await app(t);
    const told = decisions(server);
    // Socket.IO may take its time before it asks: the connection ends meanwhile.
    const namespace = server.io.of("/pairvoice");
    const create = namespace._createSocket;
    namespace._createSocket = async (client, auth) => {
      client.conn.close(true);
      return create.call(namespace, client, auth);
    };
    const socket = connect(`${server.url}/pairvoice`, { forceNew: true, reconnection: false, transports: ["websocket"], auth: handshake("7") });
    t.after(() => socket.disconnect());
    await until("nothing to be left", () => told.size === 1 && kept(server) === 0);
    assert.deepEqual([[...told.values()], server.pairvoice.sessions], [[1], 0]);
  });
});
