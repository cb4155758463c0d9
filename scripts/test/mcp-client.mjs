// Speaks with `cmr mcp` through the client of the official SDK, against the mock: initialize, lists, calls, errors, a
// confirmation, cancellation, progress. mcp-client.mjs NODE_MODULES LUA CONTROL_URL TOKEN, with the mock's address and
// key in the environment. Prints a line for each check, and ends with 1 after a failure.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, lua, control, token] = process.argv.slice(2);
const sdk = resolve(modules, "@modelcontextprotocol/sdk/dist/esm");
const load = (file) => import(pathToFileURL(join(sdk, file)).href);
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");
const { ElicitRequestSchema, LATEST_PROTOCOL_VERSION, LoggingMessageNotificationSchema } = await load("types.js");

const USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B";
const MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR";
const RENEWAL = { name: "renew_domains", arguments: { userId: USER, domains: ["doe.com"], years: 1 } };
const REEXPORT = { name: "reexport", arguments: { mailboxId: MAILBOX } };
const PLATFORMS = { name: "platforms", arguments: { userId: USER } };
const folder = mkdtempSync(join(tmpdir(), "cmr-mcp-"));
let failures = 0;

async function ask(method, name, body) {
  const headers = { "x-mock-token": token };
  const response = await fetch(control + name, { method, headers, body: body && JSON.stringify(body) });
  assert.equal(response.status, 200, name);
  return response.json();
}
const fault = (order) => ask("POST", "faults", order);
const requests = () => ask("GET", "requests");
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Connects a client. `answer` is how the client's user answers a question. Without `answer`, the client cannot ask.
async function connect(words, answer) {
  const client = new Client({ name: "check", version: "1" }, { capabilities: answer ? { elicitation: {} } : {} });
  client.questions = [];
  if (answer) {
    client.setRequestHandler(ElicitRequestSchema, (request) => {
      client.questions.push(request.params.message);
      return answer === "accept" ? { action: "accept", content: { send: true } } : { action: answer };
    });
  }
  const transport = new StdioClientTransport({
    command: lua,
    args: ["bin/cmr", "mcp", ...words],
    env: { ...process.env, CMR_LEDGER: join(folder, `${Math.random()}`) },
  });
  await client.connect(transport);
  return client;
}

async function check(name, words, answer, body) {
  await ask("POST", "reset", {});
  let client;
  try {
    client = await connect(words, answer);
    await body(client);
    console.log(`ok    ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${name}\n${error.stack}`);
  }
  await client?.close();
}

const text = (result) => result.content.map((part) => part.text).join("\n");

await check(`initialize with the version ${LATEST_PROTOCOL_VERSION}, and ping`, [], null, async (client) => {
  assert.equal(client.getServerVersion().name, "cmr");
  assert.deepEqual(client.getServerCapabilities(), { tools: {}, resources: {}, prompts: {}, logging: {} });
  assert.match(client.getInstructions(), /allows: reads\./);
  await client.ping();
});

await check("tools are listed, and only reads", [], null, async (client) => {
  const { tools } = await client.listTools();
  assert(tools.length > 20);
  assert(tools.every((tool) => tool.annotations.readOnlyHint));
});

await check("all tools are listed", ["--allow", "write", "--allow", "charge", "--allow", "destroy"], null, async (client) => {
  const { tools } = await client.listTools();
  assert(tools.length > 45);
});

await check("a tool is called", [], null, async (client) => {
  const result = await client.callTool(PLATFORMS);
  assert.equal(result.isError, false);
  assert.equal(JSON.parse(result.content[0].text).data.EMAILBISON.connected, true);
});

await check("mistakes are errors", [], null, async (client) => {
  await assert.rejects(client.callTool({ name: "nothing", arguments: {} }), { code: -32602 });
  await assert.rejects(client.readResource({ uri: "cmr://nothing" }), { code: -32002 });
  await assert.rejects(client.getPrompt({ name: "renew" }), { code: -32602 });
  await assert.rejects(client.complete({ ref: { type: "ref/prompt", name: "renew" }, argument: { name: "user", value: "" } }));
  const result = await client.callTool({ name: "platforms", arguments: {} });
  assert.equal(result.isError, true);
  assert.match(text(result), /missing required argument 'userId'/);
  assert.match(text(await client.callTool({ name: "create_order", arguments: {} })), /--allow charge/);
  assert.deepEqual(await requests(), []);
});

await check("resources and prompts are read", [], null, async (client) => {
  const { resources } = await client.listResources();
  for (const { uri } of resources) assert((await client.readResource({ uri })).contents[0].text.length > 0, uri);
  assert.equal((await client.listResourceTemplates()).resourceTemplates.length, 2);
  const { prompts } = await client.listPrompts();
  assert.equal(prompts.length, 4);
  const prompt = await client.getPrompt({ name: "renew", arguments: { user: USER } });
  assert.match(prompt.messages[0].content.text, new RegExp(USER));
});

await check("a charge is confirmed", ["--allow", "charge"], "accept", async (client) => {
  const result = await client.callTool(RENEWAL);
  assert.match(client.questions[0], /renew_domains charges money\.\nPOST .*\/domains\/renew/);
  assert.match(text(result), /ledger_id: 1/);
  assert.equal((await requests()).length, 1);
});

await check("a declined charge sends nothing", ["--allow", "charge"], "decline", async (client) => {
  assert.match(text(await client.callTool(RENEWAL)), /nothing was sent/);
  assert.equal(client.questions.length, 1);
  assert.deepEqual(await requests(), []);
});

await check("a repeated call is told of the first one", ["--allow", "write"], null, async (client) => {
  assert.equal((await client.callTool(REEXPORT)).isError, false);
  assert.match(text(await client.callTool(REEXPORT)), /the same request was sent before: ledger_id 1/);
  assert.equal((await requests()).length, 1);
});

await check("progress and log messages arrive", [], null, async (client) => {
  await fault({ match: { operation: "platforms" }, close: true });
  await fault({ match: { operation: "platforms" }, delay: 1.2 });
  const seen = [];
  const logged = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => logged.push(params.data));
  await client.setLoggingLevel("info");
  await client.callTool(PLATFORMS, undefined, { onprogress: (progress) => seen.push(progress.progress) });
  assert(seen.length >= 3);
  assert(seen.every((progress, index) => index === 0 || progress > seen[index - 1]));
  assert.match(logged[0], /the next attempt in/);
});

await check("a call is cancelled", [], null, async (client) => {
  await fault({ match: { operation: "platforms" }, delay: 3 });
  const abort = new AbortController();
  const call = client.callTool(PLATFORMS, undefined, { signal: abort.signal });
  setTimeout(() => abort.abort("enough"), 200);
  await assert.rejects(call);
  await client.ping();
});

await check("the server ends when its client leaves during a call", ["--allow", "write"], null, async (client) => {
  await fault({ match: { operation: "reexport" }, delay: 0.5 });
  client.callTool(REEXPORT).catch(() => {});
  for (let tries = 0; (await requests()).length === 0 && tries < 100; tries++) await sleep(20);
  const { pid } = client.transport;
  await client.close();
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

rmSync(folder, { recursive: true });
process.exit(failures ? 1 : 0);
