// Runs in the page before its own code: the microphone says what it is told, sample by sample, without any processing of a device.
(() => {
  const mouth = {};
  globalThis.mouth = mouth;
  let context;
  let buffer;
  let source;
  let bus;

  /** What is said over and over from now on: Base64 of 16 bits at 48 kHz. */
  mouth.load = (samples) => {
    const numbers = new Int16Array(Uint8Array.from(atob(samples), (character) => character.charCodeAt(0)).buffer);
    context = new AudioContext({ sampleRate: 48_000 });
    bus = new GainNode(context);
    buffer = new AudioBuffer({ length: numbers.length, sampleRate: 48_000 });
    buffer.copyToChannel(Float32Array.from(numbers, (number) => number / 32_768), 0);
    mouth.say(0);
  };

  /** Goes on at this second of it. */
  mouth.say = (offset) => {
    source?.stop();
    source?.disconnect();
    source = new AudioBufferSourceNode(context, { buffer, loop: true });
    source.connect(bus);
    source.start(0, offset);
  };

  const settings = { deviceId: "default", groupId: "mouth", echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  navigator.mediaDevices.getUserMedia = async () => {
    const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    bus.connect(out);
    const [track] = out.stream.getAudioTracks();
    Object.defineProperty(track, "label", { value: "Mouth" });
    track.getSettings = () => ({ ...settings, sampleRate: 48_000, channelCount: 1 });
    track.applyConstraints = async () => {};
    return out.stream;
  };
})();
