/** React hooks for a session of two people. They may be rendered on a server, where they do nothing. */

import type { DetailedHTMLProps, FunctionComponent, HTMLAttributes, ReactNode } from "react";

import type { ElementToken, PairvoiceSession, PairvoiceSessionEvents, Words } from "./element.js";

import type { ChatView, Device, MicrophoneView, PairvoiceError, PeerView, Processing, Session, SessionOptions, SessionState, SessionView, SpeakerView, VoiceView } from "./index.js";

/** Options of {@link useSession}. `url`, `sessionId` and `userId` say which session it is: when one of them changes, the session is
 * left and another one joined. `token` and `voice` are taken as they were rendered last. The others count when the session is joined. So they may be an
 * object literal, made anew at each render. */
export interface UseSessionOptions extends Omit<SessionOptions, "signal"> {
  /** Turns voice on with the session, as `startVoiceCall()` does; `false` by default: `useVoice().start()` does it then. When it is rendered
   * with another value, voice is turned on or off, and off when the last component that wanted it is taken down while others keep
   * the session. */
  voice?: boolean;
}

/** A session as React shows it: rendered anew when the session's own state or the other person changes. */
export interface SessionCall extends Omit<SessionView, "state"> {
  /** `idle`: there are no options. `failed`: it could not be joined, and `error` says why. */
  readonly state: "idle" | "failed" | SessionState;
  /** The handle, once there is one. */
  readonly session: Session | null;
  /** The other person. */
  readonly peer: PeerView;
  /** What `joinSession()` rejected with: `invalid-options`, `wasm-unavailable` or `no-random-numbers`. */
  readonly error: PairvoiceError | null;
  /** Joins again after the session has ended or could not be joined; with `offline` it asks for a new token. */
  readonly rejoin: () => void;
}

/** Where a hook finds its session: what `useSession()` returned, or a handle. `null` and `undefined` are no session (yet). */
export type SessionSource = SessionCall | Session | null | undefined;

/**
 * Joins a session for as long as the component is mounted; `null` joins nothing. Components that name the same server, session and user
 * share one session, which is left in the tick after the last of them was taken down. Nothing happens while rendering. It rejects
 * nothing: what goes wrong is state.
 */
export function useSession(options: UseSessionOptions | null): SessionCall;
/** The session of the {@link SessionProvider} above. */
export function useSession(): SessionCall;

/** Joins a session for as long as it is mounted, for all components below it. */
export const SessionProvider: FunctionComponent<{ options: UseSessionOptions | null; children?: ReactNode }>;

/** Voice, and what can be done about it; without a session it does nothing. The functions stay the same as long as the session does. */
export interface VoiceCall extends VoiceView {
  /** Turns voice on, or asks again for a microphone that was refused. */
  readonly start: () => void;
  /** Turns voice off. */
  readonly stop: () => void;
  /** Tries again to connect. */
  readonly retry: () => void;
  /** Lets the browser play when `playbackBlocked`; call it in a click handler. */
  readonly resumeAudio: () => void;
  readonly setMuted: (muted: boolean) => void;
  /** Push-to-talk: as `setTalking()` of a session. */
  readonly setTalking: (held: boolean) => void;
  readonly toggleMuted: () => void;
}

/** Voice of the session given, or of the {@link SessionProvider} above. */
export function useVoice(session?: SessionSource): VoiceCall;

/** The chat, and what can be done with it. */
export interface ChatCall extends ChatView {
  /** The other types. */
  readonly typing: boolean;
  /**
   * Sends a message and returns its ID.
   * @throws {PairvoiceError} `text-empty`, `text-too-long`, `text-invalid`, or `session-ended`, also while there is no session yet
   */
  readonly send: (text: string) => string;
  readonly loadEarlier: () => void;
  /** Marks everything that has arrived as seen. */
  readonly markRead: () => void;
  /** Tells the other that this person types; call it again at least every 5 seconds while they do. */
  readonly setTyping: (typing: boolean) => void;
  readonly resend: (id: string) => void;
  readonly discard: (id: string) => void;
}

/** The chat of the session given, or of the {@link SessionProvider} above. */
export function useChat(session?: SessionSource): ChatCall;

/** How loud both sides are, from 0 to 1; up to ten times a second, so use it in a small component. */
export function useLevel(session?: SessionSource): { readonly own: number; readonly peer: number };

/** The devices of this browser, those in use, and how to choose others. */
export interface DevicesCall {
  readonly microphones: readonly Device[];
  readonly speakers: readonly Device[];
  readonly microphone: MicrophoneView;
  readonly speaker: SpeakerView;
  /** How loud the other is played, from 0 to 1. */
  readonly volume: number;
  readonly setMicrophone: (microphone: string | MediaStreamTrack | null) => void;
  readonly setSpeaker: (id: string) => Promise<void>;
  readonly setVolume: (volume: number) => void;
  readonly setProcessing: (processing: Processing) => void;
}

/** Devices for the session given, or for the one of the {@link SessionProvider} above; the lists are kept up to date. */
export function useDevices(session?: SessionSource): DevicesCall;

/** What `<pairvoice-session>` takes in JSX, by React 19, which sets functions and objects as properties. Its code comes by
 * `import "pairvoice/element"`. */
export interface PairvoiceSessionProps extends DetailedHTMLProps<HTMLAttributes<PairvoiceSession>, PairvoiceSession> {
  session?: string | number | undefined;
  user?: string | number | undefined;
  peer?: string | number | undefined;
  url?: string | undefined;
  token?: ElementToken | undefined;
  voice?: "on" | "off" | undefined;
  name?: string | undefined;
  "peer-name"?: string | undefined;
  "ask-name"?: boolean | undefined;
  ready?: boolean | "always" | undefined;
  compact?: boolean | undefined;
  badge?: "on" | "off" | undefined;
  options?: Partial<SessionOptions> | undefined;
  words?: Words | undefined;
  "onpairvoice-joined"?: ((event: PairvoiceSessionEvents["pairvoice-joined"]) => void) | undefined;
  "onpairvoice-ended"?: ((event: PairvoiceSessionEvents["pairvoice-ended"]) => void) | undefined;
  "onpairvoice-state"?: ((event: PairvoiceSessionEvents["pairvoice-state"]) => void) | undefined;
  "onpairvoice-check"?: ((event: PairvoiceSessionEvents["pairvoice-check"]) => void) | undefined;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "pairvoice-session": PairvoiceSessionProps;
    }
  }
}
