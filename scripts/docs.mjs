// The documentation's site: `node scripts/docs.mjs` builds it into site/dist and checks its links, `node scripts/docs.mjs dev` serves it.
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { anchors, links, pages } from "./markdown.mjs";
import { ensureNodePackages, root, run } from "./tools.mjs";

const site = join(root, "site");
const dist = join(site, "dist");

/** The types of what an app may import: those that are there. */
export function entryPoints() {
  const names = ["index", "react", "element", "server/index", "yjs"];
  return names.map((name) => `npm/${name}.d.ts`).filter((path) => existsSync(join(root, path)));
}

/** site/api: pages out of the types. */
async function writeApi() {
  rmSync(join(site, "api"), { recursive: true, force: true });
  await run("npx", ["typedoc", "--options", "site/typedoc.json", ...entryPoints()]);
}

/** Throws when a link of a Markdown file leads nowhere: to no file, or to no heading of it. */
export function checkMarkdownLinks() {
  const broken = [];
  for (const path of pages().filter((name) => !name.startsWith("site/"))) {
    for (const { line, target } of links(path)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [name, anchor] = target.split("#");
      const file = name === "" ? path : relative(root, resolve(root, dirname(path), name));
      if (!existsSync(join(root, file))) broken.push(`${path}:${line}: there is no ${file}`);
      else if (anchor && file.endsWith(".md") && !anchors(file).has(anchor)) broken.push(`${path}:${line}: ${file} has no heading #${anchor}`);
    }
  }
  if (broken.length > 0) throw new Error(`links\n${broken.join("\n")}`);
}

/** Throws when a link of the built site leads nowhere. VitePress looks for pages; here it is headings, too, and files. */
export function checkSiteLinks() {
  const base = process.env.DOCS_BASE ?? "/";
  const built = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith(".html"));
  const ids = new Map();
  const html = new Map(built.map((name) => [name, readFileSync(join(dist, name), "utf8")]));
  for (const [name, text] of html) ids.set(name, new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => decode(id))));
  const broken = new Set();
  for (const [name, text] of html) {
    for (const [, target] of text.matchAll(/\s(?:href|src)="([^"]+)"/g)) {
      if (/^([a-z]+:|\/\/)/.test(target)) continue;
      const { pathname, hash } = new URL(decode(target), `http://site${base}${name}`);
      const path = decodeURIComponent(pathname).slice(base.length);
      const file = path === "" || path.endsWith("/") ? `${path}index.html` : path;
      const anchor = decodeURIComponent(hash.slice(1));
      if (!existsSync(join(dist, file))) broken.add(`${name}: there is no ${file}`);
      else if (anchor && !ids.get(file)?.has(anchor)) broken.add(`${name}: ${file} has no heading #${anchor}`);
    }
  }
  if (broken.size > 0) throw new Error(`links of the site\n${[...broken].join("\n")}`);
  return html.size;
}

const decode = (text) => text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&#39;", "'").replaceAll("&amp;", "&");

/** site/dist, with its links checked. */
export async function buildDocs() {
  checkMarkdownLinks();
  await writeApi();
  await run("npx", ["vitepress", "build", "site"]);
  console.log(`${checkSiteLinks()} pages, no link leads nowhere`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await ensureNodePackages();
  if (process.argv[2] === "dev") {
    await writeApi();
    await run("npx", ["vitepress", "dev", "site", ...process.argv.slice(3)]);
  } else {
    await buildDocs();
  }
}
