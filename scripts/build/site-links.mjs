// Checks that the links of a built site lead to existing files and anchors: site-links.mjs DIRECTORY [BASE]. Prints the
// dead links, and fails if there are any. Does not follow links to other hosts.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const [root, base = "/"] = process.argv.slice(2);
const names = readdirSync(root, { recursive: true });
const pages = names.filter((name) => name.endsWith(".html"));
const text = (value) => value.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");

const anchors = new Map(); // page -> its anchors
const links = [];
for (const page of pages) {
  const html = readFileSync(join(root, page), "utf8").replace(/<(script|style)\b[^>]*>[^]*?<\/\1>/g, "");
  anchors.set(page, new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => text(id))));
  for (const [, link] of html.matchAll(/<[^>]*\s(?:href|src)="([^"]*)"/g)) links.push([page, text(link)]);
}

// Returns the file that a server would send for a link of a page, or undefined.
function target(page, path) {
  if (!path) return page;
  if (path.startsWith("/") && !path.startsWith(base)) return undefined;
  const name = path.startsWith("/") ? path.slice(base.length) : join(dirname(page), path);
  const file = name === "" || name.endsWith("/") ? `${name}index.html` : name;
  return existsSync(join(root, file)) && statSync(join(root, file)).isFile() ? file : undefined;
}

let dead = 0;
for (const [page, link] of links) {
  if (/^([a-z]+:|\/\/)/.test(link)) continue;
  const [path, anchor] = decodeURI(link).split("#");
  const file = target(page, path.split("?")[0]);
  if (file && (!anchor || !anchors.has(file) || anchors.get(file).has(anchor))) continue;
  console.error(`${page}: dead link: ${link}`);
  dead += 1;
}
if (pages.length === 0) console.error(`${root}: no page`);
else console.log(`${pages.length} pages, ${links.length} links, ${dead} dead`);
process.exitCode = dead || pages.length === 0 ? 1 : 0;
