// How controls look: buttons, fields, and the bar at the panel's end.
export const controlStyle = `
button, select, input, textarea { font: inherit; color: inherit; }
button {
  min-block-size: 2.5rem;
  padding: 0 0.9rem;
  border: 1px solid var(--edge);
  border-radius: 0.5rem;
  background: var(--card);
  cursor: pointer;
  display: inline-flex;
  align-items: center;
  justify-content: center;
  gap: 0.4rem;
}
button:hover { border-color: var(--accent); }
button.plain { border-color: transparent; background: none; padding: 0 0.5rem; }
button.plain:hover, button.plain[aria-expanded="true"] { border-color: var(--edge); }
button.square { inline-size: 2.5rem; padding: 0; flex: none; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
button:disabled { opacity: 0.5; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.bar { flex: none; border-block-start: 1px solid var(--line); background: var(--card); padding: 0.35rem; padding-block-end: max(0.35rem, env(safe-area-inset-bottom)); }
.during { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0.15rem; }
.bar button { flex-direction: column; gap: 0.1rem; min-block-size: 3.6rem; inline-size: 100%; padding: 0.25rem 0; font-size: 0.7rem; line-height: 1.15; text-align: center; justify-content: start; border-color: transparent; overflow-wrap: anywhere; }
.bar button:hover { border-color: var(--edge); }
.bar button.primary { flex-direction: row; justify-content: center; font-size: 1rem; gap: 0.5rem; border-color: var(--accent); }
.bar button[aria-pressed="true"] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.bar #mute[aria-pressed="true"] { background: var(--bad); border-color: var(--bad); color: var(--card); }
.bar button[aria-expanded="true"] { border-color: var(--accent); color: var(--accent); }
.bar #talk[data-held] { background: var(--good); border-color: var(--good); color: var(--card); }
.bar #talk { touch-action: none; user-select: none; -webkit-user-select: none; }
.bar button[aria-disabled="true"] { color: var(--quiet); opacity: 0.6; cursor: default; border-color: transparent; }
.bar #leave { color: var(--bad); }
.bar .icon { inline-size: 1.4rem; block-size: 1.4rem; }
summary { min-block-size: 2.5rem; display: flex; align-items: center; gap: 0.4rem; cursor: pointer; border-radius: 0.5rem; }
summary::before { content: ""; border: 0.3rem solid transparent; border-inline-start-color: currentColor; margin-inline-end: -0.1rem; }
[open] > summary::before { border-color: currentColor transparent transparent; translate: 0 0.15rem; }
summary::-webkit-details-marker { display: none; }
select, input[type="search"], input[type="text"] { inline-size: 100%; min-block-size: 2.5rem; padding: 0 0.5rem; border: 1px solid var(--edge); border-radius: 0.5rem; background: var(--page); }
input[type="range"] { inline-size: 100%; min-block-size: 2.5rem; margin: 0; accent-color: var(--accent); }
input[type="checkbox"] { inline-size: 1.25rem; block-size: 1.25rem; margin: 0; flex: none; accent-color: var(--accent); }
fieldset { margin: 0.5rem 0 0; padding: 0.25rem 0.75rem 0.5rem; border: 1px solid var(--line); border-radius: 0.5rem; min-inline-size: 0; }
fieldset label { display: flex; align-items: center; gap: 0.5rem; min-block-size: 2.25rem; }
@media (forced-colors: active) {
  .bar button[aria-pressed="true"], button.primary { border: 3px solid; }
  .person[data-speaking] .avatar { outline-color: Highlight; }
}
`;
