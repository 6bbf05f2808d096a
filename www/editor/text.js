// The text that both write in: CodeMirror over Yjs.
import { defaultKeymap } from "@codemirror/commands";
import { HighlightStyle, bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";

import { cursors } from "./cursors.js";

/** Colours of either theme; see style.js. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: "var(--keyword)" },
  { tag: [tags.string, tags.regexp, tags.special(tags.string)], color: "var(--string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName), tags.className], color: "var(--name)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
]);

/**
 * Shows a text of Yjs in a place below a root. `phrases` are the editor's own words in the page's language, `label` is what the text is
 * called, `execute` runs it. What is returned changes how the text is read, and adds what comes later.
 */
export function textEditor({ parent, root, code, awareness, phrases, label, execute }) {
  const language = new Compartment();
  const later = new Compartment();
  const state = EditorState.create({
    doc: code.toString(),
    extensions: [
      EditorState.phrases.of(phrases),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      // Undo takes back one's own words only: there is no history but that of Yjs.
      keymap.of([...yUndoManagerKeymap, { key: "Mod-Enter", run: () => (execute(), true) }]),
      later.of([]),
      keymap.of([...defaultKeymap, ...foldKeymap]),
      yCollab(code, null),
      cursors(code, awareness),
      lineNumbers(),
      highlightActiveLineGutter(),
      foldGutter(),
      highlightSpecialChars(),
      drawSelection(),
      EditorState.allowMultipleSelections.of(true),
      highlightActiveLine(),
      indentOnInput(),
      bracketMatching(),
      syntaxHighlighting(colours),
      language.of([]),
    ],
  });
  const view = new EditorView({ parent, root, state });
  return {
    read: (support) => view.dispatch({ effects: language.reconfigure(support) }),
    add: (extension) => view.dispatch({ effects: later.reconfigure(extension) }),
  };
}
