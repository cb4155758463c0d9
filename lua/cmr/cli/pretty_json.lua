---Encodes decoded values as JSON for people, with sorted keys and an indentation of two spaces. Pure. The core encodes
---strings and numbers; this module adds the layout. Members that were null are omitted.

local colours = require "cmr.cli.colours"
local core = require "cmr.core"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

local pretty_json = {
  HOLE = {}, -- stands for the items that the caller prints, see pretty_json.around
}

local ENVELOPE_ORDER = { status = 1, message = 2, data = 3, actionId = 4 } -- the vendor's order of these members

local function encode_string(value)
  if not value:find "[%z\128-\255]" then return core.json_encode(value) end
  local parts = {}
  for part in (text.utf8(value) .. "\0"):gmatch "(.-)%z" do
    local encoded = core.json_encode(part):sub(2, -2)
    parts[#parts + 1] = encoded:gsub("\194([\128-\159])", function(c1)
      return ("\\u%04x"):format(c1:byte())
    end)
  end
  return '"' .. table.concat(parts, "\\u0000") .. '"'
end

local function rank_in_envelope(name)
  return ENVELOPE_ORDER[name] or math.huge
end

local encode

local function join(open, parts, close, indent)
  if not indent then return open .. table.concat(parts, ",") .. close end
  local inner = "\n" .. indent .. "  "
  return open .. inner .. table.concat(parts, "," .. inner) .. "\n" .. indent .. close
end

local function encode_table(value, key, style, indent, is_envelope)
  if value == pretty_json.HOLE then return "\0" end -- this byte occurs in no JSON text
  local deeper = indent and indent .. "  "
  local parts = {}
  if tables.is_list(value) then
    for index, item in ipairs(value) do
      parts[index] = encode(item, nil, style, deeper)
    end
    return join("[", parts, "]", indent)
  end
  if next(value) == nil then return style.empty(key) end
  local colon = indent and ": " or ":"
  for index, name in ipairs(tables.sorted_keys(value, is_envelope and rank_in_envelope)) do
    parts[index] = style.paint("key", encode_string(name)) .. colon .. encode(value[name], name, style, deeper)
  end
  return join("{", parts, "}", indent)
end

function encode(value, key, style, indent, is_envelope)
  local kind = type(value)
  if kind == "table" then return encode_table(value, key, style, indent, is_envelope) end
  if value == core.all then return encode("all", key, style) end -- shows the word "all", as the user types it
  if kind == "string" then return style.paint("string", encode_string(value)) end
  return core.json_encode(value)
end

---Encodes a value, without a newline at the end.
---
---The options are:
---  compact     true for one line
---  paint       see colours.painter
---  indent      the text before each line but the first
---  empty(key)  returns the text for an empty table under that key, or nil for the default: "[]" for a plural key and
---              "{}" for any other
---@param value any A decoded value; a null in an array is core.null.
---@param opts table?
---@return string json
function pretty_json.encode(value, opts)
  opts = opts or {}
  local style = { paint = opts.paint or colours.plain }
  -- an empty table may come from {} or []; a plural name means []
  function style.empty(key)
    return opts.empty and opts.empty(key) or key and key:find "[^s]s$" and "[]" or "{}"
  end
  return encode(value, nil, style, not opts.compact and (opts.indent or "") or nil, not opts.indent)
end

---Encodes a value that contains pretty_json.HOLE.
---@return string before The JSON text before the hole.
---@return string after The JSON text after the hole.
function pretty_json.around(value, opts)
  return pretty_json.encode(value, opts):match "^(%Z*)%z(%Z*)$"
end

return pretty_json
