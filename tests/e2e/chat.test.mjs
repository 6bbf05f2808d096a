// Behaviour 12: messages in order on both sides, with status, history and markup as text.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fresh, pair } from "./support/pair.mjs";

const two = pair();

const statuses = (person) =>
  person.page.locator("#messages .message").evaluateAll((items) => items.map((item) => item.dataset.status));

test("messages arrive in order on both sides, are marked as read, and are there after a reload", async () => {
  const here = fresh();
  const text = { query: { voice: "off" } };
  const [a, b] = await Promise.all([two.low("1", here(text)), two.high("2", here(text))]);
  await Promise.all([a.session("joined"), b.session("joined")]);
  const said = [];
  for (let i = 0; i < 5; i += 1) {
    for (const person of [a, b]) {
      said.push(`${person === a ? "a" : "b"} says ${i}`);
      await person.says(said.at(-1));
      await Promise.all([a.reads(said), b.reads(said)]);
    }
  }
  await a.page.bringToFront();
  await b.until((s) => s.chat.messages.filter((m) => m.own).every((m) => m.status === "read"));
  await Promise.all([a.page.reload(), b.page.reload()]);
  await Promise.all([a.reads(said), b.reads(said)]);
  assert.equal((await b.state()).chat.unread, 0);
  assert.ok((await statuses(b)).every((status) => ["read", "sent", "delivered"].includes(status)));
});

test("the newest message is in sight after twenty, at both people's", async () => {
  const here = fresh();
  const text = { query: { voice: "off" } };
  const [a, b] = await Promise.all([two.low("1", here(text)), two.high("2", here(text))]);
  await Promise.all([a.session("joined"), b.session("joined")]);
  const said = Array.from({ length: 20 }, (_, i) => `message ${i}${" and more".repeat(i % 5 ? 0 : 40)}`);
  for (const [i, words] of said.entries()) {
    await (i % 2 ? a : b).says(words);
    await Promise.all([a.reads(said.slice(0, i + 1)), b.reads(said.slice(0, i + 1))]);
  }
  for (const { page } of [a, b]) {
    await page.waitForFunction(() => {
      const list = document.querySelector("pairvoice-session").shadowRoot.querySelector("#messages");
      return list.scrollHeight - list.scrollTop - list.clientHeight < 2;
    });
    assert.ok(await page.locator("#messages").evaluate((list) => list.scrollHeight > list.clientHeight), "the list is long");
  }
});

test("many messages at once keep their author's order, and both lists are equal", async () => {
  const here = fresh();
  const text = { query: { voice: "off" } };
  const [a, b] = await Promise.all([two.low("1", here(text)), two.high("2", here(text))]);
  await Promise.all([a.session("joined"), b.session("joined")]);
  const burst = (person, name) =>
    person.page.evaluate((who) => {
      for (let i = 0; i < 200; i += 1) globalThis.session.send(`${who} ${i}`);
    }, name);
  await Promise.all([burst(a, "a"), burst(b, "b")]);
  for (const person of [a, b]) await person.until((s) => s.chat.messages.length === 400 && s.chat.unsent === 0);
  const [left, right] = await Promise.all([a, b].map(async (p) => (await p.state()).chat.messages.map((m) => m.text)));
  assert.deepEqual(left, right);
  for (const name of ["a", "b"]) {
    const own = left.filter((line) => line.startsWith(name));
    assert.deepEqual(own, Array.from({ length: 200 }, (_, i) => `${name} ${i}`));
  }
});

test("markup, scripts of all kinds and emoji are shown as the text that they are", async () => {
  const here = fresh();
  const text = { query: { voice: "off" } };
  const [a, b] = await Promise.all([two.low("1", here(text)), two.high("2", here(text))]);
  await a.session("joined");
  const said = ["<img src=x onerror=\"globalThis.pwned = 1\">", "<script>globalThis.pwned = 1</script>", "שלום 👩🏽‍💻 здравей\nfn main() {}"];
  for (const line of said) await a.page.evaluate((t) => globalThis.session.send(t), line);
  await Promise.all([a.reads(said), b.reads(said)]);
  assert.equal(await b.page.evaluate(() => globalThis.pwned), undefined);
  assert.equal(await b.page.locator("#messages img, #messages script").count(), 0);
});

test("fenced code stands apart and can be copied, links are safe", async () => {
  const here = fresh({ context: { permissions: ["clipboard-read", "clipboard-write"] } });
  const a = await two.low("1", here({ query: { voice: "off" } }));
  await a.session("joined");
  const said = "look:\n```rust\nfn main() {\n\t<b>\n}\n```\nsee https://example.com/a?b=1. or javascript:alert(1)";
  await a.page.evaluate((text) => globalThis.session.send(text), said);
  const item = a.page.locator("#messages .message");
  await item.locator("pre").waitFor();
  assert.equal(await item.locator("pre").textContent(), "fn main() {\n\t<b>\n}");
  await item.getByRole("button", { name: "Copy code" }).click();
  await a.page.getByText("Copied").waitFor();
  assert.equal(await a.page.evaluate(() => navigator.clipboard.readText()), "fn main() {\n\t<b>\n}");
  const links = await item.locator("a").evaluateAll((all) => all.map((link) => [link.href, link.rel, link.target]));
  assert.deepEqual(links, [["https://example.com/a?b=1", "noopener noreferrer nofollow", "_blank"]]);
  assert.equal((await a.state()).chat.messages[0].text, said);
});

test("a link ends before the sentence around it goes on, and keeps a bracket that it opened", async () => {
  const a = await two.low("1", fresh({ query: { voice: "off" } })());
  await a.session("joined");
  const rust = "https://en.wikipedia.org/wiki/Rust_(programming_language)";
  for (const [said, wanted] of [
    [rust, [rust]],
    [`(see ${rust}), or https://example.com/a[0]{1}.`, [rust, "https://example.com/a[0]{1}"]],
    ["[a link](https://example.com/b), (https://example.com/c).", ["https://example.com/b", "https://example.com/c"]],
    ["https://example.com/(d)!) https:// http://).", ["https://example.com/(d)"]],
  ]) {
    await a.page.evaluate((text) => globalThis.session.send(text), said);
    const paragraph = a.page.locator("#messages .message").last().locator("p");
    await a.page.waitForFunction((text) => [...document.querySelector("pairvoice-session").shadowRoot.querySelectorAll("#messages p")].at(-1)?.textContent === text, said);
    assert.deepEqual(await paragraph.locator("a").allTextContents(), wanted);
  }
});

test("what can't be sent is refused with a reason and stays in the field", async () => {
  const here = fresh();
  const a = await two.low("1", here({ query: { voice: "off" } }));
  await a.session("joined");
  const codes = await a.page.evaluate(() =>
    ["", " \n ", "x".repeat(8001), "a\u0000b", "\ud800", 7].map((text) => {
      try {
        return globalThis.session.send(text);
      } catch (error) {
        return error.code;
      }
    }),
  );
  assert.deepEqual(codes, ["text-empty", "text-empty", "text-too-long", "text-invalid", "text-invalid", "text-invalid"]);
  await a.says("x".repeat(8001));
  assert.equal(await a.page.locator("#refused").textContent(), "Not sent: a message has at most 8,000 characters; send it in parts.");
  assert.equal((await a.page.getByLabel("Message", { exact: true }).inputValue()).length, 8001);
  await a.page.evaluate(() => globalThis.session.send("😀".repeat(8000)));
  await a.until((s) => s.chat.messages.length === 1 && s.chat.unsent === 0);
});

test("the other sees that somebody types", async () => {
  const here = fresh();
  const text = { query: { voice: "off" } };
  const [a, b] = await Promise.all([two.low("1", here(text)), two.high("2", here(text))]);
  await Promise.all([a, b].map((p) => p.until((s) => s.peer?.presence === "present")));
  await a.page.getByLabel("Message", { exact: true }).pressSequentially("hi");
  await b.page.getByText("1 is typing …").waitFor();
  await a.page.keyboard.press("Enter");
  await b.page.getByText("1 is typing …").waitFor({ state: "detached" });
});

test("older messages are loaded on demand", async () => {
  const here = fresh();
  const text = { query: { voice: "off" } };
  const a = await two.low("1", here(text));
  await a.session("joined");
  await a.page.evaluate(() => {
    for (let i = 0; i < 250; i += 1) globalThis.session.send(`line ${i}`);
  });
  await a.until((s) => s.chat.unsent === 0 && s.chat.messages.length === 250);
  const b = await two.high("2", here(text));
  await b.until((s) => s.chat?.messages.length === 100 && s.chat.more);
  await b.click("Show earlier messages");
  await b.until((s) => s.chat.messages.length === 200);
  await b.click("Show earlier messages");
  await b.until((s) => s.chat.messages.length === 250 && !s.chat.more);
  assert.equal((await b.state()).chat.messages[0].text, "line 0");
});
