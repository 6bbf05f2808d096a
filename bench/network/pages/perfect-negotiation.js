// The perfect negotiation pattern (W3C WebRTC section 10.7), by a Socket.IO relay, with `restartIce` on `failed`.
const { session, user } = Object.fromEntries(new URLSearchParams(location.search));
const polite = user === "2";

globalThis.start = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const socket = io({ path: "/relay", auth: { session } });
  const connection = new RTCPeerConnection();
  let makingOffer = false;
  let ignoreOffer = false;
  const add = () => {
    if (connection.getSenders().length === 0) connection.addTrack(stream.getTracks()[0], stream);
  };
  connection.ontrack = ({ track }) => {
    document.querySelector("audio").srcObject = new MediaStream([track]);
  };
  connection.onnegotiationneeded = async () => {
    try {
      makingOffer = true;
      await connection.setLocalDescription();
      socket.emit("signal", { description: connection.localDescription });
    } finally {
      makingOffer = false;
    }
  };
  connection.onicecandidate = ({ candidate }) => socket.emit("signal", { candidate });
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === "failed") connection.restartIce();
  };
  socket.on("signal", async ({ description, candidate }) => {
    if (description) {
      add();
      const collision = description.type === "offer" && (makingOffer || connection.signalingState !== "stable");
      ignoreOffer = !polite && collision;
      if (ignoreOffer) return;
      await connection.setRemoteDescription(description);
      if (description.type === "offer") {
        await connection.setLocalDescription();
        socket.emit("signal", { description: connection.localDescription });
      }
    } else if (candidate) {
      await connection.addIceCandidate(candidate).catch((error) => {
        if (!ignoreOffer) throw error;
      });
    }
  });
  // Whoever is there when the other comes begins; what nobody could hear would be lost.
  socket.on("joined", add);
  socket.on("connect", () => (globalThis.waits = true));
};
