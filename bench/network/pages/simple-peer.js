// simple-peer by a Socket.IO relay, as its README has it.
const { session } = Object.fromEntries(new URLSearchParams(location.search));

globalThis.start = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const socket = io({ path: "/relay", auth: { session } });
  let peer;
  const begin = (initiator) => {
    peer = new SimplePeer({ initiator, stream });
    peer.on("signal", (data) => socket.emit("signal", data));
    peer.on("stream", (remote) => {
      document.querySelector("audio").srcObject = remote;
    });
    // It has destroyed itself by then.
    peer.on("error", () => {});
  };
  socket.once("joined", () => begin(true));
  socket.on("signal", (data) => {
    if (!peer) begin(false);
    if (!peer.destroyed) peer.signal(data);
  });
  socket.on("connect", () => (globalThis.waits = true));
};
