// The shared editor: two people write in one text, run it, and see what came of it.
import { LANGUAGES, NAMES } from "./editor/languages.js";
import { run } from "./editor/runner.js";
import { sheet } from "./editor/style.js";
import { SAYINGS, shown } from "./words.js";

/** Resolves in a task of its own, so that the browser draws and takes input before what follows. */
const nextTask = () => globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));

/** Kinds of lines of the output. */
const KINDS = ["run", "log", "error", "passed", "failed"];

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

/** Loads the editor's parts, each of which is evaluated in a task of its own, so that the page answers in between, and opens its document. */
async function load(name) {
  const { openDocument } = await import("./editor/document.js");
  const opened = openDocument(name);
  await nextTask();
  await import("@codemirror/view");
  await nextTask();
  await import("@codemirror/language");
  await nextTask();
  const { textEditor } = await import("./editor/text.js");
  return { textEditor, shared: await opened };
}

/**
 * Puts the editor of a session into a place of the page, for a person of the name that `name()` says, in the page's words; `attach`
 * connects it with a handle, and later with another.
 */
export async function codeEditor(place, { sessionId, name, words }) {
  const { textEditor, shared } = await load(`pairvoice-demo/${sessionId}`);
  const { awareness, code, settings, output } = shared;
  await nextTask();

  const runButton = element("button", { type: "button", id: "run", textContent: words.t("editor/run") });
  const language = element("select", { id: "language", ariaLabel: words.t("editor/language") });
  for (const value of Object.keys(LANGUAGES)) language.append(new Option(NAMES[value] ?? words.t("editor/plain"), value));
  const together = element("span", { id: "together", className: "quiet", role: "status" });
  const lines = element("div", { id: "output", role: "log", ariaLabel: words.t("editor/output"), tabIndex: 0 });
  const clear = element("button", { type: "button", id: "clear", textContent: words.t("editor/clear") });
  const text = element("div", { id: "code", dir: "ltr" });
  const root = place.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet()];
  root.append(
    element("div", { className: "bar" }, runButton, language, together),
    text,
    element("div", { className: "bar" }, element("h3", { textContent: words.t("editor/output") }), clear),
    lines,
  );

  let running = false;
  const chosen = () => {
    // What the other side wrote there may be anything.
    const wanted = settings.get("language");
    return Object.hasOwn(LANGUAGES, wanted) ? wanted : "javascript";
  };

  function drawBar() {
    language.value = chosen();
    const runs = language.value === "javascript";
    runButton.disabled = !runs || running;
    runButton.title = words.t(runs ? "editor/keys" : "editor/onlyJavaScript");
  }

  async function read() {
    const wanted = chosen();
    const support = await LANGUAGES[wanted]();
    if (wanted === chosen()) view.read(support);
  }

  /** A line's words: the program's own, or the page's in the reader's language. */
  function sentence({ kind, text: own, by, said, n, why }) {
    if (kind === "run") return words.t("editor/by", { name: shown(by) });
    return SAYINGS.includes(said) ? words.t(`said/${said}`, { n, why }) : String(own);
  }

  function draw() {
    const entries = output.toArray().filter((entry) => KINDS.includes(entry?.kind));
    const items = entries.map((entry) => element("p", { className: entry.kind, dir: "auto", textContent: sentence(entry) }));
    lines.replaceChildren(...items);
    lines.scrollTop = lines.scrollHeight;
    clear.disabled = items.length === 0;
  }

  async function execute() {
    if (runButton.disabled) return;
    running = true;
    drawBar();
    const found = await run(code.toString());
    running = false;
    shared.doc.transact(() => {
      output.delete(0, output.length);
      output.push([{ kind: "run", by: name() }, ...found]);
    });
    drawBar();
  }

  function drawOthers() {
    const names = [...awareness.getStates()].filter(([client]) => client !== awareness.clientID).map(([, state]) => shown(state.user?.name));
    const list = new Intl.ListFormat(words.language).format(names);
    const text = names.length > 0 ? words.t("editor/together", { names: list, n: names.length }) : "";
    // A cursor that moves is a change, too, and a text that is written again is read out again.
    if (together.textContent !== text) together.textContent = text;
  }

  runButton.addEventListener("click", execute);
  clear.addEventListener("click", () => output.delete(0, output.length));
  language.addEventListener("change", () => settings.set("language", language.value));
  output.observe(draw);
  awareness.on("change", drawOthers);
  drawBar();
  draw();
  await nextTask();

  const view = textEditor({ parent: text, root, code, awareness, phrases: words.group("phrases"), label: words.t("editor/code"), execute: () => void execute() });
  settings.observe(() => {
    drawBar();
    void read();
  });
  void dress(view, read);

  return {
    /** Is the same as the other's from now on, by this session. */
    attach(session) {
      awareness.setLocalState({ user: { name: name() } });
      shared.connect(session);
    },
  };
}

/** What a text can do without comes after it: its colours, and help in writing it. */
async function dress(view, read) {
  await nextTask();
  await read();
  await nextTask();
  const { comforts } = await import("./editor/comforts.js");
  await nextTask();
  view.add(comforts());
}
