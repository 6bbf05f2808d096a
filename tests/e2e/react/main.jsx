// An app in React, whose properties the tests set. Options are an object literal that each render makes anew.
import { refresh } from "./refresh.js";

import { StrictMode, Suspense, use, useCallback, useEffect } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";

import "pairvoice/element";
import { SessionProvider, useChat, useDevices, useLevel, useSession, useVoice } from "pairvoice/react";

const query = new URLSearchParams(location.search);
const seen = (globalThis.seen = { handles: new Set(), states: [], renders: 0, mounts: 0, tokens: [], levels: 0, refused: [] });
globalThis.addEventListener("unhandledrejection", ({ reason }) => seen.refused.push(String(reason)));

/** The options as an app would write them; `extra` is what a test changes. */
const optionsOf = ({ session, user, extra }) => ({
  url: location.origin,
  sessionId: session,
  userId: user,
  voice: true,
  log: "silent",
  token: async () => {
    seen.tokens.push(extra?.name ?? "first");
    if (extra?.fails) throw new Error("no token today");
    return (await fetch(`/dev/token?${new URLSearchParams({ session, user })}`)).text();
  },
  ...extra,
});

function Level() {
  const { own, peer } = useLevel();
  useEffect(() => void (seen.levels = [own, peer]));
  return <meter value={peer} />;
}

function Panel() {
  const call = useSession();
  const voice = useVoice();
  const chat = useChat();
  const devices = useDevices();
  globalThis.panel = { call, voice, chat, devices };
  return (
    <>
      <p>{voice.state}</p>
      <button onClick={voice.toggleMuted} aria-pressed={voice.muted}>Mute</button>
      <ul>{chat.messages.map(({ id, text }) => <li key={id}>{text}</li>)}</ul>
      <Level />
    </>
  );
}

/** Both ways at once: by the hook, and by a provider for what is below. */
function Room(props) {
  const call = useSession(optionsOf(props));
  seen.renders += 1;
  useEffect(() => {
    globalThis.session = call.session;
    if (call.session) seen.handles.add(call.session);
    if (seen.states.at(-1) !== call.state) seen.states.push(call.state);
  }, [call]);
  useEffect(() => void (seen.mounts += 1), []);
  if (props.waits) use(props.waits);
  return (
    <>
      <p id="status">{[call.state, call.error?.code ?? "", call.peer.presence].join(" ")}</p>
      <SessionProvider options={optionsOf(props)}>
        <Panel />
      </SessionProvider>
    </>
  );
}

/** The element, as a tag of React's. */
function Tag({ session, user, voice }) {
  const { token } = optionsOf({ session, user });
  const count = ({ detail }) => seen.handles.add((globalThis.session = detail.session));
  return <pairvoice-session session={session} user={user} token={token} voice={voice} compact={false} onpairvoice-joined={count} />;
}

/** The same as docs/element.md has it for a page that a server rendered. */
function RenderedTag({ session, user, token }) {
  const ref = useCallback((element) => void (element && (element.token = token)), [token]);
  return <pairvoice-session session={session} user={user} voice="off" ref={ref} />;
}

/** Takes over what a server would have rendered. */
globalThis.hydrate = () => {
  const [session, user] = [query.get("session"), query.get("user")];
  const { token } = optionsOf({ session, user });
  const place = document.body.appendChild(document.createElement("div"));
  const tag = document.createElement("pairvoice-session");
  for (const [name, value] of Object.entries({ session, user, voice: "off" })) tag.setAttribute(name, value);
  tag.addEventListener("pairvoice-joined", ({ detail }) => (globalThis.session = detail.session));
  place.append(tag);
  hydrateRoot(place, <RenderedTag session={session} user={user} token={token} />);
};

/** Another version of the component, as an editor would save it: with the same hooks, or with others, for which React mounts it anew. */
globalThis.save = (reset) => {
  const saved = (props) => Room(props);
  refresh.register(Room, "Room");
  refresh.register(saved, "Room");
  if (reset) refresh.setSignature(saved, "other hooks", true);
  refresh.performReactRefresh();
};

const root = createRoot(document.getElementById("root"));

/** Shows the app, or nothing. */
globalThis.show = (more) => {
  const props = { session: query.get("session"), user: query.get("user"), ...more };
  const content = props.rooms === 0 ? null : Array.from({ length: props.rooms ?? 1 }, (_, at) => <Room key={at} {...props} />);
  root.render(
    <StrictMode>
      {props.tag && <Tag {...props} />}
      {props.silent && <Room {...props} extra={{ voice: false }} />}
      <Suspense fallback={<p id="fallback">…</p>}>{content}</Suspense>
    </StrictMode>,
  );
};

/** A promise for a component to wait for, and the function that resolves it. */
globalThis.hold = () => {
  let release;
  const promise = new Promise((resolve) => (release = resolve));
  return { promise, release };
};
