---Tables as values of JSON: paths into them, their keys in order, what they are. Pure.

local tables = {}

local MIN_INEXACT = 2 ^ 53 -- from here on several whole numbers are one double

---The value at a dotted path.
---@param value any
---@param path string "data.pagination"
---@return any value nil when there is none
function tables.at(value, path)
  for name in path:gmatch "[^.]+" do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

---The keys of a table in order. Keys of several types are ordered by their text.
---@param object table
---@return any[] keys
function tables.sorted_keys(object)
  local keys = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

---Whether a value is a table with items and without names. An empty table is no list.
---@param value any
---@return boolean
function tables.is_list(value)
  return type(value) == "table" and value[1] ~= nil
end

---Whether a value is a table without items. An empty table is an object.
---@param value any
---@return boolean
function tables.is_object(value)
  return type(value) == "table" and value[1] == nil
end

---Whether a decoded value holds a number so large that it may have lost digits.
---@param value any
---@return boolean
function tables.has_inexact_number(value)
  if type(value) == "number" then return value >= MIN_INEXACT or value <= -MIN_INEXACT end
  for _, member in pairs(type(value) == "table" and value or {}) do
    if tables.has_inexact_number(member) then return true end
  end
  return false
end

---A text that is the same for equal content, whatever the order of names. Unlike JSON it takes every number.
---@param value any
---@return string
function tables.canonical(value)
  if type(value) == "number" then return "number " .. ("%.17g"):format(value) end
  if type(value) == "string" then return "string " .. #value .. " " .. value end -- no text can imitate a member
  if type(value) ~= "table" then return type(value) .. " " .. tostring(value) end
  local members = {}
  for name, member in pairs(value) do
    members[#members + 1] = tables.canonical(name) .. "=" .. tables.canonical(member)
  end
  table.sort(members)
  return "{" .. table.concat(members, ",") .. "}"
end

return tables
