// What the panel says: every language has every word, with the same places to fill in, and every reason and warning of the package has words.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { directionOf, languages, loadWords } from "../../npm/element/words.js";
import en from "../../npm/element/words/en.js";

const types = readFileSync(new URL("../../npm/index.d.ts", import.meta.url), "utf8");

/** The words of a union of strings in index.d.ts, without comments. */
function union(source) {
  return [...source.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/"([a-z-]+)"/g)].map(([, word]) => word);
}
const named = (name) => union(types.match(new RegExp(`export type ${name} =([^;]*);`))[1]);
const member = (owner, name) => union(types.match(new RegExp(`interface ${owner} [\\s\\S]*?readonly ${name}:([^;]*);`))[1]);

/** Each text with its path; of two sentences and of plural forms each one. */
function* texts(group, path = "") {
  for (const [key, value] of Object.entries(group)) {
    if (typeof value === "string") yield [`${path}/${key}`, value];
    else yield* texts(value, `${path}/${key}`);
  }
}

const places = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort().join();

test("every language has the same keys with the same places, and no empty text", async () => {
  const wanted = new Map(texts(en));
  assert.deepEqual(languages, ["en", "de", "es", "fr", "ja"]);
  for (const language of languages) {
    const { default: words } = await import(`../../npm/element/words/${language}.js`);
    const found = new Map(texts(words));
    // A language without a singular has no such form.
    const missing = [...wanted.keys()].filter((path) => !found.has(path) && !path.endsWith("/one"));
    assert.deepEqual(missing, [], `${language} lacks`);
    for (const [path, text] of found) {
      assert.ok(text.trim() !== "" && wanted.has(path), `${language}: ${path}`);
      if (!path.endsWith("/one")) assert.equal(places(text), places(wanted.get(path)), `${language}: ${path}`);
    }
  }
});

test("every reason, warning and code of index.d.ts has words", () => {
  const has = (group, words) => assert.deepEqual(words.filter((word) => !(word in group)), []);
  has(en.session, named("SessionReason"));
  has(en.voice, named("VoiceReason"));
  has(en.microphone, named("MicrophoneReason"));
  has(en.lacking, named("MicrophoneReason"));
  has(en.changed, named("MicrophoneChangeReason"));
  has(en.check.reasons, named("CheckReason"));
  has(en.error, named("PairvoiceErrorCode"));
  has(en.recovery, member("VoiceView", "recovery"));
  has(en.warning, member("QualityWarning", "name"));
  const causes = Object.values(en.warning).flatMap((causes) => Object.keys(causes));
  assert.deepEqual(causes.sort(), member("QualityWarning", "cause").sort());
  has(en.quality, member("Quality", "step"));
  has(en.check.serverStates, types.match(/readonly server: \{[\s\S]*?readonly state: ([^;]*);/)[1].match(/[a-z-]+/g));
});

test("words are chosen by language, filled in, counted, and replaced by the app's", async () => {
  const german = await loadWords("de-AT");
  assert.equal(german.t("chat/fresh", { n: 1 }), "1 neue Nachricht");
  assert.equal(german.t("chat/fresh", { n: 3 }), "3 neue Nachrichten");
  assert.equal((await loadWords("ja")).t("chat/fresh", { n: 1 }), "新しいメッセージ 1 件");
  const own = await loadWords("ar", { chat: { send: "إرسال" } });
  assert.deepEqual([own.t("chat/send"), own.t("chat/copy"), own.language], ["إرسال", "Copy", "ar"]);
  assert.deepEqual((await loadWords("xx")).pair("session/left")[0], en.session.left[0]);
  assert.equal(german.t("no/such"), "");
  assert.deepEqual(["ar", "he-IL", "de", "ja"].map(directionOf), ["rtl", "rtl", "ltr", "ltr"]);
});
