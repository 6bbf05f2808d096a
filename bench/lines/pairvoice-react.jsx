import { useChat, useSession, useVoice } from "pairvoice/react";

export function Call(options) {
  const call = useSession({ ...options, voice: true });
  const voice = useVoice(call);
  const chat = useChat(call);
  const submit = (event) => {
    event.preventDefault();
    chat.send(event.target.elements.text.value);
    event.target.reset();
  };
  return (
    <>
      <p>{call.message ?? voice.message ?? `${call.peer.userId ?? "The other"} is ${call.peer.presence}, voice is ${voice.state}`}</p>
      <button aria-pressed={voice.muted} onClick={voice.toggleMuted}>Mute</button>
      <ul>{chat.messages.map(({ id, sender, text }) => <li key={id}>{sender}: {text}</li>)}</ul>
      <form onSubmit={submit}><input name="text" aria-label="Message" required /></form>
    </>
  );
}
