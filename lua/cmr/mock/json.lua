---JSON inside nginx. lua-cjson decodes. This module encodes, because lua-cjson 2.1.0 does not sort the members, rounds
---numbers to 14 digits, and cannot encode an empty array.

local cjson = require "cjson"
local tables = require "cmr.util.tables"

local json = { null = cjson.null }

local decoder = cjson.new()
decoder.decode_invalid_numbers(false) -- NaN, Infinity and hexadecimal numbers are no JSON

local array = {}

---Marks a list as an array, so that it is encoded as an array even when it is empty.
---@param list table? Default: a new list.
---@return table list
function json.array(list)
  return setmetatable(list or {}, array)
end

local function encode_number(value)
  if value ~= value or math.abs(value) == math.huge then error(("JSON has no number %s"):format(value), 0) end
  for _, digits in ipairs { "%.15g", "%.16g" } do
    local encoded = digits:format(value)
    if tonumber(encoded) == value then return encoded end
  end
  return ("%.17g"):format(value)
end

---Encodes a value. Members are sorted by name. A table without items is an object, unless json.array marked it.
---@param value any
---@return string
function json.encode(value)
  if type(value) == "number" then return encode_number(value) end
  if type(value) ~= "table" then return cjson.encode(value) end
  local parts = {}
  if getmetatable(value) == array or #value > 0 then
    for index = 1, #value do
      parts[index] = json.encode(value[index])
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for index, name in ipairs(tables.sorted_keys(value)) do
    parts[index] = cjson.encode(name) .. ":" .. json.encode(value[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

---Decodes a JSON text.
---@param text string
---@return any value
---@return string? message
function json.decode(text)
  local ok, value = pcall(decoder.decode, text)
  if ok then return value end
  return nil, value
end

---Reads a text that is one decimal number, such as -1.5 or 2e3. Returns nil for any other text, such as 0x10.
---@param text string
---@return number?
function json.number(text)
  local is_number = text:find "^%-?%d+%.?%d*$" or text:find "^%-?%d+%.?%d*[eE][-+]?%d+$"
  return is_number and tonumber(text) or nil
end

---Decodes a JSON object. An empty text counts as {}.
---@param text string
---@return table? object
---@return string? message
function json.object(text)
  if text == "" then return {} end
  local value, message = json.decode(text)
  if tables.is_object(value) then return value end
  return nil, message or "not an object"
end

return json
