// With a LiveKit server. It tries again by itself; the chat is of those who are there.
import { LiveKitRoom, RoomAudioRenderer, useChat, useConnectionState, useLocalParticipant, useParticipants } from "@livekit/components-react";

export function Call({ url, token }) {
  return (
    <LiveKitRoom serverUrl={url} token={token} audio connect>
      <RoomAudioRenderer />
      <Room />
    </LiveKitRoom>
  );
}

function Room() {
  const state = useConnectionState();
  const others = useParticipants().filter(({ isLocal }) => !isLocal);
  const { localParticipant, isMicrophoneEnabled } = useLocalParticipant();
  const { chatMessages, send } = useChat();
  const submit = (event) => {
    event.preventDefault();
    void send(event.target.elements.text.value);
    event.target.reset();
  };
  return (
    <>
      <p>{others.length > 0 ? `${others[0].identity} is here, voice is ${state}` : "The other is not here"}</p>
      <button aria-pressed={!isMicrophoneEnabled} onClick={() => void localParticipant.setMicrophoneEnabled(!isMicrophoneEnabled)}>Mute</button>
      <ul>{chatMessages.map(({ id, from, message }) => <li key={id}>{from?.identity}: {message}</li>)}</ul>
      <form onSubmit={submit}><input name="text" aria-label="Message" required /></form>
    </>
  );
}
