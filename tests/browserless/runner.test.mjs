// How long a run of the demo's editor is waited for, by a clock that the test moves and a worker that answers when it says so.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { run } from "../../www/editor/runner.js";

let worker;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.Worker = class {
    constructor() {
      worker = this;
    }

    postMessage(source) {
      this.source = source;
    }

    terminate() {
      this.isGone = true;
    }
  };
});
afterEach(() => {
  mock.timers.reset();
  delete globalThis.Worker;
});

test("the time that the interpreter takes to come is not the program's", async () => {
  const running = run("1");
  assert.equal(worker.source, "1");
  mock.timers.tick(59_000);
  worker.onmessage({ data: "ready" });
  mock.timers.tick(7_000);
  const lines = [{ kind: "log", text: "1" }];
  worker.onmessage({ data: lines });
  assert.deepEqual(await running, lines);
  assert.ok(worker.isGone);
});

test("an interpreter that does not come, or breaks, is one that could not be started", async () => {
  const waits = run("1");
  mock.timers.tick(60_000);
  assert.deepEqual(await waits, [{ kind: "error", said: "unstarted" }]);
  assert.ok(worker.isGone);
  const breaks = run("1");
  worker.onerror();
  assert.deepEqual(await breaks, [{ kind: "error", said: "unstarted" }]);
});

test("a program that keeps its interpreter from stopping it is given up", async () => {
  const running = run("1");
  worker.onmessage({ data: "ready" });
  mock.timers.tick(8_000);
  assert.deepEqual(await running, [{ kind: "error", said: "unfinished" }]);
  assert.ok(worker.isGone);
});
