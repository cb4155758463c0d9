// Generates a client with openapi-typescript, lets TypeScript check a call of every operation with its example, and
// makes the calls: node scripts/test/openapi-client.mjs TOOLS BASE_URL KEY. The client calls the document's first
// server, which must be on this machine. BASE_URL names the port at which the mock really listens.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { document, example, operations, serverUrl } from "./openapi-document.mjs";

const [tools, baseUrl, key] = process.argv.slice(2);
const folder = `${tools}/client`;
const bin = `${tools}/node_modules/.bin`;

const first = new URL(serverUrl(document.servers[0]));
if (first.hostname !== "127.0.0.1") throw new Error(`the first server is ${first}`);
first.port = new URL(baseUrl).port;
if (first.href !== new URL(baseUrl).href) throw new Error(`the first server is ${first}, the mock ${baseUrl}`);

mkdirSync(folder, { recursive: true });
const output = ["--output", `${folder}/schema.d.ts`];
execFileSync(`${bin}/openapi-typescript`, ["docs/maintainers/openapi.json", ...output], { stdio: "pipe" });

const calls = [];
for (const { path, method, operation } of operations()) {
  const { query, body } = example(operation);
  const options = [];
  if (operation.parameters) options.push(`params: { query: ${JSON.stringify(query)} }`);
  if (body !== undefined) options.push(`body: ${JSON.stringify(body)}`);
  const call = `client.${method.toUpperCase()}("${path}", { ${options.join(", ")} })`;
  calls.push(`  ["${operation.operationId}", await ${call}],`);
}
const text = `import createClient from "openapi-fetch";
import type { paths, webhooks } from "./schema.d.ts";

type Created = webhooks["mailbox.created"]["post"]["requestBody"]["content"]["application/json"];
export const nameOf = (event: Created): "mailbox.created" | undefined => event.event;

const client = createClient<paths>({
  baseUrl: process.argv[2],
  headers: { "cmr-x-api-key": process.argv[3] },
  querySerializer: { object: { style: "form", explode: true } },
});
const results: [string, { response: Response; error?: { message?: string } }][] = [
${calls.join("\n")}
];
let failed = 0;
for (const [name, { response, error }] of results)
  if (response.status === 400 || response.status === 401 || response.status >= 500) {
    failed++;
    console.log("FAIL ", name, response.status, error?.message);
  }
console.log(\`\${results.length} calls, \${failed} failed\`);
process.exit(failed ? 1 : 0);
`;
writeFileSync(`${folder}/calls.mts`, text);

// A call that the document does not allow must not compile.
writeFileSync(`${folder}/wrong.mts`, `import createClient from "openapi-fetch";
import type { paths } from "./schema.d.ts";
const client = createClient<paths>({});
// @ts-expect-error
await client.POST("/orders/json", { params: { query: { userId: "U" } }, body: { confirm: "yes" } });
// @ts-expect-error
await client.GET("/exports/platform-credentials", {});
`);
const common = ["--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--lib", "es2022,dom"];
writeFileSync(`${folder}/globals.d.ts`, "declare const process: { argv: string[]; exit(code: number): never };\n");
const files = [`${folder}/calls.mts`, `${folder}/wrong.mts`, `${folder}/globals.d.ts`];
try {
  execFileSync(`${bin}/tsc`, ["--strict", "--noEmit", ...common, ...files], { stdio: "pipe" });
} catch (error) {
  console.log(String(error.stdout));
  process.exit(1);
}
execFileSync(`${bin}/tsc`, ["--noCheck", ...common, ...files], { stdio: "pipe" });
process.exit(spawnSync("node", [`${folder}/calls.mjs`, first.href, key], { stdio: "inherit" }).status);
