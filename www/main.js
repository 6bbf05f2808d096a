// The demo: a coding session for two. It uses the package exactly as any app would.
import { joinSession, preload, startVoiceCall } from "pairvoice";

import { chatPanel } from "./chat.js";
import { checkPanel } from "./check.js";
import { devicesPanel } from "./devices.js";
import { downloadDiagnostics } from "./diagnostics.js";
import { qualityPanel } from "./quality.js";
import { interruption, ownNote, peerNote, statusOf } from "./status.js";

const query = new URLSearchParams(location.search);
// The token stands behind the #, so that it is sent to no server and stands in no log.
const secret = new URLSearchParams(location.hash.slice(1));

const sessionId = query.get("session") ?? "demo";
const userId = query.get("user") ?? "mentor";
const peerUserId = query.get("peer") ?? undefined;
const textOnly = query.get("voice") === "off";

const $ = (id) => document.getElementById(id);

let session;
let typing = false;

async function token() {
  if (secret.has("token")) return secret.get("token");
  const response = await fetch(`/dev/token?${new URLSearchParams({ session: sessionId, user: userId })}`);
  if (!response.ok) throw new Error("this link has no token; ask whoever runs the server for one");
  return response.text();
}

const options = {
  url: location.origin,
  sessionId,
  userId,
  peerUserId,
  token: secret.has("token") ? secret.get("token") : token,
  log: query.get("log") ?? undefined,
  relayOnly: query.get("relay") === "only",
};

// Before the page is drawn, and before anybody joins.
void preload(options);

async function join() {
  session = await (textOnly ? joinSession(options) : startVoiceCall(options));
  // For the curious: type session.getState() into the console.
  globalThis.session = session;
  session.subscribe(draw);
  session.on("typing", (on) => {
    typing = on;
    draw();
  });
  session.on("level", ({ own, peer }) => {
    // Speech is mostly between 0.01 and 0.3, which a root spreads over the meter.
    $("own-level").value = Math.sqrt(own);
    $("peer-level").value = Math.sqrt(peer);
    devices.level(own);
  });
  session.on("quality", quality.second);
  session.on("speaking", quality.speaking);
  session.on("microphone-changed", devices.changed);
  draw();
}

const chat = chatPanel(() => session);
const devices = devicesPanel(() => session);
const quality = qualityPanel();
checkPanel(options);
let clock;

/** Counts the seconds of an interruption, as long as there is one. */
function drawSince() {
  const text = interruption(session.getState(), Date.now());
  setText($("since"), text);
  $("since").hidden = !text;
  if (text) clock ??= setInterval(drawSince, 1000);
  else clock = clearInterval(clock);
}

function draw() {
  const state = session.getState();
  const { voice, peer } = state;
  const name = peer.userId ?? "the other person";
  const [line, hint] = statusOf(state, name);
  setText($("status"), line);
  $("status").dataset.state = state.session.state === "ended" ? "ended" : voice.state;
  setText($("hint"), hint ?? "");
  $("hint").hidden = !hint;
  drawSince();
  setText($("own-note"), ownNote(state));
  setText($("peer-name"), peer.userId ?? "The other person");
  setText($("peer-note"), peerNote(state));
  setText($("role"), roleText(voice));
  setText($("typing"), typing ? `${name} is typing …` : "");

  const ended = state.session.state === "ended";
  const on = voice.state !== "off" && !ended;
  show("start", voice.state === "off" && !ended);
  show("stop", on);
  show("mute", on && voice.microphone.state !== "failed");
  show("microphone", on && voice.microphone.state === "failed");
  show("retry", on && voice.state === "unavailable");
  show("resume", on && voice.playbackBlocked);
  show("leave", !ended);
  show("join", ended);
  $("mute").setAttribute("aria-pressed", String(voice.muted));
  setText($("mute"), voice.muted ? "Unmute" : "Mute");
  chat.draw(state);
  devices.draw(state);
  quality.draw(state);
}

function roleText({ role, path }) {
  if (!role) return "";
  const part = role === "offerer" ? "Your browser offers the call." : "Your browser answers the call.";
  return path === "relay" ? `${part} Sound goes through a relay.` : part;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Hides a button, and hands the focus on when it had it. */
function show(id, visible) {
  const button = $(id);
  if (button.hidden === !visible) return;
  const focused = document.activeElement === button;
  button.hidden = !visible;
  if (focused) queueMicrotask(() => document.querySelector(".voice .actions button:not([hidden])")?.focus());
}

$("session-name").textContent = `Session ${sessionId}`;
$("me").textContent = `You are ${userId}`;
$("start").addEventListener("click", () => session.startVoice());
$("microphone").addEventListener("click", () => session.startVoice());
$("stop").addEventListener("click", () => session.stopVoice());
$("retry").addEventListener("click", () => session.retryVoice());
$("resume").addEventListener("click", () => session.resumeAudio());
$("mute").addEventListener("click", () => session.setMuted(!session.getState().voice.muted));
$("leave").addEventListener("click", () => session.leave());
$("join").addEventListener("click", begin);
$("diagnostics").addEventListener("click", () => session && downloadDiagnostics(session));

function begin() {
  join().catch((error) => {
    setText($("status"), "The session could not be started.");
    setText($("hint"), error.message);
    $("hint").hidden = false;
  });
}

begin();
