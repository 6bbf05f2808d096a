// What the checks of the documentation read in Markdown: code blocks, headings and links.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { root } from "./tools.mjs";

/** The Markdown files that people read, by their paths in the repository. */
export function pages() {
  const own = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "bench/README.md"];
  const below = (folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith(".md") && !/^(api|dist|\.vitepress)\//.test(name))
      .map((name) => `${folder}/${name}`)
      .sort();
  return [...own, ...below("docs"), ...below("site")];
}

export const read = (path) => readFileSync(join(root, path), "utf8");

/** The anchor of a heading, by GitHub's rule, which the site follows, too. */
export const slug = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/<[^>]*>|[^\p{L}\p{N}\p{M} _-]/gu, "")
    .replaceAll(" ", "-");

/** Code blocks: language, label (`js [name.js]`), the line of the file that the code begins at, and the code. */
export function* blocks(path) {
  let open;
  for (const [index, line] of read(path).split("\n").entries()) {
    const fence = line.match(/^(\s*)(`{3,})\s*(.*)$/);
    if (!open && fence) {
      const [, indent, ticks, info] = fence;
      const [, language = "", , label] = info.match(/^(\w*)([^[]*)(?:\[([^\]]+)\])?/) ?? [];
      open = { path, language, label, line: index + 2, indent: indent.length, ticks, lines: [] };
    } else if (open && fence?.[3] === "" && fence[2].length >= open.ticks.length) {
      const { lines, indent, ticks, ...block } = open;
      yield { ...block, code: lines.map((text) => text.slice(indent)).join("\n") };
      open = undefined;
    } else if (open) {
      open.lines.push(line);
    }
  }
  if (open) throw new Error(`${path}:${open.line}: the code block has no end`);
}

/** The block of a page with this label. */
export function labelled(path, label) {
  const found = [...blocks(path)].filter((block) => block.label === label);
  if (found.length !== 1) throw new Error(`${path}: ${found.length} code blocks are called ${label}`);
  return found[0].code;
}

/** A page without its code: its lines, empty where code was. */
function prose(path) {
  let fence;
  return read(path)
    .split("\n")
    .map((line) => {
      const ticks = line.match(/^\s*(`{3,})/)?.[1];
      if (ticks && !fence) fence = ticks;
      else if (ticks && ticks.length >= fence.length) fence = undefined;
      else if (!fence) return line;
      return "";
    });
}

/** The anchors of a page. */
export function anchors(path) {
  const seen = new Map();
  return new Set(
    prose(path).flatMap((line) => {
      const heading = line.match(/^#{1,6}\s+(.*?)\s*$/)?.[1];
      if (heading === undefined) return [];
      const anchor = slug(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
      const before = seen.get(anchor) ?? 0;
      seen.set(anchor, before + 1);
      return [before === 0 ? anchor : `${anchor}-${before}`];
    }),
  );
}

/** The links of a page, images included: line and target. */
export function* links(path) {
  for (const [index, line] of prose(path).entries()) {
    const text = line.replace(/`[^`]*`/g, "");
    for (const [, target] of text.matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)/g)) yield { line: index + 1, target };
    for (const [, target] of text.matchAll(/(?:href|src)="([^"]+)"/g)) yield { line: index + 1, target };
  }
}
