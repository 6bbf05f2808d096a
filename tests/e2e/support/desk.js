// Runs in the page before its own code: microphones that a test plugs and unplugs, each with a tone of its own. A browser's fake
// devices can't be unplugged, and all play the same; this stands where a browser's own devices would, behind the same functions.
(() => {
  const media = navigator.mediaDevices;
  const desk = { devices: [], live: [], errors: {}, asked: [] };
  globalThis.desk = desk;
  let context;

  const group = ({ id }) => `group of ${id}`;

  /** As Chromium lists them: what the system uses, the first, has an entry of its own. */
  const list = () => {
    const [first] = desk.devices;
    const named = first ? [{ ...first, id: "default", label: `Default - ${first.label}`, group: group(first) }] : [];
    return [...named, ...desk.devices].map((device) => ({ group: group(device), ...device }));
  };

  const changed = () => media.dispatchEvent(new Event("devicechange"));

  const info = (kind) => ({ id, label, group: groupId }) => ({ kind, deviceId: id, label, groupId });

  const speakers = media.enumerateDevices.bind(media);
  media.enumerateDevices = async () => [
    ...list().map(info("audioinput")),
    ...(await speakers()).filter(({ kind }) => kind === "audiooutput"),
  ];

  media.getUserMedia = async ({ audio }) => {
    const wanted = audio.deviceId?.exact ?? "default";
    desk.asked.push(wanted);
    const found = list().find(({ id }) => id === wanted);
    if (!found) throw new DOMException("", wanted === "default" ? "NotFoundError" : "OverconstrainedError");
    const real = found.id === "default" ? desk.devices[0].id : found.id;
    if (desk.errors[real]) throw new DOMException("", desk.errors[real]);
    context ??= new AudioContext();
    const tone = new OscillatorNode(context, { frequency: found.hertz });
    const output = context.createMediaStreamDestination();
    tone.connect(output);
    tone.start();
    const [track] = output.stream.getAudioTracks();
    let processing = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...audio };
    let muted = false;
    Object.defineProperties(track, {
      label: { value: found.label },
      muted: { get: () => muted },
    });
    track.getSettings = () => ({ ...processing, deviceId: found.id, groupId: found.group });
    track.applyConstraints = async (constraints) => {
      // As Chromium: what is done to the sound is settled when a device is opened.
      if (desk.applies) processing = { ...processing, ...constraints };
    };
    desk.live.push({
      device: real,
      track,
      mute(on) {
        muted = on;
        if (on) tone.disconnect();
        else tone.connect(output);
        track.dispatchEvent(new Event(on ? "mute" : "unmute"));
      },
      /** Another tone for so many seconds; resolves when it is over, with the time since then by a function, in seconds. */
      beep(hertz, seconds) {
        const beep = new OscillatorNode(context, { frequency: hertz });
        const loudness = new GainNode(context, { gain: 0 });
        beep.connect(loudness).connect(output);
        const [from, end] = [context.currentTime, context.currentTime + seconds];
        // Without ramps it would click, which is a bit of every tone.
        for (const [level, at] of [[0, from], [0.5, from + 0.03], [0.5, end - 0.03], [0, end]]) loudness.gain.linearRampToValueAtTime(level, at);
        beep.start(from);
        beep.stop(end);
        return new Promise((resolve) => (beep.onended = () => resolve(() => context.currentTime - end)));
      },
      end() {
        tone.stop();
        track.stop();
        track.dispatchEvent(new Event("ended"));
      },
    });
    return output.stream;
  };

  const tracksOf = (id) => desk.live.filter(({ device, track }) => device === id && track.readyState === "live");

  desk.plug = (id, label, hertz, first = false) => {
    const device = { id, label, hertz };
    if (first) desk.devices.unshift(device);
    else desk.devices.push(device);
    changed();
  };

  desk.unplug = (id) => {
    desk.devices = desk.devices.filter((device) => device.id !== id);
    for (const one of tracksOf(id)) one.end();
    changed();
  };

  /** The system uses this one from now on. */
  desk.prefer = (id) => {
    desk.devices.sort((a, b) => (b.id === id) - (a.id === id));
    changed();
  };

  desk.mute = (id, on) => {
    for (const one of tracksOf(id)) one.mute(on);
  };

  desk.beep = (id, hertz, seconds) => tracksOf(id)[0].beep(hertz, seconds);

  /** Nothing comes from the open devices any more, not even silence; one that is opened again works. */
  desk.freeze = () => {
    context.suspend();
    context = undefined;
  };

  /** Opening a device throws this, or works again. */
  desk.fail = (id, error) => (desk.errors[id] = error);

  /** How many tracks of devices are live. */
  desk.open = () => desk.live.filter(({ track }) => track.readyState === "live").length;
})();
