// The shared editor: two people write in one text, run it, and see what came of it.
import { javascript } from "@codemirror/lang-javascript";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";

import { cursors } from "./editor/cursors.js";
import { openDocument } from "./editor/document.js";
import { run } from "./editor/runner.js";
import { sheet } from "./editor/style.js";

const LANGUAGES = { javascript: ["JavaScript", () => javascript()], python: ["Python", () => python()], text: ["Plain text", () => []] };

/** Colours of either theme; see style.js. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: "var(--keyword)" },
  { tag: [tags.string, tags.regexp, tags.special(tags.string)], color: "var(--string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName), tags.className], color: "var(--name)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
]);

/** Kinds of lines of the output. */
const KINDS = ["run", "log", "error", "passed", "failed"];

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

/** What somebody calls themselves may be any text: it is cut, and changes no direction beside it (UAX 9, FSI and PDI). */
const shown = (name) => `\u2068${[...String(name ?? "?").replace(/[\u2066-\u2069]/g, "")].slice(0, 64).join("")}\u2069`;

/** Puts the editor of a session into a place of the page, for a person of the name that `name()` says; `attach` connects it with a handle, and later with another. */
export async function codeEditor(place, { sessionId, name }) {
  const shared = await openDocument(`pairvoice-demo/${sessionId}`);
  const { code, settings, output } = shared;

  const runButton = element("button", { type: "button", id: "run", textContent: "Run" });
  const language = element("select", { id: "language", ariaLabel: "Language" });
  for (const [value, [label]] of Object.entries(LANGUAGES)) language.append(new Option(label, value));
  const together = element("span", { id: "together", className: "quiet", role: "status" });
  const lines = element("div", { id: "output", role: "log", ariaLabel: "Output", tabIndex: 0 });
  const clear = element("button", { type: "button", id: "clear", textContent: "Clear output" });
  const text = element("div", { id: "code" });
  const root = place.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet()];
  root.append(
    element("div", { className: "bar" }, runButton, language, together),
    text,
    element("div", { className: "bar" }, element("h3", { textContent: "Output" }), clear),
    lines,
  );

  const highlighting = new Compartment();
  const presence = new Compartment();
  const view = new EditorView({
    parent: text,
    root,
    state: EditorState.create({
      doc: code.toString(),
      extensions: [
        // Its undo takes back one's own words only; it comes before the editor's own, which takes back anybody's.
        keymap.of(yUndoManagerKeymap),
        yCollab(code, null),
        keymap.of([{ key: "Mod-Enter", run: () => (void execute(), true) }]),
        basicSetup,
        syntaxHighlighting(colours),
        highlighting.of([]),
        presence.of([]),
        EditorView.contentAttributes.of({ "aria-label": "Code", tabindex: "0" }),
      ],
    }),
  });

  let running = false;

  function chooseLanguage() {
    // What the other side wrote there may be anything.
    const wanted = settings.get("language");
    const chosen = Object.hasOwn(LANGUAGES, wanted) ? wanted : "javascript";
    language.value = chosen;
    view.dispatch({ effects: highlighting.reconfigure(LANGUAGES[chosen][1]()) });
    const runs = chosen === "javascript";
    runButton.disabled = !runs || running;
    runButton.title = runs ? "Ctrl+Enter" : "Only JavaScript runs here";
  }

  function draw() {
    const entries = output.toArray().filter((entry) => KINDS.includes(entry?.kind));
    const items = entries.map(({ kind, text: said, by }) => element("p", { className: kind, textContent: kind === "run" ? `${shown(by)} ran this` : String(said) }));
    lines.replaceChildren(...items);
    lines.scrollTop = lines.scrollHeight;
    clear.disabled = items.length === 0;
  }

  async function execute() {
    if (runButton.disabled) return;
    running = true;
    chooseLanguage();
    const found = await run(code.toString());
    running = false;
    shared.doc.transact(() => {
      output.delete(0, output.length);
      output.push([{ kind: "run", by: name() }, ...found]);
      if (found.length === 0) output.push([{ kind: "log", text: "The program ended and wrote nothing." }]);
    });
    chooseLanguage();
  }

  runButton.addEventListener("click", execute);
  clear.addEventListener("click", () => output.delete(0, output.length));
  language.addEventListener("change", () => settings.set("language", language.value));
  settings.observe(chooseLanguage);
  output.observe(draw);
  chooseLanguage();
  draw();

  const { awareness } = shared;
  view.dispatch({ effects: presence.reconfigure(cursors(code, awareness)) });
  const others = () => {
    const names = [...awareness.getStates()].filter(([client]) => client !== awareness.clientID).map(([, state]) => shown(state.user?.name));
    together.textContent = names.length > 0 ? `${names.join(", ")} writes with you` : "";
  };
  awareness.on("change", others);

  return {
    /** Is the same as the other's from now on, by this session. */
    attach(session) {
      awareness.setLocalState({ user: { name: name() } });
      shared.connect(session);
    },
  };
}
