---What makes two requests the same: the operation and its arguments, whatever the order of their names, the format they
---were read from, or the Lua. Pure but for the digest.

local core = require "cmr.core"
local tables = require "cmr.util.tables"

local identity = {}

local DIGEST_BYTES = 15 -- 20 characters of Base64
local NO_BREAK_SPACE = "\194\160"

---A text without blanks around it, among them those that spreadsheets put in.
function identity.trim(value)
  return (value:gsub(NO_BREAK_SPACE, " "):match "^%s*(.-)%s*$")
end

---A value as it is compared: without blanks around texts; addresses and domains, but no ids, in lower case.
function identity.normal(value)
  if type(value) == "string" then
    value = identity.trim(value)
    local is_name = value:find "^[^%s@]+@[^%s@]+%.[^%s@]+$" or value:find "^[%w%-%.]+%.%a%a+$"
    return is_name and value:lower() or value
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for name, member in pairs(value) do
    copy[identity.normal(name)] = identity.normal(member)
  end
  return copy
end

-- JSON's null and the name of everything differ from every other value, and are the same in every process.
local function plain(value)
  if value == core.null then return { [true] = "null" } end
  if value == core.all then return { [true] = "all" } end
  if type(value) ~= "table" then return value end
  local copy = {}
  for name, member in pairs(value) do
    copy[name] = plain(member)
  end
  return copy
end

---The digest of a request's content.
---@param args any
---@return string digest 20 characters
function identity.digest(args)
  return core.base64(core.sha256(tables.canonical(identity.normal(plain(args)))):sub(1, DIGEST_BYTES))
end

---The digest of a set of contents, in any order.
---@param digests string[] they are sorted
function identity.set_digest(digests)
  table.sort(digests)
  return core.base64(core.sha256(table.concat(digests, " ")):sub(1, DIGEST_BYTES))
end

return identity
