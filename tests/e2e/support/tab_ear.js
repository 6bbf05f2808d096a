// Runs in the page before its own code. The microphone is an oscillator, which never pauses and whose sound nothing processes; and what
// the page's speaker would play is captured (getDisplayMedia of this tab: Chromium), so that each millisecond of it is looked at.
(() => {
  /** Milliseconds of one look. */
  const LOOK_MS = 5;
  /** Root mean square below which there is no tone: -35 dB of full scale. */
  const LEVEL = 0.018;

  const ear = { looks: [] };
  globalThis.ear = ear;

  /** The microphone, once the person allows it: a tone of so many hertz. */
  ear.speak = (hertz) => {
    navigator.mediaDevices.getUserMedia = async () => {
      const { state } = await navigator.permissions.query({ name: "microphone" });
      if (state !== "granted") throw new DOMException("", "NotAllowedError");
      const context = new AudioContext();
      const tone = new OscillatorNode(context, { frequency: hertz });
      const quiet = new GainNode(context, { gain: 0.3 });
      const out = new MediaStreamAudioDestinationNode(context);
      tone.connect(quiet).connect(out);
      tone.start();
      return out.stream;
    };
  };

  /** Listens from now on; to be called within a gesture. */
  ear.listen = async () => {
    const { mediaDevices } = navigator;
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await mediaDevices.getDisplayMedia({ audio: plain, video: { frameRate: 1 }, preferCurrentTab: true });
    const [track] = stream.getAudioTracks();
    void follow(new MediaStreamTrackProcessor({ track }).readable.getReader());
  };

  async function follow(reader) {
    let [energy, count] = [0, 0];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      const size = Math.round((value.sampleRate * LOOK_MS) / 1000);
      value.close();
      for (const sample of samples) {
        energy += sample * sample;
        count += 1;
        if (count === size) {
          ear.looks.push(Math.sqrt(energy / count) > LEVEL);
          [energy, count] = [0, 0];
        }
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
