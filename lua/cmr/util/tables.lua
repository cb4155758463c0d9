---Follows paths into JSON values, sorts keys, copies tables, and tells lists from objects. Pure.

local text = require "cmr.util.text"

local tables = {}

---Returns the value at a dotted path such as "data.pagination", or nil.
function tables.at(value, path)
  for name in path:gmatch "[^.]+" do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

---Returns a copy of a table. If `into` is given, adds the members to `into` and returns `into`.
function tables.copy(object, into)
  into = into or {}
  for name, value in pairs(object) do
    into[name] = value
  end
  return into
end

---Returns the sorted keys of a table. Numbers come before strings.
---@param rank? fun(key: any): number Keys with a lower rank come first.
function tables.sorted_keys(object, rank)
  local keys = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    local x, y = rank and rank(a) or 0, rank and rank(b) or 0
    if x ~= y then return x < y end
    if type(a) ~= type(b) then return type(a) < type(b) end
    return a < b
  end)
  return keys
end

---Returns whether a list has a value.
function tables.contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

---Returns whether a value is a table with list items. An empty table is no list.
function tables.is_list(value)
  return type(value) == "table" and value[1] ~= nil
end

---Returns whether a value is a table without list items. An empty table is an object.
function tables.is_object(value)
  return type(value) == "table" and value[1] == nil
end

---Returns a text that is the same for values of equal content. The order of the names does not matter. Unlike JSON, the
---text can hold infinity and NaN.
function tables.canonical(value)
  if type(value) == "number" then return "number " .. text.exact_number(value) end
  -- a string may contain "=" and ","; the length in front tells where the string ends
  if type(value) == "string" then return "string " .. #value .. " " .. value end
  if type(value) == "userdata" then return "null" end -- JSON's null, which tostring writes differently in each Lua
  if type(value) ~= "table" then return type(value) .. " " .. tostring(value) end
  local members = {}
  for name, member in pairs(value) do
    members[#members + 1] = tables.canonical(name) .. "=" .. tables.canonical(member)
  end
  table.sort(members)
  return "{" .. table.concat(members, ",") .. "}"
end

return tables
