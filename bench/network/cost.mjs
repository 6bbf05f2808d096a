// node bench/network/cost.mjs: what the measure of sound costs itself. A tone is switched on in a page and heard by the same ear as in
// the rows: as a local track (the ear alone and Web Audio's own buffers), and over a connection within the page (with the encoder,
// the jitter buffer and the decoder, which are no part of the measure). Beside it the analyser of the tests, by the same moments.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { launch } from "../../tests/e2e/support/browser.mjs";
import { load, shown } from "./report.mjs";

const TIMES = Number(process.env.TIMES ?? 21);
const HERTZ = 1320;
const script = (path) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");

/** Runs in the page: plays a track whose tone `switchOn` and `switchOff` switch. */
async function play({ hertz, connected }) {
  const context = new AudioContext();
  const oscillator = new OscillatorNode(context, { frequency: hertz });
  const gain = new GainNode(context, { gain: 0 });
  const out = new MediaStreamAudioDestinationNode(context);
  oscillator.connect(gain).connect(out);
  oscillator.start();
  let { stream } = out;
  if (connected) {
    const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
    for (const [one, other] of [[near, far], [far, near]]) {
      one.onicecandidate = ({ candidate }) => candidate && other.addIceCandidate(candidate);
    }
    const track = new Promise((resolve) => (far.ontrack = resolve));
    near.addTrack(stream.getTracks()[0]);
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription);
    stream = new MediaStream([(await track).track]);
    globalThis.connections = [near, far];
  }
  const audio = new Audio();
  globalThis.kept = [audio, oscillator];
  audio.srcObject = stream;
  await audio.play();
  globalThis.ear.hertz = hertz;
  globalThis.switchOn = () => {
    gain.gain.value = 1;
    return globalThis.ear.now();
  };
  globalThis.switchOff = () => (gain.gain.value = 0);
}

/** Runs in the page: milliseconds until each measure hears the tone that is switched on now. */
async function hear(hertz) {
  const since = globalThis.switchOn();
  const analyser = async () => {
    while (Math.abs(globalThis.witness.heard() - hertz) > hertz * 0.05) await new Promise((resolve) => setTimeout(resolve, 5));
    return globalThis.ear.now();
  };
  const times = await Promise.all([globalThis.ear.after(since, 0, 5000), analyser()]);
  globalThis.switchOff();
  return times.map((at) => at - since);
}

const browser = await launch();
console.log(`| tone switched on → heard, ms: median of ${TIMES} (worst) | ear.js | analyser of 8,192 samples | load |\n|---|---|---|---|`);
try {
  for (const connected of [false, true]) {
    const page = await browser.newPage();
    for (const path of ["../../tests/e2e/support/witness.js", "ear.js"]) await page.addInitScript(script(path));
    await page.goto("data:text/html,<title>cost</title>");
    await page.evaluate(play, { hertz: HERTZ, connected });
    const times = [];
    for (let i = 0; i < TIMES; i += 1) {
      // At any place of the windows, and after the tone before is out of every buffer.
      await page.waitForTimeout(600 + Math.random() * 50);
      times.push(await page.evaluate(hear, HERTZ));
    }
    const name = connected ? "over a connection in the page" : "a local track";
    console.log(`| ${name} | ${shown(times.map(([ear]) => ear))} | ${shown(times.map(([, old]) => old))} | ${load().toFixed(1)} |`);
    await page.close();
  }
} finally {
  await browser.close();
}
