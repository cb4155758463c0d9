--- What answers show that no document says, and no assumption is about. Pure.

local core = require "cmr.core"
local examples = require "cmr.samples"
local judge = require "cmr.probe.judge"
local pages = require "cmr.probe.paging"
local shape = require "cmr.probe.shape"
local operations = require "cmr.operations"

local M = {}

local MOST = 100 -- fields of one operation

-- Sorted, each once.
local function distinct(list)
  local seen, names = {}, {}
  for _, name in ipairs(list) do
    if not seen[name] then names[#names + 1] = name end
    seen[name] = true
  end
  table.sort(names)
  return names
end

local function enumerate(list)
  return table.concat(distinct(list), ", ")
end

-- Fields with their types, by what they are in: "data.users[]: email string, id string; data.pagination: ...".
local function describe(paths, fields)
  local groups, order = {}, {}
  for index, path in ipairs(paths) do
    if index > MOST then
      order[#order + 1] = "and more"
      break
    end
    local where, name = path:match "^(.*)%.([^.]+)$"
    where = where or "the answer"
    if not groups[where] then
      groups[where] = {}
      order[#order + 1] = where
    end
    table.insert(groups[where], ("%s %s"):format(name or path, shape.types(fields[path])))
  end
  for index, where in ipairs(order) do
    if groups[where] then order[index] = where .. ": " .. table.concat(groups[where], ", ") end
  end
  return table.concat(order, "; ")
end

local ENVELOPE = { status = 200, message = "", data = {}, actionId = "" }

-- What a document shows of an operation's answers.
local function documented(operation)
  local shown = examples[operation] or {}
  local fields = shape.fields(ENVELOPE, {})
  shape.fields(core.json_decode(shown.answer or shown.partial or "{}"), {}, fields)
  if operation == "dns_records" then
    shape.fields(core.json_decode(shown.partial).data.records, {}, fields, "data.disabledRecords")
  end
  return fields
end

-- The envelope, without data where that is a map as documented: its names are values.
local function without_map(operation, envelope)
  if (examples[operation] or {}).map ~= "string" or type(envelope.data) ~= "table" then return envelope end
  for _, value in pairs(envelope.data) do
    if type(value) ~= "string" then return envelope end
  end
  local rest = {}
  for name, value in pairs(envelope) do
    rest[name] = name ~= "data" and value or nil
  end
  return rest
end

local function fields_of(operation, asks, seen)
  local actual = {}
  for _, ask in ipairs(asks) do
    local envelope = judge.success(seen, ask)
    if envelope then shape.fields(without_map(operation, envelope), seen.words, actual) end
  end
  local _, _, unknown = shape.compare(documented(operation), actual)
  return describe(unknown, actual)
end

-- Success answers, by operation, in the order they came in.
local function by_operation(seen)
  local order, asks = {}, {}
  for _, request in ipairs(seen.requests) do
    local name = request.operation
    if not asks[name] then
      asks[name] = {}
      order[#order + 1] = name
    end
    table.insert(asks[name], request.ask)
  end
  return order, asks
end

local function header_names(answer)
  local names = {}
  for name in pairs(answer.headers or {}) do
    if name:find("ratelimit", 1, true) or name:find("rate-limit", 1, true) or name == "retry-after" then
      names[#names + 1] = name
    end
  end
  return names
end

local function add(list, id, found)
  if found ~= "" then list[#list + 1] = { id = id, found = found } end
end

-- Of HTTP, over all answers.
local function transport(seen, list)
  local versions, encodings, limits = {}, {}, {}
  for _, answer in pairs(seen.answers) do
    if answer.status then
      versions[#versions + 1] = "HTTP/" .. answer.version
      local encoding = (answer.encoding or "not compressed"):lower()
      encodings[#encodings + 1] = encoding:match "^[%l ]+$" or "something else"
      for _, name in ipairs(header_names(answer)) do
        limits[#limits + 1] = name
      end
    end
  end
  add(list, "http.version", enumerate(versions))
  add(list, "http.encoding", enumerate(encodings))
  add(list, "http.rate", #limits > 0 and enumerate(limits) or "no headers about the rate limit")
end

-- Of refusals, what is in them beside the documented members.
local function refusals(seen, list)
  local actual = {}
  for _, answer in pairs(seen.answers) do
    if answer.envelope and answer.status >= 400 then shape.fields(answer.envelope, seen.words, actual) end
  end
  local fields = shape.fields(ENVELOPE, {})
  local _, _, unknown = shape.compare(fields, actual)
  add(list, "refusals.fields", describe(unknown, actual))
end

-- The keys of platforms, whose spelling is documented for few.
local function apps(seen, list)
  local envelope = judge.success(seen, "platforms")
  local data, names = envelope and envelope.data, {}
  if type(data) ~= "table" or shape.type(data) ~= "object" then return end
  for name in pairs(data) do
    names[#names + 1] = shape.is_app(name) and name or "*"
  end
  add(list, "platforms.apps", enumerate(names))
end

--- All of them.
-- @param seen  see cmr.probe.judge
-- @return array of {id, found}
function M.of(seen)
  local list = {}
  transport(seen, list)
  local order, asks = by_operation(seen)
  for _, operation in ipairs(order) do
    local row = operations[operation]
    local envelope = row.flags.list and not row.items and judge.success(seen, operation)
    local path, items = pages.list(envelope or {}, nil, seen.words)
    if path then add(list, operation .. ".list", path .. (#items == 0 and ", which is empty" or "")) end
    add(list, operation .. ".fields", fields_of(operation, asks[operation], seen))
  end
  apps(seen, list)
  refusals(seen, list)
  return list
end

return M
