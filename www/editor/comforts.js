// What helps who writes: brackets are closed, words completed, and a selection can be a rectangle. The text is there before it.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { crosshairCursor, dropCursor, keymap, rectangularSelection } from "@codemirror/view";

export const comforts = () => [
  closeBrackets(),
  autocompletion(),
  dropCursor(),
  rectangularSelection(),
  crosshairCursor(),
  keymap.of([...closeBracketsKeymap, ...completionKeymap]),
];
