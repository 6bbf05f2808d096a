// The control bar: always the same places, always in sight. A toggle has one name, and says by `aria-pressed` whether it is on.
import { h, icon, setText, show } from "./dom.js";

/** So long a key is held until it is more than a press, in milliseconds. */
const HOLD_MS = 250;

/** The bar of a panel. `act` leaves and joins; `sheets` opens what devices and volume stand in. */
export function controlBar({ words, session, signal, settings }, act, sheets) {
  const say = (key) => words.t(`bar/${key}`);
  const control = (id, picture, attributes = {}) =>
    h("button", { type: "button", id, part: "control", ...attributes }, icon(picture), h("span", {}, say(attributes["data-word"] ?? id)));
  const mute = control("mute", "microphone", { "aria-pressed": "false", "aria-keyshortcuts": "m" });
  const talk = control("talk", "talk", { "aria-keyshortcuts": "Space" });
  const devices = control("devices-open", "devices", { "data-word": "devices", "aria-expanded": "false", "aria-controls": "devices" });
  const volume = control("volume-open", "volume", { "data-word": "volume", "aria-expanded": "false", "aria-controls": "loudness" });
  const textOnly = control("text-only", "text", { "data-word": "textOnly", "aria-pressed": "false" });
  const leave = control("leave", "leave");
  const join = h("button", { type: "button", id: "join", class: "primary", part: "control", hidden: true }, icon("join"), h("span", {}));
  const during = h("div", { class: "during" }, mute, talk, devices, volume, textOnly, leave);
  const element = h("div", { class: "bar", part: "bar", role: "group", "aria-label": words.t("panel/controls") }, during, join);
  const pictures = { on: mute.querySelector("svg"), off: icon("muted") };

  let voice;
  /** As the person sees it: who holds the key, or has just let go of it, is muted still. */
  let muted;
  let endedBy;
  let holding = false;
  let timer;

  const off = (button) => button.getAttribute("aria-disabled") === "true";
  const setOff = (button, isOff) => (isOff ? button.setAttribute("aria-disabled", "true") : button.removeAttribute("aria-disabled"));

  function toggleMute() {
    if (off(mute) || holding) return;
    const on = !muted;
    session()?.setMuted(on);
    // The key may be next: what is said just before it is heard from its first press on.
    if (on) session()?.setTalking(false);
  }

  /** Talks as long as it is held; nothing of it lasts. */
  function hold(on) {
    clearTimeout(timer);
    if (holding === on || (on && (off(mute) || !muted))) return;
    holding = on;
    session()?.setTalking(on);
  }

  mute.addEventListener("click", toggleMute);
  // A click without a mouse is one of a key, which is held by `keydown`.
  talk.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    talk.setPointerCapture(event.pointerId);
    hold(true);
  });
  for (const event of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) talk.addEventListener(event, () => hold(false));
  talk.addEventListener("contextmenu", (event) => event.preventDefault());
  textOnly.addEventListener("click", () => {
    if (voice?.state === "off") session()?.startVoice();
    else session()?.stopVoice();
  });
  devices.addEventListener("click", () => sheets.toggle("devices"));
  volume.addEventListener("click", () => sheets.toggle("volume"));
  leave.addEventListener("click", () => act("leave"));
  join.addEventListener("click", () => (endedBy === "internal-error" ? location.reload() : act("join")));

  const isControl = (target) => target.closest?.("button, a[href], input, select, summary, [role=button], [role=tab], [role=menuitem]");
  const isText = (target) => target.isContentEditable || target.closest?.("[role=textbox], textarea, select, input:not([type=checkbox], [type=radio], [type=range], [type=button])");

  /** Whether a key is meant for the call, and not for what has the focus. */
  function isOurs(event) {
    const [target] = event.composedPath();
    return settings.get("keys") && !event.defaultPrevented && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.altKey && !isText(target);
  }

  function keyDown(event) {
    const [target] = event.composedPath();
    if (event.key === " " && (target === talk || (holding && !isText(target)))) event.preventDefault();
    if (!isOurs(event)) return;
    if (event.key.toLowerCase() === "m" && !event.shiftKey && !event.repeat) toggleMute();
    if (event.key !== " " || event.repeat) return;
    if (target === mute) timer = setTimeout(() => hold(true), HOLD_MS);
    else if (target === talk) hold(true);
    else if (!isControl(target) && muted && !off(mute)) {
      event.preventDefault();
      hold(true);
    }
  }

  function keyUp(event) {
    if (event.key !== " ") return;
    // A key that was held presses no button.
    if (holding) event.preventDefault();
    hold(false);
  }

  document.addEventListener("keydown", keyDown, { signal });
  document.addEventListener("keyup", keyUp, { signal });
  // Whoever goes elsewhere with the key held is not heard there.
  addEventListener("blur", () => hold(false), { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    // Nobody would hear the key come up.
    if (holding) session()?.setTalking(false);
  });

  return {
    element,
    /** The control that has the focus when another one goes. */
    get first() {
      return during.hidden ? join : mute;
    },
    opened(name, isOpen) {
      ({ devices, volume })[name]?.setAttribute("aria-expanded", String(isOpen));
    },
    draw(state) {
      voice = state.voice;
      muted = voice.muted || voice.talking;
      const ended = state.session.state === "ended";
      const had = element.contains(element.getRootNode().activeElement);
      const on = voice.state !== "off" && !ended;
      if (!on) hold(false);
      const silent = !on || voice.microphone.state === "failed";
      mute.setAttribute("aria-pressed", String(on && muted));
      setOff(mute, silent);
      const wanted = muted ? pictures.off : pictures.on;
      if (mute.firstElementChild !== wanted) mute.firstElementChild.replaceWith(wanted);
      setOff(talk, silent || !muted);
      talk.toggleAttribute("data-held", voice.talking);
      textOnly.setAttribute("aria-pressed", String(!on));
      const was = during.hidden;
      show(during, !ended);
      show(join, ended);
      endedBy = state.session.reason;
      setText(join.lastElementChild, say({ "opened-elsewhere": "continue", "internal-error": "reload" }[endedBy] ?? "join"));
      if (had && was !== during.hidden) this.first.focus();
    },
  };
}
