---Decides whether two requests are the same. They are if they have the same operation and the same arguments. The
---order of the names, the format of the file and the version of Lua make no difference. A secret is compared
---unchanged. Pure, except for the digest.

local core = require "cmr.core"
local redact = require "cmr.util.redact"
local text = require "cmr.util.text"

local identity = {}

local DIGEST_BYTES = 15 -- they make 20 characters of Base64
local NO_BREAK_SPACE = "\194\160"

---Returns a text without the blanks around it. A spreadsheet may add no-break spaces.
function identity.trim(value)
  if not value:find "[%s\194]" then return value end -- most texts have no blanks
  return (value:gsub(NO_BREAK_SPACE, " "):match "^%s*(.-)%s*$")
end

---Returns a text in the form for comparison: without surrounding blanks. An address or a domain becomes lower case; an
---id stays as it is.
function identity.normal(value)
  value = identity.trim(value)
  if not value:find(".", 1, true) then return value end
  local is_name = value:find "^[^%s@]+@[^%s@]+%.[^%s@]+$" or value:find "^[%w%-%.]+%.%a%a+$"
  return is_name and value:lower() or value
end

local serialize

-- Functions that write a value of each type as text. A string has its length in front, so that two different values
-- never have the same text.
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
