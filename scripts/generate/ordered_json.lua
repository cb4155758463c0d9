---JSON that keeps the order of members and the digits of numbers. It is read from a sample, or made by functions. It
---is written as JSON or as Lua, in a layout for people. Pure. The text is the same on every Lua.

local ordered_json = { null = {} }

local objects, arrays, numbers = {}, {}, {}

---Returns an object of {name, value} pairs, in this order. A pair without a value is left out.
---@param members table[]
---@return table object
function ordered_json.object(members)
  return setmetatable(members, objects)
end

---Makes a JSON array of a list of values.
---@param values any[]
---@return table array
function ordered_json.array(values)
  return setmetatable(values, arrays)
end

---Makes a number that keeps its digits.
---@param text string|number
---@return table number
function ordered_json.number(text)
  return setmetatable({ text = tostring(text) }, numbers)
end

---Returns the kind of a value: "object", "array", "string", "integer", "number", "boolean" or "null".
---@param value any
---@return string kind
function ordered_json.kind(value)
  local meta = getmetatable(value)
  if meta == objects then return "object" end
  if meta == arrays then return "array" end
  if meta == numbers then return value.text:find "^-?%d+$" and "integer" or "number" end
  return value == ordered_json.null and "null" or type(value)
end

local read_value

local function read_list(text, at, close, item)
  local list = {}
  at = text:find("%S", at + 1)
  while text:sub(at, at) ~= close do
    list[#list + 1], at = item(text, at)
    at = text:find("%S", at)
    assert(text:find("^[,%" .. close .. "]", at), "a comma or the end expected")
    if text:sub(at, at) == "," then at = text:find("%S", at + 1) end
  end
  return list, at + 1
end

-- Reads a string. The samples have no escapes, so a string with an escape is refused.
local function read_string(text, at)
  local value, after = text:match('^"([^"\\]*)"()', at)
  return assert(value, "a string without escapes expected"), after
end

local function read_member(text, at)
  local name, value
  name, at = read_string(text, at)
  value, at = read_value(text, assert(text:match("^%s*:%s*()", at), "a colon expected"))
  return { name, value }, at
end

local literals = { ["true"] = true, ["false"] = false, null = ordered_json.null }

function read_value(text, at)
  local first = text:sub(at, at)
  if first == '"' then return read_string(text, at) end
  local list
  if first == "{" then
    list, at = read_list(text, at, "}", read_member)
    return ordered_json.object(list), at
  end
  if first == "[" then
    list, at = read_list(text, at, "]", read_value)
    return ordered_json.array(list), at
  end
  local word = assert(text:match("^[%w.+-]+", at), "a value expected")
  local value = literals[word]
  if value == nil then value = ordered_json.number(assert(tonumber(word), "a value expected") and word) end
  return value, at + #word
end

---Returns the value of a JSON text. Raises if it is not JSON.
---@param text string
---@return any value
function ordered_json.read(text)
  local value, after = read_value(text, text:find "%S")
  assert(not text:find("%S", after), "nothing more expected")
  return value
end

---Returns the value of a member of an object.
---@param object table
---@param name string
---@return any? value
function ordered_json.member(object, name)
  for _, pair in ipairs(object) do
    if pair[1] == name then return pair[2] end
  end
end

-- The escapes for JSON and for Lua. A newline is the only control character in our texts.
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n" }

local function quote(text)
  return '"' .. text:gsub('["\\\n]', escapes) .. '"'
end

local styles = {
  json = {
    name = function(name)
      return quote(name) .. ": "
    end,
    array = "[]",
    empty = "[]",
    null = "null",
  },
  lua = {
    name = function(name)
      return (name:find "^[%a_][%w_]*$" and name or "[" .. quote(name) .. "]") .. " = "
    end,
    array = "{}",
    empty = "cmr.array{}",
    null = "cmr.null",
  },
}

local write

-- Writes a value on one line if it fits into the rest of the line. Otherwise writes one line for each part.
local function lay_out(brackets, parts, indent, used, width)
  local open, close = brackets:sub(1, 1), brackets:sub(2)
  local line = open .. table.concat(parts, ", ") .. close
  if #indent + used + #line <= width and not line:find("\n", 1, true) then return line end
  local inner = "\n" .. indent .. "  "
  return open .. inner .. table.concat(parts, "," .. inner) .. "\n" .. indent .. close
end

function write(value, style, indent, used, width)
  local kind, deeper, parts = ordered_json.kind(value), indent .. "  ", {}
  if kind == "object" then
    for _, pair in ipairs(value) do
      local name = style.name(pair[1])
      if pair[2] ~= nil then parts[#parts + 1] = name .. write(pair[2], style, deeper, #name + 1, width) end
    end
    return #parts == 0 and "{}" or lay_out("{}", parts, indent, used, width)
  end
  if kind == "array" then
    for index, item in ipairs(value) do
      parts[index] = write(item, style, deeper, 1, width)
    end
    return #parts == 0 and style.empty or lay_out(style.array, parts, indent, used, width)
  end
  if kind == "string" then return quote(value) end
  if kind == "null" then return style.null end
  return kind == "boolean" and tostring(value) or value.text
end

---Returns the text of a value, without a newline at its end.
---@param value any A value from read(), or made of object(), array(), number(), null, strings and booleans.
---@param style "json"|"lua"
---@param width integer? The maximum width of a line. Default: 100.
---@param used integer? The columns of the first line that are already used. Default: 0.
---@return string text
function ordered_json.write(value, style, width, used)
  return write(value, styles[style], "", used or 0, width or 100)
end

return ordered_json
