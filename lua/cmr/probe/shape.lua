--- The shape of an answer: names of fields and types, never a value. Pure.
--
-- A name can be a value too, where an object is a map (of addresses, of ids, of people): so a name that no document has
-- is only shown when it looks like a field's, and else as "*".

local core = require "cmr.core"
local examples = require "cmr.samples"
local operations = require "cmr.operations"

local M = {}

local LONGEST = 40 -- of a field's name
local APP = 12 -- of one like EMAILBISON

-- Names that the documents mention outside of samples and parameters.
local mentioned = [[id mailboxId domainId orderId subscriptionId credentialId userEmail expiryDate creationTime
  quantity workspaceType description placementOrderId fromEmail mailboxCount aiInsightRequested report inboxTest
  microsoft365 domainCount users mailboxes pagination SMARTLEAD]]

local known = {}

local function know(value)
  if type(value) ~= "table" then return end
  for name, member in pairs(value) do
    if type(name) == "string" then known[name] = true end
    know(member)
  end
end

for word in mentioned:gmatch "%S+" do
  known[word] = true
end
for _, row in ipairs(operations) do
  for _, param in ipairs(row.params) do
    for word in param.name:gmatch "[%w_]+" do
      known[word] = true
    end
  end
end
for _, example in pairs(examples) do
  know(core.json_decode(example.answer or "{}"))
  know(core.json_decode(example.partial or "{}"))
end

--- What a value is: string, number, boolean, list, object; "empty" for a list or object without members, which decoding
-- does not tell apart; "null" inside a list (a member that is null is absent).
function M.type(value)
  if value == core.null then return "null" end
  if type(value) ~= "table" then return type(value) end
  if next(value) == nil then return "empty" end
  return value[1] ~= nil and "list" or "object"
end

--- The words that values are made of, in lower case: what no name may give away.
-- @param value  any decoded value; the words are added to `words`
function M.words(value, words)
  if type(value) == "table" then
    for _, member in pairs(value) do
      M.words(member, words)
    end
  elseif type(value) == "string" then
    value = value:lower()
    words[value] = true
    if value:find "[@./]" and not value:find "%s" then
      for word in value:gmatch "[%w_-]+" do
        words[word] = true
      end
    end
  end
  return words
end

--- Whether a name looks like a platform's, as EMAILBISON does, and not like an id.
function M.is_app(name)
  return #name <= APP and name:find "^%u[%u_]*$" ~= nil
end

local function is_field(name)
  return #name <= LONGEST and name:find "^_*%l[%a_]*%d?$" ~= nil or M.is_app(name)
end

-- The members of an object, or of a list's first item, as text.
local function signature(value)
  local kind = M.type(value)
  local object, names = kind == "list" and value[1] or value, {}
  if M.type(object) ~= "object" then return nil end
  for name in pairs(object) do
    names[#names + 1] = name
  end
  table.sort(names)
  return kind .. " " .. table.concat(names, " ")
end

-- Whether the names that no document has are keys of a map: one of them is no field's, or what they name is alike.
local function is_map(object)
  local alike, differ, count = nil, false, 0
  for name, value in pairs(object) do
    if not known[name] then
      if not is_field(name) then return true end
      local members = signature(value)
      differ = differ or not members or count > 0 and members ~= alike
      alike, count = members, count + 1
    end
  end
  return count > 1 and not differ
end

local function shown(name, map, words)
  if known[name] then return name end
  return (map or words[name:lower()]) and "*" or name
end

--- The name of an object's member as it may be shown.
-- @param words  of M.words
function M.name(object, name, words)
  return shown(name, is_map(object), words)
end

--- Visits a value and all that is in it, in the order of the names.
-- @param words  of M.words
-- @param visit  function(path, type, value); the path is like "data.users[].id", "" for the value itself
function M.walk(value, words, visit, path)
  path = path or ""
  local kind = M.type(value)
  visit(path, kind, value)
  if kind == "list" then
    for _, item in ipairs(value) do
      M.walk(item, words, visit, path .. "[]")
    end
  elseif kind == "object" then
    local names, map = {}, is_map(value)
    for name in pairs(value) do
      names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
      local below = shown(name, map, words)
      M.walk(value[name], words, visit, path == "" and below or path .. "." .. below)
    end
  end
end

--- All fields of a value: path -> {type = true}. Added to `fields` when that is given.
function M.fields(value, words, fields, path)
  fields = fields or {}
  M.walk(value, words, function(at, kind)
    fields[at] = fields[at] or {}
    fields[at][kind] = true
  end, path)
  return fields
end

local function parent(path)
  return path:match "^(.*)%[%]$" or path:match "^(.*)%.[^.]+$" or ""
end

--- A field's types as text: "string", "number or string".
function M.types(kinds)
  local names = {}
  for kind in pairs(kinds) do
    names[#names + 1] = kind
  end
  table.sort(names)
  return table.concat(names, " or ")
end

-- Whether what a field is in could have it.
local function is_open(above, path)
  return above ~= nil and (path:find "%[%]$" and above.list or not path:find "%[%]$" and above.object) == true
end

-- Whether a field was seen with a value of its own, and not only as what holds others.
local function is_leaf(kinds)
  for kind in pairs(kinds) do
    if kind ~= "list" and kind ~= "object" and kind ~= "empty" then return true end
  end
  return not kinds.list and not kinds.object
end

local function agree(documented, actual)
  for kind in pairs(actual) do
    local container = kind == "empty" and (documented.list or documented.object)
    if not (documented[kind] or container or documented.empty and (kind == "list" or kind == "object")) then
      return false
    end
  end
  return true
end

--- Holds fields against documented ones.
-- @param documented, actual  as of M.fields
-- @return three sorted arrays of text: fields that are missing although what they are in is there; fields of another
--   type; fields no document has (those that hold others are left out)
function M.compare(documented, actual)
  local missing, wrong, unknown = {}, {}, {}
  for path, kinds in pairs(documented) do
    if actual[path] then
      if not agree(kinds, actual[path]) then
        wrong[#wrong + 1] = ("%s is %s, not %s"):format(path, M.types(actual[path]), M.types(kinds))
      end
    elseif path ~= "" and is_open(actual[parent(path)], path) then
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

--- Whether two values are the same, all the way down.
function M.same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for name, value in pairs(a) do
    if not M.same(value, b[name]) then return false end
  end
  for name in pairs(b) do
    if a[name] == nil then return false end
  end
  return true
end

--- The value at a path such as "data.users", or nil.
function M.at(value, path)
  for name in path:gmatch "[^.]+" do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

return M
