// Type-checks the code in README and documentation against the package's types, each block as a module of its own.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { blocks, pages } from "./markdown.mjs";
import { root } from "./tools.mjs";

const KINDS = { ts: "ts", tsx: "tsx", js: "js", jsx: "jsx" };
/** Where virtual files stand, so that packages are found. */
const FOLDER = join(root, "site", "samples");
/** What samples may use without declaring it: an app's own functions. */
const AMBIENT = join(root, "tests", "docs", "app.d.ts");

const types = (name) => [`npm/${name}.d.ts`, `npm/${name}/index.d.ts`].find((path) => existsSync(join(root, path)));

/** What a block waits for: a part of the package whose types are not there. */
function awaits(code) {
  for (const [, name] of code.matchAll(/(?:from|import) "pairvoice\/([\w-]+)"/g)) if (!types(name)) return `pairvoice/${name}`;
  if (/\bsession\.(sendData\(|on\("data")/.test(code) && !readFileSync(join(root, types("index")), "utf8").includes("sendData(")) return "sendData";
  return undefined;
}

/** The blocks that are checked: those of a language that TypeScript knows, and the module scripts of pages. */
function* samples() {
  for (const path of pages().filter((name) => !/^(CHANGELOG|bench\/)/.test(name))) {
    for (const block of blocks(path)) {
      if (block.language in KINDS) {
        yield { ...block, kind: KINDS[block.language] };
      } else if (block.language === "html") {
        for (const { 1: code, index } of block.code.matchAll(/<script type="module">\n([^]*?)<\/script>/g)) {
          yield { path, label: undefined, line: block.line + block.code.slice(0, index).split("\n").length, code, kind: "js" };
        }
      }
    }
  }
}

const compilerOptions = (ts) => ({
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.ReactJSX,
  types: ["node"],
  typeRoots: [join(root, "node_modules", "@types")],
});

/** A compiler's view of the disk, with the blocks as files on it. */
function virtualHost(ts, virtual) {
  const host = ts.createCompilerHost(compilerOptions(ts));
  const { fileExists, readFile, getSourceFile, directoryExists } = host;
  const parsed = new Map();
  const parse = (path, version) =>
    virtual.has(resolve(path)) ? ts.createSourceFile(path, virtual.get(resolve(path)).text, version) : getSourceFile(path, version);
  return Object.assign(host, {
    getCurrentDirectory: () => root.replace(/\/$/, ""),
    fileExists: (path) => virtual.has(resolve(path)) || fileExists(path),
    directoryExists: (path) => resolve(path).startsWith(FOLDER) || directoryExists(path),
    readFile: (path) => virtual.get(resolve(path))?.text ?? readFile(path),
    getSourceFile(path, version) {
      if (!parsed.has(path)) parsed.set(path, parse(path, version));
      return parsed.get(path);
    },
  });
}

/** An error, with its place in the page. */
function told(ts, { file, start, messageText, code }, virtual) {
  const text = ts.flattenDiagnosticMessageText(messageText, "\n");
  const sample = file && virtual.get(resolve(file.fileName));
  if (!sample) return `${file?.fileName ?? ""} ${text}`;
  return `${sample.path}:${sample.line + file.getLineAndCharacterOfPosition(start).line}: ${text} (TS${code})`;
}

/** Throws when a block does not fit the package's types. */
export async function checkSamples() {
  const { default: ts } = await import("typescript");
  const virtual = new Map();
  const waiting = [];
  for (const sample of samples()) {
    const wanted = awaits(sample.code);
    if (wanted) {
      waiting.push(`${sample.path}:${sample.line} waits for ${wanted}`);
      continue;
    }
    // A block may import one that has a name on the same page.
    const file = join(FOLDER, sample.path, sample.label ?? `line-${sample.line}.${sample.kind}`);
    const isModule = /^(import|export)\b/m.test(sample.code);
    virtual.set(file, { ...sample, text: isModule ? sample.code : `${sample.code}\nexport {};\n` });
  }
  const host = virtualHost(ts, virtual);
  const broken = [false, true].flatMap((isJavaScript) => {
    const files = [...virtual.keys()].filter((file) => virtual.get(file).kind.startsWith("js") === isJavaScript);
    // JavaScript has no place for types: what may be null or has none is no error there.
    const options = { ...compilerOptions(ts), strict: !isJavaScript, allowJs: isJavaScript, checkJs: isJavaScript };
    return ts.getPreEmitDiagnostics(ts.createProgram([AMBIENT, ...files], options, host)).map((found) => told(ts, found, virtual));
  });
  if (broken.length > 0) throw new Error(`samples\n${broken.join("\n")}`);
  for (const line of waiting) console.log(line);
  console.log(`${virtual.size} samples fit the types${waiting.length > 0 ? `, ${waiting.length} wait` : ""}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await checkSamples();
