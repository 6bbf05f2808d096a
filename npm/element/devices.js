// The settings of microphone and speaker, and the line that says which device is used now.
import { h, setText, show } from "./dom.js";
import { playTest } from "./sound.js";

const SWITCHES = ["echoCancellation", "noiseSuppression", "autoGainControl"];

/** Fills a select, and leaves one alone that shows the same: a person may have it open. */
export function fillDevices(select, devices, words, selected) {
  const named = devices.filter(({ id }) => id && id !== "default");
  const { label: system } = devices.find(({ isDefault }) => isDefault) ?? {};
  const first = system ? words.t("devices/systemNamed", { name: system.replace(/^Default - /, "") }) : words.t("devices/system");
  const wanted = [["", first], ...named.map(({ id, label }) => [id, label || words.t("devices/unnamed")])];
  const shown = [...select.options].map(({ value, text }) => [value, text]);
  if (JSON.stringify(shown) !== JSON.stringify(wanted)) select.replaceChildren(...wanted.map(([value, text]) => new Option(text, value)));
  select.value = named.some(({ id }) => id === selected) ? selected : "";
}

/** What a change of the microphone says to people. */
export function changeLine({ from, to, why }, words) {
  const say = (key, values) => words.t(`changed/${key}`, values);
  if (to !== null && from === to) return say("still", { why: say(why, { from: say("chosenDevice") }), to });
  if (to === null) return say("none", { why: say(why, { from: from || say("device") }) });
  return ["chosen", "default-changed", "returned", "allowed"].includes(why) || !from ? say("plain", { to }) : say("now", { why: say(why, { from }), to });
}

/** The devices of a panel: `element` and `loudness` are what stands in sheets, `notice` is a line that is always there. */
export function devicesView({ words, session, settings, signal }) {
  const say = (key, values) => words.t(`devices/${key}`, values);
  const microphones = h("select", { id: "microphones" });
  const speakers = h("select", { id: "speakers" });
  const level = h("meter", { id: "test-level", min: 0, max: 1, value: 0, "aria-label": say("level") });
  const volume = h("input", { id: "volume", type: "range", min: 0, max: 100, value: 100 });
  const notice = h("p", { id: "device-notice", class: "note", role: "status" });
  const choice = (id) => h("input", { type: "checkbox", id });
  const switches = Object.fromEntries(SWITCHES.map((name) => [name, choice(name)]));
  const own = { sounds: choice("sounds"), keys: choice("keys") };
  const line = (input) => h("label", {}, input, say(input.id));
  const speakerRow = h("div", { class: "row" }, h("label", { for: "speakers" }, say("speaker")), speakers);
  const test = h("button", { type: "button", id: "test-sound", onclick: () => void playTest(speakers.value).then(worked, failed) }, say("test"));
  const element = h(
    "div",
    { class: "settings" },
    h("label", { for: "microphones" }, say("microphone")),
    microphones,
    level,
    speakerRow,
    test,
    h("fieldset", {}, h("legend", {}, say("processing")), ...SWITCHES.map((name) => line(switches[name]))),
    h("fieldset", {}, h("legend", {}, say("page")), line(own.sounds), line(own.keys)),
  );
  const loudness = h("div", { class: "settings" }, h("label", { for: "volume" }, say("volume")), volume);
  let open = false;
  /** What the notice is about, where that may be over: `none` is no microphone, `speaker` one that could not be used. */
  let about;
  const note = (text, what) => {
    about = what;
    setText(notice, text);
  };

  const failed = () => {
    note(say("speakerFailed"), "speaker");
    void list();
  };
  const worked = () => about === "speaker" && note("");

  microphones.addEventListener("change", () => session()?.setMicrophone(microphones.value || null));
  speakers.addEventListener("change", () => session()?.setSpeaker(speakers.value).then(worked, failed));
  volume.addEventListener("input", () => session()?.setVolume(volume.valueAsNumber / 100));
  for (const name of SWITCHES) switches[name].addEventListener("change", () => session()?.setProcessing({ [name]: switches[name].checked }));
  for (const [name, input] of Object.entries(own)) {
    input.checked = settings.get(name);
    input.addEventListener("change", () => settings.set(name, input.checked));
  }
  // Absent on a page that is not secure.
  navigator.mediaDevices?.addEventListener("devicechange", () => open && void list(), { signal });

  let fresh = 0;
  async function list() {
    const turn = (fresh += 1);
    const current = session();
    const lists = await current?.listDevices().catch(() => undefined);
    if (!lists || turn !== fresh) return;
    const { voice } = current.getState();
    fillDevices(microphones, lists.microphones, words, voice.microphone.deviceId);
    fillDevices(speakers, lists.speakers, words, voice.speaker.deviceId);
  }

  let seen;
  let wasCalled = false;
  return {
    element,
    loudness,
    notice,
    /** The sheet is open, or not any more. */
    opened(isOpen) {
      open = isOpen;
      if (open) void list();
    },
    /** Another state. */
    draw({ session: { state }, voice }) {
      const isCalled = voice.state !== "off" && state !== "joining" && state !== "ended";
      // What it says was of a call that is over now, or is mended.
      if ((wasCalled && !isCalled) || (about === "none" && voice.microphone.state === "live")) note("");
      wasCalled = isCalled;
      show(speakerRow, voice.speaker.selectable);
      if (volume.getRootNode().activeElement !== volume) volume.value = Math.round(voice.volume * 100);
      for (const name of SWITCHES) switches[name].checked = voice.microphone[name];
      const now = JSON.stringify([voice.microphone.deviceId, voice.microphone.label, voice.speaker.deviceId]);
      if (open && now !== seen) void list();
      seen = now;
    },
    /** The microphone changed. */
    changed(change) {
      note(changeLine(change, words), change.to === null ? "none" : undefined);
      // A choice that could not be opened is not to be seen as the one in use.
      if (open) void list();
    },
    /** Own level, from 0 to 1. */
    level(loud) {
      if (open) level.value = Math.sqrt(loud);
    },
  };
}
