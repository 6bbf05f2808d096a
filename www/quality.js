// How good the call is: a word in three steps, what is wrong in plain sentences, and on demand the figures and a minute of them as a plot.
const $ = (id) => document.getElementById(id);

const ways = { direct: "direct", relay: "through a relay" };
const words = { good: "Good", fair: "Not always clear", poor: "Hard to understand" };

/** Seconds of the plot, and the least share at its top. */
const SECONDS = 60;
const LEAST_SHARE = 0.05;

const percent = (share) => `${(share * 100).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;

/** A direction's figures as one line. */
function figures(sound) {
  if (!sound) return "nothing yet";
  const { loss, concealed, jitterMs, bufferMs, delayMs, kbps, mos } = sound;
  const lost = `${percent(loss)} of the packets lost, ${percent(concealed)} of the sound`;
  return `${lost}, ${delayMs} ms from mouth to ear (buffer ${bufferMs}, jitter ${jitterMs}), ${kbps} kbit/s, opinion ${mos.toFixed(1)} of 4.4`;
}

function sendingText({ copies, bitrate, frames }) {
  const again = copies.length === 0 ? "no copies" : copies.length === 1 ? "one copy" : `${copies.length} copies`;
  const packed = frames > 1 ? `, ${frames} frames a packet` : "";
  return `${again} of each frame, ${Math.round(bitrate / 1000)} kbit/s${packed}`;
}

/** A line of the plot: the newest second stands at the right edge. */
function points(values, most) {
  const offset = SECONDS - values.length;
  return values.map((value, index) => `${offset + index},${(100 - (100 * Math.min(value, most)) / most).toFixed(1)}`).join(" ");
}

/** Wires the panel; returns what `main.js` tells it. */
export function qualityPanel() {
  const panel = $("quality");
  const past = [];
  let shown = "";

  function plot() {
    const lost = past.map(({ incoming, outgoing }) => Math.max(incoming?.loss ?? 0, outgoing?.loss ?? 0));
    const gone = past.map(({ incoming, outgoing }) => Math.max(incoming?.concealed ?? 0, outgoing?.concealed ?? 0));
    const top = Math.max(LEAST_SHARE, ...lost, ...gone);
    $("plot-lost").setAttribute("points", points(lost, top));
    $("plot-gone").setAttribute("points", points(gone, top));
    $("plot-top").textContent = percent(top);
    const [now, worst] = [lost.at(-1) ?? 0, Math.max(0, ...gone)];
    $("plot").setAttribute("aria-label", `Last minute: ${percent(now)} of the packets lost now, at worst ${percent(worst)} of the sound.`);
  }

  return {
    /** A second of the call. */
    second(quality) {
      past.push(quality);
      if (past.length > SECONDS) past.shift();
      panel.dataset.step = quality.step;
      $("quality-word").textContent = words[quality.step];
      const troubles = quality.warnings.filter(({ name }) => name !== "muted-talking");
      const text = JSON.stringify(troubles);
      if (text !== shown) {
        shown = text;
        $("warnings").replaceChildren(
          ...troubles.map(({ message, hint }) => {
            const item = document.createElement("li");
            const small = document.createElement("span");
            small.className = "hint";
            small.textContent = ` ${hint}`;
            item.append(message, small);
            return item;
          }),
        );
      }
      if (!panel.open) return;
      $("quality-incoming").textContent = figures(quality.incoming);
      $("quality-outgoing").textContent = figures(quality.outgoing);
      $("quality-sending").textContent = sendingText(quality.sending);
      $("quality-way").textContent = `${ways[quality.path] ?? "not known yet"}, ${quality.roundTripMs} ms there and back`;
      plot();
    },
    /** Somebody begins to speak or stops. */
    speaking({ own, peer }) {
      for (const [name, speaks] of [["own", own], ["peer", peer]]) {
        $(name).toggleAttribute("data-speaking", speaks);
        $(`${name}-speaks`).textContent = speaks ? "speaking" : "";
      }
    },
    draw({ voice }) {
      const connected = voice.state === "connected";
      panel.hidden = !connected;
      // Kept in the page while empty, so that what comes into it is read out.
      $("muted-talking").textContent = connected && voice.mutedTalking ? "You are muted. Unmute to be heard." : "";
      if (connected) return;
      past.length = 0;
      shown = "";
      delete panel.dataset.step;
      for (const name of ["word", "incoming", "outgoing", "sending", "way"]) $(`quality-${name}`).textContent = "";
      $("warnings").replaceChildren();
      this.speaking({ own: false, peer: false });
    },
  };
}
