// The panel "Check connection": each line as it comes in, then the verdict.
import { checkConnection } from "pairvoice";

const $ = (id) => document.getElementById(id);
const set = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text;
};

const MICROPHONE = {
  skipped: "Not asked for",
  asking: "Allow the microphone in your browser",
  unanswered: "The browser’s question was not answered",
  denied: "Not allowed",
  missing: "None found",
  busy: "In use elsewhere",
  ended: "Went away",
};

const SERVER = {
  asking: "Asking …",
  older: "Answers, and knows no checks",
  unreachable: "Does not answer",
  "token-failed": "This page got no permission to join",
  "module-failed": "A part of this page could not be loaded",
  unauthorized: "Does not let you in",
  "version-mismatch": "Speaks another version",
  refused: "Refuses",
};

const TYPE = { host: "directly", srflx: "through your router", prflx: "through your router", relay: "by relay" };

function microphoneText({ state, reason, label }) {
  return state === "live" ? label || "Microphone on" : MICROPHONE[reason ?? state];
}

function serverText({ state, version, roundTripMs }) {
  return state === "reached" ? `Version ${version}, answers within ${roundTripMs} ms` : SERVER[state];
}

function candidatesText(candidates) {
  const ways = candidates.map(({ type, transport }) => `${TYPE[type]} (${transport.toUpperCase()})`);
  return [...new Set(ways)].join(", ") || "Looking …";
}

function relayText({ state, transport, roundTripMs }, over) {
  if (state === "carries") return `Reached by ${transport.toUpperCase()}${roundTripMs === null ? "" : `, ${roundTripMs} ms there and back`}`;
  if (state === "reached") return over ? "Reached, but carries nothing" : "Reached, connecting …";
  if (state === "none") return "This server offers none";
  if (state === "unreached") return over ? "Not reached" : "Looking …";
  return over ? "Nothing known" : "…";
}

function lossText({ sent, received }, over) {
  if (sent === 0) return over ? "Not measured" : "…";
  const lost = Math.max(0, sent - received);
  // The last ones are still on their way.
  return over ? `${lost} of ${sent} (${((100 * lost) / sent).toFixed(1)} %)` : `${received} of ${sent} have arrived`;
}

function draw({ microphone, server, candidates, relay }, over) {
  set("check-microphone", microphoneText(microphone));
  $("check-level").value = Math.sqrt(microphone.level ?? 0);
  $("check-level").hidden = microphone.state !== "live" || over;
  set("check-server", serverText(server));
  set("check-candidates", candidates.length === 0 && over ? "None found" : candidatesText(candidates));
  set("check-relay", relayText(relay, over));
  set("check-loss", lossText(relay, over));
}

/** Lets the button check with these options of a session. */
export function checkPanel(options) {
  const button = $("check");
  let running;
  const show = (state, message, hint) => {
    $("check-verdict").dataset.state = state;
    set("check-verdict", message);
    set("check-hint", hint);
  };
  button.addEventListener("click", async () => {
    if (running) return running.abort();
    running = new AbortController();
    const { signal } = running;
    set("check", "Stop checking");
    $("check-panel").hidden = false;
    for (const line of ["microphone", "server", "candidates", "relay", "loss"]) set(`check-${line}`, "…");
    show("checking", "Checking …", "This takes up to ten seconds. Say something.");
    try {
      const { url, sessionId, userId, token } = options;
      const onProgress = (_, found) => draw(found, false);
      const found = await checkConnection({ url, sessionId, userId, token, signal, onProgress });
      // For the curious, too.
      globalThis.lastCheck = found;
      draw(found, true);
      show(found.verdict, found.message, found.hint);
    } catch (error) {
      if (signal.aborted) show("stopped", "The check was stopped.", "");
      else show("bad", "The check could not be made.", error.message);
    } finally {
      running = undefined;
      set("check", "Check connection");
    }
  });
}
