// <pairvoice-session>: the whole panel of a session as an element. The contract is element.d.ts.
import { identityOf, joiningState, leave, leftState, textOf, wasRefused, whenFree } from "./element/between.js";
import { nextTask } from "./element/dom.js";
import { buildPanel, frame, settings } from "./element/panel.js";
import { chosenName, hasChosen, readyView } from "./element/ready.js";
import { nameOf } from "./element/status.js";
import { styles } from "./element/style.js";
import { directionOf, loadWords } from "./element/words.js";
import { joinSession, startVoiceCall } from "./index.js";

/** What decides which session it is. When one of these changes, the old session is left and the new one joined; but for the token alone, which
 * the session that goes on takes. */
const IDENTITY = ["url", "session", "user", "peer", "token"];
/** What needs the panel to be built anew. */
const LOOK = ["lang", "badge"];
const PROPERTIES = ["session", "token", "options", "words"];

/** Words that are equal, as they stand inline in a template, are no news. */
const isSame = (one, other) => JSON.stringify(one ?? undefined) === JSON.stringify(other ?? undefined);

// Where there is no document, such as on a server, the class is there and nobody can make one of it.
const Base = globalThis.HTMLElement ?? class {};

export class PairvoiceSession extends Base {
  static observedAttributes = [...IDENTITY, ...LOOK, "voice", "name", "peer-name", "ready", "ask-name"];

  #root;
  #token;
  #options = {};
  #words;
  #panel;
  /** Takes the panel down, and the session with it. */
  #panelAbort;
  #sessionAbort;
  #handle;
  #stop = () => {};
  /** What is joined now. It stays when that failed: a person tries again, not the next change of anything. */
  #joined;
  /** Why it could not be joined at all. */
  #failure;
  #isDue = false;
  #lookIsOld = false;
  #state;
  /** Says how to join, once the screen before the call was left. */
  #answer;
  /** What was said there. */
  #answered;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: "open" });
    this.#root.adoptedStyleSheets = styles();
  }

  /** The handle of the session; `undefined` while there is none. */
  get session() {
    return this.#handle;
  }

  /** The attribute: React and Vue set what an element has as a property. */
  set session(id) {
    if (id === null || id === undefined) this.removeAttribute("session");
    // A handle names no session.
    else if (typeof id !== "object") this.setAttribute("session", id);
  }

  /** The token, or a function that brings one; the attribute when none was set. */
  get token() {
    return this.#token ?? this.getAttribute("token");
  }

  set token(value) {
    const isOther = typeof value !== typeof this.#token || (typeof value === "string" && value !== this.#token);
    this.#token = value ?? undefined;
    // Another function is asked the next time; the session stays.
    if (isOther) this.#due();
  }

  /** The other options of `joinSession`. */
  get options() {
    return this.#options;
  }

  set options(value) {
    const { words } = this.#options;
    this.#options = value ?? {};
    if (!isSame(words, this.#options.words)) this.#lookIsOld = true;
    this.#due();
  }

  /** The app's own words in place of the package's. */
  get words() {
    return this.#words;
  }

  set words(value) {
    if (isSame(value, this.#words)) return;
    this.#words = value ?? undefined;
    this.#lookIsOld = true;
    this.#due();
  }

  connectedCallback() {
    // Set before the element was defined.
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#due();
  }

  /** Moved by `moveBefore()`: everything stays as it is. */
  connectedMoveCallback() {}

  disconnectedCallback() {
    this.#due();
  }

  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (LOOK.includes(name)) this.#lookIsOld = true;
    if (name === "voice" && this.#handle) this.#setVoice();
    if (name === "name" || name === "peer-name") this.#draw();
    this.#due();
  }

  /** Several changes in one go are one. Whoever is taken out and put in again, as when it is moved, was never away. */
  #due() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#update();
    });
  }

  #update() {
    if (!this.isConnected) return this.#takeDown();
    const wanted = identityOf(this.#all());
    const isOther = wanted?.all !== this.#joined?.all;
    // Before its handle goes: a key that is held down in it comes up.
    if (this.#lookIsOld || isOther) this.#takeDownPanel();
    if (isOther) {
      // What was said and written there, and the screen before it, stays there.
      this.#exit();
      this.#state = undefined;
    }
    this.#lookIsOld = false;
    if (!this.#panelAbort) void this.#build();
    if (!isOther) return this.#renew(wanted);
    this.#joined = wanted;
    if (wanted !== undefined) void this.#enter();
  }

  /** Hands another token over. What goes on takes it; what was not let in, or could not be started, is joined again as the person wanted it. */
  #renew(wanted) {
    if (wanted?.token === this.#joined?.token) return;
    if (this.#failure) return this.#again(this.#answered);
    // Not joined yet, or left: the newest one is taken then.
    if (!this.#handle) return;
    this.#joined = wanted;
    const { session } = this.#state;
    if (session.state !== "ended") joinSession(this.#asked()).then((other) => other.leave(), () => {});
    else if (wasRefused(session)) this.#again(this.#answered);
  }

  #all() {
    const own = {
      url: this.getAttribute("url") ?? undefined,
      sessionId: this.getAttribute("session") ?? undefined,
      userId: this.getAttribute("user") ?? undefined,
      peerUserId: this.getAttribute("peer") ?? undefined,
      token: typeof this.token === "function" ? this.#ask : (this.token ?? undefined),
    };
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
    return { url: location.origin, ...this.#options, ...given };
  }

  /** The options to join with. */
  #asked() {
    const { words: _, ...options } = this.#all();
    return { ...options, signal: this.#sessionAbort.signal };
  }

  /** The same function all the time, whichever the app has set last. It is told what the person wants to be called. */
  #ask = () => this.token({ name: this.#ownName() || null });

  /** By the app, or by the person on the screen before the call. */
  #ownName() {
    return this.getAttribute("name") ?? (this.hasAttribute("ask-name") ? chosenName(this.#all().userId) : "");
  }

  async #build() {
    const abort = (this.#panelAbort = new AbortController());
    const { signal } = abort;
    const language = this.getAttribute("lang") || this.closest("[lang]")?.lang || document.documentElement.lang || navigator.language || "en";
    const words = await loadWords(language, this.#words ?? this.#options.words);
    // What the call begins with comes first, and the page around the panel is drawn.
    await nextTask();
    if (signal.aborted) return;
    const given = () => this.getAttribute("peer-name") ?? "";
    const context = {
      words,
      signal,
      settings,
      badge: this.getAttribute("badge") !== "off",
      withVoice: () => this.getAttribute("voice") !== "off",
      session: () => this.#handle,
      options: () => this.#all(),
      ids: () => [this.#all().sessionId, this.#all().userId],
      givenName: given,
      name: () => nameOf(this.#state ?? { peer: {} }, words, given()),
      asksName: this.hasAttribute("ask-name") && !this.hasAttribute("name"),
      ownName: () => this.#ownName(),
    };
    const direction = this.closest("[dir]")?.dir || directionOf(words.language);
    this.#panel = buildPanel(context, (what) => (what === "leave" ? this.#leave() : this.#again()));
    this.#root.replaceChildren(frame(words, direction, this.#panel.elements));
    if (this.#handle) this.#listen();
    else if (this.#answer) this.#showReady(context);
    this.#context = context;
    this.#draw();
  }
  #context;

  #showReady(context) {
    const screen = readyView(context, (voice, picked) => {
      const had = screen.contains(this.#root.activeElement);
      screen.remove();
      this.#root.firstElementChild.classList.remove("before");
      if (had) this.#panel.focus();
      const answer = this.#answer;
      this.#answer = undefined;
      answer?.(voice, picked);
    });
    // What has the focus is hidden by it.
    const had = this.#root.activeElement;
    this.#root.firstElementChild.prepend(screen);
    this.#root.firstElementChild.classList.add("before");
    if (had) screen.querySelector("h2").focus();
  }

  /** The screen before the call is wanted: each time, or until somebody has chosen. */
  #isAsked() {
    const ready = this.getAttribute("ready");
    return ready === "always" || (ready !== null && !hasChosen());
  }

  /** Joins. `said`: what was said on the screen before the call already. */
  async #enter(said) {
    const abort = (this.#sessionAbort = new AbortController());
    const { signal } = abort;
    const { seat, how } = this.#joined;
    const isAsked = this.getAttribute("voice") !== "off" && this.#isAsked();
    const answer = said ?? (isAsked ? await this.#ready() : undefined);
    if (signal.aborted) return;
    this.#answered = answer;
    const attribute = this.getAttribute("voice");
    const [voice, picked] = answer ?? [attribute !== "off"];
    await whenFree(seat, how);
    if (signal.aborted) return;
    const options = this.#asked();
    this.#joined = { ...this.#joined, token: textOf(options.token) };
    try {
      const handle = await (voice && !picked ? startVoiceCall : joinSession)(options);
      if (signal.aborted) return;
      this.#handle = handle;
      if (picked) this.#pick(picked, options);
      if (picked && voice) handle.startVoice();
      // Changed meanwhile, it is the newest word.
      if (this.getAttribute("voice") !== attribute) this.#setVoice();
      const unsubscribe = handle.subscribe(() => this.#changed());
      signal.addEventListener("abort", unsubscribe);
      this.#listen();
      this.#changed();
      // Another token may have come meanwhile.
      this.#due();
    } catch (error) {
      if (signal.aborted) return;
      this.#failure = error;
      this.#draw();
      this.#tell("pairvoice-ended", { reason: error.code ?? "internal-error", error });
    }
  }

  /** Brings what the person chooses on the screen before the call. */
  #ready() {
    return new Promise((resolve) => {
      this.#answer = (...answer) => resolve(answer);
      if (this.#context && this.#panel) this.#showReady(this.#context);
    });
  }

  /** The devices that the person has picked stand before those of the app, but for a track of its own. */
  #pick({ microphone, speaker }, options) {
    if (microphone !== undefined && typeof options.microphone !== "object") this.#handle.setMicrophone(microphone || null);
    if (speaker !== undefined) this.#handle.setSpeaker(speaker).catch(() => {});
  }

  #setVoice() {
    if (this.getAttribute("voice") === "off") this.#handle.stopVoice();
    else this.#handle.startVoice();
  }

  #listen() {
    this.#stop();
    this.#stop = this.#panel?.listen(this.#handle) ?? (() => {});
  }

  #changed() {
    const before = this.#state;
    this.#state = this.#handle.getState();
    const { state, reason } = this.#state.session;
    this.#draw();
    if (state === "joined" && this.#wasJoined !== this.#handle) {
      this.#wasJoined = this.#handle;
      this.#tell("pairvoice-joined", { session: this.#handle });
    }
    if (before !== this.#state) this.#tell("pairvoice-state", this.#state);
    if (state === "ended" && before?.session.state !== "ended") this.#tell("pairvoice-ended", { reason });
  }
  #wasJoined;

  #draw() {
    if (this.#state) this.#panel?.draw(this.#state);
    if (this.#failure) this.#panel?.failed(this.#failure);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Leaves as the person wants it: the panel says so, and can join again. */
  async #leave() {
    const handle = this.#handle;
    if (!handle) {
      this.#sessionAbort?.abort();
      return this.#over();
    }
    await handle.leave();
    // The session goes on where the app has a handle of its own; the panel's is gone.
    if (handle === this.#handle && handle.getState().session.state !== "ended") this.#over();
  }

  /** Draws the end, and tells of it, where no session says so itself. */
  #over() {
    this.#stop();
    this.#stop = () => {};
    this.#state = leftState(this.#state);
    this.#draw();
    if (this.#handle) this.#tell("pairvoice-state", this.#state);
    this.#tell("pairvoice-ended", { reason: "left" });
  }

  #again(said) {
    this.#exit(null);
    this.#joined = identityOf(this.#all());
    if (this.#joined === undefined) return;
    this.#state = joiningState(this.#state);
    this.#draw();
    void this.#enter(said);
  }

  /** Lets go of everything; `null`: the session is not taken up again, but joined anew. */
  #exit(how = this.#joined?.how) {
    this.#stop();
    this.#stop = () => {};
    this.#sessionAbort?.abort();
    this.#sessionAbort = undefined;
    if (this.#handle) leave(this.#handle, this.#joined.seat, how);
    this.#handle = undefined;
    this.#joined = undefined;
    this.#failure = undefined;
    this.#answer = undefined;
  }

  #takeDownPanel() {
    this.#stop();
    this.#stop = () => {};
    this.#panelAbort?.abort();
    this.#panelAbort = undefined;
    this.#panel = undefined;
    this.#context = undefined;
  }

  #takeDown() {
    this.#takeDownPanel();
    this.#exit();
    this.#state = undefined;
    this.#root.replaceChildren();
  }
}

if (globalThis.customElements && !customElements.get("pairvoice-session")) customElements.define("pairvoice-session", PairvoiceSession);
