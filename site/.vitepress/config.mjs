// The documentation's site. `npm run docs` builds it, `npm run docs:dev` serves it while one writes.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitepress";

import { slug } from "../../scripts/markdown.mjs";

const site = fileURLToPath(new URL("..", import.meta.url));
const root = dirname(site.replace(/\/$/, ""));

/** Files of the repository that are pages here, by including them; the two others have pages in their place. */
const PAGES = { "README.md": "/quick-start", "npm/index.d.ts": "/api/", ...included() };

function included() {
  const found = readdirSync(site).filter((name) => name.endsWith(".md")).map((name) => {
    const path = readFileSync(join(site, name), "utf8").match(/^<!--@include: \.\.\/(\S+)-->\n$/)?.[1];
    return path && [path, `/${name.replace(/\.md$/, "")}`];
  });
  return Object.fromEntries(found.filter(Boolean));
}

/** Links in an included page are meant from where that file is: those to other pages lead there, those to sources become text. */
function repositoryLinks(md) {
  md.core.ruler.push("repository-links", ({ tokens, env }) => {
    for (const token of tokens) {
      let isSource = false;
      token.children = token.children?.filter((child) => {
        if (child.type === "image") toImage(child, env);
        if (child.type === "link_open") isSource = toPage(child, env);
        return !(isSource && /^link_(open|close)$/.test(child.type));
      }) ?? null;
    }
  });
}

const folder = (env) => dirname(resolve(site, env.relativePath ?? ""));

/** The file that a link of a page means, if it is one that the site does not have. */
function fileOf(path, env) {
  if (/^([a-z]+:|#|\/|$)/.test(path) || [path, `${path}.md`].some((name) => existsSync(resolve(folder(env), name)) && resolve(folder(env), name).startsWith(site))) return undefined;
  return [folder(env), root, join(root, "docs"), join(root, "bench")].map((base) => resolve(base, path)).find((file) => existsSync(file));
}

/** Turns a link; tells whether it means a source, which has no page. */
function toPage(token, env) {
  const [path, anchor] = token.attrGet("href").split("#");
  const file = fileOf(path, env);
  const page = file && PAGES[relative(root, file)];
  if (page) token.attrSet("href", anchor ? `${page}#${anchor}` : page);
  return file !== undefined && !page;
}

function toImage(token, env) {
  const file = fileOf(token.attrGet("src"), env);
  if (file) token.attrSet("src", relative(folder(env), file));
}

/** While one writes, Vue's templates ask for `../bench/speech.svg` as `/bench/speech.svg`; the build takes it in by itself. */
const images = {
  name: "repository-images",
  configureServer({ middlewares }) {
    middlewares.use((request, response, next) => {
      const [, path, kind] = /^(\/(?:bench|docs)\/[\w-]+\.(svg|png))$/.exec(request.url) ?? [];
      if (!path || !existsSync(join(root, path))) return next();
      return response.setHeader("Content-Type", kind === "svg" ? "image/svg+xml" : "image/png").end(readFileSync(join(root, path)));
    });
  },
};

/** The pages that TypeDoc wrote. */
function api() {
  const folder = join(site, "api");
  if (!existsSync(folder)) return [];
  const kinds = { functions: "Functions", interfaces: "Interfaces", "type-aliases": "Types", variables: "Values", classes: "Classes" };
  const modules = readdirSync(folder, { recursive: true }).filter((name) => /(^|\/)index\.md$/.test(name)).map((name) => dirname(name));
  const items = (path) =>
    Object.entries(kinds)
      .filter(([kind]) => existsSync(join(folder, path, kind)))
      .map(([kind, text]) => ({
        text,
        collapsed: true,
        items: readdirSync(join(folder, path, kind)).filter((name) => name.endsWith(".md")).sort().map((name) => ({
          text: name.replace(/\.md$/, ""),
          link: join("/api", path, kind, name.replace(/\.md$/, "")),
        })),
      }));
  return modules.sort().map((path) => ({
    text: path === "." ? "API" : path,
    link: join("/api", path, "/"),
    items: items(path),
  }));
}

const guide = [
  {
    text: "Begin",
    items: [
      { text: "Quick start", link: "/quick-start" },
      { text: "React", link: "/react" },
      { text: "Vue and Svelte", link: "/recipes" },
      { text: "A plain page", link: "/plain-page" },
      { text: "Web component", link: "/element" },
      { text: "App data", link: "/app-data" },
      { text: "Loading", link: "/loading" },
    ],
  },
  {
    text: "The server",
    items: [
      { text: "Your own server", link: "/own-server" },
      { text: "Tokens", link: "/tokens" },
      { text: "Relay and TURN", link: "/turn" },
      { text: "Deployment", link: "/deployment" },
      { text: "Content security policy", link: "/csp" },
      { text: "Metrics", link: "/metrics" },
      { text: "Security", link: "/security" },
    ],
  },
  {
    text: "When something is wrong",
    items: [
      { text: "Troubleshooting", link: "/troubleshooting" },
      { text: "What was tested where", link: "/platforms" },
    ],
  },
  {
    text: "Coming from",
    items: [
      { text: "PeerJS", link: "/migration/peerjs" },
      { text: "simple-peer", link: "/migration/simple-peer" },
      { text: "RTCPeerConnection", link: "/migration/webrtc" },
    ],
  },
  {
    text: "Reference",
    items: [
      { text: "API", link: "/api/" },
      { text: "Wire protocol", link: "/protocol" },
      { text: "Figures", link: "/figures" },
      { text: "All measurements", link: "/bench" },
      { text: "Architecture", link: "/architecture" },
      { text: "Rust crates", link: "/rust" },
      { text: "Contributing", link: "/contributing" },
      { text: "Changelog", link: "/changelog" },
    ],
  },
];

export default defineConfig({
  title: "pairvoice",
  description: "Voice that connects by itself and a text chat that loses nothing, for the two people of a coding session.",
  lang: "en",
  base: process.env.DOCS_BASE ?? "/",
  outDir: join(site, "dist"),
  cacheDir: join(site, ".vitepress", "cache"),
  head: [["link", { rel: "icon", href: "data:," }]],
  markdown: { anchor: { slugify: slug }, config: (md) => md.use(repositoryLinks) },
  vite: { plugins: [images], server: { fs: { allow: [root] } }, build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    nav: [
      { text: "Guide", link: "/quick-start" },
      { text: "API", link: "/api/" },
      { text: "Troubleshooting", link: "/troubleshooting" },
      { text: "Figures", link: "/figures" },
    ],
    sidebar: { "/api/": [{ text: "Guide", link: "/quick-start" }, ...api()], "/": guide },
    outline: [2, 3],
    search: {
      provider: "local",
      // Code is found by its text: colours would take half of the build's time.
      options: { _render: (source, env, md) => md.render(source.replace(/^(\s*`{3,})\w.*$/gm, "$1"), env) },
    },
  },
});
