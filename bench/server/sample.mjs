// What a process takes, by its ID, as Linux tells it.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

const TICK_MS = 1000 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Resident memory in KiB. */
export function residentKib(pid) {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+) kB$/m);
  if (!line) throw new Error(`process ${pid} has ended`);
  return Number(line[1]);
}

/** CPU time since the process began, user and system, in milliseconds; a step is 10 ms. */
export function cpuMs(pid) {
  // The second field is the program's name in parentheses and may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Open file descriptors, sockets included. */
export const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/**
 * Looks at a process each `everyMs` milliseconds. `stop()` looks once more and returns `{ firstKib, peakKib, lastKib, samples }`; each
 * sample is `{ at, kib }`, `at` in milliseconds from the beginning. `seen(sample)` is called with each.
 */
export function watchMemory(pid, { everyMs = 100, seen = () => {} } = {}) {
  const began = performance.now();
  const samples = [];
  const look = () => {
    const sample = { at: performance.now() - began, kib: residentKib(pid) };
    samples.push(sample);
    seen(sample);
  };
  const timer = setInterval(() => {
    try {
      look();
    } catch {
      // It ended; whoever stops this is told by the last look.
      clearInterval(timer);
    }
  }, everyMs);
  look();
  return {
    stop() {
      clearInterval(timer);
      look();
      const sizes = samples.map(({ kib }) => kib);
      return { firstKib: sizes[0], peakKib: Math.max(...sizes), lastKib: sizes.at(-1), samples };
    },
  };
}
