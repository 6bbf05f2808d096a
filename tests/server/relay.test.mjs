// The server by the official client: order, seats, parked signals, refusals.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startServer } from "../e2e/support/server.mjs";
import { instance, join, logged, messageId, rejoin, token } from "./support.mjs";

let server;
let sessions = 0;
const fresh = () => `t-${(sessions += 1)}`;

before(async () => {
  server = await startServer();
});
after(() => server.stop());

async function two() {
  const session = fresh();
  const a = await join(server, session, "7");
  const b = await join(server, session, "9");
  return [a, b, session];
}

const code = (promise) => promise.then(() => "let in", (error) => error.code);

test("20,000 events of one sender, none waiting for another, arrive in order", async (t) => {
  const quick = await startServer({ args: ["--dev", "--rate", "100000"] });
  t.after(() => quick.stop());
  const [a, b] = [await join(quick, "s", "7"), await join(quick, "s", "9")];
  const total = 20_000;
  for (let sent = 0; sent < total; sent += 500) {
    const answers = await Promise.all(Array.from({ length: 500 }, () => a.signal("end")));
    assert.ok(answers.every((answer) => answer.outcome === "delivered"));
  }
  await b.until("signal", (all) => all.length === total);
  assert.ok(b.of("signal").every(({ sequence }, index) => sequence === index + 1));
  a.leave();
  b.leave();
});

test("400 sockets that emit at once upon connect are all answered", async (t) => {
  // What they have logged is left out of no other test's log.
  const crowded = await startServer();
  t.after(() => crowded.stop());
  const clients = await Promise.all(
    Array.from({ length: 200 }, (_, i) => ["7", "9"].map((user) => join(crowded, `crowd-${i}`, user))).flat(),
  );
  const answers = await Promise.all(clients.map((client) => client.signal({ offer: { sdp: "v=0" } })));
  assert.ok(answers.every((answer) => answer.ok));
  for (const client of clients) client.leave();
});

test("an offer before the peer is parked and comes with the welcome; a newer attempt replaces it", async () => {
  const session = fresh();
  const a = await join(server, session, "7");
  assert.equal((await a.signal({ offer: { sdp: "first" } })).outcome, "parked");
  assert.equal((await a.signal({ candidate: { candidate: "x" } })).outcome, "parked");
  assert.equal((await a.signal({ offer: { sdp: "second" } }, { attempt: 2 })).outcome, "parked");
  const b = await join(server, session, "9");
  assert.deepEqual(b.welcome.signals.map((s) => s.body), [{ offer: { sdp: "second" } }]);
  assert.equal(b.welcome.peer.userId, "7");
  assert.equal(b.welcome.peer.presence, "present");
  assert.equal((await a.signal({ candidate: { candidate: "y" } }, { attempt: 2 })).outcome, "delivered");
  const again = await join(server, session, "9", { auth: { instance: b.instance } });
  assert.deepEqual(again.welcome.signals, [], "what was taken is not given again");
  assert.deepEqual((await a.until("peer", (all) => all.at(-1)?.welcomes === 2)).at(-1).instance, b.instance);
  for (const client of [a, b, again]) client.leave();
});

test("an offer in the handshake reaches the other", async () => {
  const session = fresh();
  const b = await join(server, session, "9");
  const me = instance();
  const offer = { session, user: "7", instance: me, attempt: 1, generation: 0, sequence: 1, body: { offer: { sdp: "v=0" } } };
  const a = await join(server, session, "7", { auth: { instance: me, signals: [offer], voice: { on: true } } });
  const [signal] = await b.until("signal", (all) => all.length === 1);
  assert.deepEqual(signal.body, offer.body);
  assert.equal(b.of("peer").at(-1).voice.on, true);
  a.leave();
  b.leave();
});

test("signals of a handshake have the limits of signals, and whoever offers first is blamed for nothing", async () => {
  const session = fresh();
  const b = await join(server, session, "9");
  const me = instance();
  const signal = (sequence, body) => ({ session, user: "7", instance: me, attempt: 1, generation: 0, sequence, body });
  const signals = [signal(1, { offer: { sdp: "x".repeat(33_000) } }), signal(2, { offer: { sdp: "v=0" } })];
  const a = await join(server, session, "7", { auth: { instance: me, signals } });
  const relayed = await b.until("signal", (all) => all.length > 0);
  assert.deepEqual(relayed.map((envelope) => envelope.sequence), [2]);
  await logged(server, new RegExp(`refused a signal of a handshake or a knock room="${session}"`));
  const alone = fresh();
  const early = await join(server, alone, "9");
  assert.equal((await early.signal({ offer: { sdp: "v=0" } })).outcome, "parked");
  await logged(server, new RegExp(`user "9" offers, user \\(not here yet\\) answers room="${alone}"`));
  assert.doesNotMatch(server.log, new RegExp(`the answerer offers room="${alone}"`));
  for (const client of [a, b, early]) client.leave();
});

test("a refused handshake hears nothing of what it sent", async () => {
  const session = fresh();
  const error = await join(server, session, "7", { auth: { since: "a-secret-of-mine" } }).catch((refusal) => refusal);
  assert.equal(error.code, "bad-request");
  assert.equal(error.retryable, false);
  assert.ok(!error.message.includes("secret"), error.message);
});

test("both connect at once, over and over, and each knows the other", async () => {
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const session = fresh();
      const [a, b] = await Promise.all([join(server, session, "7"), join(server, session, "9")]);
      await Promise.all(
        [a, b].map((c) => c.welcome.peer?.presence === "present" || c.until("peer", (all) => all.at(-1)?.presence === "present")),
      );
      a.leave();
      b.leave();
    }),
  );
});

test("a socket dies: away at once, absent after 8 s, and its parked signals stay", async () => {
  const [a, b, session] = await two();
  b.socket.io.engine.close();
  await a.until("peer", (all) => all.at(-1)?.presence === "away");
  assert.equal((await a.signal({ restart: { why: "failed" } })).outcome, "parked");
  await a.until("peer", (all) => all.at(-1)?.presence === "absent");
  const back = await join(server, session, "9", { auth: { instance: b.instance } });
  assert.equal(back.welcome.signals.length, 1);
  a.leave();
  back.leave();
});

test("a signal for another life of the receiver is dropped", async () => {
  const [a, b] = await two();
  assert.equal((await a.signal({ answer: { sdp: "v=0" } }, { to: instance() })).outcome, "dropped");
  assert.equal((await a.signal({ answer: { sdp: "v=0" } }, { to: b.instance })).outcome, "delivered");
  a.leave();
  b.leave();
});

test("a newer instance takes the seat over, and the old one coming back is refused", async () => {
  const [a, b, session] = await two();
  const gone = a.gone();
  const newer = await join(server, session, "7");
  await a.until("notice", (all) => all[0]?.code === "opened-elsewhere");
  await gone;
  assert.equal(await code(join(server, session, "7", { auth: { instance: a.instance } })), "opened-elsewhere");
  assert.ok((await newer.signal("end")).ok);
  await b.until("peer", (all) => all.at(-1)?.instance === newer.instance);
  newer.leave();
  b.leave();
});

test("wrong handshakes are refused with a code", async () => {
  const [a, b, session] = await two();
  assert.equal(await code(join(server, session, "8")), "session-full");
  assert.equal(await code(join(server, session, "7", { auth: { token: "garbage" } })), "unauthorized");
  assert.equal(await code(join(server, session, "7", { auth: { token: await token(server, session, "9") } })), "unauthorized");
  assert.equal(await code(join(server, session, "7", { auth: { v: 2 } })), "version-mismatch");
  assert.equal(await code(join(server, session, "7", { auth: { instance: "short" } })), "bad-request");
  assert.equal(await code(join(server, session, "7", { auth: { userId: "a\nb", token: "x" } })), "bad-request");
  a.leave();
  b.leave();
});

test("a foreign sender and garbage are refused, and the connection stays", async () => {
  const refused = async (code, emit) => {
    const [a, b] = await two();
    assert.equal((await emit(a, b)).error.code, code);
    assert.ok((await a.signal("end")).ok);
    assert.equal((await b.until("signal", (all) => all.length > 0)).length, 1);
    a.leave();
    b.leave();
  };
  await refused("foreign-sender", (a) => a.signal("end", { user: "9" }));
  await refused("foreign-sender", (a) => a.signal("end", { session: "other" }));
  await refused("foreign-sender", (a, b) => a.signal("end", { instance: b.instance }));
  for (const garbage of [null, 7, "x", [], {}, { body: { offer: 1 } }]) {
    await refused("bad-request", (a) => a.emit("signal", garbage));
  }
  await refused("bad-request", (a) => a.emit("no-such-event", {}));
  await refused("too-large", (a) => a.signal({ offer: { sdp: "x".repeat(33_000) } }));
});

test("whoever is refused three times in a row is hung up on", async () => {
  const [a, b] = await two();
  const gone = a.gone();
  for (let times = 0; times < 3; times += 1) assert.equal((await a.emit("signal", null)).error.code, "bad-request");
  await gone;
  await b.until("peer", (all) => all.at(-1)?.presence === "away");
  b.leave();
});

test("a message above the limit closes that socket and nothing else", async () => {
  const [a, b] = await two();
  const closed = a.gone();
  a.socket.emit("signal", a.envelope({ offer: { sdp: "x".repeat(200_000) } }));
  await closed;
  assert.ok((await b.signal("end")).ok);
  assert.equal(b.of("signal").length, 0);
  b.leave();
});

test("a flood is refused with a time to wait, its sender is hung up on, and what is accepted arrives", async () => {
  const [a, b, session] = await two();
  const gone = a.gone();
  const answers = await Promise.all(Array.from({ length: 1000 }, () => a.signal("end").catch(() => undefined)));
  const limited = answers.filter((answer) => answer?.error?.code === "rate-limited");
  assert.equal(limited.length, 3);
  assert.ok(limited.every((answer) => answer.error.retryable && answer.error.afterMs > 0));
  await gone;
  const accepted = answers.filter((answer) => answer?.ok).length;
  assert.ok(accepted >= 350 && accepted < 1000, `${accepted}`);
  await b.until("signal", (all) => all.length === accepted);
  const back = await rejoin(server, session, "7", { auth: { instance: a.instance } });
  back.leave();
  b.leave();
});

test("a receiver that reads nothing does not stop the server, and misses nothing", async () => {
  const [a, b, session] = await two();
  // Node stops reading: its side of the connection fills up.
  b.socket.io.engine.transport.ws.pause();
  const said = [];
  for (let i = 0; i < 40; i += 1) {
    const messages = Array.from({ length: 6 }, () => ({ id: messageId(), text: "x".repeat(7_000) }));
    const answer = await a.emit("chat", { messages });
    assert.ok(answer.ok);
    said.push(...messages.map((m) => m.id));
  }
  b.socket.disconnect();
  b.socket.io.engine.close();
  const back = await join(server, session, "9", { auth: { instance: b.instance } });
  const known = back.welcome.chat.messages.map((m) => m.id);
  let more = back.welcome.chat.more;
  let first = back.welcome.chat.messages[0].seq;
  while (more) {
    const page = await back.emit("history", { before: first, limit: 200 });
    known.unshift(...page.messages.map((m) => m.id));
    more = page.more;
    first = page.messages[0].seq;
  }
  assert.deepEqual(known, said);
  a.leave();
  back.leave();
});

test("a receiver whose channel is full is hung up on, nobody else waits, and it finds everything in the log", async (t) => {
  const quick = await startServer({ args: ["--dev", "--rate", "100000", "--chat-user-limit", "1000"] });
  t.after(() => quick.stop());
  const [a, b] = [await join(quick, "s", "7"), await join(quick, "s", "9")];
  const engine = b.socket.io.engine;
  engine.transport.ws.pause();
  let events = 0;
  while (a.of("peer").at(-1)?.presence !== "away") {
    assert.ok(events < 4000, "the channel never filled up");
    const batch = () => ({ messages: Array.from({ length: 6 }, () => ({ id: messageId(), text: "x".repeat(7_000) })) });
    const answers = await Promise.all(Array.from({ length: 50 }, () => a.emit("chat", batch())));
    assert.ok(answers.every((answer) => answer.ok));
    events += answers.length;
  }
  engine.transport.ws._socket.destroy();
  const back = await join(quick, "s", "9", { auth: { instance: b.instance } });
  assert.equal(back.welcome.chat.last, events * 6);
  await a.until("peer", (all) => all.at(-1)?.presence === "present");
  assert.equal((await a.signal("end")).outcome, "delivered");
  a.leave();
  back.leave();
});

test("bye frees the seat at once", async () => {
  const [a, b, session] = await two();
  assert.ok((await a.emit("bye", null)).ok);
  const [last] = (await b.until("peer", (all) => all.at(-1)?.left)).slice(-1);
  assert.equal(last.presence, "absent");
  const third = await join(server, session, "8");
  assert.equal(third.welcome.peer.userId, "9");
  for (const client of [a, b, third]) client.leave();
});

test("polling works where WebSocket does not", async () => {
  const session = fresh();
  const a = await join(server, session, "7", { transports: ["polling"] });
  const b = await join(server, session, "9");
  assert.equal((await a.signal({ offer: { sdp: "v=0" } })).outcome, "delivered");
  await b.until("signal", (all) => all.length === 1);
  a.leave();
  b.leave();
});

test("a client that begins with polling stays with it: an upgrade is neither offered nor taken", async () => {
  const a = await join(server, fresh(), "7", { transports: ["polling", "websocket"] });
  assert.ok((await a.emit("probe", null)).ok);
  const { transport, id } = a.socket.io.engine;
  assert.equal(transport.name, "polling");
  const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
  const { request } = await import("node:http");
  const status = await new Promise((resolve, reject) => {
    const asked = request({ port: server.port, path: `/socket.io/?EIO=4&transport=websocket&sid=${id}`, headers });
    asked.once("response", (response) => resolve(response.resume().statusCode)).once("upgrade", () => resolve(101)).once("error", reject).end();
  });
  assert.equal(status, 400);
  assert.ok((await a.emit("probe", null)).ok, "the connection goes on");
  a.leave();
});

test("a page of another origin may not connect, one that is served here may", async () => {
  const headers = (origin) => ({ extraHeaders: { origin } });
  assert.equal(await code(join(server, fresh(), "7", headers("https://evil.example"))), "transport");
  const own = await join(server, fresh(), "7", headers(server.url));
  own.leave();
});

test("development tokens are for localhost only", async () => {
  // fetch does not let a Host header be set; what a rebinding page would send is sent by hand.
  const { request } = await import("node:http");
  const status = await new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port: server.port, path: "/dev/token?session=s&user=7", headers: { host: "evil.example" } },
      (response) => resolve(response.resume().statusCode),
    );
    asked.once("error", reject).end();
  });
  assert.equal(status, 403);
});
