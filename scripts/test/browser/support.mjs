// Starts Chromium for the checks in this folder. The command line of a check is NAME-check.mjs TOOLS CHROMIUM LUA. Its
// environment has the variables that `cmr mock` printed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [tools, chromium, lua] = process.argv.slice(2);
const { chromium: driver } = createRequire(resolve(tools, "node_modules/"))("playwright-core");

export const WIDTHS = { narrow: 390, wide: 1280 };
const HEIGHTS = { narrow: 844, wide: 900 };

let failures = 0;

// Runs one check and prints its result.
export async function check(name, body) {
  try {
    await body();
    console.log(`ok    ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${name}\n      ${String(error.stack || error).slice(0, 1500).replaceAll("\n", "\n      ")}`);
  }
}

// Runs `cmr` with these words. Returns {status, text}.
export function cmr(...words) {
  return new Promise((done) => {
    execFile(lua, ["bin/cmr", ...words], (error, out, err) => done({ status: error ? error.code : 0, text: out + err }));
  });
}

// Opens a browser, calls `body`, and sets the exit status of this program. `body` gets a function open(options), which
// opens a page in a context of its own. `problems` lists errors on the pages, and their requests to other hosts.
// `loaded` has the texts that the pages loaded.
export async function run(origin, body) {
  const browser = await driver.launch({
    executablePath: chromium,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  const problems = [];
  const loaded = [];
  async function open({ width = "wide", ...options } = {}) {
    const viewport = { width: WIDTHS[width], height: HEIGHTS[width] };
    const page = await (await browser.newContext({ viewport, ...options })).newPage();
    page.setDefaultTimeout(30000);
    page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => problems.push(`error: ${error}`));
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== origin) problems.push(`request to ${request.url()}`);
    });
    page.on("response", (response) => response.text().then((text) => loaded.push(text), () => {}));
    return page;
  }
  try {
    await body({ open, problems, loaded });
  } finally {
    await browser.close();
  }
  process.exitCode = failures ? 1 : 0;
}

// Saves a screenshot of the whole page, or of the window.
export async function shoot(page, name, fullPage = true) {
  const folder = join(tools, "screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}

// Fails if the page is wider than the window.
export async function fits(page) {
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(inner <= outer, `the page is ${inner} pixels wide in a window of ${outer}`);
}

// Fails if the contrast of a visible text or a placeholder with its background is below 4.5.
export async function contrasts(page) {
  const low = await page.evaluate(() => {
    const parse = (text) => text.match(/[\d.]+/g).map(Number);
    const luminance = (rgb) => {
      const [r, g, b] = rgb.map((value) => (value / 255 <= 0.03928 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const over = (front, behind) => {
      const alpha = front[3] ?? 1;
      return behind.map((value, index) => alpha * front[index] + (1 - alpha) * value);
    };
    const backs = new Map([[null, [255, 255, 255]]]);
    const back = (node) => {
      if (!backs.has(node)) backs.set(node, over(parse(getComputedStyle(node).backgroundColor), back(node.parentElement)));
      return backs.get(node);
    };
    const found = [];
    const compare = (node, style, text) => {
      const behind = back(node);
      const [a, b] = [over(parse(style.color), behind), behind].map((color) => luminance(color) + 0.05);
      const ratio = Math.max(a, b) / Math.min(a, b);
      if (ratio < 4.5) found.push(`${node.tagName} ${node.className} "${text.slice(0, 30)}": ${ratio.toFixed(2)}`);
    };
    for (const node of document.querySelectorAll("body *")) {
      if (!node.checkVisibility()) continue;
      const hasText = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
      if (hasText) compare(node, getComputedStyle(node), node.textContent);
      if (node.placeholder) compare(node, getComputedStyle(node, "::placeholder"), node.placeholder);
    }
    return found;
  });
  assert.deepEqual(low, []);
}

// Waits until a condition holds.
export async function until(what, condition) {
  const limit = Date.now() + 30000;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
