// What the panel and the demo say: every language has every word, with the same places to fill in, and every reason and warning of the package has words.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { microphoneTrouble, ownNote, peerNote, statusOf } from "../../npm/element/status.js";
import { directionOf, languages, loadWords } from "../../npm/element/words.js";
import en from "../../npm/element/words/en.js";
import demo from "../../www/words/en.js";

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

for (const [whose, english, folder] of [
  ["the panel", en, "npm/element/words"],
  ["the demo", demo, "www/words"],
]) {
  test(`every language of ${whose} has the same keys with the same places, and no empty text`, async () => {
    const wanted = new Map(texts(english));
    assert.deepEqual(languages, ["en", "de", "es", "fr", "ja"]);
    for (const language of languages) {
      const { default: words } = await import(`../../${folder}/${language}.js`);
      const found = new Map(texts(words));
      // A language without a singular has no such form.
      const missing = [...wanted.keys()].filter((path) => !found.has(path) && !path.endsWith("/one"));
      assert.deepEqual(missing, [], `${language} lacks`);
      for (const [path, text] of found) {
        assert.ok(text.trim() !== "" && wanted.has(path), `${language}: ${path}`);
        if (!path.endsWith("/one")) assert.equal(places(text), places(wanted.get(path)), `${language}: ${path}`);
        assert.equal(text.split("`").length, wanted.get(path).split("`").length, `${language}: code in ${path}`);
      }
    }
  });
}

test("the demo's page has the English words before its scripts do, and every word that it names", () => {
  const page = readFileSync(new URL("../../www/index.html", import.meta.url), "utf8");
  const said = new Map(texts(demo));
  const named = [...page.matchAll(/<(\w+)[^>]* data-word="([^"]+)"[^>]*>([\s\S]*?)<\/\1>/g)];
  assert.equal(named.length, page.split("data-word=").length - 1);
  for (const [, , path, content] of named) {
    const text = content.replace(/<\/?code>/g, "`").replace(/\s+/g, " ").trim();
    // A text with places is filled in by the scripts.
    assert.equal(text, places(said.get(`/${path}`)) === "" ? said.get(`/${path}`) : "", path);
  }
  for (const [, label, path] of page.matchAll(/aria-label="([^"]+)" data-label="([^"]+)"/g)) assert.equal(label, said.get(`/${path}`));
  assert.ok(page.includes(`<title>${demo.title}</title>`));
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

/** A state that differs from a good call in these parts. */
function stateOf({ session, voice, peer } = {}) {
  const microphone = { state: "live", label: "Headset" };
  return {
    session: { state: "joined", reason: null, ...session },
    voice: { state: "connected", muted: false, listenOnly: false, playbackBlocked: false, heard: null, since: null, microphone, ...voice },
    peer: { userId: "Mentor", presence: "present", voice: true, muted: false, microphone: "live", microphoneReason: null, ...peer },
    chat: { messages: [], unread: 0 },
  };
}

test("each state has true words and its own sign, and a trouble is said once", async () => {
  const words = await loadWords("en");
  const say = (parts) => Object.values(statusOf(stateOf(parts), words, ""));
  assert.deepEqual(say({}), ["Connected. You can talk.", "", "good"]);
  assert.deepEqual(say({ voice: { heard: true } }), ["Connected. Mentor hears you.", "", "good"]);
  assert.deepEqual(say({ voice: { heard: true }, peer: { name: "Ada" } })[0], "Connected. \u2068Ada\u2069 hears you.");
  assert.deepEqual(say({ voice: { muted: true } }), ["Connected. You are muted.", "Mentor does not hear you.", "limited"]);
  assert.deepEqual(say({ voice: { talking: true } }), ["Connected. You can talk.", "Mentor hears you while you hold the key.", "good"]);
  assert.deepEqual(say({ voice: { heard: false } }), ["Connected.", "", "limited"]);
  for (const peer of [{ muted: true }, { microphone: "failed", microphoneReason: "denied" }]) assert.deepEqual(say({ voice: { heard: false }, peer }), ["Connected.", "", "limited"]);
  assert.deepEqual(say({ peer: { microphone: "failed" } })[0], "Connected. Mentor has no microphone.");
  assert.deepEqual(say({ voice: { heard: true }, peer: { microphone: "failed" } })[0], "Connected. Mentor hears you and has no microphone.");
  const failed = { state: "failed", reason: "missing" };
  assert.deepEqual(say({ voice: { listenOnly: true, microphone: failed } }), ["You hear Mentor; they don’t hear you.", microphoneTrouble(failed, words).join(" "), "limited"]);
  assert.equal(ownNote(stateOf({ voice: { microphone: failed } }), words), "No microphone");
  assert.equal(say({ voice: { state: "reconnecting", recovery: "path" } })[2], "trouble");
  assert.equal(say({ voice: { state: "unavailable", reason: "no-relay" } })[2], "bad");
  assert.equal(say({ session: { state: "ended", reason: "left" } })[2], "ended");
  assert.deepEqual(say({ session: { state: "offline", reason: "signaling-unreachable" } }), [
    "Connected. You can talk.",
    "The server cannot be reached. Your call goes on.",
    "good",
  ]);
  assert.deepEqual(say({ voice: { state: "waiting" }, peer: { userId: null, presence: "absent" } }), [
    "Waiting for the other person.",
    "Voice starts by itself when they come.",
    "busy",
  ]);
  assert.deepEqual(say({ voice: { state: "waiting", microphone: failed }, peer: { userId: null, presence: "absent" } }), [
    "Waiting for the other person. No microphone was found.",
    "Plug one in, then turn the microphone on again.",
    "limited",
  ]);
  // Of an end of one's own nothing follows about the other, who may well be here.
  assert.equal(peerNote(stateOf({ session: { state: "ended", reason: "session-full" }, peer: { presence: "absent" } }), words), "");
});
