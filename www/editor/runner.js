// Runs JavaScript away from this page: in a worker, in an interpreter of its own, with limits of time and memory.

/** A run gives up after this, the interpreter's own limit included, in milliseconds. */
const LIMIT_MS = 8_000;
/** The worker and its interpreter are waited for so long: they are fetched for the first run. */
const START_MS = 60_000;

/** Runs a program; resolves with its lines, each with a kind: `log`, `error`, `passed` or `failed`. A line is a `text`, or what `said` names in the words. */
export function run(source) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./runner-worker.js", import.meta.url), { type: "module" });
    const end = (lines) => {
      clearTimeout(timer);
      worker.terminate();
      resolve(lines);
    };
    const fail = (said) => end([{ kind: "error", said }]);
    let timer = setTimeout(() => fail("unstarted"), START_MS);
    worker.onmessage = ({ data }) => {
      if (data !== "ready") return end(data);
      clearTimeout(timer);
      timer = setTimeout(() => fail("unfinished"), LIMIT_MS);
    };
    worker.onerror = () => fail("unstarted");
    worker.postMessage(source);
  });
}
