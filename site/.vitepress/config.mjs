// The documentation's site. `npm run docs` builds it, `npm run docs:dev` serves it while one writes.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitepress";

import { slug } from "../../scripts/markdown.mjs";

const site = fileURLToPath(new URL("..", import.meta.url));
const root = dirname(site.replace(/\/$/, ""));

/** Files of the repository that are pages here, by including them. */
const PAGES = {
  "README.md": "/quick-start",
  "ARCHITECTURE.md": "/architecture",
  "CHANGELOG.md": "/changelog",
  "CONTRIBUTING.md": "/contributing",
  "SECURITY.md": "/security",
  "bench/README.md": "/bench",
  "docs/loading.md": "/loading",
  "docs/metrics.md": "/metrics",
  "docs/platforms.md": "/platforms",
  "docs/protocol.md": "/protocol",
  "npm/index.d.ts": "/api/",
};

/** Links in an included page are meant from where that file is: those to other pages lead there, those to sources are text. */
function repositoryLinks(md) {
  md.core.ruler.push("repository-links", ({ tokens, env }) => {
    for (const { children } of tokens) {
      let isSource = false;
      for (const token of children ?? []) {
        if (token.type === "link_open") isSource = turn(token, env) === "source";
        if (isSource && token.type.startsWith("link_")) {
          isSource = token.type === "link_open";
          token.type = "text";
          token.tag = "";
          token.nesting = 0;
          token.content = "";
        }
      }
    }
  });
}

function turn(token, env) {
  const href = token.attrGet("href");
  if (/^([a-z]+:|#|\/)/.test(href)) return;
  const [path, anchor] = href.split("#");
  const here = dirname(resolve(site, env.relativePath ?? ""));
  if (existsSync(resolve(here, path)) && resolve(here, path).startsWith(site) || existsSync(resolve(here, `${path}.md`))) return;
  const found = [here, root, join(root, "docs"), join(root, "bench")].map((base) => resolve(base, path)).find((file) => existsSync(file));
  if (!found) return;
  const page = PAGES[relative(root, found)];
  if (!page) return "source";
  token.attrSet("href", anchor ? `${page}#${anchor}` : page);
}

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
    text: path === "." ? "All of it" : `pairvoice${path === "index" ? "" : `/${path}`}`,
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
  vite: { server: { fs: { allow: [root] } }, build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    nav: [
      { text: "Guide", link: "/quick-start" },
      { text: "API", link: "/api/" },
      { text: "Troubleshooting", link: "/troubleshooting" },
      { text: "Figures", link: "/figures" },
    ],
    sidebar: { "/api/": [{ text: "Guide", link: "/quick-start" }, ...api()], "/": guide },
    outline: [2, 3],
    search: { provider: "local" },
  },
});
