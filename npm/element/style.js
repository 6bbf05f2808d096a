// How the panel looks. A constructed stylesheet, so that a page whose policy forbids inline styles can have it.
import { chatStyle } from "./style-chat.js";
import { controlStyle } from "./style-controls.js";

const base = `
:host {
  display: block;
  container-type: inline-size;
  min-block-size: 24rem;
  block-size: 100%;
  font: var(--pairvoice-font, 16px/1.5 system-ui, sans-serif);
  --page: var(--pairvoice-background, light-dark(#f4f5f7, #14171c));
  --card: var(--pairvoice-surface, light-dark(#fff, #1d2128));
  --line: var(--pairvoice-border, light-dark(#cdd3db, #3c434f));
  --edge: var(--pairvoice-control-border, light-dark(#79828f, #7d8896));
  --text: var(--pairvoice-text, light-dark(#1b1f26, #e8ebf0));
  --quiet: var(--pairvoice-text-quiet, light-dark(#535c69, #a9b3c0));
  --accent: var(--pairvoice-accent, light-dark(#1d5fd1, #8ab6ff));
  --on-accent: var(--pairvoice-on-accent, light-dark(#fff, #0c1524));
  --own: var(--pairvoice-own-message, light-dark(#e3edff, #22344f));
  --good: var(--pairvoice-good, light-dark(#12733c, #6bd394));
  --fair: var(--pairvoice-fair, light-dark(#9a5b00, #f2b84b));
  --bad: var(--pairvoice-bad, light-dark(#a8201a, #ff9c94));
  --round: var(--pairvoice-radius, 0.75rem);
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.panel {
  position: relative;
  block-size: 100%;
  display: flex;
  flex-direction: column;
  background: var(--card);
  color: var(--text);
  border: 1px solid var(--line);
  border-radius: var(--round);
  overflow: hidden;
}
.body {
  flex: 1;
  min-block-size: 0;
  overflow: auto;
  display: flex;
  flex-direction: column;
}
h2, h3, p, ol, ul { margin: 0; padding: 0; }
h2, h3 { font-size: 1rem; display: flex; align-items: center; gap: 0.5rem; }
.heading { display: flex; align-items: center; justify-content: space-between; gap: 0.5rem; }
.fine, .hint, .note { color: var(--quiet); font-weight: normal; }
.fine, .note, .hint { font-size: 0.875rem; }
.icon { inline-size: 1.25rem; block-size: 1.25rem; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.visually-hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
/* What is open in it scrolls in it: status, composer and bar stay where they are. */
.voice { flex: 0 1 auto; min-block-size: 8rem; overflow-y: auto; }
.voice > .heading { align-items: start; position: sticky; inset-block-start: -0.5rem; z-index: 1; background: var(--card); }
.voice > .heading > .state { flex: 1; padding-block-start: 0.5rem; min-inline-size: 0; }
.voice { display: flex; flex-direction: column; gap: 0.5rem; padding: 0.5rem 0.75rem 0.75rem; border-block-end: 1px solid var(--line); }
.state { display: flex; flex-direction: column; gap: 0.25rem; }
.state[data-joining] { min-block-size: 3.5625rem; }
.state[data-joining][data-text] { min-block-size: 6.3125rem; }
.status { font-weight: 600; padding-inline-start: 1.4rem; position: relative; overflow-wrap: anywhere; }
.status::before {
  content: "";
  position: absolute;
  inset-inline-start: 0;
  inset-block-start: 0.25rem;
  inline-size: 0.8rem;
  block-size: 0.8rem;
  border-radius: 50%;
  border: 2px solid var(--quiet);
}
.status[data-state="good"]::before { background: var(--good); border-color: var(--good); }
.status[data-state="busy"]::before { border-style: dashed; }
.status[data-state="limited"]::before, .status[data-state="fair"]::before { border-color: var(--fair); background: linear-gradient(var(--fair) 0 0) center / 100% 2px no-repeat; }
.status[data-state="trouble"]::before { border-color: var(--fair) var(--fair) transparent transparent; rotate: 45deg; }
.status[data-state="bad"]::before { border: 0; border-radius: 0; background: var(--bad); clip-path: polygon(50% 0, 100% 100%, 0 100%); }
.status[data-state="ended"]::before { border-color: var(--quiet); background: var(--quiet); border-radius: 0.1rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.actions:not(:has(> :not([hidden]))) { display: none; }
.people { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem; list-style: none; }
.person { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 0.5rem; align-items: center; min-inline-size: 0; }
.avatar {
  grid-row: span 2;
  inline-size: 2.25rem;
  block-size: 2.25rem;
  margin: 3px;
  display: grid;
  place-items: center;
  border-radius: 50%;
  background: var(--own);
  font-weight: 600;
  outline: 3px solid transparent;
  outline-offset: 1px;
}
.person[data-speaking] .avatar { outline-color: var(--good); }
.person[data-absent] .avatar { background: none; border: 2px dashed var(--edge); color: var(--quiet); }
.name, .person .note { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; overflow-wrap: anywhere; hyphens: auto; line-height: 1.3; }
.name { position: relative; font-weight: 600; }
.person .note { -webkit-line-clamp: 3; min-block-size: 2.6em; }
.person meter { grid-column: 1 / -1; }
meter { inline-size: 100%; block-size: 0.5rem; }
#warnings { display: flex; flex-direction: column; gap: 0.35rem; }
#warnings:empty, #muted-talking:empty, #device-notice:empty { margin-block: -0.25rem; }
#warnings p, #muted-talking:not(:empty) { padding: 0.35rem 0.75rem; border-inline-start: 3px solid var(--fair); background: var(--page); }
#muted-talking { font-weight: 600; }
#quality:not([data-step]) { visibility: hidden; }
#quality summary { min-block-size: 2rem; font-size: 0.9rem; }
#quality-word::before { content: ""; display: inline-block; inline-size: 0.65rem; block-size: 0.65rem; margin-inline-end: 0.4rem; border-radius: 50%; background: var(--good); }
#quality-word:empty::before { display: none; }
#quality[data-step="fair"] #quality-word::before { border-radius: 0.1rem; background: var(--fair); }
#quality[data-step="poor"] #quality-word::before { border-radius: 0; clip-path: polygon(50% 0, 100% 100%, 0 100%); background: var(--bad); }
.lines { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.25rem 1rem; margin: 0.5rem 0 0; font-size: 0.875rem; }
.lines dt { color: var(--quiet); }
.lines dd { margin: 0; overflow-wrap: anywhere; }
.plot { display: grid; grid-template-columns: minmax(0, 1fr) max-content; gap: 0 0.5rem; margin-block-start: 0.5rem; color: var(--quiet); font-size: 0.8rem; }
.plot svg { inline-size: 100%; block-size: 4rem; border: 1px solid var(--line); border-radius: 0.25rem; grid-row: span 2; }
.plot span:last-of-type { align-self: end; }
.plot polyline { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
#plot-lost { stroke: var(--quiet); stroke-dasharray: 3 3; }
#plot-gone { stroke: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: 0 1rem; color: var(--quiet); font-size: 0.8rem; }
.legend span::before { content: ""; display: inline-block; inline-size: 1.2rem; margin-inline-end: 0.4rem; vertical-align: middle; border-block-start: 2px dashed var(--quiet); }
.legend span:last-child::before { border-block-start: 2px solid var(--bad); }
.sheets { display: contents; }
.sheet { flex: none; max-block-size: 60%; overflow: auto; padding: 0.25rem 0.75rem 0.75rem; border-block-start: 1px solid var(--line); }
.sheet .heading { position: sticky; inset-block-start: -0.25rem; background: var(--card); z-index: 1; }
.settings, .row, .ready { display: flex; flex-direction: column; gap: 0.35rem; min-inline-size: 0; }
.before .body, .before .bar { display: none; }
.ready { padding: 1rem; overflow: auto; flex: 1; gap: 0.6rem; }
.ready .actions { position: sticky; inset-block-end: -1rem; margin: auto -1rem -1rem; padding: 0.75rem 1rem; background: var(--card); border-block-start: 1px solid var(--line); }
#ready-trouble { margin: 0; }
#ready-trouble:empty { margin-block-start: -0.6rem; }
#ready-trouble:not(:empty) { border-inline-start: 3px solid var(--fair); padding-inline-start: 0.75rem; }
:host([compact]) { min-block-size: 0; block-size: auto; }
:host([compact]) .body > :not(.voice):not(.sheets), :host([compact]) .voice > :not(.heading):not(#muted-talking) { display: none; }
:host([compact]) .voice { padding-block: 0.35rem; border: 0; min-block-size: 0; flex: none; }
:host([compact]) .state { min-block-size: 0; }
:host([compact]) .state > .hint, :host([compact]) #help-open { display: none; }
@container (max-width: 20rem) { .people { grid-template-columns: 1fr; } }
`;

let sheets;

/** The stylesheets of every panel of this page. */
export function styles() {
  sheets ??= [base, controlStyle, chatStyle].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  return sheets;
}
