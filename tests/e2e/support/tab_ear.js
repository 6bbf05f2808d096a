// Runs in the page before its own code. The microphone is an oscillator, which never pauses and whose sound nothing processes; and what
// the page's speaker would play is captured (getDisplayMedia of this tab: Chromium), so that each millisecond of it is looked at. The page
// plays another tone beside it: where that is missing as well, the machine did not keep up, and nothing is concluded.
(() => {
  /** Milliseconds of one look. */
  const LOOK_MS = 5;
  /** The other tone: its frequency in hertz and its amplitude. */
  const [BESIDE_HERTZ, BESIDE] = [6000, 0.1];
  /** The amplitude of the microphone's tone. */
  const LOUD = 0.3;
  /** Share of its amplitude below which a tone is missing. */
  const SHARE = 0.3;

  const ear = { looks: [] };
  globalThis.ear = ear;

  /** The microphone, once the person allows it: a tone of so many hertz. */
  ear.speak = (hertz) => {
    navigator.mediaDevices.getUserMedia = async () => {
      const { state } = await navigator.permissions.query({ name: "microphone" });
      if (state !== "granted") throw new DOMException("", "NotAllowedError");
      const context = new AudioContext();
      const out = new MediaStreamAudioDestinationNode(context);
      play(context, hertz, LOUD, out);
      return out.stream;
    };
  };

  function play(context, frequency, gain, out) {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(new GainNode(context, { gain })).connect(out);
    tone.start();
  }

  /** Goertzel: the amplitude of a tone in these samples. */
  function amplitude(samples, hertz, rate) {
    const turn = 2 * Math.cos((2 * Math.PI * hertz) / rate);
    let [one, two] = [0, 0];
    for (const sample of samples) [one, two] = [sample + turn * one - two, one];
    return (2 * Math.sqrt(Math.max(0, one * one + two * two - turn * one * two))) / samples.length;
  }

  /** Listens to a tone of so many hertz from now on; to be called within a gesture. */
  ear.listen = async (hertz) => {
    const context = new AudioContext();
    play(context, BESIDE_HERTZ, BESIDE, context.destination);
    const { mediaDevices } = navigator;
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await mediaDevices.getDisplayMedia({ audio: plain, video: { frameRate: 1 }, preferCurrentTab: true });
    const [track] = stream.getAudioTracks();
    void follow(new MediaStreamTrackProcessor({ track }).readable.getReader(), hertz);
  };

  async function follow(reader, hertz) {
    let waiting = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      const rate = value.sampleRate;
      const size = Math.round((rate * LOOK_MS) / 1000);
      value.close();
      waiting.push(...samples);
      for (; waiting.length >= size; waiting = waiting.slice(size)) {
        const look = waiting.slice(0, size);
        const tone = amplitude(look, hertz, rate) > LOUD * SHARE;
        if (tone || amplitude(look, BESIDE_HERTZ, rate) > BESIDE * SHARE) ear.looks.push(tone);
      }
    }
  }

  /** Milliseconds of tone heard so far. */
  ear.heard = () => ear.looks.filter(Boolean).length * LOOK_MS;

  /** Milliseconds without the tone, from where it was heard first to where it was heard last; and forgets it all. */
  ear.gap = () => {
    const looks = ear.looks.splice(0);
    const between = looks.slice(looks.indexOf(true), looks.lastIndexOf(true) + 1);
    return between.filter((tone) => !tone).length * LOOK_MS;
  };
})();
