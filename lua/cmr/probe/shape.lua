---The shape of an answer: the names of its fields and their types, but no value. Pure.
---
---The keys of a map may be data, such as addresses, ids or people's names. So the report shows an undocumented name
---only if the name looks like the name of a field. Otherwise the report shows "*".

local ascii = require "cmr.util.ascii"
local core = require "cmr.core"
local operations = require "cmr.operations"
local samples = require "cmr.samples"
local tables = require "cmr.util.tables"

local shape = {}

local MAX_FIELD_NAME_BYTES = 40
local MAX_APP_NAME_BYTES = 12 -- long enough for a name such as EMAILBISON
-- Names from the documentation's prose. Most of these names occur in no sample and in no parameter.
local NAMES_IN_PROSE = [[id mailboxId domainId orderId subscriptionId credentialId userEmail expiryDate creationTime
  quantity workspaceType description placementOrderId fromEmail mailboxCount aiInsightRequested report inboxTest
  microsoft365 domainCount users mailboxes pagination SMARTLEAD]]

local documented_names = {}

local function add_names(value)
  if type(value) ~= "table" then return end
  for name, member in pairs(value) do
    if type(name) == "string" then documented_names[name] = true end
    add_names(member)
  end
end

for name in NAMES_IN_PROSE:gmatch "%S+" do
  documented_names[name] = true
end
for _, operation in ipairs(operations) do
  for _, param in ipairs(operation.params) do
    for name in param.name:gmatch "[%w_]+" do
      documented_names[name] = true
    end
  end
end
for _, sample in pairs(samples) do
  add_names(core.json_decode(sample.answer or "{}"))
  add_names(core.json_decode(sample.partial or "{}"))
end

---Returns the documented answer of an operation. If only a part of the answer is documented, returns this part.
function shape.sample(operation)
  local sample = samples[operation] or {}
  return core.json_decode(sample.answer or sample.partial or "{}")
end

---Returns the type of a value: "string", "number", "boolean", "list", "object", "empty" or "null". A list or an object
---without members is "empty", because decoded JSON does not show the difference. Only an item of a list can be "null",
---because an object's null members are absent in decoded JSON.
function shape.type(value)
  if value == core.null then return "null" end
  if type(value) ~= "table" then return type(value) end
  if next(value) == nil then return "empty" end
  return tables.is_list(value) and "list" or "object"
end

---Adds all strings in a value to the set `words`, in lower case. Also adds the parts of strings such as addresses and
---domains. If an undocumented name is in this set, the report must not show the name.
function shape.words(value, words)
  if type(value) == "table" then
    for _, member in pairs(value) do
      shape.words(member, words)
    end
  elseif type(value) == "string" then
    value = ascii.lower(value)
    words[value] = true
    if value:find "[@./]" and not value:find "%s" then
      for word in value:gmatch "[%w_-]+" do
        words[word] = true
      end
    end
  end
  return words
end

---Returns whether a name looks like the name of a platform, such as EMAILBISON, and not like an id.
function shape.is_app(name)
  return #name <= MAX_APP_NAME_BYTES and name:find "^%u[%u_]*$" ~= nil
end

local function is_field(name)
  return #name <= MAX_FIELD_NAME_BYTES and name:find "^_*%l[%a_]*%d?$" ~= nil or shape.is_app(name)
end

-- Returns a text with the names in an object, or in the first item of a list. Returns nil if there is no object.
local function signature(value)
  local kind = shape.type(value)
  local object = kind == "list" and value[1] or value
  if shape.type(object) ~= "object" then return nil end
  return kind .. " " .. table.concat(tables.sorted_keys(object), " ")
end

-- Returns whether an object's undocumented names are keys of a map. They are keys if one of these names cannot be the
-- name of a field. They are also keys if there are at least two names, and all their values have the same signature.
local function is_map(object)
  local alike, differ, count = nil, false, 0
  for name, value in pairs(object) do
    if not documented_names[name] then
      if not is_field(name) then return true end
      local names = signature(value)
      differ = differ or not names or count > 0 and names ~= alike
      alike, count = names, count + 1
    end
  end
  return count > 1 and not differ
end

local function public_name(name, in_map, words)
  if documented_names[name] then return name end
  return (in_map or words[ascii.lower(name)]) and "*" or name
end

---Returns how the report shows the name of an object's member: unchanged, or as "*".
function shape.name(object, name, words)
  return public_name(name, is_map(object), words)
end

---Visits a value and everything in it. Visits the members of an object in the order of their names.
---@param visit fun(path: string, kind: string, value: any) Gets a path such as "data.users[].id".
---@param path string? The path of the value itself. Default: "".
function shape.walk(value, words, visit, path)
  path = path or ""
  local kind = shape.type(value)
  visit(path, kind, value)
  if kind == "list" then
    for _, item in ipairs(value) do
      shape.walk(item, words, visit, path .. "[]")
    end
  elseif kind == "object" then
    local in_map = is_map(value)
    for _, name in ipairs(tables.sorted_keys(value)) do
      local shown = public_name(name, in_map, words)
      shape.walk(value[name], words, visit, path == "" and shown or path .. "." .. shown)
    end
  end
end

---Returns all fields of a value.
---@param fields table? The table that gets the fields. Default: a new table.
---@return table fields path -> {type = true}
function shape.fields(value, words, fields, path)
  fields = fields or {}
  shape.walk(value, words, function(at, kind)
    fields[at] = fields[at] or {}
    fields[at][kind] = true
  end, path)
  return fields
end

---Returns a set of types as text: "number or string".
function shape.types(kinds)
  return table.concat(tables.sorted_keys(kinds), " or ")
end

-- Returns the path of a field's parent, and the type of the parent: "list" or "object".
local function parent(path)
  local list = path:match "^(.*)%[%]$"
  return list or path:match "^(.*)%.[^.]+$" or "", list and "list" or "object"
end

local function has_parent(fields, path)
  local above, kind = parent(path)
  return path ~= "" and fields[above] and fields[above][kind]
end

-- Returns whether a field had a plain value, such as a string, in an answer. Also returns true if the field was always
-- empty.
local function is_leaf(kinds)
  for kind in pairs(kinds) do
    if kind ~= "list" and kind ~= "object" and kind ~= "empty" then return true end
  end
  return not kinds.list and not kinds.object
end

local function agree(documented, actual)
  for kind in pairs(actual) do
    local is_container = kind == "empty" and (documented.list or documented.object)
    if not (documented[kind] or is_container or documented.empty and (kind == "list" or kind == "object")) then
      return false
    end
  end
  return true
end

---Compares fields with the documented fields. Both parameters are results of shape.fields.
---@return string[] missing The fields that are absent although their parent is present.
---@return string[] wrong Texts about fields with an undocumented type, such as "data.id is number, not string".
---@return string[] unknown The undocumented fields that have a value.
function shape.compare(documented, actual)
  local missing, wrong, unknown = {}, {}, {}
  for path, kinds in pairs(documented) do
    if actual[path] then
      if not agree(kinds, actual[path]) then
        wrong[#wrong + 1] = ("%s is %s, not %s"):format(path, shape.types(actual[path]), shape.types(kinds))
      end
    elseif has_parent(actual, path) then
      missing[#missing + 1] = path
    end
  end
  for path, kinds in pairs(actual) do
    if not documented[path] and is_leaf(kinds) then unknown[#unknown + 1] = path end
  end
  table.sort(missing)
  table.sort(wrong)
  table.sort(unknown)
  return missing, wrong, unknown
end

return shape
