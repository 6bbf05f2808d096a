// Runs in the page before its own code: records what the page plays, from the decoded samples (MediaStreamTrackProcessor: Chromium),
// however many tracks and elements play it, and keeps its connections. It changes nothing.
(() => {
  const RATE = 48_000;
  /** A track that delivers nothing for so many milliseconds has paused: what comes later stands where it came. */
  const PAUSE_MS = 500;

  const ear = { connections: [] };
  globalThis.ear = ear;
  ear.now = () => performance.timeOrigin + performance.now();

  /** Elements and the tracks that they play. */
  const played = new Map();
  let recording;

  async function follow(element, track, own) {
    // What the page has no time for now is kept, 10 ms each.
    const reader = new globalThis.MediaStreamTrackProcessor({ track, maxBufferSize: 1_000 }).readable.getReader();
    own.readers.push(reader);
    let part;
    for (;;) {
      const { done, value } = await reader.read();
      if (done || own !== recording || played.get(element) !== track) break;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      const at = value.timestamp / 1000;
      if (value.sampleRate !== RATE) own.errors.push(`${value.sampleRate} Hz`);
      value.close();
      const gain = element.muted || element.paused ? 0 : element.volume;
      if (gain !== 1) samples.forEach((sample, i) => (samples[i] = sample * gain));
      if (!part || at - part.last > PAUSE_MS) {
        part = { from: Math.round(((performance.now() - own.since) * RATE) / 1000), samples: [], count: 0 };
        own.parts.push(part);
      }
      part.last = at;
      part.samples.push(samples);
      part.count += samples.length;
    }
    await reader.cancel().catch(() => {});
  }

  /** Records from now on. */
  ear.begin = () => {
    recording = { since: performance.now(), parts: [], readers: [], errors: [] };
    for (const [element, track] of played) void follow(element, track, recording);
  };

  /** Ends the recording: Base64 of 16 bits at 48 kHz, and in how many parts it came. */
  ear.end = async () => {
    const { since, parts, readers, errors } = recording;
    recording = undefined;
    for (const reader of readers) void reader.cancel().catch(() => {});
    // What a track that has ended did not deliver is silence.
    const length = Math.round(((performance.now() - since) * RATE) / 1000);
    const all = new Float32Array(Math.max(length, ...parts.map(({ from, count }) => from + count)));
    for (const { from, samples } of parts) {
      let at = from;
      for (const some of samples) for (const sample of some) all[at++] += sample;
    }
    const numbers = Int16Array.from(all, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))));
    const url = await new Promise((resolve) => {
      const file = new FileReader();
      file.onload = () => resolve(file.result);
      file.readAsDataURL(new Blob([numbers]));
    });
    return { samples: url.slice(url.indexOf(",") + 1), seconds: all.length / RATE, parts: parts.length, errors };
  };

  /** What the receivers of all connections counted, by connection. */
  ear.stats = async () => {
    const found = {};
    for (const [index, connection] of ear.connections.entries()) {
      if (connection.connectionState === "closed") continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type === "inbound-rtp" && report.kind === "audio") found[`${index}-${report.id}`] = { ...report };
      }
    }
    return found;
  };

  const property = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    ...property,
    set(stream) {
      property.set.call(this, stream);
      const [track] = stream?.getAudioTracks() ?? [];
      if (track === played.get(this)) return;
      if (!track) played.delete(this);
      else played.set(this, track);
      if (track && recording) void follow(this, track, recording);
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
