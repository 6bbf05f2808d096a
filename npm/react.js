"use client";
// React hooks over the public entry. A session is held by the components that use it, by server, session and user: whoever is mounted
// again in the same tick (StrictMode, fast refresh, another place in the tree) finds it as it was. The contract is react.d.ts.
import { createContext, createElement, useCallback, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";

import { joinSession, startVoiceCall } from "./index.js";

const nothing = () => {};
const none = { reason: null, message: null, hint: null };
const fine = { state: "off", ...none };
const { freeze } = Object;

// What there is before there is a session.
const NOBODY = freeze({ userId: null, name: null, presence: "absent", voice: false, muted: false, microphone: "off", microphoneReason: null });
const JOINING = freeze({ session: null, state: "joining", ...none, cause: null, peer: NOBODY, error: null });
const IDLE = freeze({ ...JOINING, state: "idle" });
const switches = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const MICROPHONE = freeze({ ...fine, label: "", deviceId: "", ...switches });
const SPEAKER = freeze({ deviceId: "", label: "", selectable: false });
const VOICE = freeze({
  ...fine,
  ...{ role: null, muted: false, talking: false, listenOnly: false, microphone: MICROPHONE, speaker: SPEAKER, volume: 1, path: null },
  ...{ recovery: null, since: null, playbackBlocked: false, heard: null, mutedTalking: false },
});
const CHAT = freeze({ messages: freeze([]), unread: 0, unsent: 0, more: false, durable: null });
const SILENCE = freeze({ own: 0, peer: 0 });
const DEVICES = freeze({ microphones: freeze([]), speakers: freeze([]) });

const links = new Map();

/** One handle for all components that name the same server, session and user. */
class Link {
  snapshot = JOINING;
  #key;
  /** What each component said last; the newest counts. */
  #holders = new Set();
  #listeners = new Set();
  #begun = false;
  #abort = new AbortController();
  /** The token of the last join. */
  #token;
  /** Voice is wanted, as far as components say so. */
  #voice = false;

  constructor(key) {
    this.#key = key;
  }

  /** Holds it for a component until the function is called that this returns. */
  hold(holder, listener) {
    this.#holders.add(holder);
    this.#listeners.add(listener);
    if (holder.current.voice) this.setVoice(true);
    if (!this.#begun) this.#join();
    return () => {
      this.#holders.delete(holder);
      this.#listeners.delete(listener);
      // React mounts again in the same tick what it only takes down to see whether it can.
      setTimeout(() => {
        if (links.get(this.#key) !== this) return;
        // Whoever is left may show nothing of a microphone that is on.
        if (this.#holders.size > 0) {
          if (![...this.#holders].some(({ current }) => current?.voice)) this.setVoice(false);
          return;
        }
        links.delete(this.#key);
        this.#abort.abort();
      });
    };
  }

  /** A component was rendered with other options than before. A function is asked when a token is wanted; a text has to be handed over. */
  renew() {
    const { token } = this.#options;
    const isAsked = typeof token === "function" && typeof this.#token === "function";
    if (this.#holders.size === 0 || token === this.#token || isAsked) return;
    // What has ended stays so until somebody wants it again, but for want of a token.
    const { state, reason } = this.snapshot;
    if (state !== "ended" || ["unauthorized", "token-expired", "token-invalid"].includes(reason)) this.rejoin();
  }

  /** A component wants voice now, or does not want it any more. What the person does meanwhile stands. */
  setVoice(voice) {
    if (this.#voice === voice) return;
    this.#voice = voice;
    if (voice) this.snapshot.session?.startVoice();
    else this.snapshot.session?.stopVoice();
  }

  /** Joins again what has ended or failed; what goes on takes the token. */
  rejoin() {
    const { state, session } = this.snapshot;
    if (state === "ended" || state === "failed") {
      this.#abort.abort();
      this.#abort = new AbortController();
      this.#join();
    } else if (session) {
      joinSession(this.#asked()).then((other) => other.leave(), nothing);
    }
  }

  get #options() {
    return [...this.#holders].at(-1)?.current ?? {};
  }

  #ask = () => {
    const { token } = this.#options;
    return typeof token === "function" ? token() : token;
  };

  /** The options to join with. */
  #asked() {
    const { voice: _, ...options } = this.#options;
    this.#token = options.token;
    return { ...options, token: typeof options.token === "function" ? this.#ask : options.token, signal: this.#abort.signal };
  }

  #join() {
    this.#begun = true;
    const { signal } = this.#abort;
    const voice = this.#voice;
    this.#show(JOINING);
    (voice ? startVoiceCall : joinSession)(this.#asked()).then(
      (session) => {
        if (signal.aborted) return;
        if (this.#voice !== voice) session[voice ? "stopVoice" : "startVoice"]();
        session.subscribe(() => signal.aborted || this.#look(session));
        this.#look(session);
        // Another token may have come meanwhile.
        this.renew();
      },
      (error) => {
        if (signal.aborted) return;
        this.#show(freeze({ ...JOINING, state: "failed", message: error.message, error }));
        this.renew();
      },
    );
  }

  #view;
  #peer;

  #look(session) {
    const { session: view, peer } = session.getState();
    if (this.snapshot.session === session && view === this.#view && peer === this.#peer) return;
    [this.#view, this.#peer] = [view, peer];
    this.#show(freeze({ ...JOINING, ...view, session, peer }));
  }

  #show(snapshot) {
    if (this.snapshot === snapshot) return;
    this.snapshot = snapshot;
    for (const listener of [...this.#listeners]) listener();
  }
}

const Call = createContext(undefined);
const Handle = createContext(undefined);

function missing(hook) {
  return new Error(`${hook} without an argument needs a <SessionProvider> above it`);
}

export function useSession(...given) {
  const around = useContext(Call);
  const options = given.length > 0 ? given[0] : null;
  const key = options ? JSON.stringify([options.url, String(options.sessionId), String(options.userId)]) : null;
  const holder = useRef(options);
  // Before the one that joins, so that it joins with these.
  useEffect(() => {
    const before = holder.current;
    holder.current = options;
    const link = links.get(key);
    if (before?.voice !== options?.voice) link?.setVoice(Boolean(options?.voice));
    link?.renew();
  });
  const subscribe = useCallback(
    (listener) => {
      if (key === null) return nothing;
      if (!links.has(key)) links.set(key, new Link(key));
      return links.get(key).hold(holder, listener);
    },
    [key],
  );
  const before = key === null ? IDLE : JOINING;
  const snapshot = useSyncExternalStore(subscribe, () => links.get(key)?.snapshot ?? before, () => before);
  const own = useMemo(() => freeze({ ...snapshot, rejoin: () => links.get(key)?.rejoin() }), [snapshot, key]);
  if (given.length > 0) return own;
  if (around === undefined) throw missing("useSession");
  return around;
}

export function SessionProvider({ options, children }) {
  const call = useSession(options ?? null);
  return createElement(Call.Provider, { value: call }, createElement(Handle.Provider, { value: call.session }, children));
}

/** The handle that a hook was given, or that of the provider; `null` while there is none. */
function useHandle(hook, given) {
  const around = useContext(Handle);
  if (given.length === 0 && around === undefined) throw missing(hook);
  const source = given.length > 0 ? given[0] : around;
  return (source && "session" in source ? source.session : source) ?? null;
}

/** A part of the state, which stays the same object until something of it changes. */
function usePart(session, part, before) {
  const subscribe = useCallback((listener) => session?.subscribe(listener) ?? nothing, [session]);
  return useSyncExternalStore(subscribe, () => session?.getState()[part] ?? before, () => before);
}

/** What a store brings that is made for one session. */
function useStore(make, session, before) {
  const store = useMemo(() => make(session), [make, session]);
  return useSyncExternalStore(store.subscribe, store.get, () => before);
}

/** A part of the state and what can be done about it, as one value. */
function useWith(part, act, session) {
  const actions = useMemo(() => act(session), [act, session]);
  return useMemo(() => freeze({ ...part, ...actions }), [part, actions]);
}

const voiceActions = (session) => ({
  start: () => session?.startVoice(),
  stop: () => session?.stopVoice(),
  retry: () => session?.retryVoice(),
  resumeAudio: () => session?.resumeAudio(),
  setMuted: (muted) => session?.setMuted(muted),
  setTalking: (held) => session?.setTalking(held),
  toggleMuted() {
    // Whoever talks by push-to-talk is muted all the same.
    const { muted, talking } = session?.getState().voice ?? {};
    session?.setMuted(!(muted || talking));
  },
});

export function useVoice(...given) {
  const session = useHandle("useVoice", given);
  return useWith(usePart(session, "voice", VOICE), voiceActions, session);
}

const chatActions = (session) => ({
  send: (text) => {
    if (session) return session.send(text);
    throw Object.assign(new Error("there is no session to send by"), { name: "PairvoiceError", code: "session-ended" });
  },
  loadEarlier: () => session?.loadEarlier(),
  markRead: () => session?.markRead(),
  setTyping: (typing) => session?.setTyping(typing),
  resend: (id) => session?.resend(id),
  discard: (id) => session?.discard(id),
});

/** A store of the newest value of an event, for as long as somebody listens. */
const newest = (event, before, isSame) => (session) => {
  let value = before;
  return {
    get: () => value,
    subscribe(listener) {
      const off = session?.on(event, (next) => {
        if (isSame(value, next)) return;
        value = next;
        listener();
      });
      return () => {
        off?.();
        value = before;
      };
    },
  };
};

const typingStore = newest("typing", false, Object.is);
const levelStore = newest("level", SILENCE, (a, b) => a.own === b.own && a.peer === b.peer);

export function useChat(...given) {
  const session = useHandle("useChat", given);
  const chat = usePart(session, "chat", CHAT);
  const typing = useStore(typingStore, session, false);
  const part = useMemo(() => ({ ...chat, typing }), [chat, typing]);
  return useWith(part, chatActions, session);
}

export function useLevel(...given) {
  const session = useHandle("useLevel", given);
  const level = useStore(levelStore, session, SILENCE);
  // No level follows the last one.
  return usePart(session, "session", JOINING).state === "ended" ? SILENCE : level;
}

/** The lists of devices; they are asked for anew when the browser or the session says that something has changed. */
function deviceStore(session) {
  let lists = DEVICES;
  return {
    get: () => lists,
    subscribe(listener) {
      if (!session) return nothing;
      let [over, microphone, speaker, asked] = [false];
      const ask = async () => {
        const mine = (asked = {});
        const found = await session.listDevices().catch(() => lists);
        if (over || asked !== mine || found === lists) return;
        lists = found;
        listener();
      };
      const look = () => {
        const { voice } = session.getState();
        if (voice.microphone === microphone && voice.speaker === speaker) return;
        ({ microphone, speaker } = voice);
        void ask();
      };
      const off = session.subscribe(look);
      navigator.mediaDevices?.addEventListener?.("devicechange", ask);
      look();
      return () => {
        over = true;
        off();
        navigator.mediaDevices?.removeEventListener?.("devicechange", ask);
      };
    },
  };
}

const deviceActions = (session) => ({
  setMicrophone: (microphone) => session?.setMicrophone(microphone),
  setSpeaker: async (id) => session?.setSpeaker(id),
  setVolume: (volume) => session?.setVolume(volume),
  setProcessing: (processing) => session?.setProcessing(processing),
});

export function useDevices(...given) {
  const session = useHandle("useDevices", given);
  const lists = useStore(deviceStore, session, DEVICES);
  const { microphone, speaker, volume } = usePart(session, "voice", VOICE);
  const part = useMemo(() => ({ ...lists, microphone, speaker, volume }), [lists, microphone, speaker, volume]);
  return useWith(part, deviceActions, session);
}
