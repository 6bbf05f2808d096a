/** What a program finds: `console`, `test` and `expect`. It is read by the interpreter, not by this page. */
export const PRELUDE = String.raw`
(() => {
  const written = (value, above = []) => {
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value === "bigint") return value + "n";
    if (typeof value === "function") return "[function " + (value.name || "anonymous") + "]";
    if (value === null || typeof value !== "object") return Object.is(value, -0) ? "-0" : String(value);
    if (value instanceof Error || value instanceof RegExp) return String(value);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (above.includes(value)) return "[circular]";
    const below = [...above, value];
    const list = (parts) => Array.from(parts, (part) => written(part, below)).join(",");
    if (Array.isArray(value)) return "[" + list(value) + "]";
    const name = Object.getPrototypeOf(value)?.constructor?.name ?? "null";
    const kind = name === "Object" ? "" : name + " ";
    if (value instanceof Map || value instanceof Set) return kind + "{" + list(value) + "}";
    return kind + "{" + Object.entries(value).map(([key, part]) => JSON.stringify(key) + ":" + written(part, below)).join(",") + "}";
  };
  const told = (value) => {
    try {
      return written(value);
    } catch {
      // A getter that throws, or more levels than there is room for.
      return Object.prototype.toString.call(value);
    }
  };
  const show = (value) => (typeof value === "string" ? value : told(value));
  const line = (kind) => (...values) => __line(kind, values.map(show).join(" "));
  globalThis.console = { log: line("log"), info: line("log"), debug: line("log"), warn: line("error"), error: line("error") };
  const tests = [];
  let ended = 0;
  globalThis.test = globalThis.it = (name, body) => void tests.push([String(name), body]);
  globalThis.describe = (_, body) => body();
  // As elsewhere, what is undefined is as good as absent.
  const keysOf = (value) => Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key) && value[key] !== undefined);
  const equal = (one, other, above = []) => {
    if (Object.is(one, other)) return true;
    if (![one, other].every((value) => value !== null && typeof value === "object")) return false;
    if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
    // A cycle: these two are being compared.
    if (above.some(([left, right]) => left === one && right === other)) return true;
    const below = [...above, [one, other]];
    const same = (left, right) => equal(left, right, below);
    if (Array.isArray(one) && one.length !== other.length) return false;
    // What these hold is not in their properties; equal entries may be other objects, and stand in another order.
    if ([Date, Number, String, Boolean].some((kind) => one instanceof kind) && !Object.is(one.valueOf(), other.valueOf())) return false;
    if ((one instanceof RegExp || one instanceof Error) && String(one) !== String(other)) return false;
    if (one instanceof Map || one instanceof Set) {
      if (one.size !== other.size) return false;
      const left = [...other];
      for (const entry of one) {
        const found = left.findIndex((another) => same(entry, another));
        if (found < 0) return false;
        left.splice(found, 1);
      }
    }
    const keys = keysOf(one);
    return keys.length === keysOf(other).length && keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]));
  };
  globalThis.expect = (value) => {
    const matchers = (negated) => {
      const check = (holds, words, ...wanted) => {
        if (holds === negated) throw new Error("expected " + told(value) + (negated ? " not" : "") + words + wanted.map((other) => told(other)).join(""));
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
