/** What a program finds: `console`, `test` and `expect`. It is read by the interpreter, not by this page. */
export const PRELUDE = String.raw`
(() => {
  const show = (value) => {
    if (typeof value === "string") return value;
    if (typeof value === "function") return "[function " + (value.name || "anonymous") + "]";
    if (value instanceof Error) return value.name + ": " + value.message;
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  };
  const quoted = (value) => (typeof value === "string" ? JSON.stringify(value) : show(value));
  const line = (kind) => (...values) => __line(kind, values.map(show).join(" "));
  globalThis.console = { log: line("log"), info: line("log"), debug: line("log"), warn: line("error"), error: line("error") };
  const tests = [];
  let ended = 0;
  globalThis.test = globalThis.it = (name, body) => void tests.push([String(name), body]);
  globalThis.describe = (_, body) => body();
  const equal = (one, other) => Object.is(one, other) || JSON.stringify(one) === JSON.stringify(other);
  globalThis.expect = (value) => {
    const matchers = (negated) => {
      const check = (holds, words, wanted) => {
        if (holds === negated) throw new Error("expected " + quoted(value) + (negated ? " not" : "") + words + (wanted === undefined ? "" : quoted(wanted)));
      };
      return {
        toBe: (wanted) => check(Object.is(value, wanted), " to be ", wanted),
        toEqual: (wanted) => check(equal(value, wanted), " to equal ", wanted),
        toContain: (wanted) => check(value.includes(wanted), " to contain ", wanted),
        toHaveLength: (wanted) => check(value.length === wanted, " to have the length ", wanted),
        toBeTruthy: () => check(Boolean(value), " to be truthy"),
        toBeFalsy: () => check(!value, " to be falsy"),
        toThrow: () => {
          let threw = false;
          try {
            value();
          } catch {
            threw = true;
          }
          check(threw, " to throw");
        },
      };
    };
    return { ...matchers(false), not: matchers(true) };
  };
  const done = (kind, text) => {
    ended += 1;
    __line(kind, text);
  };
  const passed = (name) => done("passed", name);
  const failed = (name) => (error) => done("failed", name + ": " + (error instanceof Error ? error.message : show(error)));
  globalThis.__tests = () => {
    for (const [name, body] of tests) {
      try {
        const later = body();
        if (later && typeof later.then === "function") later.then(() => passed(name), failed(name));
        else passed(name);
      } catch (error) {
        failed(name)(error);
      }
    }
  };
  globalThis.__end = () => {
    if (ended < tests.length) __say("failed", "waiting", tests.length - ended);
  };
})();
`;
