// `node scripts/test/openapi-webhooks.mjs make FILE` writes the document's webhooks as paths, for programs that serve
// only paths. `node scripts/test/openapi-webhooks.mjs send BASE_URL` sends deliveries to a server made from that file.
// The server must accept each sample unchanged, and refuse it with each of the mistakes below.
import { writeFileSync } from "node:fs";
import { document } from "./openapi-document.mjs";

const [command, argument] = process.argv.slice(2);

if (command === "make") {
  const { openapi, info, webhooks } = document;
  const paths = Object.fromEntries(Object.entries(webhooks).map(([name, item]) => [`/${name}`, item]));
  const servers = [{ url: "http://127.0.0.1" }];
  writeFileSync(argument, JSON.stringify({ openapi, info, servers, tags: [{ name: "Webhooks" }], paths }));
} else {
  const signed = { "content-type": "application/json", "cmr-x-signature": "0a", "cmr-x-timestamp": "1700000000" };
  let sent = 0;
  let failed = 0;
  const send = async (name, what, body, headers, accepted) => {
    const response = await fetch(`${argument}/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
    sent++;
    if (response.ok === accepted) return;
    failed++;
    console.log("FAIL ", name, what, response.status, await response.text());
  };
  for (const [name, { post }] of Object.entries(document.webhooks)) {
    const sample = post.requestBody.content["application/json"].examples.sample.value;
    const { data, ...others } = sample;
    const unsigned = { ...signed };
    delete unsigned["cmr-x-signature"];
    await send(name, "as it is", sample, signed, true);
    await send(name, "with an action", { ...sample, data: { ...data, actionId: "ACT_1" } }, signed, true);
    await send(name, "unsigned", sample, unsigned, false);
    await send(name, "without data", others, signed, false);
    await send(name, "under another name", { ...sample, event: "x", eventType: "x" }, signed, false);
    if (Object.keys(data).length) await send(name, "with numbers", { ...others, data: spoil(data) }, signed, false);
  }
  console.log(`${sent} deliveries, ${failed} failed`);
  process.exit(failed || !sent ? 1 : 0);
}

// Returns the data with a value of another type for each member.
function spoil(data) {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, typeof value === "string" ? 5 : "x"]));
}
