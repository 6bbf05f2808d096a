// One plain status line from the state, and what each person's note says.

/** The status line and the hint below it. */
export function statusOf({ session, voice, peer }, name) {
  if (session.state === "ended") return [session.message, session.hint];
  const [line, hint] = voiceStatus(session, voice, peer, name);
  if (session.state === "offline" && voice.state !== "reconnecting") {
    return voice.state === "connected" ? [line, `${session.message} Your call goes on.`] : [session.message, session.hint];
  }
  return [line, hint];
}

function voiceStatus(session, voice, peer, name) {
  switch (voice.state) {
    case "off":
      if (peer.voice && peer.presence !== "absent") return [`${name} has voice on.`, "Turn voice on to talk."];
      return ["Voice is off.", null];
    case "starting":
      return ["Joining …", null];
    case "waiting":
      if (peer.presence === "absent") return [`Waiting for ${name}.`, "Voice starts by itself when they come."];
      return [`Waiting for ${name} to turn voice on.`, null];
    case "connecting":
      return ["Connecting …", null];
    case "connected":
      return connectedStatus(voice, peer, name);
    default:
      return [voice.message, voice.hint];
  }
}

function connectedStatus(voice, peer, name) {
  if (voice.playbackBlocked) return ["Connected, but your browser waits for a click to play sound.", null];
  if (voice.listenOnly) return [`You hear ${name}; they don’t hear you.`, null];
  if (peer.microphone === "failed") return [`Connected. ${name} hears you and has no microphone.`, null];
  if (voice.heard) return [`Connected. ${name} hears you.`, null];
  return ["Connected. You can talk.", null];
}

/** How long voice has been interrupted, at a moment in milliseconds since 1970. */
export function interruption({ voice }, now) {
  if (voice.since === null) return "";
  const seconds = Math.max(0, Math.round((now - voice.since) / 1000));
  return `Interrupted for ${seconds} s.`;
}

/** What stands below one's own name. */
export function ownNote({ voice }) {
  const { microphone } = voice;
  if (microphone.state === "failed") return `${microphone.message} ${microphone.hint}`;
  if (microphone.state === "asking") return "Allow the microphone in your browser.";
  if (microphone.state === "live") return voice.muted ? "Muted" : microphone.label || "Microphone on";
  return "Microphone off";
}

const missing = {
  denied: "Microphone not allowed",
  dismissed: "Microphone not allowed this time",
  blocked: "Microphone blocked by their system",
  missing: "No microphone",
  busy: "Microphone in use elsewhere",
  ended: "Microphone went away",
  silent: "Microphone brings no sound",
};

/** What stands below the other's name. */
export function peerNote({ peer }) {
  if (peer.presence === "absent") return "Not here";
  if (peer.presence === "away") return "Connection lost, probably coming back";
  if (!peer.voice) return "Here, voice off";
  if (peer.microphone === "failed") return missing[peer.microphoneReason] ?? "No microphone";
  if (peer.muted) return "Muted";
  return peer.microphone === "live" ? "Microphone on" : "Here";
}
