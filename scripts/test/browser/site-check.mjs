// Drives the site in build/site: site-check.mjs TOOLS CHROMIUM LUA. The pages come from a server in this program, which
// compresses texts as servers do.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { addresses, groups } from "../../../site/pages.mjs";
import { check, contrasts, fits, run, shoot, WIDTHS } from "./support.mjs";

const SITE = "build/site";
const MAX_FIRST_PAGE_BYTES = 200000;
const MAX_FIRST_PAGE_PLAIN_BYTES = 350000; // before compression
const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml",
};

let sent = []; // {path, bytes, plain} of each answer
const compressed = new Map();
const server = createServer((request, response) => {
  const path = decodeURI(new URL(request.url, "http://x").pathname);
  const file = join(SITE, path.endsWith("/") ? `${path}index.html` : path);
  if (!existsSync(file)) return response.writeHead(404).end();
  if (!compressed.has(file)) compressed.set(file, [gzipSync(readFileSync(file)), readFileSync(file).length]);
  const [body, plain] = compressed.get(file);
  sent.push({ path, bytes: body.length, plain });
  response.writeHead(200, { "content-type": TYPES[extname(file)], "content-encoding": "gzip" }).end(body);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const ORIGIN = `http://127.0.0.1:${server.address().port}`;
const PAGES = Object.values(addresses).filter((address) => address !== "api");

// What a user would look for, and the pages that answer it.
const SEARCHES = {
  "unknown outcome": ["/library.html", "/ledger.html"],
  "re-export quota": ["/guides/re-export-weekly.html"],
  "webhook signature": ["/guides/webhooks-in-nginx.html"],
};

const SHOWN = ["index", "guides/webhooks-in-nginx", "library", "reference"]; // as screenshots

// Returns the faults of a page: it must fit a wide and a narrow window, and its texts must be readable.
async function look(page, name, shown) {
  const wrong = [];
  const note = (error) => wrong.push(`${name}: ${error.actual?.slice?.(0, 5) ?? error.message}`);
  for (const [width, pixels] of Object.entries(WIDTHS)) {
    await page.setViewportSize({ width: pixels, height: 900 });
    await fits(page).catch(note);
    if (shown) await shoot(page, `site-${name.replace(/[^a-z]+/g, "-")}-${width}`, false);
  }
  await contrasts(page).catch(note);
  return wrong;
}

// Opens a page of the documents, and waits until its program listens to keys and clicks.
async function visit(page, address) {
  await page.goto(`${ORIGIN}/${address}`);
  await page.waitForFunction(() => document.querySelector("#app").__vue_app__);
}

await run(ORIGIN, async ({ open, problems }) => {
  const page = await open();

  await check("the first page is small", async () => {
    await visit(page, "");
    await page.getByRole("heading", { level: 1 }).getByText("cmr").waitFor();
    await page.waitForLoadState("networkidle");
    await page.waitForTimeout(1000); // the page may load more files later
    const sum = (name) => sent.reduce((total, each) => total + each[name], 0);
    console.log(`      first page: ${sum("bytes")} bytes in ${sent.length} files, ${sum("plain")} before gzip`);
    assert.ok(sent.length >= 4, "the page, its style and its program");
    assert.ok(sum("bytes") < MAX_FIRST_PAGE_BYTES, JSON.stringify(sent));
    assert.ok(sum("plain") < MAX_FIRST_PAGE_PLAIN_BYTES, JSON.stringify(sent));
  });

  await check("every link of the side bar opens its page", async () => {
    for (const [file, [address, text]] of Object.values(groups).flatMap(Object.entries)) {
      await page.locator(".VPSidebar").getByRole("link", { name: text, exact: true }).click();
      const heading = file === "site/api.md" ? "Cold Mail Reseller" : readFileSync(file, "utf8").match(/^# (.*)/m)[1];
      await page.locator("h1").getByText(heading).first().waitFor();
      assert.equal(new URL(page.url()).pathname, address === "index" ? "/" : `/${address}.html`);
      if (address === "api") await page.goBack(); // this page has a side bar of its own
    }
  });

  for (const [words, answers] of Object.entries(SEARCHES)) {
    await check(`a search for "${words}" finds its page`, async () => {
      await visit(page, "changelog.html");
      await page.keyboard.press("Control+k");
      await page.locator("#localsearch-input").fill(words);
      await page.locator(".VPLocalSearchBox .result").first().waitFor();
      await page.waitForTimeout(500); // the list is made again after each key
      const found = await page.locator(".VPLocalSearchBox .result").evaluateAll((all) => all.map((each) => each.getAttribute("href")));
      console.log(`      ${found.slice(0, 6).join("  ")}`);
      assert.ok(answers.includes(found[0].replace(/#.*/, "")), found[0]);
      await contrasts(page);
      await shoot(page, `site-search-${words.replaceAll(" ", "-")}`, false);
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.pathname + url.hash === found[0]);
    });
  }

  await check("pages fit both windows and can be read, in light and dark", async () => {
    const other = await open({ reducedMotion: "reduce" }); // during a transition, colours are neither light nor dark
    const wrong = [];
    for (const address of PAGES) {
      await other.emulateMedia({ colorScheme: "light" });
      await visit(other, `${address}.html`);
      await other.locator("main h1").waitFor();
      wrong.push(...(await look(other, `${address} light`, SHOWN.includes(address))));
      await other.emulateMedia({ colorScheme: "dark" });
      await other.locator("html.dark").waitFor();
      wrong.push(...(await look(other, `${address} dark`, SHOWN.includes(address))));
    }
    assert.deepEqual(wrong, []);
    await other.close();
  });

  await check("a narrow window has the side bar in a menu", async () => {
    const other = await open({ width: "narrow" });
    await visit(other, "");
    await other.getByRole("button", { name: "Menu", exact: true }).click();
    await other.locator(".VPSidebar").getByRole("link", { name: "Order mailboxes" }).click();
    await other.getByRole("heading", { level: 1 }).getByText("Order mailboxes").waitFor();
    await fits(other);
    await other.close();
  });

  await check("the HTTP API has every operation and webhook, fits both windows and can be read", async () => {
    const { paths, webhooks } = JSON.parse(readFileSync("docs/maintainers/openapi.json"));
    const other = await open({ colorScheme: "light", reducedMotion: "reduce" });
    await visit(other, "api.html");
    const last = Object.keys(webhooks).at(-1);
    const shown = () => other.locator(".http-api h2").getByText(last).waitFor({ state: "attached" });
    await shown();
    const titles = (await other.locator(".http-api h2").allInnerTexts()).join("\n");
    for (const item of Object.values({ ...paths, ...webhooks })) {
      for (const { summary } of Object.values(item)) assert.ok(titles.includes(summary), summary);
    }
    const wrong = await look(other, "api light", true);
    await other.locator(".http-api input").first().fill("mailbox.exported");
    await other.locator(".http-api [data-role='search:results']").getByText("mailbox.exported").first().waitFor();
    await other.locator(".http-api input").first().fill("");
    await other.setViewportSize({ width: WIDTHS.wide, height: 900 });
    const light = await other.locator(".http-api h2").first().elementHandle();
    await other.locator(".VPNavBarAppearance .VPSwitchAppearance").click();
    await light.waitForElementState("hidden");
    await shown();
    // Opens the closed parts of a body one by one.
    const closed = other.locator(".http-api [id$='operation/create_order'] td button[aria-label^=expand]");
    for (let opened = 0; opened < 10 && (await closed.count()); opened += 1) await closed.first().click();
    wrong.push(...(await look(other, "api dark", true)));
    assert.deepEqual(wrong, []);
    await other.close();
  });

  await check("a dead link, a dead anchor and a missing file are reported", async () => {
    const folder = mkdtempSync(join(tmpdir(), "site-"));
    const links = () => spawnSync(process.execPath, ["scripts/build/site-links.mjs", folder, "/x/"], { encoding: "utf8" });
    const a = (link) => `<a href="${link}">link</a>`;
    writeFileSync(join(folder, "index.html"), `<h1 id="top">A</h1>${a("#top")}${a("b.html#b")}${a("/x/b.html")}${a("/x/")}`);
    writeFileSync(join(folder, "b.html"), `<h1 id="b">B</h1>${a("https://example.com/c")}`);
    assert.equal(links().status, 0, links().stderr);
    for (const dead of [a("d.html"), a("#c"), a("b.html#top"), a("/b.html"), '<img src="c.svg">']) {
      writeFileSync(join(folder, "c.html"), dead);
      assert.equal(links().status, 1, dead);
      assert.match(links().stderr, /^c\.html: dead link: [^\n]+\n$/, dead);
    }
    rmSync(folder, { recursive: true });
  });

  await check("nothing went to another host, and the console has no error", async () => {
    assert.deepEqual(problems, []);
  });
});
server.close();
