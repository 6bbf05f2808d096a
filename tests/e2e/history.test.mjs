// A long history: joining loads its end only, scrolling loads the rest page by page, and one can write meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";

import { join, messageId } from "../server/support.mjs";
import { fresh, pair } from "./support/pair.mjs";

const COUNT = 10_000;
const BATCH = 64;
const setup = pair();

test("ten thousand messages: the newest are there at once, the oldest can be reached, writing goes on", async () => {
  const here = fresh();
  const { session } = here().query;
  const other = await join(setup.server, session, "2");
  for (let from = 0; from < COUNT; from += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, COUNT - from) }, (_, n) => ({ id: messageId(), text: `line ${from + n}` }));
    const answer = await other.emit("chat", { messages });
    assert.equal(answer.ok, true);
  }
  const person = await setup.low("1", here());
  await person.until((s, last) => s.chat?.messages.at(-1)?.seq === last, COUNT);
  const { chat } = await person.state();
  assert.ok(chat.messages.length <= 200, `${chat.messages.length} messages were loaded by joining`);
  assert.equal(chat.more, true);

  await person.page.evaluate(() => {
    // As one who scrolls up and up: the next page once this one is there, and later when the server says "not so fast".
    const { session } = globalThis;
    const up = () => session.getState().chat.more && session.loadEarlier();
    session.subscribe(up);
    setInterval(up, 200);
    up();
  });
  await person.says("written in between");
  // A hundred pages, of which the server lets some five a second pass.
  const isAll = () => {
    const { chat } = globalThis.session.getState();
    return !chat.more && chat.messages[0].seq === 1;
  };
  await person.page.waitForFunction(isAll, undefined, { timeout: 180_000, polling: 200 });
  await other.until("chat", (heard) => heard.flatMap((d) => d.messages).some((m) => m.text === "written in between"));
  const texts = await person.page.evaluate(() => globalThis.session.getState().chat.messages.map((m) => m.text));
  const expected = Array.from({ length: COUNT }, (_, n) => `line ${n}`);
  assert.deepEqual(texts, [...expected, "written in between"]);
  other.socket.disconnect();
});
