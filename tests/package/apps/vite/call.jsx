import { useChat, useSession, useVoice } from "pairvoice/react";

export function Call({ url, sessionId, userId, token, voice: on }) {
  const call = useSession({ url, sessionId, userId, token, voice: on });
  const voice = useVoice(call);
  const chat = useChat(call);
  const submit = (event) => {
    event.preventDefault();
    chat.send(new FormData(event.target).get("text"));
    event.target.reset();
  };
  if (call.state === "failed") return <p>{call.message}</p>;
  return (
    <>
      <p id="state">{[call.state, voice.state].join(" ")}</p>
      <ul id="messages">
        {chat.messages.map(({ id, text }) => (
          <li key={id}>
            <p>{text}</p>
          </li>
        ))}
      </ul>
      <form onSubmit={submit}>
        <input name="text" aria-label="Message" disabled={!call.session} />
      </form>
    </>
  );
}
