---Two requests are the same if their operations and their arguments are: whatever the order of the names, the format of
---the file, or the Lua. A secret is compared as it is. Pure but for the digest.

local core = require "cmr.core"
local redact = require "cmr.util.redact"
local text = require "cmr.util.text"

local identity = {}

local DIGEST_BYTES = 15 -- 20 characters of Base64
local NO_BREAK_SPACE = "\194\160"

---Returns a text without the blanks around it. A spreadsheet may add no-break spaces.
function identity.trim(value)
  if not value:find "[%s\194]" then return value end -- most texts
  return (value:gsub(NO_BREAK_SPACE, " "):match "^%s*(.-)%s*$")
end

---Returns a text as it is compared: without blanks around it; an address or a domain in lower case, an id as it is.
function identity.normal(value)
  value = identity.trim(value)
  if not value:find(".", 1, true) then return value end
  local is_name = value:find "^[^%s@]+@[^%s@]+%.[^%s@]+$" or value:find "^[%w%-%.]+%.%a%a+$"
  return is_name and value:lower() or value
end

local serialize

-- A string has its length in front, so that no two values are written alike.
local SERIALIZERS = {
  string = function(value, is_exact)
    if not is_exact then value = identity.normal(value) end
    return #value .. ":" .. value
  end,
  number = text.exact_number,
  boolean = tostring,
  table = function(value, is_exact)
    local parts = {}
    for key, member in pairs(value) do
      parts[#parts + 1] = serialize(key) .. "=" .. serialize(member, is_exact or redact.is_secret_name(key))
    end
    table.sort(parts)
    return "{" .. table.concat(parts, ",") .. "}"
  end,
}

function serialize(value, is_exact)
  if value == core.null then return "null" end
  if value == core.all then return "all" end
  return SERIALIZERS[type(value)](value, is_exact)
end

---Returns the digest of a request's content.
---@param args any
---@return string digest 20 characters
function identity.digest(args)
  return core.base64(core.sha256(serialize(args)):sub(1, DIGEST_BYTES))
end

---Returns the digest of a set of contents, in any order.
---@param digests string[] they are sorted
---@return string digest
function identity.set_digest(digests)
  table.sort(digests)
  return core.base64(core.sha256(table.concat(digests, " ")):sub(1, DIGEST_BYTES))
end

return identity
