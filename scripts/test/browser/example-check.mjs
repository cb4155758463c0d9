// Drives the page of examples/nginx: example-check.mjs TOOLS CHROMIUM LUA. Starts the example with a mock of its own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { check, contrasts, fits, run, shoot, until } from "./support.mjs";

process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; // the mock makes its own certificate
process.removeAllListeners("warning");

const USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B";
const MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR";
const KEY = "mock-api-key";

const lua = process.argv[4];
const build = `build/${lua.replace(/^.*lua/, "")}`;
const example = spawn("scripts/demo/nginx.sh", [build, lua], { env: { ...process.env, KEEP: "1", CMR_MOCK_KEY: KEY } });
let printed = "";
example.stdout.on("data", (data) => (printed += data));
example.stderr.on("data", (data) => (printed += data));
await until("the example", () => {
  assert.equal(example.exitCode, null, printed);
  return /The end/.test(printed);
});
const ADDRESS = printed.match(/^The page: (\S+)/m)[1];
const TOKEN = printed.match(/^Its token: (\S+)/m)[1];
const MOCK = new URL(printed.match(/^The mock's page: (\S+)/m)[1]);

// Makes a control call to the example's mock.
async function control(method, name, fields) {
  const answer = await fetch(new URL(name, MOCK), {
    method,
    headers: { "x-mock-token": MOCK.searchParams.get("token"), Accept: "application/json" },
    body: method === "GET" ? undefined : JSON.stringify(fields || {}),
  });
  assert.equal(answer.status, 200, `${method} ${name}`);
  return answer.json();
}

// Returns how many exports and re-exports reached the API.
async function sent() {
  const requests = await control("GET", "requests");
  return requests.filter(({ operation }) => operation === "export_mailboxes" || operation === "reexport").length;
}

async function drive({ open, problems, loaded }) {
  const page = await open();
  const card = page.locator(`[id="${MAILBOX}"]`);
  const state = (name) => page.locator(`[id="${MAILBOX}"][data-state=${name}]`).waitFor();
  const button = (name) => card.getByRole("button", { name: `${name} john@doe.com`, exact: true });

  async function sign_in(other) {
    await other.goto(ADDRESS);
    await other.getByLabel("Token").fill(TOKEN);
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByRole("heading", { name: "Mailboxes", exact: true }).waitFor();
  }

  await check("the sign-in says that it is a stand-in, and refuses a wrong token", async () => {
    await page.goto(ADDRESS);
    await page.getByText("This sign-in is a stand-in").waitFor();
    await page.getByLabel("Token").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("No customer has this token.").waitFor();
    assert.match(problems.splice(0).join(), /^console: [^,]*403[^,]*$/);
  });

  await check("a customer signs in and sees the mailboxes of its user alone", async () => {
    await control("POST", "users", { userId: "OTHER" });
    await control("POST", "mailboxes", { mailboxId: "M2", email: "ann@other.com", userId: "OTHER" });
    await control("POST", "mailboxes", { mailboxId: "M3", email: "jane@doe.com", userId: USER });
    await control("POST", "mailboxes", { mailboxId: "M4", email: "sales@doe.com", userId: USER, status: "PENDING" });
    await sign_in(page);
    await page.getByRole("heading", { name: "john@doe.com" }).waitFor();
    assert.deepEqual(await page.locator(".card h3").allInnerTexts(), ["john@doe.com", "jane@doe.com", "sales@doe.com"]);
  });

  await check("the cookie is hidden from scripts and from other sites", async () => {
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/app/"]);
    assert.equal(await page.evaluate(() => document.cookie), "");
  });

  await check("the policy stops a script in the page", async () => {
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'run'";
      document.body.append(script);
    });
    assert.equal(await page.title(), "Your mailboxes");
    assert.match(problems.splice(0).join(), /Content Security Policy/);
  });

  await check("EmailBison is connected, after a refusal that keeps what was typed", async () => {
    await page.getByText("Connect an account", { exact: true }).click();
    const fields = {
      Email: "ann@agency.com",
      Password: "wrong",
      "Address of EmailBison": "https://app.emailbison.com",
      Workspace: "second",
      "OAuth client id": "5493-maeh.apps.googleusercontent.com",
      "OAuth application": "Outreach App",
    };
    for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByText("The account is not connected.").waitFor();
    assert.equal(await page.getByLabel("Workspace", { exact: true }).inputValue(), "second");
    assert.equal(await page.getByLabel("Password").inputValue(), "");
    await page.getByLabel("Password").fill("right");
    await page.getByRole("button", { name: "Connect" }).dblclick();
    await page.getByText("The account is connected.").waitFor();
    await page.reload();
    assert.equal(await page.locator("li").getByText("ann@agency.com, workspace second").count(), 1);
  });

  await check("a double click exports once, and the outcome arrives by webhook", async () => {
    await card.getByLabel("EmailBison account").selectOption({ label: "ann@agency.com, second" });
    await button("Export").dblclick();
    await state("accepted");
    assert.ok(await button("Export").isDisabled());
    await shoot(page, "example-accepted-wide-light");
    await page.reload();
    assert.equal(await sent(), 1);
    await control("POST", "clock", { advance: 10 });
    await state("done"); // without a reload
    await card.getByText("Export: done on").waitFor();
    assert.ok(await button("Export").isEnabled());
    assert.equal(await sent(), 1);
  });

  await check("a form in a second tab, and a form that the Back button shows, send nothing again", async () => {
    const tab = await page.context().newPage();
    await tab.goto(ADDRESS);
    await button("Re-export").click();
    await state("accepted");
    await tab.locator(`[id="${MAILBOX}"]`).getByRole("button", { name: "Re-export john@doe.com" }).click();
    await tab.getByText("Re-export: ").waitFor();
    await tab.close();
    await page.goBack();
    await page.getByText("Re-export: ").waitFor();
    assert.equal(await sent(), 2);
    await control("POST", "clock", { advance: 10 });
    await state("done");
  });

  await check("the page says that the week's quota refuses a re-export", async () => {
    await control("POST", "quotas", { mailboxId: MAILBOX, used: 3 });
    await button("Re-export").click();
    await card.getByText("Re-export: refused, and nothing was exported.").waitFor();
    await card.getByText("A mailbox can be re-exported 3 times a week").waitFor();
    await shoot(page, "example-refused-wide-light");
  });

  await check("without an answer, the page says not to repeat the export, until the webhook comes", async () => {
    await control("POST", "faults", { match: { operation: "export_mailboxes" }, close: "after" });
    await button("Export").click();
    await card.getByText("Do not repeat it: it is being looked up.").waitFor();
    assert.ok(await button("Export").isDisabled());
    await control("POST", "clock", { advance: 10 });
    await state("done");
  });

  await check("the page fits both windows, and can be read in light and dark", async () => {
    // The mock drops this export without an answer and does not carry it out. So its state stays unknown.
    await control("POST", "faults", { match: { operation: "export_mailboxes" }, close: true });
    await page.getByRole("button", { name: "Export sales@doe.com", exact: true }).click();
    await page.locator("[id=M4][data-state=unknown]").waitFor();
    for (const width of ["wide", "narrow"]) {
      for (const colorScheme of ["light", "dark"]) {
        const other = await open({ width, colorScheme });
        await other.goto(ADDRESS);
        await fits(other);
        await contrasts(other);
        await shoot(other, `example-sign-in-${width}-${colorScheme}`);
        await sign_in(other);
        for (const part of ["mailboxes", "connect"]) {
          if (part === "connect") await other.getByText("Connect an account", { exact: true }).click();
          await fits(other);
          await contrasts(other);
          await shoot(other, `example-${part}-${width}-${colorScheme}`);
        }
        const [r, g, b] = await other.evaluate(() =>
          getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).map(Number));
        assert.equal(r + g + b > 3 * 128, colorScheme === "light");
        await other.close();
      }
    }
  });

  await check("the keyboard is enough", async () => {
    await control("POST", "quotas", { mailboxId: "M3", used: 0 });
    const other = await open({ width: "narrow" });
    const tabTo = async (name) => {
      for (let press = 0; press < 40; press += 1) {
        await other.keyboard.press("Tab");
        const found = await other.evaluate(() => {
          const node = document.activeElement;
          return node.getAttribute("aria-label") || node.labels?.[0]?.textContent.trim() || node.textContent.trim();
        });
        if (found === name) return;
      }
      throw new Error(`the Tab key does not reach "${name}"`);
    };
    await other.goto(ADDRESS);
    await tabTo("Token");
    await other.keyboard.type(TOKEN);
    await other.keyboard.press("Enter");
    await other.getByRole("heading", { name: "jane@doe.com" }).waitFor();
    await tabTo("Re-export jane@doe.com");
    await other.keyboard.press("Enter");
    await other.locator("[id=M3][data-state=accepted]").waitFor();
    await control("POST", "clock", { advance: 10 });
    await other.locator("[id=M3][data-state=done]").waitFor();
    await other.evaluate(() => document.activeElement.blur());
    await tabTo("Sign out");
    await other.keyboard.press("Enter");
    await other.getByText("This sign-in is a stand-in").waitFor();
    await other.close();
  });

  await check("without the script, everything works after a reload", async () => {
    const other = await open({ javaScriptEnabled: false });
    await sign_in(other);
    await other.getByText("Reload this page to see").waitFor();
    const before = await sent();
    const jane = other.locator("[id=M3]");
    await jane.getByRole("button", { name: "Export jane@doe.com", exact: true }).click();
    await jane.getByText("Export: accepted").waitFor();
    await control("POST", "clock", { advance: 10 });
    await until("the outcome", async () => {
      await other.reload();
      return (await jane.getByText("Export: done").count()) === 1;
    });
    assert.equal(await sent(), before + 1);
    await other.close();
  });

  await check("no answer had the key, nothing went to another host, and the console has no error", async () => {
    assert.ok(loaded.length > 20);
    assert.ok(!loaded.join("\n").includes(KEY));
    assert.deepEqual(problems, []);
  });
}

try {
  await run(new URL(ADDRESS).origin, drive);
} finally {
  example.kill("SIGTERM");
  if (example.exitCode === null) await once(example, "exit");
}
