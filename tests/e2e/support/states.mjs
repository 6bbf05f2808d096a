// Every state of the panel that a person can meet, each with the way there. For pictures, and for what must hold in all of them.
import { Person, bothHear } from "./browser.mjs";

const CONVERSATION = [
  ["1", "Hello! Shall we look at `slugify` first?"],
  ["2", "Yes. I think the expression throws away every letter that is not Latin, see https://developer.mozilla.org/en-US/docs/Web"],
  ["1", "Try this:\n```js\nexport function slugify(title) {\n  return title.toLowerCase().replace(/[^\\p{L}\\p{N}]+/gu, \"-\").replace(/^-|-$/g, \"\");\n}\n```\nThe flag u makes \\p work."],
  ["2", "Both tests pass now."],
];

/** Opens a page, and another one for the other person if there is one. */
async function open({ server, low, high, session }, { query = {}, peer, peerQuery = {}, ...more } = {}) {
  const person = await Person.open(low, server, "1", { ...more, query: { session, ...query } });
  const other = peer ? await Person.open(high, server, "2", { query: { session, ...peerQuery } }) : undefined;
  const close = () => Promise.all([person.close(), other?.close()]);
  return { person, other, close };
}

async function call(world, more = {}) {
  const two = await open(world, { peer: true, ...more });
  await bothHear(two.person, 440, two.other, 1320);
  return two;
}

async function talkInText({ person, other }) {
  for (const [who, text] of CONVERSATION) {
    await (who === "1" ? person : other).page.evaluate((said) => globalThis.session.send(said), text);
    await person.until((s, said) => s.chat.messages.at(-1)?.text === said && s.chat.unsent === 0, text);
  }
}

/** A browser in which the person has refused the microphone, or whose system has. */
const refusing = (name, state) => `{
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "${name}"));
  navigator.permissions.query = async () => Object.assign(new EventTarget(), { state: "${state}" });
}`;

let volume = 0.5;

/** Shows parts of the state as they come about by themselves only in a call, or on a network that breaks. */
export function pretend(person, parts) {
  volume = volume === 0.5 ? 0.6 : 0.5;
  return person.page.evaluate(
    ([given, loud]) => {
      const handle = document.querySelector("pairvoice-session").session;
      const getState = (handle.realState ??= handle.getState.bind(handle));
      handle.getState = () => {
        const state = getState();
        return Object.fromEntries(Object.keys(state).map((part) => [part, { ...state[part], ...given[part] }]));
      };
      // Whatever changes makes the panel look.
      handle.setVolume(loud);
    },
    [parts, volume],
  );
}

/** The states by name; each brings the person whose page shows it, and a function that closes what is open. */
export const states = {
  async waiting(world) {
    const one = await open(world);
    await one.person.voice("waiting");
    return one;
  },
  async off(world) {
    const two = await open(world, { query: { voice: "off" }, peer: true });
    await two.person.until((s) => s.peer?.voice);
    return two;
  },
  async connected(world) {
    const two = await call(world);
    await talkInText(two);
    await two.person.until((s) => s.voice.heard);
    return two;
  },
  async muted(world) {
    const two = await call(world);
    await two.person.click("Mute");
    await two.person.until((s) => s.voice.mutedTalking);
    return two;
  },
  async "not-heard"(world) {
    const two = await call(world);
    await two.other.page.evaluate(() => globalThis.session.setVolume(0));
    await two.person.page.locator("#warnings p").first().waitFor();
    return two;
  },
  async denied(world) {
    const two = await open(world, { init: refusing("NotAllowedError", "denied"), peer: true });
    await two.person.voice("connected");
    await talkInText(two);
    return two;
  },
  async blocked(world) {
    const one = await open(world, { init: refusing("NotAllowedError", "granted") });
    await one.person.until((s) => s.voice?.microphone.state === "failed");
    return one;
  },
  async reconnecting(world) {
    const two = await call(world);
    await talkInText(two);
    await two.person.until((s) => s.voice.heard);
    await pretend(two.person, { voice: { state: "reconnecting", recovery: "path", since: Date.now() - 12_000 } });
    await two.person.page.getByText("Looking for another path").waitFor();
    return two;
  },
  async offline(world) {
    const two = await call(world);
    await talkInText(two);
    await two.person.goOffline();
    return two;
  },
  async unavailable(world) {
    const two = await open(world, { init: "delete globalThis.RTCPeerConnection", peer: true });
    await two.person.voice("unavailable");
    await talkInText(two);
    return two;
  },
  async left(world) {
    const two = await call(world);
    await talkInText(two);
    await two.other.click("Leave");
    await two.person.until((s) => s.peer.presence === "absent");
    await two.person.page.locator("#messages .note.presence", { hasText: "left" }).waitFor();
    return two;
  },
  async ended(world) {
    const two = await call(world);
    await talkInText(two);
    await two.person.page.getByLabel("Message", { exact: true }).fill("a draft that stays");
    await two.person.click("Leave");
    await two.person.session("ended");
    return two;
  },
  async elsewhere(world) {
    const one = await open(world);
    await one.person.session("joined");
    const { low, server, session } = world;
    const newer = await Person.open(low, server, "1", { query: { session } });
    await one.person.session("ended");
    return { ...one, close: () => Promise.all([one.close(), newer.close()]) };
  },
  async devices(world) {
    const two = await call(world);
    await two.person.click("Devices");
    await two.person.page.locator("#microphones option").nth(1).waitFor({ state: "attached" });
    return two;
  },
  async volume(world) {
    const two = await call(world);
    await two.person.click("Volume");
    return two;
  },
  async quality(world) {
    const two = await call(world);
    await two.person.page.locator("#quality > summary").click();
    await two.person.page.locator("#quality-incoming", { hasText: "from mouth to ear" }).waitFor();
    return two;
  },
  async help(world) {
    const one = await open(world, { query: { voice: "off" } });
    await one.person.session("joined");
    await one.person.click("If something is wrong");
    await one.person.click("Check connection");
    await one.person.page.locator("#check-verdict:is([data-state=good], [data-state=fair], [data-state=bad])").waitFor();
    return one;
  },
  async search(world) {
    const two = await open(world, { query: { voice: "off" }, peer: true, peerQuery: { voice: "off" } });
    await two.person.session("joined");
    await two.other.session("joined");
    await talkInText(two);
    await two.person.click("Search");
    await two.person.page.getByLabel("Search in the messages").fill("the");
    return two;
  },
  async fresh(world) {
    const two = await open(world, { query: { voice: "off" }, peer: true, peerQuery: { voice: "off" } });
    await two.other.session("joined");
    for (let i = 0; i < 4; i += 1) await talkInText(two);
    await two.person.page.locator("#messages").evaluate((list) => list.scrollTo(0, 0));
    await two.person.page.locator("#messages").evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    await talkInText(two);
    await two.person.page.locator("#fresh").waitFor();
    return two;
  },
  async ready(world) {
    const one = await open(world, { query: { ready: "1" } });
    await one.person.page.locator("#ready-microphones option").nth(1).waitFor({ state: "attached" });
    return one;
  },
  async "ready-denied"(world) {
    const one = await open(world, { query: { ready: "1" }, init: refusing("NotAllowedError", "denied") });
    await one.person.page.locator("#ready-trouble", { hasText: "not allowed" }).waitFor();
    return one;
  },
  async german(world) {
    const two = await call(world, { query: { lang: "de", name: "Mentor", "peer-name": "Learner" } });
    await talkInText(two);
    await two.person.click("Stumm");
    return two;
  },
  async french(world) {
    const one = await open(world, { query: { lang: "fr" }, init: refusing("NotAllowedError", "denied") });
    await one.person.page.getByText("Micro non autorisé").waitFor();
    return one;
  },
  async japanese(world) {
    const two = await call(world, { query: { lang: "ja" } });
    await talkInText(two);
    return two;
  },
  async "right-to-left"(world) {
    const two = await call(world, { query: { dir: "rtl" } });
    await talkInText(two);
    await two.person.click("Mute");
    return two;
  },
  async code(world) {
    const two = await call(world);
    await two.person.page.setViewportSize({ width: 375, height: 740 });
    await two.person.page.locator("#tab-editor").click();
    return two;
  },
};
