// Sounds that are made, not fetched: somebody joined, somebody left, and one to test the speaker by.

/** Notes in hertz, one after the other. */
const JOINED = [523, 784];
const LEFT = [659, 440];
const TEST = [523, 659, 784, 1047];

/** A quiet sound lies below speech. */
const QUIET = 0.04;
const CLEAR = 0.2;
/** A note's time in seconds. */
const NOTE = 0.14;

let context;
let sounds = 0;

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Plays notes; returns how long that takes, in milliseconds. */
function play(notes, loud, target, audio) {
  const begin = audio.currentTime + 0.02;
  notes.forEach((hertz, index) => {
    const from = begin + index * NOTE;
    const note = new OscillatorNode(audio, { frequency: hertz });
    const gain = new GainNode(audio, { gain: 0 });
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(loud, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + NOTE * 1.6);
    note.connect(gain).connect(target);
    note.start(from);
    note.stop(from + NOTE * 1.7);
  });
  return (notes.length + 1) * NOTE * 1000 + 200;
}

/** Says that somebody joined or left. Before the page was clicked, a browser plays nothing. */
export async function announce(what) {
  const mine = (sounds += 1);
  try {
    context ??= new AudioContext();
    // Also when it runs: it may be about to rest after the sound before.
    await Promise.race([context.resume(), after(300)]);
    if (context.state === "running") await after(play(what === "joined" ? JOINED : LEFT, QUIET, context.destination, context));
    // Running, it holds the speaker, and takes power, for nothing.
    if (mine === sounds) await context.suspend();
  } catch {
    // A browser without sound.
  }
}

/** Plays the test sound on a speaker; an empty name is whatever the system uses. Call it in a click handler. */
export async function playTest(speaker = "") {
  const audio = new AudioContext();
  const output = new MediaStreamAudioDestinationNode(audio);
  const element = new Audio();
  try {
    element.srcObject = output.stream;
    if (speaker && element.setSinkId) await element.setSinkId(speaker);
    await Promise.all([audio.resume(), element.play()]);
    await after(play(TEST, CLEAR, output, audio));
  } finally {
    element.srcObject = null;
    await audio.close();
  }
}
