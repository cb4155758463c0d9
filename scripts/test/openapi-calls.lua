-- Calls every documented operation of a server that checks requests against docs/maintainers/openapi.json. Run it as
-- `lua5.4 scripts/test/openapi-calls.lua BASE_URL`. It calls each operation with its documented samples, with only
-- the required fields, and with all fields. If a field is required, it also makes a call without fields, which the
-- server must refuse. The exit status is 0 if everything is as expected.

package.path = "./?.lua;" .. package.path

local cmr = require "cmr"
local core = require "cmr.core"
local samples = require "cmr.samples"
local operations = require "cmr.operations"
local shape = require "scripts.generate.shape"
local words = require "scripts.generate.words"

local client = cmr.new { api_key = "any", base_url = arg[1], rate = false, retries = 0 }

local value_of

-- Returns an object with all members, or with only the required members. If several members are alternatives, the
-- object has `chosen`, or the first of them.
local function object_of(node, all, chosen)
  local object = {}
  for _, member in ipairs(node.members) do
    local param = member[2].param
    local wanted = param.required or param.all_required or (all and not param.either)
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

-- Returns the documented sample, with the required fields added that the sample omits.
local function documented(operation, text)
  local fields, least = core.json_decode(text), object_of(shape.of_operation(operation))
  for name, value in pairs(least) do
    local param = shape.member(shape.of_operation(operation), name).param
    if fields[name] == nil and not param.either then fields[name] = value end
  end
  return fields
end

local function calls_of(operation)
  local sample, tree = samples[operation.name] or {}, shape.of_operation(operation)
  local calls = { { "the required fields", object_of(tree) }, { "all", object_of(tree, true) } }
  if sample.request then table.insert(calls, { "the sample", documented(operation, sample.request) }) end
  if sample.also then table.insert(calls, { "the other sample", documented(operation, sample.also) }) end
  for _, name in ipairs(words.choice(operation)) do
    table.insert(calls, { "all, with " .. name, object_of(tree, true, name) })
  end
  if operation.open_location then
    local fields = object_of(tree)
    fields.undocumented = "x"
    table.insert(calls, { "an undocumented field", fields })
  end
  return calls
end

local function needs_something(operation)
  for _, param in ipairs(operation.params) do
    if words.is_field(param) and (param.required or param.either) then return true end
  end
  return false
end

local made, failed = 0, 0

local function expect(ok, ...)
  made = made + 1
  if ok then return end
  failed = failed + 1
  print(("FAIL  " .. ("%s "):rep(select("#", ...))):format(...))
end

for _, operation in ipairs(operations) do
  if not words.missing(operation) then
    for _, call in ipairs(calls_of(operation)) do
      local _, message, err = client[operation.name](client, call[2])
      expect(err == nil, operation.name, "with", call[1] .. ":", tostring(message))
    end
    if needs_something(operation) then
      local _, _, err = client:request(operation.method, operation.path)
      expect(err and err.status == 422, operation.name, "without fields was not refused")
    end
  end
end

print(("%d requests, %d failed"):format(made, failed))
os.exit(failed == 0 and 0 or 1)
