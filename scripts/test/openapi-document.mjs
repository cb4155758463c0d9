// Functions that read docs/maintainers/openapi.json for the checks.
import { readFileSync } from "node:fs";

export const document = JSON.parse(readFileSync("docs/maintainers/openapi.json", "utf8"));

// Returns the address of a server, with the defaults of its variables.
export function serverUrl(server) {
  return server.url.replace(/\{(\w+)\}/g, (_, name) => server.variables[name].default);
}

// Iterates over the operations: {path, method, operation}.
export function* operations() {
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) yield { path, method, operation };
}

// Returns the example of an operation: {query, body}. Parameters without a fixed name are members of one object.
export function example(operation, onlyRequired) {
  const query = {};
  for (const parameter of operation.parameters ?? []) {
    if (onlyRequired && !parameter.required) continue;
    if (parameter.example === undefined) throw new Error(`${operation.operationId}: ${parameter.name} has no example`);
    if (parameter.explode) query.others = parameter.example;
    else query[parameter.name] = parameter.example;
  }
  const content = operation.requestBody?.content["application/json"];
  const body = content && Object.values(content.examples ?? {})[0]?.value;
  if (content && body === undefined) throw new Error(`${operation.operationId}: the body has no example`);
  return { query, body };
}
