--- Decoded values as JSON a person can read: sorted keys, two spaces. Pure.
-- Strings and numbers are written by the library's own encoder; the layout is ours. Members that were null are absent.

local core = require "cmr.core"
local text = require "cmr.util.text"

-- The vendor's order for the envelope; all other keys are sorted.
local envelope = { status = 1, message = 2, data = 3, actionId = 4 }

local function c1(byte)
  return ("\\u%04x"):format(byte:byte())
end

local function encode_string(value)
  local parts = {}
  for part in (text.utf8(value) .. "\0"):gmatch "(.-)%z" do
    -- a slash needs no escape in JSON, and addresses are easier to read and copy without
    parts[#parts + 1] = core.json_encode(part):sub(2, -2):gsub("\\(.)", { ["/"] = "/" }):gsub("\194([\128-\159])", c1)
  end
  return '"' .. table.concat(parts, "\\u0000") .. '"'
end

-- The library refuses to send a number its encoder would round; one that came from the server is printed in full.
local function encode_number(value)
  local ok, encoded = pcall(core.json_encode, value)
  for _, digits in ipairs { "%.15g", "%.16g", "%.17g" } do
    if ok and tonumber(encoded) == value then break end
    ok, encoded = true, digits:format(value)
  end
  return encoded
end

local function sorted_keys(object, top)
  local keys = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    local x, y = top and envelope[a] or 5, top and envelope[b] or 5
    if x ~= y then return x < y end
    return a < b
  end)
  return keys
end

local encode

local function lines(open, parts, close, indent)
  if not indent then return open .. table.concat(parts, ",") .. close end
  local inner = "\n" .. indent .. "  "
  return open .. inner .. table.concat(parts, "," .. inner) .. "\n" .. indent .. close
end

local function encode_table(value, key, how, indent, top)
  local deeper = indent and indent .. "  "
  local parts = {}
  if value[1] ~= nil then
    for index, item in ipairs(value) do
      parts[index] = encode(item, nil, how, deeper)
    end
    return lines("[", parts, "]", indent)
  end
  if next(value) == nil then return how.empty(key) end
  local colon = indent and ": " or ":"
  for index, name in ipairs(sorted_keys(value, top)) do
    parts[index] = how.paint("key", encode_string(name)) .. colon .. encode(value[name], name, how, deeper)
  end
  return lines("{", parts, "}", indent)
end

function encode(value, key, how, indent, top)
  local kind = type(value)
  if kind == "table" then return encode_table(value, key, how, indent, top) end
  if kind == "string" then return how.paint("string", encode_string(value)) end
  if kind == "number" then return encode_number(value) end
  return core.json_encode(value)
end

-- A decoded table cannot say whether it was {} or []: it is taken for a list when its name is a plural.
local function plural(key)
  return key and key:find "[^s]s$" and "[]" or "{}"
end

local function plain(_, encoded)
  return encoded
end

--- JSON text.
-- @param value    what core.json_decode returns, or a table like it; in arrays null is core.null
-- @param options  compact = true: one line; empty = function(key) -> "[]", "{}" or nil for the empty table under that
--   key, where nil leaves it to the default: [] when the key is a plural such as "credentials", else {}; paint of
--   cmr.cli.colour
-- @return the text, without a newline at the end
return function(value, options)
  options = options or {}
  local how = { paint = options.paint or plain }
  function how.empty(key)
    return options.empty and options.empty(key) or plural(key)
  end
  return encode(value, nil, how, not options.compact and "" or nil, true)
end
