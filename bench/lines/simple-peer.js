// With a WebSocket server of the app's own that passes what one sends to the other of the session. Nothing is kept here either.
import SimplePeer from "simple-peer";

export async function call({ url, sessionId, userId, peerUserId }, { who, mute, messages, form }) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const audio = new Audio();
  let socket;
  let peer;
  const show = (text) => (who.textContent = text);
  const append = (sender, text) => {
    const item = document.createElement("li");
    item.textContent = `${sender}: ${text}`;
    messages.append(item);
  };
  const say = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
  const begin = () => {
    peer?.destroy();
    const made = (peer = new SimplePeer({ initiator: String(userId) < String(peerUserId), stream }));
    made.on("signal", (signal) => say({ signal }));
    made.on("stream", (remote) => {
      audio.srcObject = remote;
      audio.play();
    });
    made.on("connect", () => show(`${peerUserId} is here`));
    made.on("data", (bytes) => append(peerUserId, new TextDecoder().decode(bytes)));
    made.on("error", ({ code }) => show(`It does not work: ${code}`));
    made.on("close", () => made === peer && show(`${peerUserId} is gone`));
  };
  // Whoever comes says so; the one who was there answers, so that both begin with fresh connections.
  const connect = () => {
    socket = new WebSocket(`${url}?${new URLSearchParams({ session: sessionId, user: userId })}`);
    socket.onopen = () => say({ hello: true });
    socket.onmessage = ({ data }) => {
      const { hello, welcome, signal } = JSON.parse(data);
      if (hello) say({ welcome: true });
      if (hello || welcome) begin();
      if (signal) peer?.signal(signal);
    };
    socket.onclose = () => setTimeout(connect, 1000);
  };
  show(`${peerUserId} is not here`);
  connect();
  mute.onclick = () => {
    const [track] = stream.getAudioTracks();
    track.enabled = !track.enabled;
    mute.setAttribute("aria-pressed", !track.enabled);
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    if (!peer?.connected) return show(`${peerUserId} is not here, nothing was sent`);
    peer.send(form.elements.text.value);
    append(userId, form.elements.text.value);
    form.reset();
  };
}
