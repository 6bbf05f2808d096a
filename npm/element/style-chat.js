// How the chat looks.
export const chatStyle = `
.chat { flex: 1; min-block-size: 12.25rem; display: flex; flex-direction: column; gap: 0.35rem; padding: 0.35rem 0.75rem 0.6rem; }
.window { flex: 1; min-block-size: 3rem; position: relative; display: flex; flex-direction: column; }
#messages { flex: 1; min-block-size: 0; overflow-y: auto; overflow-anchor: none; position: relative; padding: 0.25rem; border-radius: 0.5rem; }
#messages ol { list-style: none; display: flow-root; }
#earlier { display: flex; margin: 0 auto 0.5rem; }
.end { block-size: 4px; }
#fresh { position: absolute; inset-block-end: 0.5rem; inset-inline: 0; margin-inline: auto; inline-size: max-content; max-inline-size: 100%; min-block-size: 2.25rem; border-radius: 2rem; background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
.message { inline-size: fit-content; max-inline-size: 85%; margin-block: 0 0.5rem; margin-inline: 0 auto; padding: 0.4rem 0.75rem; border-radius: var(--round); background: var(--page); }
.message.own { background: var(--own); margin-inline: auto 0; }
.message.wide { inline-size: auto; max-inline-size: none; margin-inline: 0; }
.message p { white-space: pre-wrap; overflow-wrap: anywhere; }
.message code { font: 0.875rem/1.5 ui-monospace, monospace; tab-size: 4; }
.message p code { padding: 0.1em 0.3em; border-radius: 0.25rem; background: color-mix(in srgb, var(--text) 9%, transparent); white-space: pre-wrap; }
.message a { color: inherit; }
.message .code { display: flex; flex-direction: column; gap: 0.25rem; margin-block: 0.35rem; }
.message pre { margin: 0; padding: 0.6rem 0.75rem; overflow: auto; max-block-size: 20rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
.message .code button { align-self: end; }
.message button { min-block-size: 1.75rem; padding: 0 0.6rem; font-size: 0.875rem; }
.message .fine { display: flex; flex-wrap: wrap; gap: 0.35rem; align-items: center; font-size: 0.8rem; }
.message.own .fine { color: color-mix(in srgb, var(--quiet) 80%, var(--text)); }
.message.failed .fine, .error { color: var(--bad); }
.chat[data-over] .message.failed > .fine button { display: none; }
.message.found { outline: 2px solid var(--accent); }
::highlight(pairvoice-search) { background: var(--fair); color: var(--card); }
.day { display: flex; align-items: center; gap: 0.75rem; margin-block: 0.25rem 0.5rem; color: var(--quiet); font-size: 0.8rem; }
.day::before, .day::after { content: ""; flex: 1; border-block-start: 1px solid var(--line); }
#messages .note { margin-block-end: 0.5rem; padding: 0.2rem 0.75rem; border-inline-start: 3px solid var(--line); }
#messages .note.voice { display: block; border-inline-start-color: var(--accent); border-block-end: 0; }
#typing { min-block-size: 1.3rem; }
.error:empty { display: none; }
#composer { display: flex; gap: 0.5rem; align-items: end; }
textarea { flex: 1; min-inline-size: 0; max-block-size: 9rem; padding: 0.5rem 0.75rem; border: 1px solid var(--edge); border-radius: 0.5rem; background: var(--page); resize: none; field-sizing: content; min-block-size: 2.75rem; }
textarea::placeholder, input::placeholder { color: var(--quiet); opacity: 1; }
textarea:read-only { color: var(--quiet); border-style: dashed; }
#search { display: flex; align-items: center; gap: 0.25rem; }
#search input { flex: 1; min-inline-size: 0; inline-size: auto; }
#search-count { white-space: nowrap; }
`;
