// Runs JavaScript away from this page: in a worker, in an interpreter of its own, with limits of time and memory.

/** A run gives up after this, the interpreter's own limit included, in milliseconds. */
const LIMIT_MS = 8_000;

/** Runs a program; resolves with its lines, each with a kind: `log`, `error`, `passed` or `failed`. A line is a `text`, or what `said` names in the words. */
export function run(source) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./runner-worker.js", import.meta.url), { type: "module" });
    const end = (lines) => {
      clearTimeout(timer);
      worker.terminate();
      resolve(lines);
    };
    const timer = setTimeout(() => end([{ kind: "error", said: "unfinished" }]), LIMIT_MS);
    worker.onmessage = ({ data }) => end(data);
    worker.onerror = () => end([{ kind: "error", said: "unstarted" }]);
    worker.postMessage(source);
  });
}
