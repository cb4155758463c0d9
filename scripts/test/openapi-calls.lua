-- Calls every documented operation of a server that refuses what does not fit docs/maintainers/openapi.json:
-- lua5.4 scripts/test/openapi-calls.lua BASE_URL. Each is called with the documented sample, with the least that its row
-- asks for and with all that it takes; and once with nothing, which must be refused where something is required. Exit
-- status 0: all as it should be.

package.path = "./?.lua;" .. package.path

local cmr = require "cmr"
local core = require "cmr.core"
local examples = require "cmr.samples"
local operations = require "cmr.operations"
local shape = require "scripts.generate.shape"
local words = require "scripts.generate.words"

local client = cmr.new { api_key = "any", base_url = arg[1], rate = false, retries = 0 }

local value_of

-- An object of its members: of all, or of those that are required. Of a choice, the one called `chosen` or the first.
local function object_of(node, all, chosen)
  local object = {}
  for _, member in ipairs(node.members) do
    local param = member[2].param
    local wanted = param.required or param.everything or (all and not param.either)
    if param.either and (not chosen or chosen == param.name) then
      wanted, chosen = true, chosen or param.name
    end
    if wanted then object[member[1]] = value_of(member[2], all) end
  end
  return object
end

function value_of(node, all)
  if node.type == "object" then return object_of(node, all) end
  if node.type == "array" then return { value_of(node.item, all) } end
  if node.type == "map" then return { ["example.com"] = value_of(node.value, all) } end
  if node.type == "boolean" then return true end
  if node.type == "integer" or node.type == "number" then return 1 end
  return node.param.values and node.param.values[1] or "x"
end

-- The documented sample, with what it leaves out and is required.
local function documented(row, text)
  local fields, least = core.json_decode(text), object_of(shape.of_row(row))
  for name, value in pairs(least) do
    local param = shape.member(shape.of_row(row), name).param
    if fields[name] == nil and not param.either then fields[name] = value end
  end
  return fields
end

local function calls_of(row)
  local example, tree = examples[row.name] or {}, shape.of_row(row)
  local calls = { { "the least", object_of(tree) }, { "all", object_of(tree, true) } }
  if example.request then table.insert(calls, { "the sample", documented(row, example.request) }) end
  if example.also then table.insert(calls, { "the other sample", documented(row, example.also) }) end
  for _, name in ipairs(words.choice(row)) do
    table.insert(calls, { "all, with " .. name, object_of(tree, true, name) })
  end
  if row.rest then
    local fields = object_of(tree)
    fields.undocumented = "x"
    table.insert(calls, { "a field without a row", fields })
  end
  return calls
end

local function needs_something(row)
  for _, param in ipairs(row.params) do
    if words.is_field(param) and (param.required or param.either) then return true end
  end
  return false
end

local made, failed = 0, 0

local function expect(good, ...)
  made = made + 1
  if good then return end
  failed = failed + 1
  print(("FAIL  " .. ("%s "):rep(select("#", ...))):format(...))
end

-- An answer that is no envelope is the server's; only a refusal is ours.
local function accepted(err)
  return not err or err.kind == "bad_response" and err.status == nil
end

for _, row in ipairs(operations) do
  if not words.missing(row) then
    for _, call in ipairs(calls_of(row)) do
      local _, message, err = client[row.name](client, call[2])
      expect(accepted(err), row.name, "with", call[1] .. ":", tostring(message))
    end
    if needs_something(row) then
      local _, _, err = client:request(row.method, row.path)
      expect(err and err.status == 422, row.name, "with nothing was not refused")
    end
  end
end

print(("%d requests, %d not as they should be"):format(made, failed))
os.exit(failed == 0 and 0 or 1)
