// Runs JavaScript away from this page: in a worker, in an interpreter of its own, with limits of time and memory.

/** A run gives up after this, the interpreter's own limit included, in milliseconds. */
const LIMIT_MS = 8_000;

/** Runs a program; resolves with its lines, each with a kind: `log`, `error`, `passed` or `failed`. */
export function run(source) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./runner-worker.js", import.meta.url), { type: "module" });
    const end = (lines) => {
      clearTimeout(timer);
      worker.terminate();
      resolve(lines);
    };
    const timer = setTimeout(() => end([{ kind: "error", text: "The program did not end." }]), LIMIT_MS);
    worker.onmessage = ({ data }) => end(data);
    worker.onerror = () => end([{ kind: "error", text: "The program could not be started. Reload the page and try again." }]);
    worker.postMessage(source);
  });
}
