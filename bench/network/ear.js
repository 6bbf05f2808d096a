// Runs in the page before its own code: the moments at which what the page plays has the other's tone, taken from the decoded
// samples (WebCodecs' neighbour MediaStreamTrackProcessor: Chromium), 10 ms at a time. It changes nothing.
(() => {
  /** Consecutive windows with the tone that make a sound: with two frames a window, a frame apart, 40 ms of it. */
  const RUN = 3;
  /** Share of a window's energy that must be at the tone; noise and another tone have a twentieth of it at most. */
  const SHARE = 0.5;
  /** Root mean square that is no silence: -60 dB of full scale. Noise suppression makes a lasting tone faint. */
  const LEVEL = 0.001;

  const ear = { hertz: 0, heard: [], connections: [] };
  globalThis.ear = ear;
  ear.now = () => performance.timeOrigin + performance.now();

  /** Goertzel: whether these samples are mostly a tone of that frequency. */
  function has(parts, hertz, rate) {
    const turn = 2 * Math.cos((2 * Math.PI * hertz) / rate);
    let [one, two, energy, count] = [0, 0, 0, 0];
    for (const samples of parts) {
      for (const sample of samples) {
        [one, two] = [sample + turn * one - two, one];
        energy += sample * sample;
      }
      count += samples.length;
    }
    if (energy < count * LEVEL * LEVEL) return false;
    const power = one * one + two * two - turn * one * two;
    return (2 * power) / (count * energy) > SHARE;
  }

  const waiting = new Set();
  function note() {
    ear.heard.push(ear.now());
    for (const look of waiting) look();
  }

  /** Hears a track until another one is played. */
  async function follow(track, isPlayed) {
    if (!globalThis.MediaStreamTrackProcessor) return;
    const reader = new globalThis.MediaStreamTrackProcessor({ track }).readable.getReader();
    let before = new Float32Array(0);
    let run = 0;
    while (isPlayed()) {
      const { done, value } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      ear.first ??= ear.now();
      run = ear.hertz && has([before, samples], ear.hertz, value.sampleRate) ? run + 1 : 0;
      before = samples;
      value.close();
      if (run >= RUN) note();
    }
    await reader.cancel();
  }

  /**
   * Resolves with the first moment (of this machine's clock) from `since` on at which there was new sound: after a pause of
   * `pause` milliseconds, so that neither the rest of the old sound counts nor what the jitter buffer makes up in its place.
   * With nothing when it took longer than `limit` milliseconds.
   */
  ear.after = (since, pause, limit) =>
    new Promise((resolve) => {
      const end = (at) => {
        waiting.delete(look);
        resolve(at);
      };
      const look = () => {
        const at = ear.heard.find((t, i, all) => t >= since && (i === 0 || t - all[i - 1] >= pause));
        if (at) end(at);
      };
      waiting.add(look);
      setTimeout(end, limit);
      look();
    });

  // What an audio element plays is taken where it is set. While one sound fades to another there are two: the newest counts.
  const property = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  let played;
  let element;
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    ...property,
    set(stream) {
      property.set.call(this, stream);
      if (!stream && this !== element) return;
      element = this;
      const [track] = stream?.getAudioTracks() ?? [];
      if (track === played) return;
      played = track;
      if (track) void follow(track, () => played === track);
    },
  });

  const Native = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      ear.connections.push(this);
    }
  };
})();
