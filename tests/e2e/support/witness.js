// Runs in the page before its own code: counts what is opened, and listens to what the page plays. It changes nothing.
(() => {
  const witness = { prompts: 0, tracks: [], connections: [], offers: 0, sockets: [], timers: 0 };
  globalThis.witness = witness;

  // The clock of the wall jumps; what counts from the page's beginning does not.
  const NativeDate = Date;
  let jumped = 0;
  globalThis.Date = class extends NativeDate {
    constructor(...args) {
      if (args.length > 0) super(...args);
      else super(NativeDate.now() + jumped);
    }
    static now() {
      return NativeDate.now() + jumped;
    }
  };
  witness.shiftClock = (ms) => (jumped = ms);

  const Native = globalThis.RTCPeerConnection;
  if (Native) {
    globalThis.RTCPeerConnection = class extends Native {
      constructor(...args) {
        super(...args);
        witness.connections.push(this);
      }
      async setLocalDescription(...args) {
        await super.setLocalDescription(...args);
        if (this.localDescription?.type === "offer") witness.offers += 1;
      }
    };
  }

  const devices = navigator.mediaDevices;
  if (devices) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      witness.prompts += 1;
      const stream = await ask(constraints);
      witness.tracks.push(...stream.getTracks());
      return stream;
    };
  }

  // A Socket.IO client takes its WebSocket when it is loaded, so the switch is in here: `offline` refuses new sockets.
  const NativeSocket = globalThis.WebSocket;
  globalThis.WebSocket = class extends NativeSocket {
    constructor(address, ...rest) {
      super(witness.offline ? "ws://127.0.0.1:9/" : address, ...rest);
      witness.sockets.push(this);
    }
  };

  /** The server can't be reached from this page any more, or can again; the caller refuses its HTTP requests. */
  witness.cut = (offline) => {
    witness.offline = offline;
    if (offline) for (const socket of witness.sockets) socket.close();
  };

  /** What the page opened and still holds. */
  witness.held = () => ({
    tracks: witness.tracks.filter((track) => track.readyState === "live").length,
    connections: witness.connections.filter((connection) => connection.signalingState !== "closed").length,
    sockets: witness.sockets.filter((socket) => socket.readyState < 2).length,
  });

  // What the audio element plays is tapped where it is set. While one sound fades to another there are two: the newest counts.
  const property = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  let context;
  let analyser;
  let source;
  let element;
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    ...property,
    set(stream) {
      property.set.call(this, stream);
      if (!stream && this !== element) return;
      element = this;
      witness.played = stream;
      source?.disconnect();
      source = undefined;
      if (!stream) return;
      context ??= new AudioContext();
      analyser ??= Object.assign(context.createAnalyser(), { fftSize: 8192, smoothingTimeConstant: 0 });
      source = context.createMediaStreamSource(stream);
      source.connect(analyser);
    },
  });

  /** The same as `heard` by recording half a second, for a browser whose audio contexts need a sound card. */
  witness.recorded = async () => {
    if (!witness.played) return 0;
    const recorder = new MediaRecorder(witness.played);
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    // A recorder whose track ends meanwhile may never say so.
    const late = new Promise((resolve) => setTimeout(resolve, 1000));
    setTimeout(() => recorder.state === "recording" && recorder.stop(), 500);
    await Promise.race([stopped, late]);
    const decoder = new OfflineAudioContext(1, 48_000, 48_000);
    const decoding = decoder.decodeAudioData(await new Blob(parts).arrayBuffer()).catch(() => undefined);
    const sound = await Promise.race([decoding, new Promise((resolve) => setTimeout(resolve, 1000))]);
    const samples = sound?.getChannelData(0) ?? [];
    // The second half: the first may hold what was played before.
    const half = samples.slice(Math.floor(samples.length / 2));
    if (!half.some((sample) => Math.abs(sample) > 0.001)) return 0;
    const rises = half.reduce((count, sample, i) => count + (i > 0 && half[i - 1] < 0 && sample >= 0), 0);
    return (rises * 48_000) / half.length;
  };

  /** The loudest frequency in what is played now, in hertz; 0 for silence. */
  witness.heard = () => {
    if (!analyser) return 0;
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const best = bins.reduce((at, level, index) => (level > bins[at] ? index : at), 0);
    return bins[best] < -60 ? 0 : (best * context.sampleRate) / analyser.fftSize;
  };
})();
