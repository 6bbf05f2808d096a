// The settings of microphone and speaker: a panel that opens below the buttons, and the line that says which device is used now.
const $ = (id) => document.getElementById(id);

/** Sentences about a change of the microphone, by its reason. */
const because = {
  ended: "went away",
  muted: "was muted by the system",
  frozen: "brought no more sound",
  missing: "is not there",
  busy: "could not be opened",
  denied: "is not allowed",
};

/** What a change says to people. */
export function changeLine({ from, to, why }) {
  const what = because[why];
  if (to !== null && from === to) return `The chosen microphone ${what ?? "could not be used"}. Still using ${to}.`;
  if (to === null) return `${from || "The microphone"} ${what ?? "went away"}. You are not heard now.`;
  return what && from ? `${from} ${what}. Now using ${to}.` : `Now using ${to}.`;
}

/** Wires the panel; `current` brings the session. Returns what `main.js` tells it. */
export function devicesPanel(current) {
  const panel = $("devices");
  const microphones = $("microphones");
  const speakers = $("speakers");
  const volume = $("volume");
  const notice = $("device-notice");
  const switches = ["echoCancellation", "noiseSuppression", "autoGainControl"];

  const act = (work) => {
    const session = current();
    if (session) work(session);
  };

  microphones.addEventListener("change", () => act((session) => session.setMicrophone(microphones.value || null)));
  speakers.addEventListener("change", () =>
    act((session) =>
      session.setSpeaker(speakers.value).catch((error) => {
        notice.textContent = `The speaker could not be used: ${error.message}.`;
        void list();
      }),
    ),
  );
  volume.addEventListener("input", () => act((session) => session.setVolume(volume.valueAsNumber / 100)));
  for (const name of switches) {
    $(name).addEventListener("change", () => act((session) => session.setProcessing({ [name]: $(name).checked })));
  }
  panel.addEventListener("toggle", () => panel.open && void list());
  // Absent on a page that is not secure.
  navigator.mediaDevices?.addEventListener("devicechange", () => panel.open && void list());

  /** Fills a select, and leaves one alone that shows the same: a person may have it open. */
  function fill(select, devices, first, selected) {
    const options = devices.filter(({ id }) => id && id !== "default");
    const wanted = [["", first], ...options.map(({ id, label }) => [id, label || "Device without a name"])];
    const shown = [...select.options].map(({ value, text }) => [value, text]);
    if (JSON.stringify(shown) !== JSON.stringify(wanted)) {
      select.replaceChildren(...wanted.map(([value, text]) => new Option(text, value)));
    }
    select.value = options.some(({ id }) => id === selected) ? selected : "";
  }

  let fresh = 0;
  async function list() {
    const turn = (fresh += 1);
    const session = current();
    const lists = await session.listDevices().catch(() => undefined);
    if (!lists || turn !== fresh) return;
    const { voice } = session.getState();
    const system = (devices) => {
      const { label } = devices.find(({ isDefault }) => isDefault) ?? {};
      return label ? `System’s choice (${label.replace(/^Default - /, "")})` : "System’s choice";
    };
    fill(microphones, lists.microphones, system(lists.microphones), voice.microphone.deviceId);
    fill(speakers, lists.speakers, system(lists.speakers), voice.speaker.deviceId);
  }

  let seen;
  return {
    /** Another state. */
    draw({ session, voice }) {
      panel.hidden = session.state === "ended";
      $("speaker-row").hidden = !voice.speaker.selectable;
      if (document.activeElement !== volume) volume.value = Math.round(voice.volume * 100);
      for (const name of switches) $(name).checked = voice.microphone[name];
      const now = JSON.stringify([voice.microphone.deviceId, voice.microphone.label, voice.speaker.deviceId]);
      if (panel.open && now !== seen) void list();
      seen = now;
    },
    /** The microphone changed. */
    changed(change) {
      notice.textContent = changeLine(change);
    },
    /** Own level, from 0 to 1. */
    level(own) {
      if (panel.open) $("test-level").value = Math.sqrt(own);
    },
  };
}
