// What a session did, for whoever looks for the cause of a fault: every input of the client's core and what followed, in bounded
// memory. Tokens, texts, passwords and addresses are replaced before they are kept, each by what the core treats alike.

/** Characters that the timeline may take; an hour of a call takes about half of them. */
const TIMELINE = 4_000_000;
/** Entries of each other list. */
const ENTRIES = 2_000;
/** Values that are given names; a call has some dozens. */
const NAMES = 10_000;
/** Milliseconds between two looks at the figures of a call. */
const SAMPLE_MS = 5_000;
/** So many looks may come before the first packet. */
const EARLY = 20;

/** FNV-1a over the UTF-16 code units. */
function hash(text) {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return (sum >>> 0).toString(16);
}

/** As many characters of as many bytes each, and the same control characters. */
function masked(text) {
  if (!text.trim()) return text;
  return text.replace(/\P{Cc}/gu, (c) => {
    const code = c.codePointAt(0);
    return code < 0x80 ? "x" : code < 0x800 ? "é" : code < 0x10000 ? "€" : "𝄞";
  });
}

/** Family and kind of an address; nothing for one that tells nothing. */
function kindOf(address) {
  if (address.endsWith(".local")) return "mdns.local";
  if (address.includes(":")) {
    if (/^::1?$/.test(address)) return;
    return `v6.${/^f[cd]/i.test(address) ? "private" : /^fe[89ab]/i.test(address) ? "link" : "public"}`;
  }
  const [a, b] = address.split(".").map(Number);
  if (a === 0 || a === 127) return;
  if (a === 10 || (a === 192 && b === 168) || (a === 172 && b >> 4 === 1)) return "v4.private";
  return a === 100 && b >> 6 === 1 ? "v4.carrier" : a === 169 && b === 254 ? "v4.link" : "v4.public";
}

/** What browsers make up for a device, and for one origin: Chromium in hexadecimal, Firefox in base64. */
const DEVICE = /^(?:[\da-f]{64}|[\w+/]{43}=)$/;

const ADDRESS =
  /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)|(?<![\w-])[\da-f-]{36}\.local\b|(?<![\w:])[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?::\d{1,3}(?:\.\d{1,3}){3})?(?![\w:]|\.\d)/gi;

const shown = ({ session, voice, peer }) => ({
  session: session.state,
  sessionReason: session.reason,
  voice: voice.state,
  voiceReason: voice.reason,
  recovery: voice.recovery,
  path: voice.path,
  muted: voice.muted,
  microphone: voice.microphone.state,
  microphoneReason: voice.microphone.reason,
  playbackBlocked: voice.playbackBlocked,
  peer: peer.presence,
  peerVoice: peer.voice,
});

/** The name of an output, and of what is done to a connection; what the core notes, as it is. */
function outline(output) {
  if (typeof output === "string") return output;
  const [[name, body]] = Object.entries(output);
  if (name === "log") return output;
  return name === "connection" ? `${name} ${outline(body.command)}` : name;
}

export class Recorder {
  #began = Date.now();
  #zero = performance.now();
  #names = new Map();
  #config;
  #version;
  #timeline = [];
  #size = 0;
  #open;
  #truncated = false;
  #lists = { states: [], decisions: [], microphone: [], figures: [], attempts: [], sockets: [] };
  #left = false;
  #last = {};
  #sampled = -Infinity;
  #early = 0;

  #now() {
    return Math.round(performance.now() - this.#zero);
  }

  /** The same short name for the same value, so that what is equal stays equal. */
  #name(kind, value, more = "") {
    let name = this.#names.get(value);
    if (!name && this.#names.size >= NAMES) {
      // What is not told apart any more can't be replayed.
      this.#truncated = true;
      return `${kind}${more}`;
    }
    // A copy: a part of a text may keep the whole of it in memory.
    if (!name) this.#names.set(JSON.parse(JSON.stringify(value)), (name = `${kind}${this.#names.size + 1}${more}`));
    return name;
  }

  #addresses(text) {
    return text.replace(ADDRESS, (found) => {
      const isAddress = !found.includes(":") || found.includes("::") || found.split(":").length === 8;
      const kind = isAddress && kindOf(found);
      return kind ? this.#name("a", found, `.${kind}`) : found;
    });
  }

  #device = (text) => (DEVICE.test(text) ? this.#name("d", text) : text);

  #masks = {
    id: this.#device,
    group: this.#device,
    deviceId: this.#device,
    groupId: this.#device,
    // A handshake that is still to be given one has none.
    token: (text) => text && this.#name("t", text),
    credential: (text) => this.#name("c", text),
    text: masked,
    topic: masked,
    payload: () => "",
    sdp: (text) => this.#addresses(text.replace(/(?<=^a=ice-pwd:)\S+/gm, (found) => this.#name("p", found))),
    candidate: (text) => this.#addresses(text),
    urls: (text) => this.#addresses(text),
    addresses: (text) => this.#addresses(text),
    message: (text) => this.#addresses(text),
    cause: (text) => this.#addresses(text.replace(/[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, (found) => this.#name("t", found))),
  };

  #redacted(value, key) {
    if (typeof value === "string") return this.#masks[key]?.(value) ?? value;
    if (Array.isArray(value)) return value.map((item) => this.#redacted(item, key));
    if (!value || typeof value !== "object") return value;
    // What a person is called is nobody's business, and no decision depends on it.
    const entries = Object.entries(value).filter(([name]) => name !== "name" || !("userId" in value));
    return Object.fromEntries(entries.map(([name, item]) => [name, this.#redacted(item, name)]));
  }

  #note(list, entry) {
    const entries = this.#lists[list];
    entries.push({ at: this.#now(), ...entry });
    if (entries.length > ENTRIES) {
      entries.shift();
      this.#left = true;
    }
  }

  #close() {
    if (!this.#open) return;
    const { at, input, outputs } = this.#open;
    const entry = JSON.stringify([at, input, outputs.map(outline), hash(JSON.stringify(outputs))]);
    this.#open = undefined;
    this.#timeline.push(entry);
    this.#size += entry.length;
    if (this.#size <= TIMELINE) return;
    // A quarter at once: each cut moves what is left.
    let cut = 0;
    while (this.#size > TIMELINE * 0.75) this.#size -= this.#timeline[cut++].length;
    this.#timeline.splice(0, cut);
    this.#truncated = true;
  }

  // Called by WebAssembly, in the order in which the core works.

  begin(config, version) {
    this.#config = config;
    this.#version = version;
    this.#open = { at: 0, input: null, outputs: [] };
  }

  input(input) {
    this.#close();
    this.#open = { at: this.#now(), input: this.#redacted(input), outputs: [] };
    if (input.microphone) this.#note("microphone", { event: input.microphone.event });
  }

  output(output) {
    const redacted = this.#redacted(output);
    this.#open.outputs.push(redacted);
    const note = redacted.log;
    if (note?.roles) this.#note("attempts", { ...note.roles, offerer: note.roles.offerer.slice(0, 8) });
    else if (note && !note.voice) this.#note("decisions", note);
  }

  state(state, socket) {
    // As the server's log has it.
    const name = socket?.slice(0, 8);
    const now = shown(state);
    const changed = Object.entries(now).filter(([part, word]) => this.#last[part] !== word);
    this.#last = now;
    if (changed.length > 0) this.#note("states", Object.fromEntries(changed));
    if (name && this.#lists.sockets.at(-1)?.name !== name) this.#note("sockets", { name });
  }

  /** A call runs over this connection: its figures are looked at now and then. */
  pulse(connection) {
    const now = this.#now();
    if (now - this.#sampled < SAMPLE_MS) return;
    this.#sampled = now;
    connection.getStats().then((report) => this.#figures(report), () => {});
  }

  #figures(report) {
    const all = [...report.values()];
    const sound = (type) => all.find((entry) => entry.type === type && entry.kind === "audio") ?? {};
    const [received, sent, far] = ["inbound-rtp", "outbound-rtp", "remote-inbound-rtp"].map(sound);
    const chosen = all.find((entry) => entry.selectedCandidatePairId)?.selectedCandidatePairId;
    const pair = report.get(chosen) ?? all.find((entry) => entry.type === "candidate-pair" && entry.selected);
    if ((received.packetsReceived === undefined || !pair) && this.#early++ < EARLY) {
      // Nothing has come yet: the next look is soon.
      this.#sampled = -Infinity;
      return;
    }
    const end = (id) => {
      const { candidateType: type, protocol, relayProtocol } = report.get(id) ?? {};
      return type && { type, protocol: relayProtocol ?? protocol };
    };
    const ms = (seconds) => (seconds === undefined ? undefined : Math.round(seconds * 1000));
    this.#note("figures", {
      roundTripMs: ms(pair?.currentRoundTripTime),
      jitterMs: ms(received.jitter),
      received: received.packetsReceived,
      lost: received.packetsLost,
      concealedSamples: received.concealedSamples,
      sent: sent.packetsSent,
      lostThere: far.packetsLost,
      local: end(pair?.localCandidateId),
      remote: end(pair?.remoteCandidateId),
    });
  }

  /** Everything as plain values. */
  diagnostics(options, { session, voice, peer, chat }) {
    this.#close();
    const { attempts, sockets, ...lists } = this.#lists;
    const me = this.#config.me;
    const found = {
      format: 1,
      version: this.#version,
      browser: globalThis.navigator?.userAgent ?? null,
      start: new Date(this.#began).toISOString(),
      taken: this.#now(),
      ids: { room: me.session, user: me.user, instance: me.instance.slice(0, 8), attempts, sockets },
      role: voice.role,
      state: this.#redacted({ session, voice, peer, chat: { ...chat, messages: chat.messages.length } }),
      truncated: this.#truncated || this.#left,
      ...lists,
      timeline: { truncated: this.#truncated, config: this.#config, entries: this.#timeline.map((entry) => JSON.parse(entry)) },
    };
    if (options?.addresses) {
      const named = [...this.#names].filter(([, name]) => name.startsWith("a"));
      found.addresses = Object.fromEntries(named.map(([address, name]) => [name, address]));
    }
    // A copy: what is done to it is not done to what is kept.
    return JSON.parse(JSON.stringify(found));
  }
}
