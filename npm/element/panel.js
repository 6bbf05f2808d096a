// The panel as a whole: it puts the parts together, hands each state on to them, and says what happens between two states.
import { controlBar } from "./bar.js";
import { NOTHING } from "./between.js";
import { chatPanel } from "./chat.js";
import { checkView } from "./check.js";
import { devicesView } from "./devices.js";
import { h, icon, kept, setText, show } from "./dom.js";
import { peopleView } from "./people.js";
import { qualityView } from "./quality.js";
import { sheetsView } from "./sheets.js";
import { announce } from "./sound.js";
import { interruption, sentence, statusOf } from "./status.js";
import { badge, mediaKeys, wakeLock } from "./surroundings.js";

const stored = kept("localStorage", "panel");

/** What a person chose of the panel, in this browser. */
export const settings = {
  get: (name) => stored.get()?.[name] ?? true,
  set: (name, value) => stored.set({ ...stored.get(), [name]: value }),
};

/** What the panel stands in, and what may stand before it. */
export const frame = (words, direction, elements) => h("div", { class: "panel", part: "panel", lang: words.language, dir: direction }, ...elements);

/**
 * Builds the panel. `context` has `words`, `session()` (the handle), `name()` (what the other is called), `ownName()`, `ids()`,
 * `options()`, `withVoice()`, `settings`, `badge` and `signal`, which takes it down. `act` does `leave` and `join`.
 */
export function buildPanel(context, act) {
  const { words, session, signal } = context;
  const line = h("p", { id: "status", class: "status", role: "status" });
  const hint = h("p", { id: "hint", class: "hint", hidden: true });
  // A clock is no news: it is not read out.
  const since = h("p", { id: "since", class: "hint", hidden: true });
  const action = (id, word, work) => h("button", { type: "button", id, class: "primary", hidden: true, onclick: work }, words.t(`bar/${word}`));
  const actions = {
    start: action("start", "startVoice", () => session()?.startVoice()),
    microphone: action("microphone", "microphone", () => session()?.startVoice()),
    retry: action("retry", "retry", () => session()?.retryVoice()),
    resume: action("resume", "resume", () => session()?.resumeAudio()),
  };
  const people = peopleView(context);
  const quality = qualityView(context);
  const devices = devicesView(context);
  const check = checkView(context, context.options);
  const chat = chatPanel(context, () => count(chat.unread()));
  const sheets = sheetsView(
    context,
    {
      devices: { title: words.t("devices/title"), content: devices.element },
      volume: { title: words.t("bar/volume"), content: devices.loudness },
      help: { title: words.t("check/title"), content: check },
    },
    (name, isOpen) => {
      bar.opened(name, isOpen);
      if (name === "devices") devices.opened(isOpen);
      if (name === "help") help.setAttribute("aria-expanded", String(isOpen));
    },
  );
  const help = h(
    "button",
    { type: "button", id: "help-open", class: "plain square", "aria-label": words.t("check/title"), "aria-expanded": "false", "aria-controls": "help", onclick: () => sheets.toggle("help") },
    icon("help"),
  );
  const bar = controlBar(context, act, sheets);
  const voice = h(
    "section",
    { class: "voice", part: "voice", "aria-labelledby": "voice-title" },
    h("h2", { id: "voice-title", class: "visually-hidden" }, words.t("panel/voice")),
    h("div", { class: "heading" }, h("div", { class: "state", part: "status" }, line, hint, since, h("div", { class: "actions" }, ...Object.values(actions))), help),
    people.element,
    quality.mutedTalking,
    quality.warnings,
    devices.notice,
    quality.element,
  );
  const body = h("div", { class: "body" }, voice, chat.element, sheets.element);
  const keepAwake = wakeLock(signal);
  const count = context.badge ? badge(signal) : () => {};
  const keys = mediaKeys(signal, {
    toggle: () => session()?.setMuted(!(state.voice.muted || state.voice.talking)),
    hangUp: () => session()?.stopVoice(),
  });

  let state = NOTHING;
  let voiceWas;
  let presenceWas;
  let isTyping = false;
  let wasTalking = false;
  let clock;

  /** Counts the seconds of an interruption, as long as there is one. */
  function drawSince() {
    const text = state.session.state === "ended" ? "" : interruption(state, words, Date.now());
    setText(since, text);
    show(since, text !== "");
    if (text) clock ??= setInterval(drawSince, 1000);
    else clock = clearInterval(clock);
  }

  /** Shows the one button that helps now, and hands the focus on when the one before had it. */
  function drawActions() {
    const { voice: now, session: own } = state;
    const on = now.state !== "off" && own.state !== "ended";
    const wanted = {
      start: now.state === "off" && own.state !== "ended" && session() !== undefined,
      resume: on && now.playbackBlocked,
      retry: on && now.state === "unavailable",
      microphone: on && now.microphone.state === "failed",
    };
    const { activeElement } = line.getRootNode();
    for (const [name, button] of Object.entries(actions)) show(button, Boolean(wanted[name]));
    if (activeElement?.hidden && Object.values(actions).includes(activeElement)) {
      (Object.values(actions).find((button) => !button.hidden) ?? bar.first).focus();
    }
  }

  /** One line in the chat when voice is given up, and one when it is back. */
  function noteVoice() {
    // Before the log is there, a line would stand above all of it.
    const now = ["joining", "ended"].includes(state.session.state) ? undefined : state.voice.state;
    if (now === "unavailable" && voiceWas !== "gone") {
      chat.note("voice", words.t("chat/voiceGone"));
      voiceWas = "gone";
    } else if (now === "connected") {
      if (voiceWas === "gone") chat.note("voice", words.t("chat/voiceBack"));
      voiceWas = "here";
    }
  }

  /** Somebody who comes after this person is one line and a sound. */
  function notePresence() {
    const { session: own, peer } = state;
    if (own.state === "ended" || own.state === "joining") presenceWas = undefined;
    else if (own.state === "joined") {
      if (presenceWas === "absent" && peer.presence === "present") happened("joined");
      presenceWas = peer.presence;
    }
  }

  function happened(what) {
    const name = context.name();
    chat.note("presence", name === words.t("other") ? sentence(words.t(`chat/${what}`, { name })) : words.t(`chat/${what}`, { name }));
    if (context.settings.get("sounds")) void announce(what);
  }

  function draw() {
    const found = statusOf(state, words, context.givenName());
    // Nothing is read into what one says while a key is held, nor when it is let go.
    line.setAttribute("aria-live", state.voice.talking || wasTalking ? "off" : "polite");
    wasTalking = state.voice.talking;
    setText(line, found.line);
    line.dataset.state = found.look;
    // Leaves room for what follows, so that nothing moves.
    line.parentElement.toggleAttribute("data-joining", state.session.state === "joining");
    line.parentElement.toggleAttribute("data-text", !context.withVoice());
    setText(hint, found.hint);
    show(hint, found.hint !== "");
    drawSince();
    people.draw(state);
    quality.draw(state);
    devices.draw(state);
    bar.draw(state);
    drawActions();
    chat.draw(state);
    noteVoice();
    notePresence();
    chat.typing(isTyping ? words.t("chat/typing", { name: context.name() }) : "");
    const called = ["connecting", "connected", "reconnecting"].includes(state.voice.state) && state.session.state !== "ended";
    keepAwake(called);
    keys(called, state.voice.muted);
    count(chat.unread());
  }

  signal.addEventListener("abort", () => clearInterval(clock));
  draw();
  return {
    elements: [body, bar.element],
    draw(next) {
      state = next;
      draw();
    },
    /** Listens to a session; what it returns ends that. */
    listen(handle) {
      isTyping = false;
      const stops = [
        handle.on("typing", (on) => {
          isTyping = on;
          draw();
        }),
        handle.on("level", (levels) => {
          people.level(levels);
          devices.level(levels.own);
        }),
        handle.on("quality", quality.second),
        handle.on("speaking", people.speaking),
        handle.on("microphone-changed", devices.changed),
        handle.on("peer-left", () => happened("left")),
      ];
      return () => {
        for (const stop of stops) stop();
        people.speaking({ own: false, peer: false });
      };
    },
    /** Gives the focus to what a person most likely uses next. */
    focus() {
      bar.first.focus();
    },
    /** The session could not be started at all. */
    failed(error) {
      setText(line, words.t("status/failed"));
      line.dataset.state = "bad";
      setText(hint, `${words.t(`error/${error.code}`)} ${error.message}`.trim());
      show(hint, true);
      bar.draw({ ...state, session: { state: "ended", reason: null } });
    },
  };
}
