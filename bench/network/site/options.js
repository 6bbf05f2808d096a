// What both pages hand to the package.
const query = new URLSearchParams(location.search);

export const options = {
  url: location.origin,
  sessionId: query.get("session"),
  userId: query.get("user"),
  peerUserId: query.get("user") === "1" ? "2" : "1",
  token: query.get("token"),
  log: query.get("log") ?? "silent",
  ...(query.has("standby") ? { standby: true } : {}),
};

/** Whether the page calls as soon as it is there. */
export const atOnce = query.has("now");

/** Keeps the session; a time line wants to know when its state changes. */
export function keep(session) {
  globalThis.session = session;
  if (!globalThis.mark) return;
  globalThis.mark("handle");
  const seen = {};
  const look = () => {
    const { session: { state }, voice } = session.getState();
    for (const [name, value] of Object.entries({ session: state, voice: voice.state, microphone: voice.microphone.state })) {
      if (seen[name] !== value) globalThis.mark(`state: ${name} ${value}`);
      seen[name] = value;
    }
  };
  session.subscribe(look);
  look();
}
