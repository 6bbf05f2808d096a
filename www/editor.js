// The shared editor: two people write in one text, run it, and see what came of it.
import { javascript } from "@codemirror/lang-javascript";
import { python } from "@codemirror/lang-python";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";

import { cursors } from "./editor/cursors.js";
import { openDocument } from "./editor/document.js";
import { run } from "./editor/runner.js";
import { sheet } from "./editor/style.js";

const LANGUAGES = { javascript: ["JavaScript", () => javascript()], python: ["Python", () => python()], text: ["Plain text", () => []] };

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

/** Puts the editor into a place of the page; `attach` connects it with a session, and again with another. */
export async function codeEditor(place, { sessionId, userId }) {
  const shared = await openDocument(`pairvoice-demo/${sessionId}`);
  const { code, settings, output } = shared;

  const runButton = element("button", { type: "button", id: "run", textContent: "Run" });
  const language = element("select", { id: "language", ariaLabel: "Language" });
  for (const [value, [name]] of Object.entries(LANGUAGES)) language.append(new Option(name, value));
  const together = element("span", { id: "together", className: "quiet", role: "status" });
  const lines = element("ol", { id: "output", role: "log", ariaLabel: "Output", tabIndex: 0 });
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
        highlighting.of([]),
        presence.of([]),
        EditorView.contentAttributes.of({ "aria-label": "Code" }),
      ],
    }),
  });

  function chooseLanguage() {
    const chosen = LANGUAGES[settings.get("language")] ? settings.get("language") : "javascript";
    language.value = chosen;
    view.dispatch({ effects: highlighting.reconfigure(LANGUAGES[chosen][1]()) });
    runButton.disabled = chosen !== "javascript";
    runButton.title = runButton.disabled ? "Only JavaScript runs here" : "Ctrl+Enter";
  }

  function draw() {
    const items = output.toArray().map(({ kind, text: said, by }) => element("li", { className: kind, textContent: kind === "run" ? `${by} ran this` : said }));
    lines.replaceChildren(...items);
    lines.scrollTop = lines.scrollHeight;
    clear.disabled = items.length === 0;
  }

  async function execute() {
    if (runButton.disabled) return;
    runButton.disabled = true;
    const found = await run(code.toString());
    shared.doc.transact(() => {
      output.delete(0, output.length);
      output.push([{ kind: "run", by: userId }, ...found]);
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

  return {
    /** Is the same as the other's from now on, by this session; `name` is what the other sees at this person's cursor. */
    attach(session, name = userId) {
      const awareness = shared.connect(session);
      awareness.setLocalStateField("user", { name });
      view.dispatch({ effects: presence.reconfigure(cursors(code, awareness)) });
      const others = () => {
        const names = [...awareness.getStates()].filter(([client]) => client !== awareness.clientID).map(([, { user }]) => user?.name ?? "?");
        together.textContent = names.length > 0 ? `${names.join(", ")} writes with you` : "";
      };
      awareness.on("change", others);
      others();
    },
  };
}
