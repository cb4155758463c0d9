-- JSON inside nginx: lua-cjson decodes; tables are written here, because lua-cjson 2.1.0 cannot write an empty array
-- and orders members by chance.
local cjson = require "cjson"

local json = { null = cjson.null }
local array = {}

--- Mark `list` (default: a new table) as an array, so that it stays one when it is empty.
function json.array(list)
  return setmetatable(list or {}, array)
end

local function is_array(value)
  return getmetatable(value) == array or #value > 0
end

--- The JSON text of `value`. Members are sorted by name; a table without items is an object unless json.array made it.
function json.encode(value)
  if type(value) ~= "table" then return cjson.encode(value) end
  local parts = {}
  if is_array(value) then
    for index = 1, #value do
      parts[index] = json.encode(value[index])
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local names = {}
  for name in pairs(value) do
    names[#names + 1] = name
  end
  table.sort(names)
  for index, name in ipairs(names) do
    parts[index] = cjson.encode(name) .. ":" .. json.encode(value[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- The value of a JSON text, or nil and why not.
function json.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if ok then return value end
  return nil, value
end

--- The object in a JSON text, or nil and why there is none. No text at all counts as {}.
function json.object(text)
  if text == "" then return {} end
  local value, why = json.decode(text)
  if type(value) == "table" and not is_array(value) then return value end
  return nil, why or "not an object"
end

return json
