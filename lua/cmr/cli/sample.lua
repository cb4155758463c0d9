--- Values for the examples of the help: the documented ones where there are any, else some of the parameter's type.
-- Pure.

local arguments = require "cmr.cli.arguments"
local core = require "cmr.core"
local json = require("cmr.cli.pretty_json").encode

local M = {}

-- What a name stands for where no document shows a value.
local known = {
  domain = "acme.com",
  domainName = "acme.com",
  username = "john",
  firstName = "John",
  lastName = "Doe",
  host = "mail",
  value = "192.0.2.10",
  recordType = "A",
}

-- The value that the documents show for a parameter; nil also for one that they shorten.
local function documented(row, name)
  local example = require("cmr.samples")[row.name]
  local value = example and example.request and core.json_decode(example.request)
  for part in name:gmatch "[^.]+" do
    value = type(value) == "table" and value[part] or nil
  end
  if value ~= nil and not json(value):find("...", 1, true) then return value end
end

local function param_of(row, name)
  for _, param in ipairs(row.params) do
    if param.name == name then return param end
  end
end

local build

-- The members an object cannot be without.
local function members(row, name)
  local object = {}
  for _, param in ipairs(row.params) do
    local parent, member = param.name:match "^(.*)%.([^.]+)$"
    if parent == name and param.required and member ~= "*" then object[member] = build(row, param) end
  end
  return object
end

function build(row, param)
  local name, kind = param.name, param.type
  local item = param_of(row, name .. "[]")
  if kind == "array" then return core.array { item and build(row, item) } end
  local value = param_of(row, name .. ".*")
  if kind == "map" and value then return { ["acme.com"] = build(row, value) } end
  if kind == "object" or kind == "map" then return members(row, name) end
  if param.values then return param.values[1] end
  if kind == "boolean" then return not row.flags.charges end -- confirm = false spends nothing
  if kind == "integer" or kind == "number" then return 1 end
  local last = name:match("[^.]+$"):gsub("s?%[%]$", "")
  return known[last] or arguments.placeholder(last)
end

local function quoted(text)
  if text:find "^[%w@%%_+=:,./-]+$" then return text end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- What to write behind a parameter's option in an example.
function M.value(row, param)
  if arguments.secret(param.name) then return "@FILE" end
  if param.everything then return "all" end
  local value
  if not param.name:find "[iI]ds?$" and param.type ~= "boolean" then value = documented(row, param.name) end
  if value == nil then value = build(row, param) end
  if type(value) == "table" then return quoted(json(value, { compact = true })) end
  return type(value) == "string" and quoted(value) or json(value)
end

return M
