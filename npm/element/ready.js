// Before the call: microphone and speaker are chosen, one sees that one can be heard, and hears a sound. What was chosen is remembered.
import { microphoneReason, permission } from "../permission.js";
import { fillDevices } from "./devices.js";
import { h, kept, setText, show } from "./dom.js";
import { playTest } from "./sound.js";
import { microphoneTrouble } from "./status.js";

const chosen = kept("localStorage", "ready");
/** Where src/devices.rs keeps what the person chose last. */
const remembered = kept("localStorage", "devices");

/** Somebody has chosen on this screen before. */
export const hasChosen = () => chosen.get() !== undefined;

/** A name without control characters, what shows nothing, and those that change the direction of what stands beside it; servers do the same. */
const plain = (text) => text.replace(/[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\u3164\ufeff\uffa0]/gu, "").trim();

/** What a user called themselves the last time. */
const named = (userId) => kept("localStorage", `name.${userId}`);
export const chosenName = (userId) => String(named(userId).get() ?? "");

/** The screen before a call. `join(voice, picked)` is called once; `picked` has `microphone` and `speaker`, empty for the system's choice, and
 * neither where the person left it alone and it is known without. */
export function readyView({ words, signal, asksName, ids, options }, join) {
  const say = (key) => words.t(`ready/${key}`);
  const given = options().microphone;
  const { microphone: last, speaker } = remembered.get() ?? {};
  const past = { microphone: last?.id ?? (typeof given === "string" ? given : ""), speaker: speaker?.id ?? "" };
  /** What was chosen here and now. */
  const own = {};
  const microphones = h("select", { id: "ready-microphones" });
  const speakers = h("select", { id: "ready-speakers" });
  const level = h("meter", { id: "ready-level", min: 0, max: 1, value: 0, "aria-label": words.t("note/level") });
  const trouble = h("p", { id: "ready-trouble", role: "status" });
  const allow = h("button", { type: "button", hidden: true, onclick: () => void listen() }, words.t("bar/microphone"));
  const speakerRow = h("div", { class: "row", hidden: true }, h("label", { for: "ready-speakers" }, words.t("devices/speaker")), speakers);
  const test = h("button", { type: "button", onclick: () => void playTest(speakers.value).catch(() => setText(trouble, words.t("devices/speakerFailed"))) }, words.t("devices/test"));
  const name = h("input", { type: "text", id: "ready-name", maxlength: 64, autocomplete: "nickname", dir: "auto", value: chosenName(ids()[1]) });
  const nameRow = asksName && h("div", { class: "row" }, h("label", { for: "ready-name" }, say("name")), name);
  const talk = h("button", { type: "button", class: "primary", id: "ready-join", onclick: () => done(true) }, say("join"));
  const write = h("button", { type: "button", onclick: () => done(false) }, say("joinText"));
  const element = h(
    "section",
    { class: "ready", part: "ready", "aria-labelledby": "ready-title" },
    h("h2", { id: "ready-title", tabindex: -1 }, say("title")),
    h("p", { class: "hint" }, say("intro")),
    nameRow || null,
    h("label", { for: "ready-microphones" }, words.t("devices/microphone")),
    microphones,
    level,
    trouble,
    allow,
    speakerRow,
    test,
    h("div", { class: "actions" }, talk, write),
  );
  let stream;
  let audio;
  let frame;
  let over = false;
  /** How often a microphone was asked for: an answer that is not the newest one's is let go. */
  let turns = 0;

  function stop() {
    cancelAnimationFrame(frame);
    stream?.getTracks().forEach((track) => track.stop());
    void audio?.close();
    stream = audio = undefined;
    level.value = 0;
  }

  async function listen(id = own.microphone ?? past.microphone) {
    stop();
    const turn = (turns += 1);
    let opened;
    try {
      const wanted = id ? { deviceId: { exact: id } } : true;
      opened = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    } catch (error) {
      // One that is not there any more is no reason to have none.
      if (turn !== turns) return undefined;
      if (id && error.name === "OverconstrainedError") return listen("");
      const reason = navigator.mediaDevices ? await microphoneReason(error) : "blocked";
      if (over || turn !== turns) return undefined;
      setText(trouble, microphoneTrouble({ reason }, words).join(" "));
      show(allow, true);
      return list().catch(() => {});
    }
    if (over || turn !== turns) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
    setText(trouble, "");
    const had = allow.getRootNode().activeElement === allow;
    show(allow, false);
    if (had) microphones.focus();
    measure();
    await list();
  }

  function measure() {
    audio = new AudioContext();
    void audio.resume();
    const analyser = new AnalyserNode(audio, { fftSize: 1024 });
    new MediaStreamAudioSourceNode(audio, { mediaStream: stream }).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      level.value = Math.sqrt(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
      frame = requestAnimationFrame(look);
    };
    look();
  }

  async function list() {
    const devices = ((await navigator.mediaDevices?.enumerateDevices()) ?? []).map(({ deviceId: id, label, kind }) => ({ id, label, kind, isDefault: id === "default" }));
    const of = (kind) => devices.filter((device) => device.kind === kind);
    const used = stream?.getAudioTracks()[0]?.getSettings().deviceId;
    fillDevices(microphones, of("audioinput"), words, own.microphone ?? (past.microphone || (used === "default" ? "" : used)));
    fillDevices(speakers, of("audiooutput"), words, own.speaker ?? past.speaker);
    show(speakerRow, "setSinkId" in HTMLMediaElement.prototype && of("audiooutput").length > 0);
  }

  /** There are other devices; the one that was listened to may be gone. */
  async function refresh() {
    await list();
    if (stream?.active === false) await listen(microphones.value);
  }

  async function watchPermission() {
    const status = await permission();
    // Allowed in the browser's settings: nobody has to come back and click.
    status?.addEventListener("change", () => status.state === "granted" && !over && !stream && void listen(), { signal });
  }

  function done(voice) {
    if (over) return;
    over = true;
    stop();
    // What is shown because a device is not there, or not named yet, is no choice.
    const pick = (select, wanted) => (wanted === "" ? "" : select.value || undefined);
    chosen.set(true);
    if (asksName) named(ids()[1]).set(plain(name.value) || undefined);
    join(voice, { microphone: pick(microphones, own.microphone), speaker: pick(speakers, own.speaker) });
  }

  microphones.addEventListener("change", () => void listen((own.microphone = microphones.value)));
  speakers.addEventListener("change", () => (own.speaker = speakers.value));
  navigator.mediaDevices?.addEventListener("devicechange", () => over || void refresh().catch(() => {}), { signal });
  signal.addEventListener("abort", () => {
    over = true;
    stop();
  });
  void listen();
  void watchPermission();
  return element;
}
