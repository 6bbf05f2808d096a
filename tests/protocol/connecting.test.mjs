// The handshake: what it takes, in which order it is looked at, what it is answered with.
import assert from "node:assert/strict";

import { conformance, life, messageId, messages } from "./support.mjs";

conformance((test) => {
  test("Otherwise the first event is", async ({ join }) => {
    const a = await join("7");
    assert.equal(a.heard[0]?.[0] ?? "welcome", "welcome");
    assert.equal(a.welcome.v, 1);
    assert.deepEqual([a.welcome.signals, a.welcome.chat.messages, a.welcome.chat.more], [[], [], false]);
  });

  test("Unknown fields are ignored, absent optional ones are left out", async ({ join }) => {
    const a = await join("7", { later: { deep: [1] }, voice: { on: true, future: 1 } });
    const b = await join("9");
    assert.equal(b.welcome.peer.voice.on, true);
    assert.ok(!("future" in b.welcome.peer.voice) && !("microphoneReason" in b.welcome.peer.voice) && !("left" in b.welcome.peer));
    assert.equal((await a.emit("typing", { on: true, later: 7 })).ok, true);
  });

  test("with another `v` the refusal is `version-mismatch`, whatever the rest looks like", async ({ refusal }) => {
    for (const auth of [{ v: 2 }, { v: "1" }, { v: 0, sessionId: 7, token: null }, { v: null }]) {
      assert.deepEqual(await refusal("7", auth).then(({ code, retryable }) => [code, retryable]), ["version-mismatch", false]);
    }
  });

  test("An `auth` that is missing or does not have its form is `bad-request`.", async ({ refusal }) => {
    const wrong = [
      { userId: "" }, { userId: 7 }, { sessionId: "x".repeat(129) }, { instance: "0A".repeat(16) }, { instance: "0a" },
      { since: -1 }, { since: "1" }, { tip: "no" }, { voice: { microphone: "loud" } }, { signals: {} }, { signals: [{}] }, { check: 1 },
    ];
    for (const auth of wrong) assert.equal((await refusal("7", auth)).code, "bad-request", JSON.stringify(auth));
  });

  for (const [detail, user] of [["a control character", "a\u0007"], ["the control characters of Latin-1", "a\u0085"], ["129 bytes", "é".repeat(65)]]) {
    test("1–128 bytes of UTF-8 without control characters, not normalised", async ({ refusal }) => {
      assert.equal((await refusal(user, { token: "x" })).code, "bad-request");
    }, detail);
  }

  test("1–128 bytes of UTF-8 without control characters, not normalised", async ({ join, refusal }) => {
    for (const user of ["é".repeat(64), "a b/c:d\"e", "\u{1f600}"]) {
      const client = await join(user);
      await client.emit("bye", null);
    }
    await join("\u00e9");
    await join("e\u0301");
    assert.equal((await refusal("third")).code, "session-full");
  }, "128 bytes, spaces and quotes are fine; composed and decomposed are two");

  test("Then comes the token (`unauthorized`), and after it the seat.", async ({ both, refusal }) => {
    await both();
    assert.equal((await refusal("8", { token: "x" })).code, "unauthorized");
    assert.equal((await refusal("8")).code, "session-full");
  });

  test("No refusal quotes what was sent.", async ({ refusal }) => {
    for (const auth of [{ v: "a-secret" }, { token: "a-secret" }, { instance: "a-secret" }, { voice: "a-secret" }]) {
      assert.doesNotMatch((await refusal("7", auth)).message, /a-secret/);
    }
  });

  test("The server closes the connection after it.", async ({ server }) => {
    const { io } = await import("socket.io-client");
    const socket = io(`${server.url}/pairvoice`, { forceNew: true, reconnection: false, transports: ["websocket"], auth: { v: 2 } });
    // Not the socket's disconnect, which the client would ask for: the connection below it.
    await new Promise((resolve) => socket.io.engine.once("close", resolve));
    socket.disconnect();
  });

  test("`peer` is as in the `peer` event. It is whoever has the other seat", async ({ join }) => {
    const me = life();
    await join("7", { instance: me, voice: { on: true, microphone: "live" } });
    const { peer } = (await join("9")).welcome;
    assert.deepEqual([peer.userId, peer.instance, peer.presence, peer.welcomes, peer.voice.on], ["7", me, "present", 1, true]);
  });

  test("else the other participant if the session is pinned (`absent`, without `instance`, `welcomes` 0)", async ({ join, token }) => {
    const { peer } = (await join("7", { token: token("7", { peerUserId: "9" }) })).welcome;
    assert.deepEqual([peer.userId, peer.presence, peer.welcomes, "instance" in peer], ["9", "absent", 0, false]);
  });

  test("else `null`. `signals` are those that waited for this user", async ({ join }) => {
    assert.equal((await join("7")).welcome.peer ?? null, null);
  });

  test("`last` is the number of the newest message, 0 when there is none.", async ({ join }) => {
    const a = await join("7");
    assert.equal(a.welcome.chat.last, 0);
    await a.emit("chat", { messages: messages(3) });
    assert.equal((await join("9")).welcome.chat.last, 3);
  });

  test("`log` is a random text that stays the same for as long as numbers do.", async ({ join }) => {
    const [a, b] = [await join("7"), await join("9")];
    assert.equal(a.welcome.chat.log, b.welcome.chat.log);
    assert.ok(a.welcome.chat.log.length >= 16);
  });

  test("`receipts` is a list of `{ user, delivered, read }`, one for each user who ever sent a receipt in this session, this user among them.", async ({ join }) => {
    const a = await join("7");
    await a.emit("chat", { messages: messages(2) });
    await a.emit("receipt", { user: "7", delivered: 2, read: 1 });
    const me = await join("7", { instance: a.instance });
    assert.deepEqual(me.welcome.chat.receipts, [{ user: "7", delivered: 2, read: 1 }]);
    assert.deepEqual((await join("9")).welcome.chat.receipts, [{ user: "7", delivered: 2, read: 1 }]);
  });

  test("`chat.since` is the client's, or 0 when the log is another, ends before it, or has another message there than `tip`", async ({ join }) => {
    const a = await join("7");
    const { accepted } = await a.emit("chat", { messages: messages(3) });
    const { log } = a.welcome.chat;
    const sinceOf = async (auth) => {
      const b = await join("9", auth);
      await b.emit("bye", null);
      return b.welcome.chat.since;
    };
    const tip = accepted[1].id;
    assert.equal(await sinceOf({ log, since: 2 }), 2);
    assert.equal(await sinceOf({ log, since: 2, tip }), 2);
    assert.equal(await sinceOf({ log: "another", since: 2 }), 0);
    assert.equal(await sinceOf({ since: 2 }), 0, "without a log");
    assert.equal(await sinceOf({ log, since: 4 }), 0);
    assert.equal(await sinceOf({ log, since: 2, tip: messageId() }), 0);
    assert.equal(await sinceOf({ log, since: 0, tip }), 0);
  });

  test("`chat.messages` are the newest of those after `chat.since`, by rising `seq`", async ({ join }) => {
    const a = await join("7");
    await a.emit("chat", { messages: messages(5) });
    const { log } = a.welcome.chat;
    const b = await join("9", { log, since: 3 });
    assert.deepEqual(b.welcome.chat.messages.map(({ seq, sender, text }) => [seq, sender, text]), [[4, "7", "message 3"], [5, "7", "message 4"]]);
    assert.equal(b.welcome.chat.more, false);
  });

  test("A page has at most 100 messages when `chat.since` is 0, else 200", async ({ join }) => {
    const a = await join("7");
    for (let n = 0; n < 4; n += 1) await a.emit("chat", { messages: messages(64) });
    const first = await join("9");
    const page = first.welcome.chat;
    assert.deepEqual([page.messages.length, page.messages[0].seq, page.more], [100, 157, true]);
    await first.emit("bye", null);
    const missed = (await join("9", { log: page.log, since: 1 })).welcome.chat;
    assert.deepEqual([missed.messages.length, missed.messages[0].seq, missed.more], [200, 57, true]);
  });

  test("and at most 96 KiB of text; the newest message always fits", async ({ join }) => {
    const a = await join("7");
    const texts = messages(16, () => "é".repeat(4_000));
    for (const message of texts) assert.equal((await a.emit("chat", { messages: [message] })).ok, true);
    const page = (await join("9")).welcome.chat;
    assert.deepEqual([page.messages.length, page.messages.at(-1).seq, page.more], [12, 16, true]);
  });

  test("`iceServers` is as `RTCIceServer`; `iceLifetime` is for how many seconds their credentials are good, if they run out.", async ({ join }) => {
    const { iceServers, iceLifetime } = (await join("7")).welcome;
    assert.deepEqual(iceServers[0], { urls: ["stun:stun.test:3478"] });
    assert.equal(iceLifetime > 0, iceServers.some(({ credential }) => credential !== undefined));
  });

  test("Namespace `/pairvoice`.", async ({ server }) => {
    const { io } = await import("socket.io-client");
    const socket = io(`${server.url}/other`, { forceNew: true, reconnection: false, transports: ["websocket"] });
    await new Promise((resolve, reject) => {
      socket.once("connect", () => reject(new Error("another namespace let somebody in")));
      socket.once("connect_error", resolve);
      socket.once("disconnect", resolve);
      socket.io.engine.once("close", resolve);
    });
    socket.disconnect();
  }, "there is no other");
}, { args: ["--stun", "stun:stun.test:3478"] });
