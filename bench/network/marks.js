// Runs in the page before its own code: notes when it does what every call is made of, for time lines and the waterfall.
(() => {
  const marks = [];
  globalThis.marks = marks;
  const mark = (name) => marks.push([name, performance.timeOrigin + performance.now()]);
  globalThis.mark = mark;

  // A browser that does not know a kind says so in its console and goes on.
  const observe = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  const at = (name, time) => marks.push([name, performance.timeOrigin + time]);
  observe("resource", ({ name, startTime, responseEnd }) => {
    const file = new URL(name, location).pathname.split("/").at(-1).replace(/-[\w-]{8}\./, ".");
    at(`fetching ${file}`, startTime);
    at(`fetched ${file}`, responseEnd);
  });
  observe("longtask", ({ startTime, duration }) => at(`busy for ${Math.round(duration / 25) * 25} ms from here`, startTime));

  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (...args) => {
    const instance = await instantiateStreaming.apply(WebAssembly, args);
    mark("WebAssembly instantiated");
    return instance;
  };
  const { open } = IDBFactory.prototype;
  IDBFactory.prototype.open = function (...args) {
    mark("IndexedDB asked for");
    const request = open.apply(this, args);
    request.addEventListener("success", () => mark("IndexedDB open"));
    return request;
  };
  const { appendChild } = Node.prototype;
  Node.prototype.appendChild = function (child) {
    if (child.nodeName !== "IFRAME") return appendChild.call(this, child);
    mark("frame begun");
    appendChild.call(this, child);
    mark("frame there");
    return child;
  };

  const devices = navigator.mediaDevices;
  if (devices) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      mark("microphone asked for");
      const stream = await ask(constraints);
      mark("microphone live");
      return stream;
    };
  }

  /** The kind of a Socket.IO packet or of one of PeerJS, without what it carries. */
  function kind(data) {
    if (typeof data !== "string") return "binary";
    const event = data.match(/^(\d+)\["([^"]*)"(?:,\{"(description|candidate)")?/);
    if (event) return [event[1].slice(0, 2), ...event.slice(2).filter(Boolean)].join(" ");
    const type = data.match(/^\{"type":"([^"]*)"/);
    return type ? type[1] : data.match(/^\d*/)[0];
  }

  const NativeSocket = globalThis.WebSocket;
  globalThis.WebSocket = class extends NativeSocket {
    constructor(...args) {
      super(...args);
      mark("socket begun");
      this.addEventListener("open", () => mark("socket open"));
      this.addEventListener("message", ({ data }) => mark(`received ${kind(data)}`));
    }
    send(data) {
      mark(`sent ${kind(data)}`);
      super.send(data);
    }
  };

  const Native = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      mark("connection made");
      this.addEventListener("iceconnectionstatechange", () => mark(`ICE ${this.iceConnectionState}`));
      this.addEventListener("connectionstatechange", () => mark(`connection ${this.connectionState}`));
      this.addEventListener("track", () => mark("track"));
      this.addEventListener("icecandidate", ({ candidate }) => candidate?.candidate && mark("own candidate"));
    }
    async setLocalDescription(...args) {
      mark("own description begun");
      await super.setLocalDescription(...args);
      mark(`${this.localDescription?.type} made`);
    }
    async setRemoteDescription(...args) {
      mark(`${args[0]?.type} here`);
      await super.setRemoteDescription(...args);
      mark(`${args[0]?.type} set`);
    }
    addIceCandidate(...args) {
      mark("candidate added");
      return super.addIceCandidate(...args);
    }
  };
})();
