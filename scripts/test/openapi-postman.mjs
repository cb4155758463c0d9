// Makes a Postman collection from the document and runs it: node scripts/test/openapi-postman.mjs TOOLS BASE_URL KEY.
// A 400 means that the server does not accept an example.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [tools, baseUrl, key] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/${tools}/node_modules/`);
const converter = require("openapi-to-postmanv2");
const newman = require("newman");

const input = { type: "string", data: readFileSync("docs/maintainers/openapi.json", "utf8") };
const options = { parametersResolution: "Example", folderStrategy: "Tags" };

converter.convertV2(input, options, (problem, conversion) => {
  if (problem || !conversion.result) {
    console.log("FAIL ", problem ?? conversion.reason);
    process.exit(1);
  }
  const collection = conversion.output[0].data;
  const envVar = Object.entries({ baseUrl, apiKey: key }).map(([name, value]) => ({ key: name, value }));
  const run = { collection, envVar, reporters: [], timeoutRequest: 10000 };
  newman.run(run, (failure, summary) => {
    if (failure) throw failure;
    let failed = 0;
    for (const { item, response, request } of summary.run.executions) {
      const refused = [400, 401, 405].includes(response?.code) || response?.code >= 500;
      if (response && !refused && !response.text().includes('"Not Found"')) continue;
      failed++;
      console.log("FAIL ", item.name, request.url.toString(), response?.code, response?.text());
    }
    console.log(`${summary.run.executions.length} requests, ${failed} failed`);
    process.exit(failed || summary.run.executions.length === 0 ? 1 : 0);
  });
});
