// Drives the site in build/site: site-check.mjs TOOLS CHROMIUM LUA. The pages come from a server in this program, which
// compresses texts as servers do.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { addresses } from "../../../site/pages.mjs";
import { check, contrasts, fits, run, shoot, until, WIDTHS } from "./support.mjs";

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
  "unknown outcome": ["/ledger.html", "/", "/library.html"],
  "re-export quota": ["/operations.html", "/guides/re-export-weekly.html"],
  "webhook signature": ["/guides/webhooks-in-nginx.html"],
};

// Looks at a page in both windows, and returns what is wrong with it.
async function look(page, name) {
  const wrong = [];
  for (const [width, pixels] of Object.entries(WIDTHS)) {
    await page.setViewportSize({ width: pixels, height: 900 });
    for (const rule of [fits, contrasts]) {
      await rule(page).catch((error) => wrong.push(`${name}, ${width}: ${error.actual?.slice?.(0, 5) ?? error.message}`));
    }
    await shoot(page, `site-${name.replace(/[^a-z]+/g, "-")}-${width}`, false);
  }
  return wrong;
}

await run(ORIGIN, async ({ open, problems }) => {
  const page = await open();

  await check("the first page is small", async () => {
    await page.goto(`${ORIGIN}/`);
    await page.getByRole("heading", { level: 1 }).getByText("cmr").waitFor();
    await page.waitForLoadState("networkidle");
    await page.waitForTimeout(1000); // anything that it loads later
    const sum = (name) => sent.reduce((total, each) => total + each[name], 0);
    console.log(`      first page: ${sum("bytes")} bytes in ${sent.length} files, ${sum("plain")} before gzip`);
    assert.ok(sent.length >= 4, "the page, its style and its program");
    assert.ok(sum("bytes") < MAX_FIRST_PAGE_BYTES, JSON.stringify(sent));
    assert.ok(sum("plain") < MAX_FIRST_PAGE_PLAIN_BYTES, JSON.stringify(sent));
  });

  await check("every link of the side bar opens its page", async () => {
    const links = page.locator(".VPSidebar a.link");
    assert.equal(await links.count(), Object.keys(addresses).length);
    for (const link of await links.all()) {
      const text = await link.textContent();
      await link.click();
      await until(`${text} is the page`, async () => (await page.locator(".VPSidebar .is-active .text").allTextContents()).includes(text))
        .catch(() => page.waitForURL(/api/));
      await page.locator("h1").first().waitFor();
      assert.doesNotMatch(await page.title(), /404/);
      if (page.url().includes("/api")) await page.goBack();
    }
  });

  for (const [words, answers] of Object.entries(SEARCHES)) {
    await check(`a search for "${words}" finds its page`, async () => {
      await page.goto(`${ORIGIN}/changelog.html`);
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

  for (const colorScheme of ["light", "dark"]) {
    await check(`pages fit both windows and can be read, ${colorScheme}`, async () => {
      const other = await open({ colorScheme });
      const wrong = [];
      for (const address of PAGES) {
        await other.goto(`${ORIGIN}/${address}.html`);
        await other.locator("main h1").waitFor();
        wrong.push(...(await look(other, `${address} ${colorScheme}`)));
      }
      assert.deepEqual(wrong, []);
      await other.close();
    });
  }

  await check("a narrow window has the side bar in a menu", async () => {
    const other = await open({ width: "narrow" });
    await other.goto(`${ORIGIN}/`);
    await other.getByRole("button", { name: "Menu", exact: true }).click();
    await other.locator(".VPSidebar").getByRole("link", { name: "Order mailboxes" }).click();
    await other.getByRole("heading", { level: 1 }).getByText("Order mailboxes").waitFor();
    await fits(other);
    await other.close();
  });

  await check("the HTTP API has every operation and webhook, fits both windows and can be read", async () => {
    const { paths, webhooks } = JSON.parse(readFileSync("docs/maintainers/openapi.json"));
    const other = await open({ colorScheme: "light" });
    await other.goto(`${ORIGIN}/api.html`);
    const last = Object.keys(webhooks).at(-1);
    const shown = () => other.locator(".http-api h2").getByText(last).waitFor({ state: "attached" });
    await shown();
    const titles = (await other.locator(".http-api h2").allInnerTexts()).join("\n");
    for (const item of Object.values({ ...paths, ...webhooks })) {
      for (const { summary } of Object.values(item)) assert.ok(titles.includes(summary), summary);
    }
    const wrong = await look(other, "api light");
    await other.locator(".http-api input").first().fill("mailbox.exported");
    await other.locator(".http-api [data-role='search:results']").getByText("mailbox.exported").first().waitFor();
    await other.locator(".http-api input").first().fill("");
    await other.setViewportSize({ width: WIDTHS.wide, height: 900 });
    await other.locator(".VPNavBarAppearance .VPSwitchAppearance").click();
    await other.locator(".http-api h2").first().waitFor({ state: "detached" });
    await shown();
    // Parts of a body, which Redoc opens one by one.
    const closed = other.locator(".http-api [id$='operation/create_order'] td button[aria-label^=expand]");
    for (let opened = 0; opened < 10 && (await closed.count()); opened += 1) await closed.first().click();
    wrong.push(...(await look(other, "api dark")));
    assert.deepEqual(wrong, []);
    await other.close();
  });

  await check("nothing went to another host, and the console has no error", async () => {
    assert.deepEqual(problems, []);
  });
});
server.close();
