// The page of troubleshooting has every reason of the package's types, and no other.
import assert from "node:assert/strict";
import { test } from "node:test";

import ts from "typescript";

import { read } from "../../scripts/markdown.mjs";
import { entryPoints } from "../../scripts/docs.mjs";

const PAGE = "site/troubleshooting.md";

/** The words of a type, if it is a union of words. */
function words(type) {
  const parts = type && ts.isUnionTypeNode(type) ? [...type.types] : [type];
  const isWord = (node) => node && ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal);
  return parts.every(isWord) ? parts.map((node) => node.literal.text) : undefined;
}

/** What the types call a reason, by the type's name, and the two words of a warning. */
function reasons() {
  const found = new Map();
  for (const path of entryPoints()) {
    const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2022, true);
    for (const node of source.statements) {
      const name = node.name?.text ?? "";
      if (ts.isTypeAliasDeclaration(node) && /(Reason|Code)$/.test(name) && words(node.type)) found.set(name, words(node.type));
      if (!ts.isInterfaceDeclaration(node) || name !== "QualityWarning") continue;
      for (const { name: property, type } of node.members) {
        if (words(type)) found.set(`${name}.${property.text}`, words(type));
      }
    }
  }
  return found;
}

/** The words in the first column of the table that follows each mark. */
function tables() {
  const found = new Map();
  let name;
  for (const line of read(PAGE).split("\n")) {
    name = line.match(/^<!-- reasons: ([\w.]+) -->$/)?.[1] ?? (/^(\||$)/.test(line) ? name : undefined);
    const word = line.match(/^\| `([^`]+)` \|/)?.[1];
    if (name && !found.has(name)) found.set(name, []);
    if (name && word) found.get(name).push(word);
  }
  return found;
}

test("every union of reasons has a table", () => {
  assert.ok(reasons().size >= 8, [...reasons().keys()].join());
  assert.deepEqual([...tables().keys()].sort(), [...reasons().keys()].sort());
});

for (const [name, wanted] of reasons()) {
  test(`${name}: the table has its words`, () => {
    assert.deepEqual([...(tables().get(name) ?? [])].sort(), [...wanted].sort());
  });
}
