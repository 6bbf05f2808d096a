/** Voice that connects by itself, and a text chat that loses nothing, for the two people of a session. */

/** Options of {@link joinSession} and {@link startVoiceCall}. */
export interface SessionOptions extends Processing {
  /** Address of the signalling server, such as `https://signal.example.com`. A path is kept: Socket.IO is sought below it. */
  url: string;
  /** The session that the two people share: 1–128 bytes of UTF-8 without control characters, or an integer from 0. */
  sessionId: string | number;
  /** This person, in the same form. */
  userId: string | number;
  /** The other person, if the app knows who that is. */
  peerUserId?: string | number;
  /** A JSON web token that lets this user into this session, or a function that brings one. A function is asked before the
   * first connect, again a minute before the token runs out (at half its life, if that is less), and whenever the server has
   * refused the token that it brought, so that the session outlives a token: it must sign or fetch a new one each time and not
   * bring a kept one. It has 10 seconds; what it throws or rejects with is shown as `session.cause` while there is no connection,
   * and it is asked again by itself. A line's end after a token, as a file or a program has it, is no part of it. */
  token: string | (() => string | Promise<string>);
  /** The microphone: a device's id, or an audio track of the app's own. What the person chose before in this browser, or whatever
   * the system uses, when it is left out. The switches of {@link Processing} (all on by default) hold until the person chooses
   * otherwise by `setProcessing()`. */
  microphone?: string | MediaStreamTrack;
  /** Voice goes through the server's relay only, so that the other person does not learn this side's network addresses; `false` by
   * default. Without a relay there is no voice then. */
  relayOnly?: boolean;
  /** The link may be up before anybody wants voice, so that sound is there at once when both do; `false` by default, for the two
   * learn each other's network addresses by it. It counts where both sides say so. No microphone is opened and no sound is sent
   * before both have started voice, and after `stopVoice()` the link stands. It costs some 200 bytes a second. */
  standby?: boolean;
  /** Aborting it lets go of this call: before it has resolved, it rejects with the signal's reason; later it is `leave()`. */
  signal?: AbortSignal;
  /** Where the WebAssembly module is, for pages whose bundler does not find it, or the module's bytes. */
  wasm?: string | URL | Response | BufferSource | WebAssembly.Module;
  /** What is written to the console; `"info"` by default: one line per attempt and per change of voice. */
  log?: "silent" | "info" | "debug";
}

/** Options of {@link preload}: those of the call that is to come, as far as they are known. */
export type PreloadOptions = Partial<SessionOptions>;

/**
 * Why a session is offline or over. The server does not accept the token:
 * - `token-expired`: its time is over
 * - `token-invalid`: it is none of the server's (its form, its signature, or it is for another user or session)
 * - `unauthorized`: it was revoked, the session is for two others, or the server says no more
 *
 * or it is not reached, and tried again by itself:
 * - `origin-forbidden`: it does not let pages of this origin connect
 * - `server-error`: what answers is an error (HTTP 500 to 599), or nothing that this page may read
 * - `signaling-unreachable`: nothing answers
 */
export type SessionReason =
  | "unauthorized"
  | "token-expired"
  | "token-invalid"
  | "session-full"
  | "opened-elsewhere"
  | "version-mismatch"
  | "same-user"
  | "signaling-unreachable"
  | "origin-forbidden"
  | "server-error"
  | "token-failed"
  | "module-failed"
  | "refused"
  | "internal-error"
  | "left";

/** The word for a session's state. */
export type SessionState = "joining" | "joined" | "offline" | "ended";

/**
 * The word for voice:
 * - `off`: this person does not want voice
 * - `starting`: the session is not joined yet
 * - `waiting`: the other is not here, or has not turned voice on
 * - `connecting`, `connected`, `reconnecting`
 * - `unavailable`: given up for now; the chat goes on, and `retryVoice()` tries again
 */
export type VoiceState = "off" | "starting" | "waiting" | "connecting" | "connected" | "reconnecting" | "unavailable";

/**
 * Why voice is unavailable. No direct path was found, and
 * - `no-relay`: the server offers no relay
 * - `relay-unreachable`: this side did not reach the relay
 * - `peer-unreachable`: this side reached the relay, the other side did not
 * - `relay-busy`: the relay can take no more calls
 * - `connection-failed`: both reached the relay and still no path was found, or the server was away
 *
 * or voice is impossible here: `unsupported-browser`, `insecure-context`.
 */
export type VoiceReason =
  | "connection-failed"
  | "no-relay"
  | "relay-unreachable"
  | "peer-unreachable"
  | "relay-busy"
  | "unsupported-browser"
  | "insecure-context";

/**
 * Why there is no microphone:
 * - `denied`: the person or the browser said no for good
 * - `dismissed`: not allowed this time; asking again may help
 * - `blocked`: the system or the page's policy withholds it, whatever the person says; where that can't be told apart (a policy, in
 *   Firefox), it is `denied`
 * - `missing`: there is none
 * - `busy`: it could not be opened, mostly because another program holds it
 * - `ended`: it worked and went away
 * - `silent`: it is open and brings nothing, since the system mutes it or it is frozen
 */
export type MicrophoneReason = "denied" | "dismissed" | "blocked" | "missing" | "busy" | "ended" | "silent";

/**
 * Why another microphone is used than before, or none:
 * - `chosen`: the person chose it, or asked for a microphone again
 * - `ended`, `muted`, `frozen`: the one before was unplugged or handed over, muted by the system, or brought nothing
 * - `default-changed`: the system uses another one now
 * - `returned`: it is there again, or can be opened again
 * - `allowed`: it was allowed in the browser's settings
 * - `missing`, `busy`, `denied`: the one that was chosen is not there, could not be opened, or is not allowed
 */
export type MicrophoneChangeReason =
  | "chosen"
  | "ended"
  | "muted"
  | "frozen"
  | "default-changed"
  | "returned"
  | "allowed"
  | "missing"
  | "busy"
  | "denied";

/** Off: not asked for. Asking: the browser's prompt may be open. Live: sound is taken. Failed: see the reason. */
export type MicrophoneState = "off" | "asking" | "live" | "failed";

/** What is wrong, as a word for programs and two sentences for people; all `null` when nothing is. */
interface Trouble<Reason> {
  readonly reason: Reason | null;
  /** One sentence for people. */
  readonly message: string | null;
  /** What a person can do about it. */
  readonly hint: string | null;
}

/** The session itself. */
export interface SessionView extends Trouble<SessionReason> {
  /** `offline` is tried again by itself, but for the reasons `unauthorized`, `token-expired`, `token-invalid` and `refused`, which
   * wait for a join with a new token. */
  readonly state: SessionState;
  /** With `token-failed` and `module-failed` the app's own error, with `refused`, `origin-forbidden` and the reasons of tokens the server's
   * sentence for developers, such as `the token has expired`, with `server-error` what it answered, such as `HTTP 500`. */
  readonly cause: string | null;
}

/** Voice. */
export interface VoiceView extends Trouble<VoiceReason> {
  readonly state: VoiceState;
  /** Who offers: the smaller user ID. `null` until the other is known. */
  readonly role: "offerer" | "answerer" | null;
  /** Muted; not while this person talks by push-to-talk. */
  readonly muted: boolean;
  /** This person talks by push-to-talk: `setTalking(true)`, and until the last of it has gone out, up to 300 ms after `setTalking(false)`.
   * Then they are muted again. */
  readonly talking: boolean;
  /** Voice is on and there is no microphone: this person hears and is not heard. */
  readonly listenOnly: boolean;
  readonly microphone: MicrophoneView;
  readonly speaker: SpeakerView;
  /** How loud the other is played, from 0 to 1. */
  readonly volume: number;
  /** How packets travel, once it is known. */
  readonly path: "direct" | "relay" | null;
  /**
   * What is being done while `state` is `reconnecting`, `null` otherwise; `message` says it as a sentence.
   * - `network`: reaching the server again
   * - `path`: looking for another path on the same connection (ICE restart)
   * - `connection`: making a new connection
   */
  readonly recovery: "network" | "path" | "connection" | null;
  /** When the voice that is `reconnecting` broke off, in milliseconds since 1970; `null` otherwise. */
  readonly since: number | null;
  /** The browser plays only after a gesture, or has paused, as for a telephone call or by a headset's key: call `resumeAudio()` in a click
   * handler. */
  readonly playbackBlocked: boolean;
  /** The other hears this person: their browser reports to play sound from here. `false` when this person has spoken for two seconds
   * and nothing of it was played there; the `quality` event's warning says why. `null` while nothing was said yet, while muted, and
   * with an older client on the other side. */
  readonly heard: boolean | null;
  /** This person is muted and talks, or did within the last five seconds. */
  readonly mutedTalking: boolean;
}

/** This person's microphone. */
export interface MicrophoneView extends Trouble<MicrophoneReason> {
  readonly state: MicrophoneState;
  /** The device's name; empty while unknown. */
  readonly label: string;
  /** The device in use, as `listDevices()` names it; empty while there is none. */
  readonly deviceId: string;
  /** What the browser does to the sound of the device in use, or will do. */
  readonly echoCancellation: boolean;
  readonly noiseSuppression: boolean;
  readonly autoGainControl: boolean;
}

/** This person's speaker. */
export interface SpeakerView {
  /** As `listDevices()` names it; empty is whatever the system uses. */
  readonly deviceId: string;
  /** The device's name; empty while unknown. */
  readonly label: string;
  /** This browser lets a page choose: `setSpeaker()` works. */
  readonly selectable: boolean;
}

/** A microphone or a speaker. */
export interface Device {
  /** For `setMicrophone()` and `setSpeaker()`; lasting for one origin. Empty before a microphone was allowed. */
  readonly id: string;
  /** The device's name; empty before a microphone was allowed. */
  readonly label: string;
  /** What the system uses. */
  readonly isDefault: boolean;
  /** In use in this session. */
  readonly current: boolean;
}

/** What the browser does to the microphone's sound. */
export interface Processing {
  /** What the speaker plays is taken out. */
  echoCancellation?: boolean;
  /** Steady noise is taken out. */
  noiseSuppression?: boolean;
  /** Quiet and loud voices are made alike. */
  autoGainControl?: boolean;
}

/** The other person. */
export interface PeerView {
  /** `null` until known. */
  readonly userId: string | null;
  /** What their token calls them (`name`), at most 64 characters; `null` when it says nothing, or until known. It is their word: show it as text. */
  readonly name: string | null;
  /** `away`: the connection broke off a moment ago. */
  readonly presence: "present" | "away" | "absent";
  /** They want voice. */
  readonly voice: boolean;
  readonly muted: boolean;
  readonly microphone: MicrophoneState;
  readonly microphoneReason: MicrophoneReason | null;
}

/** A chat message. */
export interface ChatMessage {
  readonly id: string;
  /** Its author's user ID. */
  readonly sender: string;
  /** Written by this person. */
  readonly own: boolean;
  /** Plain text: show it as text, never as markup. */
  readonly text: string;
  /** When it was sent, in milliseconds since 1970; the server's time once it has a `seq`. */
  readonly at: number;
  /** Its place in the session's log; `null` until the server has it. Messages without stand last. */
  readonly seq: number | null;
  /** The server keeps it. A message can be `delivered` and not saved: it came over the call while the server was away. */
  readonly saved: boolean;
  /** `sent`: the server keeps it. `delivered`: in the other's browser. `read`: seen. `failed`: refused for good. */
  readonly status: "sending" | "sent" | "delivered" | "read" | "failed";
  /** Why it failed: the server's code. */
  readonly failure: string | null;
  /** Why it failed, as a sentence for people. */
  readonly failureMessage: string | null;
}

/** The chat. */
export interface ChatView {
  /** The loaded window, oldest first. A message that did not change stays the same object. */
  readonly messages: readonly ChatMessage[];
  /** Messages of the other in the loaded window that `markRead()` has not covered. */
  readonly unread: number;
  /** Own messages that the server does not have yet. */
  readonly unsent: number;
  /** `loadEarlier()` would bring more. */
  readonly more: boolean;
  /** Unsent messages survive a reload of the page, in IndexedDB; `false` in a browser that has none, `null` until known. */
  readonly durable: boolean | null;
}

/** Everything at one moment: frozen, and parts that did not change are the same objects as before. */
export interface State {
  readonly session: SessionView;
  readonly voice: VoiceView;
  readonly peer: PeerView;
  readonly chat: ChatView;
}

/** What `on` listens for. */
export interface SessionEvents {
  /** A message of the other arrived that no page of this person had before, also while they were away: of a longer absence the newest page
   * (100 messages at most in a page that was just opened, 200 in one that was open before). What is before it comes by `loadEarlier()`, without this event. */
  message: ChatMessage;
  /** The other is gone: their user ID. */
  "peer-left": string;
  /** The other types, or stopped. */
  typing: boolean;
  /** What the other side's app sent by `sendData()`: each once, in the order in which it was sent. What comes while nobody listens is
   * dropped. */
  data: { readonly topic: string; readonly data: string | Uint8Array };
  /** How good the call is, once a second while voice is connected. */
  quality: Quality;
  /** Somebody begins to speak or stops. Whoever is muted does not count: see `voice.mutedTalking`. */
  speaking: { readonly own: boolean; readonly peer: boolean };
  /** How loud both sides are, from 0 to 1, ten times a second while somebody listens. */
  level: { readonly own: number; readonly peer: number };
  /** Another microphone is used than before, or none. `from` and `to` are names of devices; the same name twice says that what was
   * chosen could not be had and nothing changed. */
  "microphone-changed": { readonly from: string | null; readonly to: string | null; readonly why: MicrophoneChangeReason };
}

/** Sound in one direction, in the last second. Shares are from 0 to 1. */
export interface SoundQuality {
  /** Share of the packets that the network lost, whether copies made up for them or not. */
  readonly loss: number;
  /** Share of the sound that was lost for good, so that the browser made something up. Silence is left out. */
  readonly concealed: number;
  /** How irregularly packets come (RFC 3550 section 6.4.1). */
  readonly jitterMs: number;
  /** How long sound waits until it is played, so that what comes late or again is there in time. */
  readonly bufferMs: number;
  /** From mouth to ear: half a round trip, the duration of a packet, the buffer, and 20 ms for microphone and speaker, which browsers do
   * not tell. */
  readonly delayMs: number;
  /** All that this connection carries in this direction, without the headers of IP and UDP, in kbit/s. */
  readonly kbps: number;
  /** Mean opinion score from 1 to 4.4, estimated from `concealed` and `delayMs` (ITU-T G.107, simplified by Cole and Rosenbluth, 2001). */
  readonly mos: number;
}

/** What is wrong with a call that works. `loss`, `delay` and `bandwidth` are raised by three bad seconds and cleared by two good ones. */
export interface QualityWarning {
  readonly name: "loss" | "delay" | "bandwidth" | "not-heard" | "muted-talking";
  /**
   * - of `loss`: `incoming`, `outgoing`, `both`
   * - of `delay`: `path` (a long way), `jitter` (packets wait for each other)
   * - of `bandwidth`: `congestion`
   * - of `not-heard`: `nothing-arrives`, `silence` (what arrives there), `not-played` (their browser waits for a gesture, or they turned
   *   the sound down to nothing)
   * - of `muted-talking`: `muted`
   */
  readonly cause:
    | "incoming"
    | "outgoing"
    | "both"
    | "path"
    | "jitter"
    | "congestion"
    | "nothing-arrives"
    | "silence"
    | "not-played"
    | "muted";
  /** One sentence for people. */
  readonly message: string;
  /** What a person can do about it. */
  readonly hint: string;
}

/** How good a call is. */
export interface Quality {
  /** For people: nothing disturbs, one notices, hard to understand. Two seconds in a row change it. */
  readonly step: "good" | "fair" | "poor";
  /** What this person hears; `null` before there was any sound. */
  readonly incoming: SoundQuality | null;
  /** What the other hears, as their browser reports it; `null` before it did, and with an older client there. */
  readonly outgoing: SoundQuality | null;
  readonly roundTripMs: number;
  readonly path: "direct" | "relay" | null;
  /** How sound is sent: which earlier frames (of 20 ms) ride in each packet again, Opus' bit rate in bit/s, and frames in a packet. */
  readonly sending: { readonly copies: readonly number[]; readonly bitrate: number; readonly frames: number };
  readonly warnings: readonly QualityWarning[];
}

/** What a session did, as plain values that `JSON.stringify` takes. Times (`at`) are milliseconds since `start`. It holds no token, no
 * text and no address: what is equal has the same short name in their place (`a1.v4.private`). Names of users, of the session and of microphones stay. */
export interface Diagnostics {
  /** The form of this object. */
  readonly format: 1;
  /** The package's version. */
  readonly version: string;
  /** The browser's `userAgent`. */
  readonly browser: string | null;
  /** When the session began (ISO 8601, by this device's clock). */
  readonly start: string;
  /** When this was asked for. */
  readonly taken: number;
  /** The names under which the server's log speaks of this session, this person, this life of the client, its sockets and its attempts. */
  readonly ids: {
    readonly room: string;
    readonly user: string;
    readonly instance: string;
    readonly sockets: readonly { readonly at: number; readonly name: string }[];
    readonly attempts: readonly {
      readonly at: number;
      readonly role: "offerer" | "answerer";
      readonly peer: string;
      /** The offerer's instance. */
      readonly offerer: string;
      readonly attempt: number;
    }[];
  };
  readonly role: "offerer" | "answerer" | null;
  /** The state now; of the chat, how many messages there are, and of the other, not what their token calls them. */
  readonly state: Omit<State, "chat" | "peer"> & {
    readonly peer: Omit<PeerView, "name">;
    readonly chat: Omit<ChatView, "messages"> & { readonly messages: number };
  };
  /** What changed in the state, and when. */
  readonly states: readonly DiagnosticsEntry[];
  /** What did not work (`because`) and what was done about it, and what was refused, dropped or could not be read. */
  readonly decisions: readonly DiagnosticsEntry[];
  /** What the microphone reported. */
  readonly microphone: readonly DiagnosticsEntry[];
  /** A call's figures, every five seconds: round trip and jitter in milliseconds, packets since its beginning, the pair of candidates in use. */
  readonly figures: readonly DiagnosticsEntry[];
  /** The oldest entries of a list were given up, for it had too many. */
  readonly truncated: boolean;
  /** Every input of the client's core with the names of what followed, so that the repository's simulation can replay it. */
  readonly timeline: { readonly truncated: boolean; readonly config: object; readonly entries: readonly unknown[] };
  /** With `addresses: true`, which address each short name stands for. */
  readonly addresses?: Readonly<Record<string, string>>;
}

/** Options of {@link checkConnection}. */
export interface CheckOptions extends Pick<SessionOptions, "url" | "sessionId" | "userId" | "token" | "wasm"> {
  /** Aborting it ends the check: it rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Whether the microphone is asked for and listened to; `true` by default. */
  microphone?: boolean;
  /** Called with what is known so far whenever something was found, the level of the microphone included. */
  onProgress?: (step: "microphone" | "server" | "candidates" | "relay", found: CheckFindings) => void;
}

/** What a check found so far. */
export interface CheckFindings {
  readonly microphone: {
    /** `unanswered`: nobody answered the browser's question. */
    readonly state: "skipped" | "asking" | "unanswered" | "live" | "failed";
    readonly reason: MicrophoneReason | null;
    readonly label: string;
    /** How loud it is, from 0 to 1. */
    readonly level: number | null;
  };
  readonly server: {
    /** `older`: it knows no checks, so that nothing is known of a relay. */
    readonly state: "asking" | "reached" | "older" | "unreachable" | "token-failed" | "module-failed" | "unauthorized" | "token-expired" | "token-invalid" | "version-mismatch" | "refused";
    /** The server's code, when it refused. */
    readonly code: string | null;
    /** The server's own version. */
    readonly version: string | null;
    readonly roundTripMs: number | null;
  };
  /** How this device can be reached. `family` is `null` where the browser hides the address. */
  readonly candidates: readonly {
    readonly type: "host" | "srflx" | "prflx" | "relay";
    /** For a relay, how it is reached from here. */
    readonly transport: "udp" | "tcp" | "tls";
    readonly family: "v4" | "v6" | null;
  }[];
  readonly relay: {
    /** `none`: the server names none. `reached`: it answered and carried nothing. */
    readonly state: "unknown" | "none" | "unreached" | "reached" | "carries";
    readonly transport: "udp" | "tcp" | "tls" | null;
    /** Packets from this page to itself through the relay, 50 a second. */
    readonly sent: number;
    readonly received: number;
    /** From here to the relay and back. */
    readonly roundTripMs: number | null;
    /** How long packets were sent. */
    readonly seconds: number;
  };
  readonly tookMs: number;
}

/** Why a check's verdict is not `good`. */
export type CheckReason =
  | "unsupported-browser"
  | "insecure-context"
  | "signaling-unreachable"
  | "origin-forbidden"
  | "server-error"
  | "token-failed"
  | "module-failed"
  | "unauthorized"
  | "token-expired"
  | "token-invalid"
  | "version-mismatch"
  | "refused"
  | "blocked"
  | "useless"
  | "microphone-denied"
  | "microphone-missing"
  | "microphone-busy"
  | "microphone-unanswered"
  | "microphone-silent"
  | "lossy"
  | "slow"
  | "slow-transport"
  | "relay-failed"
  | "no-relay"
  | "relay-unknown";

/** What a check found, and what follows from it. */
export interface ConnectionCheck extends CheckFindings {
  /** `fair`: a call works with the limits that the reason names. `bad`: voice does not work. */
  readonly verdict: "good" | "fair" | "bad";
  /** The worst that was found. */
  readonly reason: CheckReason | null;
  /** One sentence for people. */
  readonly message: string;
  /** What a person can do. */
  readonly hint: string;
}

/** One entry of a list of {@link Diagnostics}. */
export interface DiagnosticsEntry {
  readonly at: number;
  readonly [name: string]: unknown;
}

// For apps whose `lib` is older than `esnext.disposable`; the two declarations are one where it is there.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
  interface Disposable {
    [Symbol.dispose](): void;
  }
}

/** A handle on a session. Several handles of one page share one session per server, session and user. Its methods are bound: each can be
 * passed on as it is. */
export interface Session {
  /** The state: the same object until something changes. */
  getState(): State;
  /** What happened so far, for whoever looks for the cause of a fault; also after the session has ended. `addresses: true` tells this
   * device's addresses and the other's. */
  diagnostics(options?: { addresses?: boolean }): Diagnostics;
  /** Calls back after each change of state; returns the function that stops it. */
  subscribe(callback: () => void): () => void;
  /** Calls back on an event; returns the function that stops it. */
  on<Name extends keyof SessionEvents>(event: Name, callback: (value: SessionEvents[Name]) => void): () => void;
  /** Turns voice on, or asks again for a microphone that was refused. */
  startVoice(): void;
  /** Turns voice off: the microphone is released, the chat goes on. */
  stopVoice(): void;
  /** Tries again to connect, from either side. */
  retryVoice(): void;
  /** Lets the browser play when `voice.playbackBlocked`; call it in a click handler. */
  resumeAudio(): void;
  /** Mutes or unmutes the microphone; the other sees it. */
  setMuted(muted: boolean): void;
  /**
   * Push-to-talk: who is muted talks from `true` to `false`; who is not muted goes on talking. What is said up to 100 ms after the release
   * is heard. From the second press on, or after one `setTalking(false)` ahead of the first, what was said up to 200 ms before the press is
   * heard, too: it then goes 200 ms later than what is said unmuted. `setMuted()` ends it at once. It takes an `AudioContext` while this
   * person is muted; where that does not run, only what is said after the press is heard.
   */
  setTalking(held: boolean): void;
  /** The microphones and speakers of this browser. Names are known once a microphone was allowed. */
  listDevices(): Promise<{ readonly microphones: readonly Device[]; readonly speakers: readonly Device[] }>;
  /**
   * Chooses a microphone by its id, or gives an audio track of the app's own; `null` is whatever the system uses, also when that
   * changes. Sound goes on until the other device is open, and nothing is negotiated. An own track is never stopped; while this
   * person is muted or talks by push-to-talk, which sends a delayed one, its `enabled` may be `false`.
   * @throws {PairvoiceError} `invalid-options`
   */
  setMicrophone(microphone: string | MediaStreamTrack | null): void;
  /**
   * Chooses a speaker by its id; an empty one is whatever the system uses.
   * @throws {PairvoiceError} as a rejection: `unsupported` where `voice.speaker.selectable` is `false`, `device-unavailable`
   */
  setSpeaker(id: string): Promise<void>;
  /** Chooses how loud the other is played, from 0 to 1. iOS leaves that to the buttons of the device. */
  setVolume(volume: number): void;
  /** Chooses what the browser does to the microphone's sound; switches that are left out stay. */
  setProcessing(processing: Processing): void;
  /** The other's sound, for captions or a recording: the same stream all the time, whose track is exchanged (with the events
   * `removetrack` and `addtrack`) when there is another connection. It is played already. */
  readonly remoteStream: MediaStream;
  /**
   * Sends a message of 1 to 8,000 Unicode characters and returns its ID at once; `status` tells how far it comes.
   * @throws {PairvoiceError} `text-empty`, `text-too-long`, `text-invalid` or `session-ended`; nothing is sent then
   */
  send(text: string): string;
  /**
   * Sends something to the other side's app: at most 64 KiB under a topic of at most 128 bytes of UTF-8, both in bytes. It goes over the
   * data channel, or by the server while there is none, is sent again when a way breaks, and arrives once and in order at the page that
   * the other has open now. The promise resolves when it has arrived there, whether somebody listens or not: an app that sends much waits for it (at most 8 MiB wait).
   * While that page is out of reach, it waits.
   * @throws {PairvoiceError} as a rejection: `peer-absent` when nobody has come yet or the other said goodbye, `peer-gone` when another page of the other has taken the
   * place of that one, `data-too-large`, `data-queue-full`, `invalid-options`, `session-ended`
   */
  sendData(topic: string, data: string | ArrayBuffer | ArrayBufferView): Promise<void>;
  /** Loads a page of older messages. */
  loadEarlier(): void;
  /** Marks everything that has arrived as seen. */
  markRead(): void;
  /** Tells the other that this person types; call it again at least every 5 seconds while they do. */
  setTyping(typing: boolean): void;
  /** Tries a failed message again. */
  resend(id: string): void;
  /** Forgets a failed message. */
  discard(id: string): void;
  /** Lets go of this handle. The last one ends the session: microphone, connection and socket are released. */
  leave(): Promise<void>;
  /** Ends the session for every handle of this page. */
  end(): Promise<void>;
  /** The same as {@link Session.leave}, for `using`. */
  [Symbol.dispose](): void;
}

/** The codes of errors that are thrown. */
export type PairvoiceErrorCode =
  | "invalid-options"
  | "wasm-unavailable"
  | "text-empty"
  | "text-too-long"
  | "text-invalid"
  | "session-ended"
  | "peer-absent"
  | "peer-gone"
  | "data-too-large"
  | "data-queue-full"
  | "no-random-numbers"
  | "unsupported"
  | "device-unavailable";

/** An error that is thrown; everything else is state. */
export interface PairvoiceError extends Error {
  readonly name: "PairvoiceError";
  readonly code: PairvoiceErrorCode;
}

/**
 * Fetches and compiles WebAssembly and fetches the libraries, side by side, so that a later call fetches nothing of the package.
 * Call it once a call is likely, in the browser; a second time costs nothing. It asks for no microphone and joins nothing. Without it, the first call does the same, with the token, the microphone and the socket beside it. With `url` it also
 * opens the connection to that server (as `<link rel="preconnect">` does), which browsers keep for some seconds only. With the
 * session, the user and the token beside it, the server is asked for ICE servers, so that a call's first offer waits for nothing;
 * nobody's seat is taken, and the other person hears nothing of it. A `token()` is called for that.
 *
 * Resolves when everything is there. A library that can't be fetched is tried again by the call. A rejection that nobody looks at
 * is no unhandled one: the call then says the same.
 * @throws {PairvoiceError} as a rejection: `wasm-unavailable`; the next call tries again
 */
export function preload(options?: PreloadOptions): Promise<void>;

/**
 * Joins a session for text; voice can be turned on later. Resolves in the state `joining`, before the server answered.
 * @throws {PairvoiceError} `invalid-options`, `wasm-unavailable` or `no-random-numbers`
 */
export function joinSession(options: SessionOptions): Promise<Session>;

/**
 * Joins a session and turns voice on: `joinSession` and then `startVoice()`. Waits for neither microphone nor peer.
 * @throws {PairvoiceError} `invalid-options`, `wasm-unavailable` or `no-random-numbers`
 */
export function startVoiceCall(options: SessionOptions): Promise<Session>;

/**
 * Looks, before a call, whether it will work: microphone, server, ways to be reached, and packets to oneself through the relay. It takes
 * nobody's seat, ends within 10 seconds whatever happens, and leaves nothing open.
 * @throws {PairvoiceError} `invalid-options`, `wasm-unavailable` or `no-random-numbers`
 */
export function checkConnection(options: CheckOptions): Promise<ConnectionCheck>;

/** Tells whether something caught is a {@link PairvoiceError}. */
export function isPairvoiceError(error: unknown): error is PairvoiceError;
