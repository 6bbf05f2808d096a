// Runs one program in an interpreter of its own, with limits of time, memory and output.
import { PRELUDE } from "./prelude.js";

const LIMIT_MS = 3_000;
const LIMIT_BYTES = 64 * 1024 * 1024;
const MAX_LINES = 200;
const MAX_CHARACTERS = 2_000;
/** So many jobs of promises are done before it is looked whether the time is over. */
const JOBS_AT_ONCE = 1_000;
/** QuickJS tells its host nothing of a rejection that nobody handles; it may be in a program that has these. */
const HAS_PROMISES = /\b(async|Promise)\b/;

/** Runs a program by a QuickJS module; gives its lines (`runner.js`). */
export function interpret(quickJs, source, limitMs = LIMIT_MS) {
  const deadline = Date.now() + limitMs;
  let isLate = false;
  const lines = [];
  const push = (line) => {
    // Of what is interrupted within a promise, the program goes on for a moment.
    if (isLate || lines.length > MAX_LINES) return;
    lines.push(lines.length < MAX_LINES ? line : { kind: "error", said: "cut", n: MAX_LINES });
  };
  const add = (kind, text) => push({ kind, text: text.slice(0, MAX_CHARACTERS) });

  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(LIMIT_BYTES);
  runtime.setInterruptHandler(() => (isLate ||= Date.now() > deadline));
  const vm = runtime.newContext();
  vm.newFunction("__line", (kind, text) => add(vm.getString(kind), vm.getString(text))).consume((f) => vm.setProp(vm.global, "__line", f));
  vm.newFunction("__say", (kind, said, n) => push({ kind: vm.getString(kind), said: vm.getString(said), n: vm.getNumber(n) })).consume((f) => vm.setProp(vm.global, "__say", f));

  const tell = (handle) => {
    const error = vm.dump(handle);
    handle.dispose();
    add("error", error?.name ? `${error.name}: ${error.message}` : String(error));
  };
  /** The value of a code, or nothing where it threw. */
  const evaluate = (code, name, options) => {
    const { error, value } = vm.evalCode(code, name, options);
    if (error) tell(error);
    return value;
  };
  const runJobs = () => {
    do {
      const { error } = runtime.executePendingJobs(JOBS_AT_ONCE);
      if (error) tell(error);
    } while (runtime.hasPendingJob() && !isLate);
  };
  /** How far a module with `await` is; a rejection is told. */
  const progress = (module) => {
    const state = vm.getPromiseState(module);
    if (state.type === "rejected") tell(state.error);
    return state.type;
  };

  let module;
  let state;
  const steps = [
    () => evaluate(PRELUDE, "prelude.js"),
    () => (module = evaluate(source, "session.js", { type: "module" })),
    runJobs,
    () => (state = module && progress(module)),
    () => evaluate("__tests()", "tests.js"),
    runJobs,
    () => state === "pending" && progress(module) === "pending" && push({ kind: "error", said: "stuck" }),
    () => evaluate("__end()", "end.js"),
  ];
  // What was interrupted has nothing more to say, and what comes after it would be interrupted, too.
  const isDone = steps.every((step) => {
    step();
    return !isLate;
  });
  if (!isDone) return [...lines, { kind: "error", said: "interrupted", n: limitMs / 1000 }];
  if (lines.length === 0) push({ kind: "log", said: HAS_PROMISES.test(source) ? "unseen" : "nothing" });
  return lines;
}
