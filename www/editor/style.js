// The editor's looks. A constructed style sheet: the page's policy allows no inline styles.

const CSS = `
:host { display: flex; flex-direction: column; min-block-size: 0; --remote: #b4460f; --on-remote: #fff; --border: #c9ced6; --quiet: #556070; --paper: #fff; --ink: #14181f; --good: #1a6b34; --bad: #a3231d; --keyword: #7a1fa2; --string: #a3231d; --number: #0b5a8f; --name: #1d4fb8; color: var(--ink); }
@media (prefers-color-scheme: dark) {
  :host { --remote: #d2691e; --on-remote: #14171d; --border: #3c4350; --quiet: #a7b0bf; --paper: #14171d; --ink: #e8ebf0; --good: #7fd39a; --bad: #ff9a92; --keyword: #d8a6f0; --string: #ffb4a8; --number: #8fd0ff; --name: #a9c4ff; }
}
.bar { display: flex; align-items: center; gap: 0.6rem; padding: 0.4rem 0; flex-wrap: wrap; }
.bar h3 { margin: 0; font-size: 1rem; flex: 1; }
.quiet { color: var(--quiet); font-size: 0.9rem; }
button, select { font: inherit; min-block-size: 2.25rem; padding: 0.2rem 0.8rem; border: 1px solid var(--border); border-radius: 0.4rem; background: var(--paper); color: inherit; }
button:not(:disabled) { cursor: pointer; }
button:disabled { color: var(--quiet); }
button:focus-visible, select:focus-visible, #output:focus-visible { outline: 2px solid Highlight; outline-offset: 1px; }
#code { flex: 1 1 16rem; min-block-size: 10rem; overflow: hidden; border: 1px solid var(--border); border-radius: 0.4rem; background: var(--paper); }
#output { flex: 0 0 9rem; margin: 0; padding: 0.5rem 0.75rem; overflow: auto; font: 0.875rem/1.5 ui-monospace, monospace; border: 1px solid var(--border); border-radius: 0.4rem; background: var(--paper); white-space: pre-wrap; overflow-wrap: anywhere; }
#output p { margin: 0; }
#output .run { color: var(--quiet); }
#output .passed { color: var(--good); }
#output .passed::before { content: "✓ "; }
#output .failed, #output .error { color: var(--bad); }
#output .failed::before { content: "✗ "; }
.cm-editor { block-size: 100%; background: var(--paper); color: var(--ink); }
.cm-editor .cm-scroller { font: 0.9rem/1.6 ui-monospace, monospace; }
.cm-editor .cm-gutters { background: var(--paper); color: var(--quiet); border-inline-end: 1px solid var(--border); }
.cm-editor .cm-cursor { border-color: var(--ink); }
.cm-editor .cm-activeLine, .cm-editor .cm-activeLineGutter { background: color-mix(in srgb, var(--ink) 6%, transparent); }
.cm-editor .cm-selectionBackground, .cm-editor.cm-focused .cm-selectionBackground { background: color-mix(in srgb, Highlight 40%, transparent) !important; }
@media (max-width: 50rem) {
  .bar { gap: 0.4rem; padding: 0.2rem 0; }
  button, select { padding: 0.2rem 0.6rem; }
  #together { flex: 1 1 4rem; max-block-size: 3.6em; overflow: hidden; font-size: 0.8rem; line-height: 1.2; overflow-wrap: anywhere; }
  #code { min-block-size: 8rem; }
  #output { flex-basis: 6rem; }
}
`;

/** Its style sheet. */
export function sheet() {
  const made = new CSSStyleSheet();
  made.replaceSync(CSS);
  return made;
}
