// How the figures are told: tables in Markdown, rounds, a file.
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Median and worst of the times that there are; `-` for what took longer than the limit, nothing for what was not tried. */
export function shown(times) {
  const tried = times.filter((time) => time !== null);
  if (tried.length === 0) return "";
  const lost = tried.filter((time) => time === undefined).length;
  if (lost === tried.length) return "-";
  const all = tried.map((time) => time ?? Infinity);
  const ms = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "-");
  return `${ms(median(all))} (${ms(Math.max(...all))})${lost > 0 ? `, ${lost} of ${all.length} not` : ""}`;
}

/** Prints rows as they come; `file` gets all of them as JSON. */
export function report(stacks, { each, file }) {
  const all = [];
  let heading;
  return {
    /** A row's rounds: of each the times by stack, and its notes. */
    row({ id, name, table }, rounds, notes = []) {
      const load = Math.max(...rounds.map((round) => round.load));
      if (heading !== table) {
        heading = table;
        console.log(`\n| ${table} | ${stacks.join(" | ")} | load |\n|---|${"---|".repeat(stacks.length + 1)}`);
      }
      const cells = stacks.map((stack) => shown(rounds.map(({ times }) => (stack in times ? times[stack] : null))));
      console.log(`| ${[name, ...notes].join("; ")} | ${cells.join(" | ")} | ${load.toFixed(1)} |`);
      if (each) console.log(JSON.stringify({ id, rounds: rounds.map(({ times }) => plain(times)) }));
      all.push({ id, name, notes, rounds: rounds.map(({ times, ...more }) => ({ times: plain(times), ...more })) });
      if (file) writeFileSync(file, JSON.stringify(all, undefined, 1));
    },
  };
}

/** JSON has no word for what was not reached in time but `null`. */
const plain = (times) =>
  Object.fromEntries(Object.entries(times).map(([stack, time]) => [stack, time === undefined ? null : Math.round(time)]));

/** Whether a row's name is this, or begins with these words, or fits their stars. */
export function fits(id, wanted) {
  if (!wanted.includes("*")) return `${id}-`.startsWith(`${wanted}-`);
  return new RegExp(`^${wanted.split("*").map((part) => part.replace(/[^\w-]/g, "")).join(".*")}$`).test(id);
}

/** How many programs want the processors now. */
export const load = () => loadavg()[0];

const LOOK_MS = 500;
const PATIENCE_MS = 120_000;

/** QUIET=0.4: waits until so much of the processors is idle, at most two minutes, for a machine that others build on. */
export async function quiet() {
  const wanted = Number(process.env.QUIET ?? 0);
  const read = () => {
    const times = cpus().map((cpu) => cpu.times);
    const sum = (some) => times.reduce((total, each) => total + some(each), 0);
    return { idle: sum(({ idle }) => idle), all: sum((each) => Object.values(each).reduce((a, b) => a + b, 0)) };
  };
  const end = Date.now() + PATIENCE_MS;
  let before = read();
  while (wanted > 0 && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = read();
    if ((now.idle - before.idle) / (now.all - before.all) >= wanted) return;
    before = now;
  }
}

/** Medians of the moments of a time line, in their order: how many rounds had them stands behind those that not all had. */
export function timeLine(title, lines) {
  const found = new Map();
  for (const line of lines) {
    const seen = new Map();
    for (const [name, at] of line) {
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      // The first two of a kind tell enough.
      if (count > 2) continue;
      const key = count > 1 ? `${name} (again)` : name;
      found.set(key, [...(found.get(key) ?? []), at]);
    }
  }
  const rows = [...found].map(([name, times]) => [name, median(times), times.length]).toSorted((a, b) => a[1] - b[1]);
  console.log(`\n${title}`);
  for (const [name, at, count] of rows) {
    console.log(`  ${String(Math.round(at)).padStart(6)}  ${name}${count < lines.length ? ` (${count} of ${lines.length})` : ""}`);
  }
}
