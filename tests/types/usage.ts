// What an app's TypeScript sees: this file compiles, and each @ts-expect-error marks what must not.
import { checkConnection, isPairvoiceError, joinSession, preload, startVoiceCall, type Diagnostics, type Session, type State, type VoiceReason, type VoiceState, type VoiceView } from "pairvoice";

const words: Record<VoiceReason, string> = {
  "connection-failed": "",
  "no-relay": "",
  "relay-unreachable": "",
  "peer-unreachable": "",
  "relay-busy": "",
  "unsupported-browser": "",
  "insecure-context": "",
};

export async function main(): Promise<void> {
  void preload();
  await preload({ url: "/", wasm: new URL("https://cdn.example.com/pairvoice_bg.wasm") });
  const session: Session = await startVoiceCall({
    url: "https://signal.example.com",
    sessionId: "s-42",
    userId: 7,
    peerUserId: "9",
    token: async () => "token",
    signal: new AbortController().signal,
    microphone: "id",
    echoCancellation: false,
  });
  const { verdict, hint, relay } = await checkConnection({ url: "/", sessionId: 1, userId: 2, token: "token", onProgress: (step) => console.log(step) });
  console.log(verdict === "good", hint.length, relay.sent - relay.received);
  const off = session.subscribe(() => show(session.getState()));
  session.on("message", (message) => console.log(message.text.length, message.status === "read"));
  session.on("level", ({ own, peer }) => console.log(own + peer));
  session.on("microphone-changed", ({ from, to, why }) => console.log(from?.length, to ?? "none", why === "default-changed"));
  const { microphones, speakers } = await session.listDevices();
  session.setMicrophone(microphones.find((device) => device.current)?.id ?? null);
  session.setMicrophone(session.remoteStream.getAudioTracks()[0] ?? null);
  await session.setSpeaker(speakers[0]?.id ?? "");
  session.setTalking(!session.getState().voice.talking);
  session.setVolume(0.5);
  session.setProcessing({ noiseSuppression: false });
  session.on("peer-left", (user) => console.log(user.length));
  // @ts-expect-error there is no such event
  session.on("nothing", () => {});
  // @ts-expect-error state is read-only
  session.getState().voice.muted = true;
  const id: string = session.send("hello");
  session.resend(id);
  const { ids, timeline, addresses }: Diagnostics = session.diagnostics({ addresses: true });
  console.log(ids.sockets.length, timeline.truncated, addresses?.["a1"]);
  off();
  await session.leave();
  using text = await joinSession({ url: "/", sessionId: 1, userId: 2, token: "token" });
  text.markRead();
  // @ts-expect-error the token is missing
  await joinSession({ url: "/", sessionId: 1, userId: 2 });
}

const label = (voice: VoiceView): VoiceState => voice.state;

function show({ session, voice, peer, chat }: State): void {
  if (session.state === "offline") console.log(session.reason, session.hint, session.cause?.length, label(voice));
  if (voice.state === "unavailable" && voice.reason) console.log(words[voice.reason], voice.hint);
  console.log(peer.userId, chat.messages.at(-1)?.text);
}

main().catch((error: unknown) => {
  if (isPairvoiceError(error)) console.log(error.code === "invalid-options");
});
