// Drives the mock's page, /_mock/: mock-page-check.mjs TOOLS CHROMIUM LUA. support.mjs says what is in the environment.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { check, cmr, contrasts, fits, run, shoot, until } from "./support.mjs";

const ADDRESS = process.env.CMR_MOCK_PAGE;
const USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B";
const MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR";
const SCRIPT = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">";
const VIEWS = { requests: "Requests", events: "Events", data: "Data", controls: "Clock and faults" };

const token = new URL(ADDRESS).searchParams.get("token");

// Makes a control call.
async function control(method, name, fields) {
  const answer = await fetch(new URL(name, ADDRESS), {
    method,
    headers: { "x-mock-token": token, Accept: "application/json" },
    body: method === "GET" ? undefined : JSON.stringify(fields || {}),
  });
  assert.equal(answer.status, 200, `${method} ${name}`);
  return answer.json();
}

// Makes a request to the API, as a program would.
function api(method, path, body, headers = {}) {
  return fetch(process.env.CMR_BASE_URL + path, {
    method,
    headers: { "cmr-x-api-key": process.env.CMR_API_KEY, "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

// Receives webhooks.
async function receiver() {
  const received = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => (body += data));
    request.on("end", () => {
      received.push({ body, signature: request.headers["cmr-x-signature"] });
      response.end();
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { received, url: `http://127.0.0.1:${server.address().port}/hook`, close: () => server.close() };
}

await run(new URL(ADDRESS).origin, async ({ open, problems, loaded }) => {
  const page = await open();
  const view = (name) => page.getByRole("navigation").getByRole("link", { name: VIEWS[name], exact: true }).click();
  const rows = () => page.locator("#request-list > details:visible");
  const deliveries = () => page.locator("#delivery-list > details");
  const notice = () => page.locator("#notice");

  // Expects this many problems that match the pattern, and forgets them. On the console, the browser reports each error
  // that a check provokes.
  const expect = (count, pattern) => {
    assert.equal(problems.length, count, problems.join("\n"));
    for (const problem of problems.splice(0)) assert.match(problem, pattern);
  };

  await check("without the token, the page shows only where to find the token", async () => {
    const answer = await page.goto(ADDRESS.replace(/\?.*/, ""));
    assert.equal(answer.status(), 403);
    await page.getByText("CMR_MOCK_PAGE").waitFor();
    assert.equal(await page.locator("script").count(), 0);
    assert.equal((await page.goto(ADDRESS.replace(/.$/, "x"))).status(), 403);
    expect(2, /403/);
  });

  await page.goto(ADDRESS);

  await check("a request that cmr makes shows up", async () => {
    await page.getByText("No request yet.").waitFor();
    assert.equal((await cmr("platforms", USER)).status, 0);
    await rows().getByText("platforms", { exact: true }).waitFor();
    assert.match(await rows().first().innerText(), /GET[\s\S]*200[\s\S]*\/exports\/platform-credentials\?userId=/);
  });

  await check("an opened request has its body, the answer and what was assumed", async () => {
    await cmr("reexport", "--mailbox-id", MAILBOX);
    await rows().getByText("reexport", { exact: true }).click();
    await page.getByRole("region", { name: "Request body" }).getByText(`"mailboxId": "${MAILBOX}"`).waitFor();
    await page.getByRole("region", { name: "Answer", exact: true }).getByText("actionId").waitFor();
    await page.getByText("Nothing: the status and the message are documented.").waitFor();
    await rows().getByText("reexport", { exact: true }).click();
    await rows().getByText("platforms", { exact: true }).click();
    await page.getByText("an app without credentials is left out").waitFor();
    assert.match(await page.getByRole("region", { name: "Request headers" }).innerText(), /cmr-x-api-key: \*\*\*/);
  });

  await check("the filter chooses by words and by status", async () => {
    await api("GET", "/nowhere");
    await until("three requests", async () => (await rows().count()) === 3);
    const words = page.getByLabel("Filter");
    await words.fill("oauth MAILBOXID");
    assert.equal(await rows().count(), 1);
    await words.fill("");
    const status = page.locator("#filter").getByLabel("Status");
    await status.selectOption("4xx");
    assert.match(await rows().allInnerTexts().then((texts) => texts.join()), /^[^,]*404[^,]*$/);
    await status.selectOption("any");
    assert.equal(await rows().count(), 3);
  });

  await check("a pause holds new requests back", async () => {
    await page.getByRole("button", { name: "Pause" }).click();
    await cmr("users");
    await page.waitForTimeout(1500);
    assert.equal(await rows().count(), 3);
    await page.getByRole("button", { name: "Pause" }).click();
    await until("the request", async () => (await rows().count()) === 4);
  });

  await check("secrets are masked in all that the page loads", async () => {
    await api("POST", `/exports/platform-credential?userId=${USER}`, { app: "EMAILBISON",
      credentials: { email: "j@x.com", password: "geheim-1" }, metadata: {} });
    await api("GET", `/users?token=geheim-2&x=${process.env.CMR_API_KEY}`, undefined, { "x-secret": "geheim-3" });
    await until("the requests", async () => (await rows().count()) === 6);
    await rows().first().locator("summary").click();
    await page.getByText("x-secret: ***").waitFor();
    for (const name of Object.keys(VIEWS)) {
      await view(name);
      await page.waitForTimeout(400);
    }
    const text = loaded.join("\n");
    for (const secret of ["geheim-1", "geheim-2", "geheim-3", process.env.CMR_API_KEY]) {
      assert.ok(!text.includes(secret), `${secret} was loaded`);
    }
    assert.ok(text.includes("j@x.com"));
  });

  const hook = await receiver();

  await check("an event is delivered, and sent again in another signature format", async () => {
    await control("POST", "clock", { advance: 10 }); // ends the export of an earlier check
    await view("events");
    await page.getByText("Add a destination").click();
    await page.locator("#view-events .fields").getByLabel("Url").fill(hook.url);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.locator(".destination").getByText(hook.url).waitFor();
    await page.getByText("Add a destination").click();
    await cmr("reexport", "--mailbox-id", MAILBOX);
    await view("controls");
    await page.getByRole("button", { name: "+ 10 seconds" }).click();
    await view("events");
    await deliveries().getByText("delivered").waitFor();
    await deliveries().first().locator("summary").click();
    await page.getByRole("region", { name: "Body" }).getByText(`"mailboxId": "${MAILBOX}"`).waitFor();
    const format = deliveries().first().getByLabel("Signature format");
    assert.equal(await format.inputValue(), "body-hex-seconds");
    await format.selectOption("timestamp.body-base64-milliseconds");
    await page.getByRole("button", { name: "Resend" }).click();
    await until("the second delivery", () => hook.received.length === 2);
    await until("both", async () => (await deliveries().getByText("delivered", { exact: true }).count()) === 2);
    assert.match(hook.received[0].signature, /^[0-9a-f]{64}$/);
    assert.match(hook.received[1].signature, /^[A-Za-z0-9+/]{43}=$/);
    assert.equal(hook.received[0].body, hook.received[1].body);
  });

  await check("a destination gets another format, and attempts that fail and are repeated", async () => {
    const destination = page.locator(".destination");
    await destination.getByLabel("Signature format").selectOption("body-base64-seconds");
    await destination.getByLabel("Next attempts that fail").fill("2");
    await destination.getByRole("button", { name: "Change" }).click();
    await notice().getByText("The destination is changed").waitFor();
    await cmr("reexport", "--mailbox-id", MAILBOX);
    await control("POST", "clock", { advance: 10 });
    await deliveries().getByText("pending").waitFor();
    await deliveries().first().locator("summary").click();
    await page.getByText("the mock was told to fail this attempt").waitFor();
    await view("controls");
    await page.getByRole("button", { name: "+ 1 minute" }).click();
    await notice().getByText("The clock is advanced: 1 minute.").waitFor();
    await view("events");
    await until("the second attempt", async () =>
      (await page.getByText("the mock was told to fail this attempt").count()) === 2);
    await view("controls");
    await page.getByRole("button", { name: "+ 1 hour" }).click();
    await until("the third attempt", () => hook.received.length === 3);
    await view("events");
    await deliveries().first().getByText("delivered").waitFor();
    assert.match(hook.received[2].signature, /=$/);
  });

  await check("a pending delivery fails for good, and a destination is removed", async () => {
    const destination = page.locator(".destination");
    await destination.getByLabel("Next attempts that fail").fill("1");
    await destination.getByRole("button", { name: "Change" }).click();
    await notice().getByText("The destination is changed").waitFor();
    await control("POST", "quotas", { mailboxId: MAILBOX, used: 0 });
    await cmr("reexport", "--mailbox-id", MAILBOX);
    await control("POST", "clock", { advance: 10 });
    await deliveries().first().getByText("pending").waitFor();
    await deliveries().first().locator("summary").click();
    await deliveries().first().getByRole("button", { name: "Fail for good" }).click();
    await deliveries().first().getByText("failed", { exact: true }).waitFor();
    await destination.getByRole("button", { name: "Remove" }).click();
    await destination.waitFor({ state: "detached" });
    assert.deepEqual(await control("GET", "webhooks"), []);
    assert.equal(hook.received.length, 3);
  });

  await check("the clock runs faster", async () => {
    await view("controls");
    const form = page.locator("[data-call='POST clock']");
    await form.getByLabel("Speed").fill("1000");
    await form.getByRole("button", { name: "Set" }).click();
    await page.locator("#speed").getByText("1000 ×").waitFor();
    const before = (await control("GET", "status")).now;
    await page.waitForTimeout(300);
    assert.ok((await control("GET", "status")).now - before > 200);
    await form.getByLabel("Speed").fill("1");
    await form.getByRole("button", { name: "Set" }).click();
    await page.locator("#speed").getByText("1 ×", { exact: true }).waitFor();
  });

  await check("a fault hits the next request, and another one is removed", async () => {
    const form = page.locator("#fault");
    await form.getByLabel("Operation").fill("users");
    await form.getByLabel("Status").fill("503");
    await form.getByLabel("Headers, one a line").fill("Retry-After: 1\nX-Why: a test");
    await form.getByRole("button", { name: "Add the fault" }).click();
    await page.locator("[data-list=faults]").getByText("operation: users").waitFor();
    const refused = await cmr("users", "--retries", "0");
    assert.notEqual(refused.status, 0);
    assert.match(refused.text, /503/);
    await page.locator("[data-list=faults]").getByText("None.").waitFor();
    await view("requests");
    await rows().first().getByText("fault", { exact: true }).waitFor();
    await rows().first().locator("summary").click();
    await page.getByText("X-Why: a test").waitFor();
    await page.getByRole("button", { name: "Set a fault for such requests" }).first().click();
    assert.equal(await form.getByLabel("Operation").inputValue(), "users");
    await form.getByLabel("Connection").selectOption("closes before the request is carried out");
    await form.getByRole("button", { name: "Add the fault" }).click();
    await page.locator("[data-list=faults]").getByText("closes before").waitFor();
    await page.getByRole("button", { name: "Remove all faults" }).click();
    await page.locator("[data-list=faults]").getByText("None.").waitFor();
    assert.equal((await cmr("users", "--retries", "0")).status, 0);
  });

  await check("data can be added, and a mistake is reported", async () => {
    await view("data");
    await page.getByText("Add a mailbox").click();
    const form = page.locator("[data-call='POST mailboxes']");
    await form.getByLabel("Email").fill("new@page.com");
    await form.getByLabel("Mailbox id").fill("PAGE-1");
    await form.getByLabel("User id").fill("NOBODY");
    await form.getByRole("button", { name: "Add" }).click();
    await notice().getByText("Not done: no such user: add the user first.").waitFor();
    expect(1, /400/);
    await form.getByLabel("User id").fill(USER);
    await form.getByRole("button", { name: "Add" }).click();
    await page.locator("[data-list=mailboxes]").getByText("new@page.com").waitFor();
    await page.locator("[data-list=domains]").getByText("page.com").waitFor();
    await page.locator("[data-list=quotas]").getByText("new@page.com").waitFor();
    await page.getByText("Set a quota").click();
    await page.locator("[data-call='POST quotas']").getByLabel("Mailbox id").fill("PAGE-1");
    await page.locator("[data-call='POST quotas']").getByLabel("Used").fill("3");
    await page.locator("[data-call='POST quotas']").getByRole("button").click();
    await notice().getByText("Done:").waitFor();
    assert.notEqual((await cmr("reexport", "--mailbox-id", "PAGE-1", "--retries", "0")).status, 0);
    await page.locator("[data-call='POST wallet']").getByLabel("Balance").fill("12.5");
    await page.locator("[data-call='POST wallet']").getByRole("button").click();
    await page.locator("#balance").getByText("12.5").waitFor();
  });

  await check("markup in names, events, paths and bodies stays text", async () => {
    await control("POST", "users", { userId: SCRIPT });
    await control("POST", "webhooks", { url: `http://127.0.0.1:9/${SCRIPT.replaceAll(" ", "+")}` });
    await control("POST", "mailboxes", { mailboxId: SCRIPT, email: `${SCRIPT}@x.com`, userId: SCRIPT });
    await control("POST", "faults", { match: { path: `/${SCRIPT}` }, status: 500, body: SCRIPT });
    await control("POST", "faults", { status: 500, body: SCRIPT, headers: { "x-a": SCRIPT, "x-mock-assumed": SCRIPT } });
    await api("POST", `/${SCRIPT}?${SCRIPT}`, { [SCRIPT]: SCRIPT }, { "x-b": SCRIPT });
    await api("POST", "/mailboxes/oauth", { mailboxId: SCRIPT });
    await control("POST", "clock", { advance: 10 });
    for (const each of Object.keys(VIEWS)) {
      await view(each);
      await page.waitForTimeout(400);
      const closed = page.locator(".list > details:not([open]):visible > summary");
      while (await closed.count()) await closed.first().click();
      await page.locator("main").getByText("<script>").locator("visible=true").first().waitFor();
    }
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await page.locator("script").count(), 1);
    assert.equal(await page.title(), "cmr mock");
    await page.locator("[data-list=faults]").getByText(`path: /${SCRIPT}`).waitFor();
  });

  await check("the policy lets no script run, and makes no markup from text", async () => {
    const other = await open();
    await other.goto(ADDRESS);
    const refused = await other.evaluate(() => {
      const script = document.createElement("script");
      const markup = [];
      for (const run of [
        () => (script.textContent = "document.title = 'run'"),
        () => (document.body.innerHTML = "<b>b</b>"),
        () => document.body.setAttribute("onclick", "document.title = 'run'"),
      ]) {
        try {
          run();
          markup.push("allowed");
        } catch (error) {
          markup.push(error.name);
        }
      }
      return markup;
    });
    assert.deepEqual(refused, ["TypeError", "TypeError", "TypeError"]);
    assert.equal(await other.title(), "cmr mock");
    expect(3, /Trusted(HTML|Script)/);
    await other.close();
  });

  await check("a reset empties the page", async () => {
    await view("controls");
    await page.getByRole("button", { name: "Reset everything" }).click();
    await notice().getByText("Done: restores the initial data").waitFor();
    await view("requests");
    await page.getByText("No request yet.").waitFor();
    assert.equal(await rows().count(), 0);
    await view("events");
    await page.getByText("No delivery yet.").waitFor();
    assert.equal(await deliveries().count(), 0);
    assert.equal(await page.locator(".destination").count(), 0);
  });

  await check("the keyboard is enough", async () => {
    const other = await open();
    await other.goto(ADDRESS);
    await cmr("platforms", USER);
    await other.locator("#request-list summary").waitFor();
    const at = () => other.evaluate(() => {
      const node = document.activeElement;
      const outline = node !== document.body && getComputedStyle(node).outlineStyle;
      return { text: (node.name || node.textContent || node.tagName).trim().slice(0, 40), outline };
    });
    const tabTo = async (text) => {
      for (let presses = 0; presses < 60; presses += 1) {
        await other.keyboard.press("Tab");
        const { text: found, outline } = await at();
        if (outline === false) continue; // after the last control, the focus leaves the page
        assert.notEqual(outline, "none", `no outline at ${found}`);
        if (found.includes(text)) return;
      }
      throw new Error(`Tab never came to ${text}`);
    };
    await tabTo("words");
    await other.keyboard.type("platform");
    await tabTo("platforms"); // the row
    await other.keyboard.press("Enter");
    await other.getByText("Request headers").waitFor();
    await tabTo("Set a fault for such requests");
    await other.keyboard.press("Space");
    await other.locator("#view-controls").waitFor();
    await until("the status has the focus", async () => (await at()).text === "status");
    await tabTo("Add the fault");
    await other.keyboard.press("Enter");
    await other.locator("[data-list=faults]").getByText("operation: platforms").waitFor();
    assert.equal((await at()).text, "Add the fault"); // the focus is still on the button
    assert.match((await cmr("platforms", USER, "--retries", "0")).text, /503/);
    await other.keyboard.press("Home");
    for (const name of ["Requests", "Events"]) {
      await other.evaluate(() => document.activeElement.blur());
      await tabTo(name);
      await other.keyboard.press("Enter");
      await until("the heading has the focus", async () => (await at()).text === name);
    }
    await other.close();
  });

  await check("an open row keeps its focus when it changes", async () => {
    await control("POST", "webhooks", { url: hook.url, fail: 1 });
    await cmr("reexport", "--mailbox-id", MAILBOX);
    await control("POST", "clock", { advance: 10 });
    await view("events");
    await deliveries().first().getByText("pending").waitFor();
    await deliveries().first().locator("summary").click();
    await deliveries().first().getByRole("button", { name: "Resend" }).focus();
    await control("POST", "clock", { advance: 60 });
    await deliveries().first().getByText("delivered").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Resend");
  });
  hook.close();

  for (const width of ["wide", "narrow"]) {
    for (const colorScheme of ["light", "dark"]) {
      await check(`it fits a ${width} window and can be read, ${colorScheme}`, async () => {
        const other = await open({ width, colorScheme });
        for (const name of Object.keys(VIEWS)) {
          await other.goto(`${ADDRESS}#${name}`);
          await other.waitForTimeout(400);
          if (await other.locator(".list summary:visible").count()) await other.locator(".list summary:visible").first().click();
          await fits(other);
          await contrasts(other);
          await shoot(other, `mock-page-${name}-${width}-${colorScheme}`);
        }
        const [r, g, b] = await other.evaluate(() =>
          getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).map(Number));
        assert.equal(r + g + b > 3 * 128, colorScheme === "light");
        await other.close();
      });
    }
  }

  await check("nothing went to another host, and the console has no error", async () => {
    assert.deepEqual(problems, []);
  });

  await check("the page says when the mock has ended", async () => {
    process.kill(Number(process.env.MOCK_PID));
    await page.getByRole("alert").getByText("The mock does not answer").waitFor();
  });
});
