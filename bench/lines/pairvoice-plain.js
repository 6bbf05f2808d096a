import { startVoiceCall } from "pairvoice";

export async function call(options, { who, mute, messages, form }) {
  const session = await startVoiceCall(options);
  const show = () => {
    const { voice, peer, chat } = session.getState();
    who.textContent = voice.message ?? `${peer.userId ?? "The other"} is ${peer.presence}, voice is ${voice.state}`;
    mute.setAttribute("aria-pressed", voice.muted);
    messages.replaceChildren(
      ...chat.messages.map(({ sender, text }) => {
        const item = document.createElement("li");
        item.textContent = `${sender}: ${text}`;
        return item;
      }),
    );
  };
  session.subscribe(show);
  show();
  mute.onclick = () => session.setMuted(!session.getState().voice.muted);
  form.onsubmit = (event) => {
    event.preventDefault();
    session.send(form.elements.text.value);
    form.reset();
  };
  return session;
}
