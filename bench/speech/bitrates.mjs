// node bench/speech/bitrates.mjs [kbit/s ...]: what Opus makes of the speech at some bitrates, over a connection within one page,
// without any loss, by the same measure as the calls: for choosing the bitrates that a bad network is given. Mono,
// 20 ms frames, as a call has them.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { ensureNodePackages } from "../../scripts/tools.mjs";
import { ensureSpeech, mean, score } from "./material.mjs";

const KBITS = process.argv.slice(2).map(Number);
const LOOPS = Number(process.env.LOOPS ?? 2);
/** A busy machine is late now and then: so much of a buffer keeps that out of what the codec is blamed for. */
const TARGET_MS = 250;
const ADDRESS = "http://localhost:9/";
const script = (path) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");

/** Runs in the page: a call with itself. */
async function connect({ kbits, target }) {
  const stream = await navigator.mediaDevices.getUserMedia();
  const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
  for (const [one, other] of [[near, far], [far, near]]) {
    one.onicecandidate = ({ candidate }) => candidate && other.addIceCandidate(candidate);
  }
  const event = new Promise((resolve) => (far.ontrack = resolve));
  const sender = near.addTrack(stream.getTracks()[0], stream);
  await near.setLocalDescription();
  await far.setRemoteDescription(near.localDescription);
  await far.setLocalDescription();
  await near.setRemoteDescription(far.localDescription);
  if (kbits) {
    const parameters = sender.getParameters();
    parameters.encodings[0].maxBitrate = kbits * 1000;
    await sender.setParameters(parameters);
  }
  const audio = new Audio();
  const { track, receiver } = await event;
  receiver.jitterBufferTarget = target;
  audio.srcObject = new MediaStream([track]);
  await audio.play();
  globalThis.sent = async () => {
    const report = [...(await sender.getStats()).values()].find(({ type }) => type === "outbound-rtp");
    return { bytes: report.bytesSent, at: report.timestamp };
  };
}

await ensureNodePackages();
const { launch } = await import("../../tests/e2e/support/browser.mjs");
const speech = await ensureSpeech();
const browser = await launch();
console.log("| Opus, kbit/s | on the wire without headers | PESQ wide band, mean (worst sentence) | sentences |\n|---|---|---|---|");
try {
  for (const kbits of KBITS.length > 0 ? KBITS : [12, 16, 20, 24, 32, 0]) {
    const page = await browser.newPage();
    for (const path of ["mouth.js", "ear.js"]) await page.addInitScript(script(path));
    // Only secure pages have microphones.
    await page.route(ADDRESS, (route) => route.fulfill({ contentType: "text/html", body: "<title>bitrates</title>" }));
    await page.goto(ADDRESS);
    await page.evaluate((samples) => globalThis.mouth.load(samples), speech.samples);
    await page.evaluate(connect, { kbits, target: TARGET_MS });
    // Until the jitter buffer has settled.
    await page.waitForTimeout(6_000);
    const before = await page.evaluate(() => {
      globalThis.ear.begin();
      globalThis.mouth.say(0);
      return globalThis.sent();
    });
    await page.waitForTimeout((LOOPS * speech.seconds + 1) * 1000);
    const after = await page.evaluate(() => globalThis.sent());
    const { samples, errors, parts } = await page.evaluate(() => globalThis.ear.end());
    const [{ scores: all }] = await score([{ samples, offset: 0 }]);
    // Of each sentence the best: what is worse was not the codec.
    const { length } = speech.sentences;
    const scores = all.slice(0, length).map((_, i) => Math.max(...all.filter((__, k) => k % length === i)));
    const rate = ((after.bytes - before.bytes) * 8) / (after.at - before.at);
    const notes = [...errors, ...(parts === 1 ? [] : [`${parts} parts`])].join(", ");
    const name = kbits || "as the browser has it";
    console.log(`| ${name} | ${rate.toFixed(1)} | ${mean(scores).toFixed(2)} (${Math.min(...scores).toFixed(2)}) | ${scores.join(", ")} ${notes}|`);
    await page.close();
  }
} finally {
  await browser.close();
}
