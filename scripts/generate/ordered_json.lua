--- JSON whose members keep their order and numbers their digits: read from a sample, or made by hand; written as JSON
-- or as Lua, laid out for people. Pure, and the same text on every Lua.

local json = { null = {} }

local objects, arrays, numbers = {}, {}, {}

--- An object of {name, value} pairs, in this order. A pair whose value is nil is left out.
function json.object(pairs_)
  return setmetatable(pairs_, objects)
end

--- An array of the values 1 to n.
function json.array(values)
  return setmetatable(values, arrays)
end

--- A number, as it is written.
function json.number(text)
  return setmetatable({ text = tostring(text) }, numbers)
end

--- What a value is: "object", "array", "string", "integer", "number", "boolean" or "null".
function json.kind(value)
  local meta = getmetatable(value)
  if meta == objects then return "object" end
  if meta == arrays then return "array" end
  if meta == numbers then return value.text:find "^-?%d+$" and "integer" or "number" end
  return value == json.null and "null" or type(value)
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

-- Samples hold no escapes; one that did would be told, not misread.
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

local literals = { ["true"] = true, ["false"] = false, null = json.null }

function read_value(text, at)
  local first = text:sub(at, at)
  if first == '"' then return read_string(text, at) end
  local list
  if first == "{" then
    list, at = read_list(text, at, "}", read_member)
    return json.object(list), at
  end
  if first == "[" then
    list, at = read_list(text, at, "]", read_value)
    return json.array(list), at
  end
  local word = assert(text:match("^[%w.+-]+", at), "a value expected")
  local value = literals[word]
  if value == nil then value = json.number(assert(tonumber(word), "a value expected") and word) end
  return value, at + #word
end

--- The value of a JSON text. Raises when it is none.
function json.read(text)
  local value, after = read_value(text, text:find "%S")
  assert(not text:find("%S", after), "nothing more expected")
  return value
end

--- The value of a member of an object, or nil.
function json.member(object, name)
  for _, pair in ipairs(object) do
    if pair[1] == name then return pair[2] end
  end
end

-- Fit for JSON and for Lua: there are no other control characters in what is written here.
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

-- On one line where it fits into what is left of it, else a line for each part.
local function lay_out(brackets, parts, indent, used, width)
  local open, close = brackets:sub(1, 1), brackets:sub(2)
  local line = open .. table.concat(parts, ", ") .. close
  if #indent + used + #line <= width and not line:find("\n", 1, true) then return line end
  local inner = "\n" .. indent .. "  "
  return open .. inner .. table.concat(parts, "," .. inner) .. "\n" .. indent .. close
end

function write(value, style, indent, used, width)
  local kind, deeper, parts = json.kind(value), indent .. "  ", {}
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

--- The text of a value, without a newline at its end.
-- @param value  from json.read, or made of json.object, json.array, json.number, strings, booleans and json.null
-- @param style  "json" or "lua"
-- @param width  lines that fit into it stay whole; default 100
-- @param used   how much of the first line is taken already; default 0
function json.write(value, style, width, used)
  return write(value, styles[style], "", used or 0, width or 100)
end

return json
