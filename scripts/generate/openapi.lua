--- docs/maintainers/openapi.json: the documented operations as an OpenAPI 3.1 document, the others listed. Pure.

local json = require "scripts.generate.ordered_json"
local shape = require "scripts.generate.shape"
local words = require "scripts.generate.words"

local object, array = json.object, json.array
local unpack = table.unpack or unpack

local about = [[
The integration API of Cold Mail Reseller, as far as its documents say. Not the vendor's own description: it is derived
from the table of operations of the Lua library cmr. x-source says where a fact is from: seed, the pages of the API's
documentation that the library began with; docs, its other pages; help, the vendor's help centre. x-assumed says what
they leave open and how it was read here. x-undocumented lists the operations whose method or path no document gives.
Where a request may carry further fields (additionalProperties), the documents leave the names open.]]

-- What any operation may answer when it says no (help), with the message where one is documented.
local refusals = {
  { 400, "Malformed, or a field is missing." },
  { 401, "The key is missing, wrong, or of the other environment.", message = "Invalid API Key" },
  { 403, "The key is valid, but the resource is not this user's, or its state does not allow it." },
  { 404, "There is no such thing." },
  { 409, "A conflict: an existing workspace, a duplicate." },
  { 422, "A rule of the business says no: a domain that is taken or not renewable, a wrong state." },
  { 429, "More than 5 requests in a second with one key, or a mailbox's quota.", retry_after = true },
  { 500, "The server failed." },
  { 503, "The server cannot answer now; it asks to wait 5 s or more." },
}

local function ref(path)
  return object { { "$ref", "#/components/" .. path } }
end

local schema

-- further: what additionalProperties says of every object, false in requests, nothing in answers.
local function properties_of(node, further)
  local properties, required = object {}, array {}
  for _, member in ipairs(node.members) do
    table.insert(properties, { member[1], schema(member[2], further) })
    if member[2].param and member[2].param.required then table.insert(required, member[1]) end
  end
  return properties, required[1] and required
end

-- What a value may be, beside what is said about it.
local function kind_of(node, further)
  if node.type == "object" then
    local properties, required = properties_of(node, further)
    return {
      { "type", "object" },
      { "properties", properties },
      { "required", required },
      {
        "additionalProperties",
        further,
      },
    }
  end
  if node.type == "array" then
    return { { "type", "array" }, { "items", node.item and schema(node.item, further) or object {} } }
  end
  if node.type == "map" then
    return { { "type", "object" }, { "additionalProperties", schema(node.value, further) } }
  end
  if node.type == "any" or node.type == "null" then return {} end
  return { { "type", node.type } }
end

-- A copy: the rows are everybody's.
local function closed_set(param)
  return param.values and array { unpack(param.values) }
end

function schema(node, further)
  local param = node.param or {}
  local made = kind_of(node, further)
  if param.or_item then made = { { "anyOf", array { schema(node.item, further), object(made) } } } end
  table.insert(made, 1, { "description", param.summary })
  table.insert(made, { "enum", closed_set(param) })
  table.insert(made, { "x-source", param.source })
  table.insert(made, { "x-assumed", param.assumed })
  return object(made)
end

-- Keeps of an example's request what goes into this place.
local function part_of(text, tree)
  local part = object {}
  for _, pair in ipairs(text and json.read(text) or {}) do
    if shape.member(tree, pair[1]) then table.insert(part, pair) end
  end
  return part[1] and part
end

local function parameters(row, example)
  local query, list = shape.of_row(row, "query"), array {}
  local given = part_of(example.request, query) or {}
  for _, member in ipairs(query.members) do
    local param = member[2].param
    list[#list + 1] = object {
      { "name", param.name },
      { "in", "query" },
      { "description", param.summary },
      { "required", param.required },
      { "schema", object { { "type", param.type }, { "enum", closed_set(param) } } },
      { "example", json.member(given, param.name) },
      { "x-source", param.source },
      { "x-assumed", param.assumed },
    }
  end
  if row.rest == "query" then
    list[#list + 1] = object {
      { "name", "others" },
      { "in", "query" },
      { "description", "Fields whose names no document gives." },
      { "style", "form" },
      { "explode", true },
      { "schema", object { { "type", "object" }, { "additionalProperties", true } } },
    }
  end
  return list[1] and list
end

local function examples_of(parts)
  local list = object {}
  for _, part in ipairs(parts) do
    if part[2] then table.insert(list, { part[1], object { { "value", part[2] } } }) end
  end
  return list[1] and list
end

local function content(what, examples)
  return object { { "application/json", object { { "schema", what }, { "examples", examples } } } }
end

local function choice_of(row)
  local names, kind = words.choice(row)
  if not kind then return nil end
  local alternatives = array {}
  for index, name in ipairs(names) do
    alternatives[index] = object { { "required", array { name } } }
  end
  return { kind == "any" and "anyOf" or "oneOf", alternatives }
end

local function request_body(row, example)
  local tree = shape.of_row(row, "body")
  local open = row.rest == "body"
  if not tree.members[1] and not open then return nil end
  local properties, required = properties_of(tree, false)
  local choice = choice_of(row)
  local what = object {
    { "type", "object" },
    { "properties", properties[1] and properties },
    { "required", required },
    { "additionalProperties", open },
  }
  table.insert(what, choice)
  local shown = { { "documented", part_of(example.request, tree) }, { "alternative", part_of(example.also, tree) } }
  return object { { "required", (required or choice) and true }, { "content", content(what, examples_of(shown)) } }
end

local function success(row, example)
  local tree = shape.of_answer(example)
  local data = tree and shape.member(tree, "data")
  local what = ref "schemas/Envelope"
  if data and data.type ~= "null" then
    what = object { { "allOf", array { what, object { { "properties", object { { "data", schema(data) } } } } } } }
  end
  local told = row.flags.async and "Accepted; a webhook says how it ended." or "Done."
  local shown = examples_of { { "documented", example.answer and json.read(example.answer) } }
  return {
    tostring(example.status or 200),
    object {
      { "description", told },
      { "content", content(what, shown) },
      { "x-source", (example.answer or example.partial or example.status) and example.source },
    },
  }
end

local function responses(row, example)
  local list = object { success(row, example) }
  for _, text in ipairs(example.refusals or {}) do
    local envelope = json.read(text)
    table.insert(list, {
      json.member(envelope, "status").text,
      object {
        { "description", json.member(envelope, "message") },
        { "content", content(ref "schemas/Refusal", examples_of { { "documented", envelope } }) },
        { "x-source", example.source },
      },
    })
  end
  for _, refusal in ipairs(refusals) do
    table.insert(list, { tostring(refusal[1]), ref("responses/" .. refusal[1]) })
  end
  return list
end

local function flags_of(row)
  local names = array {}
  for _, flag in ipairs(words.flags) do
    if row.flags[flag[1]] then names[#names + 1] = flag[1] end
  end
  return names[1] and names
end

local function described(row)
  local sentences = words.of_flags(row)
  table.insert(sentences, 1, row.summary)
  sentences[#sentences + 1] = words.of_assumed(row)
  return table.concat(sentences, "\n")
end

local function operation(row, example)
  return object {
    { "operationId", row.name },
    { "tags", array { row.group } },
    { "summary", row.title },
    { "description", described(row) },
    { "deprecated", row.flags.deprecated },
    { "parameters", parameters(row, example) },
    { "requestBody", request_body(row, example) },
    { "responses", responses(row, example) },
    { "x-source", row.source },
    { "x-assumed", row.assumed },
    { "x-flags", flags_of(row) },
    { "x-items", row.items },
  }
end

local function shared_responses()
  local list = object {}
  for _, refusal in ipairs(refusals) do
    local headers = refusal.retry_after
      and object {
        {
          "Retry-After",
          object {
            { "description", "How long to wait. The unit is not documented; taken for seconds." },
            { "schema", object { { "type", "string" } } },
          },
        },
      }
    local shown = refusal.message
      and object { { "status", json.number(refusal[1]) }, { "message", refusal.message }, { "data", json.null } }
    table.insert(list, {
      tostring(refusal[1]),
      object {
        { "description", refusal[2] },
        { "headers", headers },
        { "content", content(ref "schemas/Refusal", examples_of { { "documented", shown } }) },
        { "x-source", "help" },
      },
    })
  end
  return list
end

local function envelope(members)
  local properties = object {
    { "status", object { { "type", "integer" }, { "description", "The HTTP status again." } } },
    { "message", object { { "type", "string" } } },
  }
  for _, member in ipairs(members) do
    table.insert(properties, member)
  end
  return object { { "type", "object" }, { "properties", properties }, { "required", array { "status", "message" } } }
end

local schemas = object {
  {
    "Envelope",
    envelope {
      { "data", object { { "description", "What was asked for; null or missing where there is nothing to say." } } },
      {
        "actionId",
        object { { "type", "string" }, { "description", "Of an asynchronous operation: its webhook carries it." } },
      },
    },
  },
  { "Refusal", envelope { { "data", object { { "description", "null" } } } } },
}

--- The document.
-- @param rows      the operations table
-- @param examples  cmr.samples
-- @param facts     version = of the library, server = the production base URL
-- @return its text
return function(rows, examples, facts)
  local paths, by_path, tags, seen, missing = object {}, {}, array {}, {}, array {}
  for _, row in ipairs(rows) do
    if not words.missing(row) then
      if not by_path[row.path] then
        by_path[row.path] = object {}
        table.insert(paths, { row.path, by_path[row.path] })
      end
      table.insert(by_path[row.path], { row.method:lower(), operation(row, examples[row.name] or {}) })
      if not seen[row.group] then
        seen[row.group] = true
        tags[#tags + 1] = object { { "name", row.group } }
      end
    else
      missing[#missing + 1] = object {
        { "operationId", row.name },
        { "summary", row.title },
        { "description", described(row) },
        { "method", row.method },
        { "path", row.path },
        { "x-source", row.source },
        { "x-flags", flags_of(row) },
      }
    end
  end
  return json.write(
    object {
      { "openapi", "3.1.0" },
      {
        "info",
        object {
          { "title", "Cold Mail Reseller integration API" },
          { "version", facts.version },
          { "description", (about:gsub("\n", " ")) },
          { "license", object { { "name", "MIT" }, { "identifier", "MIT" } } },
        },
      },
      { "servers", array { object { { "url", facts.server }, { "description", "Production" } } } },
      { "security", array { object { { "key", array {} } } } },
      { "tags", tags },
      { "paths", paths },
      {
        "components",
        object {
          {
            "securitySchemes",
            object {
              {
                "key",
                object {
                  { "type", "apiKey" },
                  { "in", "header" },
                  { "name", "cmr-x-api-key" },
                  { "description", "The partner's key; one for all of the partner's users." },
                },
              },
            },
          },
          { "schemas", schemas },
          { "responses", shared_responses() },
        },
      },
      { "x-undocumented", missing },
    },
    "json",
    120
  ) .. "\n"
end
