// Behaviour 4: however often and in whatever order an app calls, there is one session, and what is let go leaves nothing.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CAP_MS, launch } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const two = pair({ server: { page: "tests/e2e/page" } });
const NOTHING = { tracks: 0, connections: 0, sockets: 0 };

/** Opens the bare page and waits for the package. */
async function open(side, user, here) {
  const person = await side(user, here());
  await person.page.waitForFunction(() => globalThis.pairvoice);
  return person;
}

/** Runs code in the page that leaves a session in `globalThis.session`. */
const connected = (person) => person.voice("connected");

const heldNothing = (person) =>
  person.page.waitForFunction(
    (nothing) => JSON.stringify(globalThis.witness.held()) === nothing,
    JSON.stringify(NOTHING),
    { timeout: CAP_MS },
  );

test("importing the package loads nothing and works in Node", async () => {
  const here = fresh();
  const person = await open(two.low, "1", here);
  const names = await person.page.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.name));
  assert.ok(!names.some((name) => name.includes(".wasm") || name.includes("esm")), names.join("\n"));
  const inNode = await import("pairvoice");
  assert.deepEqual(Object.keys(inNode).sort(), ["checkConnection", "isPairvoiceError", "joinSession", "preload", "startVoiceCall"]);
});

test("five calls in one tick are one session, one prompt, one connection, one offer", async () => {
  const here = fresh();
  const [a, b] = [await open(two.low, "1", here), await open(two.high, "2", here)];
  for (const person of [a, b]) {
    await person.page.evaluate(async () => {
      const { startVoiceCall } = globalThis.pairvoice;
      const all = await Promise.all(Array.from({ length: 5 }, () => startVoiceCall(globalThis.options)));
      globalThis.session = all[0];
      globalThis.all = all;
    });
  }
  await Promise.all([connected(a), connected(b)]);
  await Promise.all([a.hears(HIGH), b.hears(LOW)]);
  for (const person of [a, b]) {
    assert.equal(await person.witnessed("prompts"), 1);
    assert.deepEqual(await person.held(), { tracks: 1, connections: 1, sockets: 1 });
    assert.equal(await person.page.evaluate(() => new Set(globalThis.all.map((s) => s.getState())).size), 1);
  }
  assert.equal((await a.witnessed("offers")) + (await b.witnessed("offers")), 1);
  // Four let go, and the fifth still holds the call.
  await a.page.evaluate(() => Promise.all(globalThis.all.slice(1).map((s) => s.leave())));
  await a.hears(HIGH);
  assert.equal((await a.state()).voice.state, "connected");
  await a.page.evaluate(() => globalThis.all[0].leave());
  await heldNothing(a);
});

test("mount, leave, mount in one tick, as React's StrictMode does: one session", async () => {
  const here = fresh();
  const [a, b] = [await open(two.low, "1", here), await open(two.high, "2", here)];
  for (const person of [a, b]) {
    await person.page.evaluate(async () => {
      const mount = () => {
        const abort = new AbortController();
        const pending = globalThis.pairvoice.startVoiceCall({ ...globalThis.options, signal: abort.signal });
        pending.catch(() => {});
        return { pending, cleanup: () => abort.abort() };
      };
      mount().cleanup();
      globalThis.session = await mount().pending;
      // And once more with the module loaded and the session running.
      const third = mount();
      const loser = await third.pending;
      third.cleanup();
      globalThis.released = loser;
    });
  }
  await Promise.all([connected(a), connected(b)]);
  await Promise.all([a.hears(HIGH), b.hears(LOW)]);
  for (const person of [a, b]) {
    assert.equal(await person.witnessed("prompts"), 1);
    assert.equal(await person.page.evaluate(() => globalThis.witness.connections.length), 1);
  }
  assert.equal((await a.witnessed("offers")) + (await b.witnessed("offers")), 1);
});

test("the last handle is let go and another is taken in the same tick: the session goes on", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  const same = await a.page.evaluate(async () => {
    const { startVoiceCall } = globalThis.pairvoice;
    const first = await startVoiceCall(globalThis.options);
    const before = first.getState();
    const left = first.leave();
    const second = await startVoiceCall(globalThis.options);
    await left;
    globalThis.session = second;
    return before.session === second.getState().session || second.getState().session.state !== "ended";
  });
  assert.ok(same);
  await a.voice("waiting");
  assert.equal(await a.witnessed("prompts"), 1);
});

test("a join during teardown waits for it and is a new session", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  await a.page.evaluate(async () => {
    const { joinSession } = globalThis.pairvoice;
    const first = await joinSession(globalThis.options);
    void first.end();
    globalThis.session = await joinSession(globalThis.options);
    globalThis.first = first;
  });
  await a.session("joined");
  assert.equal(await a.page.evaluate(() => globalThis.first.getState().session.state), "ended");
});

// Stages at which an app may lose interest, each reached in its own way.
const stages = {
  "before the module is loaded": () => {},
  "while joining": (s) => s.session?.state === "joining",
  "while waiting": (s) => s.voice?.state === "waiting" && s.voice.microphone.state === "live",
  "while connecting": (s) => ["connecting", "connected"].includes(s.voice?.state),
  "while connected": (s) => s.voice?.state === "connected",
};

for (const how of ["abort", "leave", "end"]) {
  for (const [stage, reached] of Object.entries(stages)) {
    if (stage === "before the module is loaded" && how !== "abort") continue;
    test(`${how} ${stage} leaves nothing behind`, async () => {
      const here = fresh();
      const other = stage.endsWith("connecting") || stage.endsWith("connected") ? await open(two.high, "2", here) : undefined;
      await other?.page.evaluate(async () => {
        globalThis.session = await globalThis.pairvoice.startVoiceCall(globalThis.options);
      });
      const a = await open(two.low, "1", here);
      // By the debugger, for the page's content security policy forbids `eval`.
      await a.page.evaluate(`globalThis.reached = ${reached}`);
      const outcome = await a.page.evaluate(
        async ([how, stage]) => {
          const abort = new AbortController();
          const pending = globalThis.pairvoice.startVoiceCall({ ...globalThis.options, signal: abort.signal });
          if (stage === "before the module is loaded") {
            abort.abort();
            return pending.then(() => "resolved", (error) => error.name);
          }
          const session = await pending;
          globalThis.session = session;
          await new Promise((resolve) => {
            const look = () => globalThis.reached(session.getState()) && resolve();
            session.subscribe(look);
            look();
          });
          if (how === "abort") abort.abort();
          else await session[how]();
          return "let go";
        },
        [how, stage],
      );
      assert.equal(outcome, stage === "before the module is loaded" ? "AbortError" : "let go");
      await heldNothing(a);
      if (stage !== "before the module is loaded") await a.session("ended");
      await other?.until((s) => s.peer?.presence === "absent" && s.voice.state === "waiting");
    });
  }
}

test("leaving while the permission prompt is open: a grant that comes later is stopped at once", async (t) => {
  const asking = await launch({ hertz: LOW, prompt: "leave" });
  t.after(() => asking.close());
  const { Person } = await import("./support/browser.mjs");
  const here = fresh();
  // The browser's own prompt can't be clicked from here, so the answer is held back where the page asks.
  const init = () => {
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      await new Promise((resolve) => (globalThis.answer = resolve));
      return ask(constraints);
    };
  };
  const person = await Person.open(asking, two.server, "1", here({ init, context: { permissions: ["microphone"] } }));
  await person.page.waitForFunction(() => globalThis.pairvoice);
  await person.page.evaluate(async () => {
    globalThis.session = await globalThis.pairvoice.startVoiceCall(globalThis.options);
  });
  await person.until((s) => s.voice.microphone.state === "asking");
  await person.page.waitForFunction(() => globalThis.answer);
  await person.page.evaluate(() => globalThis.session.leave());
  await person.page.evaluate(() => globalThis.answer());
  await person.page.waitForFunction(() => globalThis.witness.tracks.length === 1);
  await heldNothing(person);
});

test("wrong options reject with a code and a sentence", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  const errors = await a.page.evaluate(async () => {
    const wrong = [
      undefined,
      { url: "" },
      { url: "wss://x.example" },
      { userId: "" },
      { userId: -1 },
      { userId: 1.5 },
      { userId: "x".repeat(129) },
      { userId: "a\nb" },
      { userId: "\ud800" },
      { sessionId: null },
      { token: undefined },
    ];
    return Promise.all(
      wrong.map((part) =>
        globalThis.pairvoice.joinSession(part && { ...globalThis.options, ...part }).then(
          () => "resolved",
          (error) => `${globalThis.pairvoice.isPairvoiceError(error)} ${error.code}: ${error.message}`,
        ),
      ),
    );
  });
  for (const error of errors) assert.match(error, /^true invalid-options: ./);
  assert.equal(errors[2], "true invalid-options: url must begin with https: or http:, not with wss:");
});

test("a number is the same user as its decimal string", async () => {
  const here = fresh();
  const a = await open(two.low, "7", here);
  const same = await a.page.evaluate(async () => {
    const [x, y] = await Promise.all([
      globalThis.pairvoice.joinSession({ ...globalThis.options, userId: 7 }),
      globalThis.pairvoice.joinSession(globalThis.options),
    ]);
    return x.getState() === y.getState();
  });
  assert.ok(same);
});

test("WebAssembly that can't be loaded rejects, and the next call tries again", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  const codes = await a.page.evaluate(async () => {
    const failed = await globalThis.pairvoice
      .joinSession({ ...globalThis.options, wasm: "/nothing.wasm" })
      .catch((error) => error.code);
    globalThis.session = await globalThis.pairvoice.joinSession(globalThis.options);
    return failed;
  });
  assert.equal(codes, "wasm-unavailable");
  await a.session("joined");
});

test("a callback that throws hinders no other", async () => {
  const here = fresh();
  const a = await open(two.low, "1", here);
  await a.page.evaluate(async () => {
    globalThis.session = await globalThis.pairvoice.joinSession(globalThis.options);
    globalThis.seen = 0;
    globalThis.session.subscribe(() => {
      throw new Error("the app's own mistake");
    });
    globalThis.session.subscribe(() => (globalThis.seen += 1));
    globalThis.session.send("hello");
  });
  await a.until((s) => s.chat.messages[0]?.status === "sent");
  assert.ok((await a.page.evaluate(() => globalThis.seen)) > 0);
  assert.ok(a.console.some((line) => line.includes("the app's own mistake")));
});
