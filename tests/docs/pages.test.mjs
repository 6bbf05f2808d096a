// Every page can be found: what stands in docs/ is a page of the site, and each page is in its sidebar.
import assert from "node:assert/strict";
import { test } from "node:test";

import { pages, read } from "../../scripts/markdown.mjs";

const site = pages().filter((path) => path.startsWith("site/"));

test("every file of docs/ is a page of the site", () => {
  const included = new Set(site.flatMap((path) => read(path).match(/^<!--@include: \.\.\/(\S+)-->$/m)?.[1] ?? []));
  for (const path of pages().filter((name) => name.startsWith("docs/"))) assert.ok(included.has(path), `${path}: no page of site/ includes it`);
});

test("every page is in the sidebar", () => {
  const config = read("site/.vitepress/config.mjs");
  for (const path of site.filter((name) => name !== "site/index.md")) {
    assert.ok(config.includes(`link: "${path.replace(/^site(.*)\.md$/, "$1")}"`), `${path} is not in the sidebar`);
  }
});
