// node bench/speech/plot.mjs FILE.json [FILE.svg]: draws what `npm run bench:speech` wrote (JSON=FILE.json): concealed share, score,
// bandwidth and jitter buffer over the loss, at a round trip of 50 ms (RTT=200 for the other), for bursts of 1 and 2.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [from, to = fileURLToPath(new URL("../speech.svg", import.meta.url))] = process.argv.slice(2);
if (!from) throw new Error("node bench/speech/plot.mjs FILE.json [FILE.svg]");
const RTT = Number(process.env.RTT ?? 50);
const LOSSES = [0, 5, 10, 20, 30];
const BURSTS = [{ burst: 1, dash: "", name: "by chance" }, { burst: 2, dash: "5 4", name: "bursts of 2" }];
const PANELS = [
  { what: "concealed", title: "Concealed sound, %", from: 0 },
  { what: "score", title: "PESQ wide band, 1 to 4.64", from: 1, to: 4.64 },
  { what: "kbits", title: "kbit/s on the access link, each way", from: 0 },
  { what: "jitterMs", title: "Jitter buffer, ms", from: 0 },
];
// Told apart by colour, by shape and by the name in the legend.
const MARKS = [
  (x, y) => `<circle cx="${x}" cy="${y}" r="4"/>`,
  (x, y) => `<rect x="${x - 3.5}" y="${y - 3.5}" width="7" height="7"/>`,
  (x, y) => `<path d="M${x} ${y - 5}l5 8.5h-10z"/>`,
  (x, y) => `<path d="M${x} ${y - 5}l5 5l-5 5l-5-5z"/>`,
];
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 13px; }
.faint { fill: #59636e; }
.paper { fill: #ffffff; }
.grid { stroke: #d1d9e0; }
.key { stroke: #59636e; stroke-width: 2; }
.s0 { stroke: #0969da; fill: #0969da; } .s1 { stroke: #bc4c00; fill: #bc4c00; }
.s2 { stroke: #1a7f37; fill: #1a7f37; } .s3 { stroke: #8250df; fill: #8250df; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; } .faint { fill: #9198a1; } .paper { fill: #0d1117; } .grid { stroke: #3d444d; } .key { stroke: #9198a1; }
  .s0 { stroke: #4493f8; fill: #4493f8; } .s1 { stroke: #f0883e; fill: #f0883e; }
  .s2 { stroke: #3fb950; fill: #3fb950; } .s3 { stroke: #ab7df8; fill: #ab7df8; }
}
.line { fill: none; stroke-width: 2; }`;

const rows = JSON.parse(readFileSync(from, "utf8"));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const stacks = [...new Set(rows.filter(({ loss }) => loss !== undefined).flatMap(({ results }) => Object.keys(results)))];

/** A stack's figure at a loss, both ways and all rounds together, or nothing. */
function figure(stack, loss, burst, what) {
  const row = rows.find((each) => each.loss === loss && each.rtt === RTT && (loss === 0 || each.burst === burst));
  const values = (row?.results[stack] ?? []).flatMap(({ sides }) => (sides ? [sides[1][what], sides[2][what]] : []));
  const there = values.filter((value) => typeof value === "number");
  return there.length > 0 ? mean(there) : undefined;
}

/** Steps of an axis: some four of them, round numbers. */
function ticks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, i) => first + i * step);
}

const [WIDTH, HEIGHT, LEFT, TOP] = [340, 200, 44, 34];
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function panel({ what, title, from: low, to: most }, left, top) {
  const points = stacks.flatMap((stack, index) =>
    BURSTS.map(({ burst, dash }) => ({
      index,
      dash,
      values: LOSSES.map((loss) => [loss, figure(stack, loss, burst, what)]).filter(([, value]) => value !== undefined),
    })),
  );
  const highest = most ?? Math.max(1, ...points.flatMap(({ values }) => values.map(([, value]) => value))) * 1.08;
  const x = (loss) => +(left + LEFT + (loss / LOSSES.at(-1)) * WIDTH).toFixed(1);
  const y = (value) => +(top + TOP + HEIGHT - ((value - low) / (highest - low)) * HEIGHT).toFixed(1);
  const parts = [`<text class="title" x="${left + LEFT}" y="${top + 18}">${escape(title)}</text>`];
  for (const tick of ticks(low, highest)) {
    parts.push(`<path class="grid" d="M${x(0)} ${y(tick)}H${x(30)}"/>`);
    parts.push(`<text class="faint" text-anchor="end" x="${x(0) - 8}" y="${y(tick) + 4}">${+tick.toFixed(2)}</text>`);
  }
  for (const loss of LOSSES) {
    parts.push(`<text class="faint" text-anchor="middle" x="${x(loss)}" y="${top + TOP + HEIGHT + 18}">${loss} %</text>`);
  }
  // The first stack lies on top of the others.
  for (const { index, dash, values } of points.toReversed()) {
    const line = values.map(([loss, value]) => `${x(loss)},${y(value)}`).join(" ");
    parts.push(`<polyline class="s${index % 4} line" stroke-dasharray="${dash}" points="${line}"/>`);
    parts.push(`<g class="s${index % 4}">${values.map(([loss, value]) => MARKS[index % 4](x(loss), y(value))).join("")}</g>`);
  }
  return parts.join("\n");
}

function legend(top) {
  let left = LEFT;
  const parts = stacks.map((stack, index) => {
    const at = left;
    left += 40 + stack.length * 7.5;
    return `<g class="s${index % 4}">${MARKS[index % 4](at + 6, top - 4)}</g><text x="${at + 18}" y="${top}">${escape(stack)}</text>`;
  });
  for (const { dash, name } of BURSTS) {
    parts.push(`<path class="key" stroke-dasharray="${dash}" d="M${left} ${top - 4}h26"/>`);
    parts.push(`<text x="${left + 32}" y="${top}">${name}</text>`);
    left += 52 + name.length * 6.5;
  }
  return parts.join("\n");
}

const [across, down] = [LEFT + WIDTH + 24, TOP + HEIGHT + 34];
const size = [across * 2, down * 2 + 60];
const words = `Loss each way, round trip ${RTT} ms`;
const attributes = `viewBox="0 0 ${size.join(" ")}" width="${size[0]}" height="${size[1]}" role="img" aria-label="${words}"`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>
<style>${STYLE}</style>
<rect class="paper" width="100%" height="100%"/>
<text class="title" x="${LEFT}" y="22">${words}</text>
${legend(46)}
${PANELS.map((each, index) => panel(each, (index % 2) * across, 56 + Math.floor(index / 2) * down)).join("\n")}
</svg>
`;
writeFileSync(to, svg);
console.log(to);
