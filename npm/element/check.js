// "If something is wrong": checks the connection, each line as it comes in and then the verdict, and saves the diagnostics.
import { checkConnection } from "../index.js";
import { h, setText, show } from "./dom.js";
import { microphoneTrouble } from "./status.js";

const ROWS = ["microphone", "server", "candidates", "relay", "loss"];

/** The help of a panel; `options` brings those of the session. */
export function checkView({ words, session, signal }, options) {
  const say = (key, values) => words.t(`check/${key}`, values);
  const button = h("button", { type: "button", id: "check", onclick: () => void check() }, say("start"));
  const save = h("button", { type: "button", id: "diagnostics", onclick: () => session() && download(session()) }, say("diagnostics"));
  const verdict = h("p", { id: "check-verdict", class: "status", role: "status" });
  const hint = h("p", { id: "check-hint", class: "hint" });
  const level = h("meter", { id: "check-level", min: 0, max: 1, value: 0, "aria-label": say("level"), hidden: true });
  const cells = Object.fromEntries(ROWS.map((row) => [row, h("span", { id: `check-${row}` })]));
  const lines = h(
    "dl",
    { class: "lines" },
    ...ROWS.flatMap((row) => [h("dt", {}, say(row)), h("dd", {}, cells[row], row === "microphone" ? level : undefined)]),
  );
  const found = h("div", { id: "check-panel", hidden: true }, verdict, hint, lines);
  let running;

  const tell = (state, [message, help]) => {
    verdict.dataset.state = state;
    setText(verdict, message);
    setText(hint, help ?? "");
  };

  async function check() {
    if (running) return running.abort();
    running = new AbortController();
    const mine = AbortSignal.any?.([running.signal, signal]) ?? running.signal;
    setText(button, say("stop"));
    show(found, true);
    for (const cell of Object.values(cells)) setText(cell, "…");
    tell("checking", words.pair("check/running"));
    try {
      const { url, sessionId, userId, token, wasm } = options();
      const onProgress = (_, now) => draw(now, false);
      const result = await checkConnection({ url, sessionId, userId, token, wasm, signal: mine, onProgress });
      draw(result, true);
      tell(result.verdict, verdictOf(result));
      found.dispatchEvent(new CustomEvent("pairvoice-check", { detail: result, bubbles: true, composed: true }));
    } catch (error) {
      if (mine.aborted) tell("stopped", [say("stopped")]);
      else tell("bad", [say("failed"), error.message]);
    } finally {
      running = undefined;
      setText(button, say("start"));
    }
  }

  /** Two sentences. Who it was that refused the microphone makes a difference for what a person can do. */
  function verdictOf({ reason, message, hint: help, microphone }) {
    if (reason === "microphone-denied" && microphone.reason !== "denied") return microphoneTrouble(microphone, words);
    return reason ? words.pair(`check/reasons/${reason}`, [message, help]) : words.pair("check/good");
  }

  /** What became of the microphone. */
  function microphoneText({ state, reason, label }) {
    if (state === "live" && label) return label;
    return say(`microphoneStates/${reason ?? state}`) || words.t(`lacking/${reason}`) || say("microphoneStates/busy");
  }

  function draw({ microphone, server, candidates, relay }, over) {
    setText(cells.microphone, microphoneText(microphone));
    level.value = Math.sqrt(microphone.level ?? 0);
    show(level, microphone.state === "live" && !over);
    setText(cells.server, say(`serverStates/${server.state}`, { version: server.version, ms: server.roundTripMs }));
    const ways = [...new Set(candidates.map(({ type, transport }) => `${say(`ways/${type}`)} (${transport.toUpperCase()})`))].join(", ");
    setText(cells.candidates, ways || say(over ? "noWays" : "looking"));
    setText(cells.relay, relayText(relay, over));
    setText(cells.loss, lossText(relay, over));
  }

  function relayText({ state, transport, roundTripMs }, over) {
    const values = { transport: transport?.toUpperCase(), ms: roundTripMs };
    const stateOf = (key) => say(`relayStates/${key}`, values);
    if (state === "carries") return stateOf(roundTripMs === null ? "carries" : "carriesIn");
    if (state === "reached") return stateOf(over ? "useless" : "reached");
    if (state === "none" || over) return stateOf(state);
    return state === "unreached" ? say("looking") : "…";
  }

  function lossText({ sent, received }, over) {
    if (sent === 0) return over ? say("unmeasured") : "…";
    const lost = Math.max(0, sent - received);
    const share = words.number((100 * lost) / sent, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    // The last ones are still on their way.
    return over ? say("lossResult", { n: lost, of: sent, share }) : say("lossRunning", { n: received, of: sent });
  }

  signal.addEventListener("abort", () => running?.abort());
  return h("div", { class: "settings" }, h("div", { class: "actions" }, button, save), found, h("p", { class: "fine" }, say("fine")));
}

/** Saves what the session did as a file. */
function download(session) {
  const found = session.diagnostics();
  const blob = new Blob([JSON.stringify(found)], { type: "application/json" });
  const link = h("a", { href: URL.createObjectURL(blob), download: `pairvoice-${found.ids.instance}.json` });
  link.click();
  // The browser has read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
