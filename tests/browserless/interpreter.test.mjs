// What a program of the demo's editor may do, and what is said of it: the interpreter as its worker runs it, without a page.
import assert from "node:assert/strict";
import { test } from "node:test";

import variant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant } from "quickjs-emscripten-core";

import { interpret } from "../../www/editor/interpreter.js";

const quickJs = await newQuickJSWASMModuleFromVariant(variant);
const SHORT_MS = 1_000;

/** The lines of a program, each as its kind and its text or saying. */
const lines = (source, limitMs) => interpret(quickJs, source, limitMs).map(({ kind, text, said, n }) => [kind, text ?? said, n].filter((part) => part !== undefined).join(" "));

test("an error is told, whether it is thrown at once or after an await", () => {
  assert.deepEqual(lines('throw new TypeError("now")'), ["error TypeError: now"]);
  assert.deepEqual(lines('await null; throw new Error("later")'), ["error Error: later"]);
  assert.deepEqual(lines('async function main() { throw new Error("boom"); }\nawait main();'), ["error Error: boom"]);
  assert.deepEqual(lines("await Promise.reject(3)"), ["error 3"]);
  assert.deepEqual(lines("syntax error("), ["error SyntaxError: expecting ';'"]);
});

test("a program without output is told apart from one whose errors could not be seen", () => {
  assert.deepEqual(lines("export const answer = 42;"), ["log nothing"]);
  assert.deepEqual(lines('async function main() { throw new Error("boom"); }\nmain();'), ["log unseen"]);
  assert.deepEqual(lines('Promise.reject(new Error("boom"));'), ["log unseen"]);
  assert.deepEqual(lines("await new Promise(() => {});"), ["error stuck"]);
});

test("tests that stand behind an await are run, and one that waits in vain is counted", () => {
  const source = `
    const two = await Promise.resolve(2);
    test("adds", () => expect(1 + 1).toBe(two));
    test("waits", async () => expect(await Promise.resolve(3)).toBe(two));
    test("hangs", () => new Promise(() => {}));`;
  assert.deepEqual(lines(source), ["passed adds", "failed waits: expected 3 to be 2", "failed waiting 1"]);
});

test("an endless program is stopped, and that is all that is said of what it did not reach", () => {
  const stopped = `error interrupted ${SHORT_MS / 1000}`;
  assert.deepEqual(lines('test("waits", async () => {});\ntest("loops", () => { for (;;); });', SHORT_MS), [stopped]);
  assert.deepEqual(lines('console.log("begins");\nawait null;\nfor (;;);', SHORT_MS), ["log begins", stopped]);
  assert.deepEqual(lines('test("loops", async () => { await null; for (;;); });', SHORT_MS), [stopped]);
  assert.deepEqual(lines("const again = () => Promise.resolve().then(again, again).then(again, again);\nagain();", SHORT_MS), [stopped]);
});

/** Whether `toEqual` holds both ways round, and its opposite by `not`. */
function isEqual(one, other, setUp = "") {
  const [there, back, negated] = [`expect(${one}).toEqual(${other})`, `expect(${other}).toEqual(${one})`, `expect(${one}).not.toEqual(${other})`].map(
    (check) => lines(`${setUp}\ntest("it", () => ${check});`)[0].split(" ")[0] === "passed",
  );
  assert.ok(there === back && there !== negated, `${one} and ${other}`);
  return there;
}

test("toEqual looks at what values hold", () => {
  for (const [one, other] of [
    ["{ b: 2, a: [1, { c: null }] }", "{ a: [1, { c: null }], b: 2 }"],
    ["new Set([1, { a: 1 }])", "new Set([{ a: 1 }, 1])"],
    ["new Map([[{ k: 1 }, [1]], [2, 3]])", "new Map([[2, 3], [{ k: 1 }, [1]]])"],
    ["NaN", "NaN"],
    ["{ a: undefined }", "{}"],
    ["new Date(5)", "new Date(5)"],
    ["new Error('x')", "new Error('x')"],
    ["new Uint8Array([1])", "new Uint8Array([1])"],
  ])
    assert.ok(isEqual(one, other), `${one} and ${other}`);
  for (const [one, other] of [
    ["{ a: 1 }", "{ a: 2 }"],
    ["[1, undefined]", "[1]"],
    ["new Set([1])", "new Set([2])"],
    ["new Set([{ a: 1 }, { a: 1 }])", "new Set([{ a: 1 }, { a: 2 }])"],
    ["new Map([[1, 2]])", "new Map([[1, 3]])"],
    ["NaN", "null"],
    ["[undefined]", "[null]"],
    ["new Date(5)", "new Date(6)"],
    ["new Date(5)", "new Date(5).toJSON()"],
    ["/a/", "/b/"],
    ["[1]", "{ 0: 1 }"],
    ["1", "'1'"],
    ["10n", "10"],
    ["() => {}", "() => {}"],
  ])
    assert.ok(!isEqual(one, other), `${one} and ${other}`);
});

test("toEqual comes to an end in what holds itself", () => {
  const ring = "const ring = (n) => { const made = { n }; made.self = made; return made; };";
  assert.ok(isEqual("ring(1)", "ring(1)", ring));
  assert.ok(!isEqual("ring(1)", "ring(2)", ring));
});

test("what is written of a value tells it from others", () => {
  const source = `
    class Point { x = 1; }
    const ring = [1];
    ring.push(ring);
    console.log("text", ["text", NaN, undefined, null, -0, 10n], new Set([1]), new Map([["a", [1]]]), new Date(0), new Point(), ring, () => {}, { get bad() { throw 1; } });
    test("sets", () => expect(new Set([1])).toEqual(new Set([2])));`;
  assert.deepEqual(lines(source), [
    'log text ["text",NaN,undefined,null,-0,10n] Set {1} Map {["a",[1]]} 1970-01-01T00:00:00.000Z Point {"x":1} [1,[circular]] [function anonymous] [object Object]',
    "failed sets: expected Set {1} to equal Set {2}",
  ]);
});

test("what is too much is cut", () => {
  const found = interpret(quickJs, 'for (let i = 0; i < 300; i += 1) console.log("x".repeat(5_000));');
  assert.deepEqual([found.length, found[0].text.length, found.at(-1)], [201, 2_000, { kind: "error", said: "cut", n: 200 }]);
});
