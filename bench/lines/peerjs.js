// With a PeerServer. Nothing is kept: what is said while the other is away is lost, and a call that breaks is made anew.
import { Peer } from "peerjs";

export async function call({ host, sessionId, userId, peerUserId }, { who, mute, messages, form }) {
  const nameOf = (user) => `${sessionId}-${user}`;
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const audio = new Audio();
  const peer = new Peer(nameOf(userId), { host });
  let data;
  const show = (text) => (who.textContent = text);
  const append = (sender, text) => {
    const item = document.createElement("li");
    item.textContent = `${sender}: ${text}`;
    messages.append(item);
  };
  const play = (media) => {
    media.on("stream", (remote) => {
      audio.srcObject = remote;
      audio.play();
    });
  };
  const chat = (connection) => {
    data = connection;
    data.on("open", () => show(`${peerUserId} is here`));
    data.on("data", (text) => append(peerUserId, text));
    data.on("close", () => {
      show(`${peerUserId} is gone`);
      begin();
    });
  };
  // Both may dial at once, so only one does; the other may not be there yet, so it dials again.
  const begin = () => {
    if (String(userId) > String(peerUserId) || peer.destroyed) return;
    chat(peer.connect(nameOf(peerUserId)));
    play(peer.call(nameOf(peerUserId), stream));
  };
  peer.on("open", begin);
  peer.on("connection", chat);
  peer.on("call", (media) => {
    media.answer(stream);
    play(media);
  });
  peer.on("error", ({ type }) => {
    show(type === "peer-unavailable" ? `${peerUserId} is not here` : `It does not work: ${type}`);
    if (type === "peer-unavailable") setTimeout(begin, 2000);
  });
  peer.on("disconnected", () => peer.reconnect());
  mute.onclick = () => {
    const [track] = stream.getAudioTracks();
    track.enabled = !track.enabled;
    mute.setAttribute("aria-pressed", !track.enabled);
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    if (!data?.open) return show(`${peerUserId} is not here, nothing was sent`);
    data.send(form.elements.text.value);
    append(userId, form.elements.text.value);
    form.reset();
  };
}
