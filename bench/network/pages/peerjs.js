// PeerJS with its own server, as its README has it: one answers, the other calls, and `reconnect` when the server was lost.
// `wait`: it begins when it is told to.
const { session, user, port, path = "/", ice = "[]", wait } = Object.fromEntries(new URLSearchParams(location.search));
const name = (who) => `${session}-${who}`;

globalThis.start = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const secure = location.protocol === "https:";
  const config = { iceServers: JSON.parse(ice) };
  const peer = new Peer(name(user), { host: location.hostname, port: Number(port), path, secure, config });
  const play = (call) =>
    call.on("stream", (remote) => {
      document.querySelector("audio").srcObject = remote;
    });
  const call = () => play(peer.call(name("2"), stream));
  peer.on("call", (incoming) => {
    incoming.answer(stream);
    play(incoming);
  });
  peer.on("open", () => {
    globalThis.waits = true;
    if (user === "1") call();
  });
  peer.on("error", (error) => {
    // The other is not here yet.
    if (error.type === "peer-unavailable") setTimeout(call, 500);
  });
  peer.on("disconnected", () => !peer.destroyed && setTimeout(() => peer.reconnect(), 500));
};
if (!wait) globalThis.start();
