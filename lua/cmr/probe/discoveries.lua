---Finds discoveries: things in the answers that neither the documentation nor a fact mentions. Pure.

local facts = require "cmr.probe.facts"
local operations = require "cmr.operations"
local paging = require "cmr.probe.paging"
local samples = require "cmr.samples"
local shape = require "cmr.probe.shape"
local tables = require "cmr.util.tables"

local discoveries = {}

local MAX_FIELDS = 100 -- the maximum in one discovery
local ENVELOPE = { status = 200, message = "", data = {}, actionId = "" }

-- Returns the names in a set as text, such as "a, b".
local function enumerate(set)
  return table.concat(tables.sorted_keys(set), ", ")
end

-- Returns fields and their types as text, grouped by parent, such as "data.users[]: email string, id string;
-- data.pagination: ...".
local function describe(paths, fields)
  local groups, index_of = {}, {}
  for index = 1, math.min(#paths, MAX_FIELDS) do
    local path = paths[index]
    local parent, name = path:match "^(.*)%.([^.]+)$"
    local field = ("%s %s"):format(name or path, shape.types(fields[path]))
    parent = parent or "the answer"
    local at = index_of[parent]
    index_of[parent] = at or #groups + 1
    groups[index_of[parent]] = (at and groups[at] .. ", " or parent .. ": ") .. field
  end
  if #paths > MAX_FIELDS then groups[#groups + 1] = "and more" end
  return table.concat(groups, "; ")
end

local function documented_fields(operation)
  local fields = shape.fields(ENVELOPE, {})
  shape.fields(shape.sample(operation), {}, fields)
  if operation == "dns_records" then
    shape.fields(shape.sample(operation).data.records, {}, fields, "data.disabledRecords")
  end
  return fields
end

-- Returns the envelope. If its data is a documented map of strings, returns the envelope without the data. The keys of
-- such a map, for example the names of countries, are not names of fields.
local function without_map(operation, envelope)
  if (samples[operation] or {}).map ~= "string" or type(envelope.data) ~= "table" then return envelope end
  for _, value in pairs(envelope.data) do
    if type(value) ~= "string" then return envelope end
  end
  local copy = tables.copy(envelope)
  copy.data = nil
  return copy
end

local function undocumented_fields(operation, seen)
  local actual = {}
  for _, request in ipairs(seen.requests) do
    local envelope = request.operation == operation and facts.success(seen, request.step)
    if envelope then shape.fields(without_map(operation, envelope), seen.words, actual) end
  end
  local _, _, unknown = shape.compare(documented_fields(operation), actual)
  return describe(unknown, actual)
end

local function add(list, id, found)
  if found ~= "" then list[#list + 1] = { id = id, found = found } end
end

local function add_transport(list, seen)
  local versions, encodings, headers = {}, {}, {}
  for _, answer in pairs(seen.answers) do
    if answer.status then
      versions["HTTP/" .. answer.version] = true
      local encoding = (answer.encoding or "not compressed"):lower()
      encodings[encoding:match "^[%l ]+$" or "something else"] = true
      for name in pairs(answer.headers or {}) do
        if name:find "rate%-?limit" or name == "retry-after" then headers[name] = true end
      end
    end
  end
  add(list, "http.version", enumerate(versions))
  add(list, "http.encoding", enumerate(encodings))
  add(list, "http.rate", next(headers) and enumerate(headers) or "no headers about the rate limit")
end

-- Adds the names of the apps. The documentation shows the spelling of only some of these names.
local function add_apps(list, seen)
  local envelope = facts.success(seen, "platforms")
  if not envelope or shape.type(envelope.data) ~= "object" then return end
  local names = {}
  for name in pairs(envelope.data) do
    names[shape.is_app(name) and name or "*"] = true
  end
  add(list, "platforms.apps", enumerate(names))
end

local function add_refusals(list, seen)
  local actual = {}
  for _, answer in pairs(seen.answers) do
    if answer.envelope and answer.status >= 400 then shape.fields(answer.envelope, seen.words, actual) end
  end
  local _, _, unknown = shape.compare(shape.fields(ENVELOPE, {}), actual)
  add(list, "refusals.fields", describe(unknown, actual))
end

---Finds all discoveries.
---@return table[] list of {id, found}
function discoveries.find(seen)
  local list, done = {}, {}
  add_transport(list, seen)
  for _, request in ipairs(seen.requests) do
    local name = request.operation
    if not done[name] then
      done[name] = true
      local operation = operations[name]
      local envelope = operation.flags.list and not operation.items and facts.success(seen, name)
      local path, items = paging.list(envelope or {}, nil, seen.words)
      if path then add(list, name .. ".list", path .. (#items == 0 and ", which is empty" or "")) end
      add(list, name .. ".fields", undocumented_fields(name, seen))
    end
  end
  add_apps(list, seen)
  add_refusals(list, seen)
  return list
end

return discoveries
