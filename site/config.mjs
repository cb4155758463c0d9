// The configuration of VitePress. scripts/build/site.sh copies this folder to build/site-tools/.vitepress.
import { copyFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { addresses, copies, groups } from "./pages.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url)); // the folder of the sources
const tools = join(root, "build/site-tools");
const out = join(root, "build/site");
const ICON =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>" +
  "<rect width='16' height='16' rx='3' fill='%233451b2'/><text x='8' y='12' font-family='monospace' font-size='11' " +
  "font-weight='bold' text-anchor='middle' fill='white'>c</text></svg>";

// Returns the anchor that GitHub gives a heading, so that links to it work on the site and on GitHub.
function slugify(heading) {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
}

// Turns a link to a file into a link to its page, or to its copy on the site. Fails if the file has neither.
function pageLinks(md) {
  md.core.ruler.push("page_links", ({ tokens, env }) => {
    if (!env.path) return; // the text is a title, and not a page
    const file = relative(root, env.realPath ?? env.path);
    for (const token of tokens.flatMap((each) => each.children || [])) {
      const href = token.type === "link_open" ? token.attrGet("href") : "#";
      if (/^(#|[a-z]+:)/.test(href)) continue;
      const [path, anchor] = decodeURI(href).split("#");
      const target = join(dirname(file), path);
      const address = target in addresses ? `${addresses[target]}.html` : copies[target];
      if (!address) throw new Error(`${file}: the link to ${href} leads to no file of site/pages.mjs`);
      token.attrSet("href", `/${address}${anchor ? `#${anchor}` : ""}`);
    }
  });
}

// Shows indented code like other Lua code, because it comes from the comments of Lua functions.
function luaExamples(md) {
  md.core.ruler.push("lua_examples", ({ tokens }) => {
    for (const token of tokens) if (token.type === "code_block") Object.assign(token, { type: "fence", info: "lua" });
  });
}

export default {
  title: "cmr",
  description: "The Cold Mail Reseller API from Lua, nginx and the shell",
  lang: "en",
  base: process.env.SITE_BASE || "/",
  head: [["link", { rel: "icon", href: ICON }]],
  srcDir: root,
  srcExclude: ["!(docs|bench|examples|site)/**/*"],
  rewrites: Object.fromEntries(Object.entries(addresses).map(([file, address]) => [file, `${address}.md`])),
  outDir: out,
  cacheDir: join(tools, "cache"),
  metaChunk: true,
  vite: { resolve: { alias: [{ find: /^vue(?=$|\/)/, replacement: join(tools, "node_modules/vue") }] } },
  router: { prefetchLinks: false },
  markdown: {
    config: (md) => md.use(pageLinks).use(luaExamples),
    anchor: { slugify },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
  },
  transformPageData(page) {
    if (!addresses[page.filePath]) throw new Error(`${page.filePath} is not in site/pages.mjs`);
  },
  buildEnd() {
    for (const [file, name] of Object.entries(copies)) copyFileSync(join(root, file), join(out, name));
  },
  themeConfig: {
    nav: [
      { text: "Tour", link: "/tour" },
      { text: "Library", link: "/library" },
      { text: "Command", link: "/command" },
      { text: "HTTP API", link: "/api" },
    ],
    sidebar: Object.entries(groups).map(([text, files]) => ({
      text,
      items: Object.values(files).map(([address, title]) => ({
        text: title,
        link: address === "index" ? "/" : `/${address}`,
      })),
    })),
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      // The changelog mentions every subject, so a search would find it before the page that explains the subject.
      options: { _render: (text, env, md) => (env.relativePath === "CHANGELOG.md" ? "" : md.render(text, env)) },
    },
  },
};
