// Knocking: the first word by HTTP. It is optional, so a server that answers 404 is asked nothing more.
import assert from "node:assert/strict";

import { conformance, inTime, life } from "./support.mjs";
import { validate } from "./schema.mjs";

conformance((test) => {
  /** A knock as `test` gives its session; `knock` resolves with status and body. */
  const knocking = (here) => async (user, auth = {}, { wait, type = "text/plain", text } = {}) => {
    const body = { v: 1, token: here.token(user), sessionId: here.session, userId: user, instance: life(), ...auth };
    const url = `${here.server.url}/pairvoice/knock${wait === undefined ? "" : `?wait=${wait}`}`;
    const asked = fetch(url, { method: "POST", headers: { "content-type": type }, body: text ?? JSON.stringify(body) });
    const response = await inTime("an answer to a knock", asked);
    const told = await response.json();
    validate(response.ok ? "knocked" : "refusal", told);
    return { status: response.status, headers: response.headers, instance: body.instance, ...told };
  };
  const signal = (here, user, instance, sequence = 1) => ({ session: here.session, user, instance, attempt: 1, generation: 0, sequence, body: { offer: { sdp: "v=0" } } });
  const define = (quotation, work, detail) => test(quotation, (here) => work({ ...here, knock: knocking(here), signal: (...args) => signal(here, ...args) }), detail);

  define("200 with `{ v, peer?, signals, iceServers, iceLifetime? }`, as in a `welcome`.", async ({ knock, join }) => {
    const b = await join("9");
    const told = await knock("7");
    assert.deepEqual([told.status, told.v, told.peer.userId, told.peer.instance, told.signals], [200, 1, "9", b.instance, []]);
    assert.equal(told.headers.get("cache-control"), "no-store");
  });

  define("`text/plain` (which a page may send to another origin without a preflight) or `application/json`, at most 128 KiB", async ({ knock }) => {
    assert.equal((await knock("7", {}, { type: "application/json" })).status, 200);
    const { status, code } = await knock("7", {}, { type: "application/x-www-form-urlencoded" });
    assert.deepEqual([status, code], [400, "bad-request"]);
    const large = await knock("7", {}, { text: "x".repeat(128 * 1024 + 1) });
    assert.deepEqual([large.status, large.code], [413, "too-large"]);
  });

  for (const [detail, auth, status, code] of [["another version", { v: 2 }, 400, "version-mismatch"], ["no form", { instance: "x" }, 400, "bad-request"], ["no token", { token: "" }, 401, "unauthorized"]]) {
    define("A refusal `{ code, message, retryable, afterMs?, detail? }` as above", async ({ knock }) => {
      const told = await knock("7", auth);
      assert.deepEqual([told.status, told.code], [status, code]);
    }, detail);
  }

  define("A refusal `{ code, message, retryable, afterMs?, detail? }` as above", async ({ knock, both }) => {
    await both();
    const told = await knock("8");
    assert.deepEqual([told.status, told.code], [409, "session-full"]);
  }, "two others are there");

  define("So it refuses their knocks by 403 with the code `origin-forbidden` and `Access-Control-Allow-Origin: *`, so that the page can read it.", async ({ server, knock }) => {
    for (const query of ["", "?wait=10", "?why"]) {
      const headers = { origin: "https://elsewhere.example", "content-type": "text/plain" };
      const response = await fetch(`${server.url}/pairvoice/knock${query}`, { method: "POST", headers });
      const refused = await response.json();
      validate("refusal", refused);
      assert.deepEqual([response.status, refused.code, response.headers.get("access-control-allow-origin")], [403, "origin-forbidden", "*"], query);
    }
    assert.equal((await knock("7")).status, 200);
  });

  define("A client whose socket could not be opened asks by `POST /pairvoice/knock?why`, without a body, which is answered the same way, else by 204", async ({ server }) => {
    assert.equal((await fetch(`${server.url}/pairvoice/knock?why`, { method: "POST", headers: { origin: server.url } })).status, 204);
  });

  define("takes the seat as one, but not from another instance that is there: that is `busy`", async ({ knock, join }) => {
    const a = await join("7");
    const told = await knock("7");
    assert.deepEqual([told.status, told.code, told.retryable], [503, "busy", true]);
    assert.equal((await a.emit("probe", null)).ok, true);
  });

  define("The other is told of a user who is `present` (with `welcomes` as before: only a socket is welcomed)", async ({ knock, join }) => {
    const b = await join("9");
    const { instance } = await knock("7");
    const [told] = await b.until("peer", (all) => all.length > 0);
    assert.deepEqual([told.presence, told.welcomes, told.instance], ["present", 0, instance]);
    await join("7", { instance });
    await b.until("peer", (all) => all.at(-1).welcomes === 1);
  });

  define("and when no socket comes within 8 s, the user is absent as after one that broke", async ({ knock, join }) => {
    const b = await join("9");
    await knock("7");
    await b.until("peer", (all) => all.at(-1)?.presence === "absent");
  });

  define("The knock's signals are relayed or parked like a handshake's, which repeats them: a copy of what is parked adds nothing.", async ({ knock, join, signal }) => {
    const me = life();
    const offer = signal("7", me);
    await knock("7", { instance: me, signals: [offer] });
    await join("7", { instance: me, signals: [offer] });
    assert.deepEqual((await join("9")).welcome.signals, [offer]);
  });

  define("`signals` of the answer are those that waited for this user", async ({ knock, join }) => {
    const a = await join("7");
    const offer = a.envelope({ offer: { sdp: "v=0" } });
    await a.emit("signal", offer);
    assert.deepEqual((await knock("9")).signals, [offer]);
  });

  define("when nothing waits, the answer comes with the first signal for this seat", async ({ knock, join }) => {
    const a = await join("7");
    const waiting = knock("9", {}, { wait: 5_000 });
    await a.until("peer", (all) => all.length > 0);
    const offer = a.envelope({ offer: { sdp: "v=0" } });
    assert.equal((await a.emit("signal", offer)).outcome, "delivered");
    assert.deepEqual((await waiting).signals, [offer]);
  });

  define("at the latest after so many milliseconds (5,000 at most)", async ({ knock }) => {
    const began = Date.now();
    assert.deepEqual((await knock("9", {}, { wait: 700 })).signals, []);
    assert.ok(Date.now() - began >= 690);
    assert.equal((await knock("9", {}, { wait: "soon" })).code, "bad-request");
  });

  define("A socket of the seat that is welcomed, a newer knock, and the end of the time answer it without signals", async ({ knock, join }) => {
    const a = await join("7");
    const me = life();
    const first = knock("9", { instance: me }, { wait: 5_000 });
    await a.until("peer", (all) => all.length > 0);
    const second = knock("9", { instance: me }, { wait: 5_000 });
    assert.deepEqual((await first).signals, []);
    await join("9", { instance: me });
    assert.deepEqual((await second).signals, []);
  });

  define("If the client closes the request, nothing is given to it.", async ({ server, token, session, join }) => {
    const a = await join("7");
    const me = life();
    const abort = new AbortController();
    const body = JSON.stringify({ v: 1, token: token("9"), sessionId: session, userId: "9", instance: me });
    const gone = fetch(`${server.url}/pairvoice/knock?wait=5000`, { method: "POST", headers: { "content-type": "text/plain" }, body, signal: abort.signal }).catch(() => {});
    await a.until("peer", (all) => all.length > 0);
    abort.abort();
    await gone;
    // Until the server has noticed, a signal counts as delivered to the knock.
    const offer = a.envelope({ offer: { sdp: "v=0" } });
    const parked = async () => {
      while ((await a.emit("signal", { ...offer, sequence: (a.sequence += 1) })).outcome !== "parked");
    };
    await inTime("a signal that is parked", parked());
    assert.equal((await join("9", { instance: me })).welcome.signals.at(-1).sequence, a.sequence);
  });

  define("With `check: true` the answer has no `peer` and no signals, no seat is taken, and nobody hears of it.", async ({ knock, both }) => {
    const [a, b] = await both();
    const told = await knock("8", { check: true });
    assert.deepEqual([told.status, told.peer ?? null, told.signals], [200, null, []]);
    const before = b.of("peer").length;
    for (const client of [a, b]) await client.emit("probe", null);
    assert.equal(b.of("peer").length, before);
  });
});
