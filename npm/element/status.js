// What the panel says of a state: one line and one hint for one trouble. Pure: state in, words out.

/** A sentence that begins with a name that is none ("the other person") begins with a capital letter. */
export const sentence = (text) => text.replace(/^\p{Ll}/u, (letter) => letter.toLocaleUpperCase());

/** A name as a part of a sentence: it changes no direction beside it (UAX 9, FSI and PDI). Names that are told hold none of these characters. */
const isolated = (name) => `\u2068${name}\u2069`;

/** A name that stands by itself. */
export const bare = (name) => name.replace(/[\u2068\u2069]/g, "");

/** What a person is called: by the app, by their token, by the user ID, or "the other person". */
export function nameOf({ peer }, words, given) {
  return given || (peer.name ? isolated(peer.name) : peer.userId) || words.t("other");
}

/** This browser can make calls, as far as the package looks. */
const ableHere = (reason) => (reason === "insecure-context" ? globalThis.isSecureContext : "RTCPeerConnection" in globalThis);

/** Two sentences of why voice is unavailable. */
function voiceTrouble({ reason, message, hint }, words) {
  const isTheirs = (reason === "unsupported-browser" || reason === "insecure-context") && ableHere(reason);
  return words.pair(`${isTheirs ? "peerVoice" : "voice"}/${reason}`, [message, hint]);
}

/** Where this browser hides the permission: a key of `ready/help`. */
export function browserKind(agent = globalThis.navigator?.userAgent ?? "") {
  if (/iP(hone|ad|od)/.test(agent)) return "ios";
  if (/Firefox\//.test(agent)) return "firefox";
  return /Safari\//.test(agent) && !/Chrom(e|ium)\/|Android/.test(agent) ? "safari" : "chrome";
}

/** Two sentences of why there is no microphone. */
export function microphoneTrouble({ reason, message, hint }, words) {
  const [line, help] = words.pair(`microphone/${reason}`, [message, hint]);
  return [line, (reason === "denied" && words.t(`ready/help/${browserKind()}`)) || help];
}

/** Two sentences of why a session is offline or over. */
export function sessionTrouble({ reason, message, hint }, words) {
  return words.pair(`session/${reason}`, [message, hint]);
}

/**
 * The status: `line`, `hint` (may be empty) and `look`, which is the shape and colour of the sign beside them: `off`, `busy`, `good`,
 * `limited` (muted, or heard by nobody), `trouble` (comes back by itself), `bad` and `ended`.
 */
export function statusOf(state, words, given) {
  const { session, voice } = state;
  const name = nameOf(state, words, given);
  if (session.state === "ended") return said(sessionTrouble(session, words), "ended");
  const found = voiceStatus(state, words, name);
  if (session.state !== "offline" || voice.state === "reconnecting") return found;
  const [message, hint] = sessionTrouble(session, words);
  if (voice.state !== "connected") return said([message, hint], "trouble");
  return { ...found, hint: `${message} ${words.t("status/callGoesOn")}` };
}

function said([line, hint], look) {
  return { line, hint: hint ?? "", look };
}

function voiceStatus(state, words, name) {
  const { voice, peer } = state;
  const say = (key, look, hint = "", more = "") => ({ line: `${sentence(words.t(`status/${key}`, { name }))} ${more}`.trim(), hint: sentence(hint), look });
  const hint = (key) => words.t(`status/${key}`, { name });
  switch (voice.state) {
    case "off":
      if (peer.voice && peer.presence !== "absent") return say("peerOn", "off", hint("peerOnHint"));
      return say("off", "off", hint("offHint"));
    case "starting":
      return say("starting", "busy");
    case "waiting":
    case "connecting": {
      const key = voice.state === "connecting" ? "connecting" : peer.presence === "absent" ? "waiting" : "waitingVoice";
      if (voice.microphone.state === "failed") {
        // In the line, which is read out; the hint is not.
        const [trouble, help] = microphoneTrouble(voice.microphone, words);
        return say(key, "limited", help, trouble);
      }
      if (voice.microphone.state === "asking") return say(key, "busy", hint("asking"));
      return say(key, "busy", key === "waiting" ? hint("waitingHint") : "");
    }
    case "connected":
      return connectedStatus(voice, peer, words, say, hint);
    case "reconnecting":
      return said(words.pair(`recovery/${voice.recovery}`, [voice.message, voice.hint]), "trouble");
    default:
      return said(voiceTrouble(voice, words), "bad");
  }
}

function connectedStatus(voice, peer, words, say, hint) {
  if (voice.playbackBlocked) return say("playback", "limited");
  if (voice.listenOnly) return say("listenOnly", "limited", voice.microphone.state === "failed" ? microphoneTrouble(voice.microphone, words).join(" ") : hint("asking"));
  if (voice.talking) return say("connected", "good", hint("talking"));
  if (voice.muted) return say("muted", "limited", hint("mutedHint"));
  // The warning beside it says why nobody hears.
  if (voice.heard === false) return say("notHeard", "limited");
  if (peer.microphone === "failed") return say(voice.heard ? "peerListens" : "peerNoMicrophone", "good");
  if (peer.muted) return say("peerMuted", "good");
  return say(voice.heard ? "heard" : "connected", "good");
}

/** How long voice has been interrupted, at a moment in milliseconds since 1970. */
export function interruption({ voice }, words, now) {
  if (voice.since === null || voice.since === undefined) return "";
  return words.t("status/interrupted", { n: Math.max(0, Math.round((now - voice.since) / 1000)) });
}

/** What stands below one's own name; why there is no microphone stands in the status. */
export function ownNote({ session, voice }, words) {
  const { microphone } = voice;
  if (session.state === "ended") return "";
  if (microphone.state === "failed") return words.t(`lacking/${microphone.reason}`);
  if (microphone.state === "asking") return words.t("note/asking");
  if (microphone.state === "live") return voice.muted ? words.t("note/muted") : microphone.label || words.t("note/on");
  return words.t("note/off");
}

/** What stands below the other's name. Of one's own end nothing follows about the other. */
export function peerNote({ session, peer }, words) {
  if (session.state === "ended" || session.state === "joining") return "";
  if (peer.presence === "absent") return session.state === "offline" ? "" : words.t("note/absent");
  if (peer.presence === "away") return words.t("note/away");
  if (!peer.voice) return words.t("note/voiceOff");
  if (peer.microphone === "failed") return words.t(`lacking/${peer.microphoneReason}`) || words.t("lacking/missing");
  if (peer.muted) return words.t("note/muted");
  return words.t(peer.microphone === "live" ? "note/on" : "note/here");
}
