// How good the call is: a word in three steps, what is wrong in plain sentences, and on demand the figures and a minute of them as a plot.
import { h, setText, show, svg } from "./dom.js";

/** Seconds of the plot, and the least share at its top. */
const SECONDS = 60;
const LEAST_SHARE = 0.05;

/** A line of the plot: the newest second stands at the right edge. */
function points(values, most) {
  const offset = SECONDS - values.length;
  return values.map((value, index) => `${offset + index},${(100 - (100 * Math.min(value, most)) / most).toFixed(1)}`).join(" ");
}

/** The quality of a panel. */
export function qualityView({ words }) {
  const say = (key, values) => words.t(`quality/${key}`, values);
  const word = h("span", { id: "quality-word" });
  const lost = svg("polyline", { id: "plot-lost", points: "" });
  const gone = svg("polyline", { id: "plot-gone", points: "" });
  const plot = svg("svg", { id: "plot", viewBox: "0 0 59 100", preserveAspectRatio: "none", role: "img", "aria-label": say("minute") }, lost, gone);
  const top = h("span");
  const rows = ["incoming", "outgoing", "sending", "way"];
  const cells = Object.fromEntries(rows.map((row) => [row, h("dd", { id: `quality-${row}` })]));
  const element = h(
    "details",
    { id: "quality", part: "quality", hidden: true },
    h("summary", {}, `${say("title")}: `, word),
    h("div", { class: "plot", dir: "ltr" }, plot, top, h("span", {}, "0 %")),
    h("p", { class: "legend" }, h("span", {}, say("lost")), h("span", {}, say("gone"))),
    h("dl", { class: "lines" }, ...rows.flatMap((row) => [h("dt", {}, say(row)), cells[row]])),
  );
  const warnings = h("div", { id: "warnings", role: "status", "aria-label": words.t("panel/wrong") });
  const mutedTalking = h("p", { id: "muted-talking", role: "status" });
  const past = [];
  let shown = "";

  const percent = (share) => `${words.number(share * 100, { maximumFractionDigits: share > 0 && share < 0.0995 ? 1 : 0 })} %`;

  /** A direction's figures as one line. */
  function figures(sound) {
    if (!sound) return say("nothing");
    const { loss, concealed, jitterMs: jitter, bufferMs: buffer, delayMs: delay, kbps, mos } = sound;
    const opinion = words.number(mos, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    return say("figures", { loss: percent(loss), concealed: percent(concealed), jitter, buffer, delay, kbps, mos: opinion });
  }

  function sendingText({ copies, bitrate, frames }) {
    const kbps = Math.round(bitrate / 1000);
    const again = copies.length === 0 ? say("noCopies", { kbps }) : say("copies", { n: copies.length, kbps });
    return frames > 1 ? again + say("packed", { n: frames }) : again;
  }

  function drawPlot() {
    const losses = past.map(({ incoming, outgoing }) => Math.max(incoming?.loss ?? 0, outgoing?.loss ?? 0));
    const holes = past.map(({ incoming, outgoing }) => Math.max(incoming?.concealed ?? 0, outgoing?.concealed ?? 0));
    const most = Math.max(LEAST_SHARE, ...losses, ...holes);
    lost.setAttribute("points", points(losses, most));
    gone.setAttribute("points", points(holes, most));
    setText(top, percent(most));
    plot.setAttribute("aria-label", say("plot", { now: percent(losses.at(-1) ?? 0), worst: percent(Math.max(0, ...holes)) }));
  }

  /** What is wrong, once each; that this person is muted is said where the microphone is. */
  function drawWarnings(all) {
    const troubles = all.filter(({ name }) => name !== "muted-talking");
    const text = JSON.stringify(troubles.map(({ name, cause }) => [name, cause]));
    if (text === shown) return;
    shown = text;
    warnings.replaceChildren(
      ...troubles.map(({ name, cause, message, hint }) => {
        const [line, help] = words.pair(`warning/${name}/${cause}`, [message, hint]);
        return h("p", {}, line, h("span", { class: "hint" }, ` ${help}`));
      }),
    );
  }

  return {
    element,
    warnings,
    mutedTalking,
    /** A second of the call. */
    second(quality) {
      past.push(quality);
      if (past.length > SECONDS) past.shift();
      element.dataset.step = quality.step;
      setText(word, say(quality.step));
      drawWarnings(quality.warnings);
      if (!element.open) return;
      setText(cells.incoming, figures(quality.incoming));
      setText(cells.outgoing, figures(quality.outgoing));
      setText(cells.sending, sendingText(quality.sending));
      setText(cells.way, say("wayText", { way: say(quality.path ?? "unknown"), ms: quality.roundTripMs }));
      drawPlot();
    },
    draw({ session, voice }) {
      const connected = voice.state === "connected" && session.state !== "ended";
      show(element, connected);
      // Kept in the page while empty, so that what comes into it is read out.
      setText(mutedTalking, connected && voice.mutedTalking ? words.t("bar/mutedTalking") : "");
      if (connected) return;
      past.length = 0;
      shown = "";
      delete element.dataset.step;
      for (const cell of [word, ...Object.values(cells)]) setText(cell, "");
      warnings.replaceChildren();
    },
  };
}
