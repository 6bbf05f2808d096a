// The hooks as an app's TypeScript sees them.
import { createElement, type ReactNode } from "react";

import { isPairvoiceError, type PairvoiceErrorCode, type Session } from "pairvoice";
import { SessionProvider, useChat, useDevices, useLevel, useSession, useVoice, type SessionCall, type UseSessionOptions } from "pairvoice/react";

const options: UseSessionOptions = { url: "/", sessionId: 1, userId: "2", token: async () => "token", voice: true };

export function Room({ session }: { session: Session }): ReactNode {
  const call: SessionCall = useSession(options);
  const idle = useSession(null);
  const voice = useVoice(call);
  const chat = useChat(session);
  const { own, peer } = useLevel(call.session);
  const { microphones, speaker, setSpeaker } = useDevices(idle);
  const code: PairvoiceErrorCode | undefined = call.error?.code;
  if (call.state === "failed" && isPairvoiceError(call.error)) call.rejoin();
  if (voice.state === "off") voice.start();
  const id: string = chat.send("hello");
  void setSpeaker(microphones[0]?.id ?? speaker.deviceId);
  // @ts-expect-error a state is read-only
  voice.muted = true;
  // @ts-expect-error the token is missing
  useSession({ url: "/", sessionId: 1, userId: 2 });
  // @ts-expect-error a component has no signal of its own
  useSession({ ...options, signal: new AbortController().signal });
  return createElement(SessionProvider, { options }, createElement(Below), id, code, own + peer);
}

function Below(): ReactNode {
  const call = useSession();
  return call.peer.presence === "present" ? useChat().typing : useVoice().message;
}
