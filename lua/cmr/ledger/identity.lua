---Decides whether two requests are the same: whether they have the same operation and the same arguments. The order of
---the arguments, the format of a bulk run's file and the version of Lua make no difference. In a documented list, such
---as a list of domains, the order of the items makes no difference. In an undocumented list, such as a list of
---nameservers, the order counts. In addresses and domains, upper and lower case make no difference. A secret is
---compared unchanged. Pure, except that the digest reads files.

local ascii = require "cmr.util.ascii"
local core = require "cmr.core"
local redact = require "cmr.util.redact"
local text = require "cmr.util.text"

local identity = {}

local DIGEST_BYTES = 15 -- they make 20 characters of Base64
local NO_BREAK_SPACE = "\194\160"

local BLANKS = {}
for byte in ("\t\n\v\f\r "):gmatch "." do
  BLANKS[byte:byte()] = true
end

---Returns a text without the blanks around it. Every no-break space, which a spreadsheet may add, becomes a space.
function identity.trim(value)
  local has_blanks = BLANKS[value:byte(1)] or BLANKS[value:byte(-1)] or value:find("\194", 1, true)
  if not has_blanks then return value end -- most texts have none
  return (value:gsub(NO_BREAK_SPACE, " "):match "^%s*(.-)%s*$")
end

---Normalizes a text for comparison. Removes the blanks around the text. The case of the result depends on the text:
---  an address of any kind        lower case
---  a text of the kind "domain"   lower case
---  a text of the kind "host"     lower case if the whole text looks like a host's name; unchanged if it has a path
---  any other text                unchanged, because a company's name may look like a domain
---@param value string
---@param kind "domain"|"host"|"text"|nil
function identity.normal(value, kind)
  value = identity.trim(value)
  local is_name = kind == "domain"
    or value:find "^[^%s@]+@[^%s@]+%.[^%s@]+$"
    or kind == "host" and value:find "^[a-zA-Z0-9%-%.]+%.[a-zA-Z][a-zA-Z0-9%-]+$"
  return is_name and ascii.lower(value) or value
end

-- A cache: for each operation, the set of its parameters' names. "domains[]" names the items of a list, and
-- "mailboxes.*" names the members of a map.
local names_of = {}

local function parameter_names(operation)
  local names = names_of[operation]
  if names then return names end
  names = {}
  for _, param in ipairs(operation.params) do
    names[param.name] = true
  end
  names_of[operation] = names
  return names
end

local NO_NAMES = {} -- for a request without an operation

-- Each row has a pattern for a field's name in lower case, and the kind of the field's text: see identity.normal. A
-- user name is the part of an address before the @, so its case makes no difference.
local KINDS = {
  { "domains?$", "domain" },
  { "domainnames?$", "domain" },
  { "usernames?$", "domain" },
  { "nameservers?$", "domain" },
  { "^host$", "domain" },
  { "forwardto$", "host" },
}

-- Returns the kind of a table's member: "secret", "domain", "host" or "text". The kind says how to compare the member's
-- texts. An item of a list has the kind of the list.
local function kind_of(name, outer)
  if outer == "secret" or redact.is_secret_name(name) then return "secret" end
  if type(name) ~= "string" then return outer end
  name = ascii.lower(name)
  for _, row in ipairs(KINDS) do
    if name:find(row[1]) then return row[2] end
  end
  return "text"
end

local serialize

-- Returns the items of a set in a fixed order, or nil if the table also has other members.
local function serialize_set(set, kind, names, path)
  local items, count = {}, 0
  for _ in pairs(set) do
    count = count + 1
  end
  for index, item in ipairs(set) do
    items[index] = serialize(item, kind, names, path)
  end
  if #items ~= count then return nil end
  table.sort(items)
  for index, item in ipairs(items) do
    items[index] = serialize(index) .. "=" .. item
  end
  return items
end

local function serialize_members(object, kind, names, path)
  local members, prefix = {}, path == "" and path or path .. "."
  for key, member in pairs(object) do
    local member_path = prefix
    if type(member) == "table" then
      member_path = prefix .. tostring(key)
      if not names[member_path] then member_path = prefix .. "*" end
    end
    -- a key that looks like a host is compared as a host: the keys of the parameter `mailboxes` are domains
    members[#members + 1] = serialize(key, "host") .. "=" .. serialize(member, kind_of(key, kind), names, member_path)
  end
  return members
end

-- For each type, the function that writes a value as text. A string has its length in front, so that two different
-- values never have the same text.
local SERIALIZERS = {
  string = function(value, kind)
    if kind ~= "secret" then value = identity.normal(value, kind) end
    return #value .. ":" .. value
  end,
  number = text.exact_number,
  boolean = tostring,
  table = function(value, kind, names, path)
    local items = path .. "[]"
    local parts = names[items] and serialize_set(value, kind, names, items)
    parts = parts or serialize_members(value, kind, names, path)
    table.sort(parts)
    return "{" .. table.concat(parts, ",") .. "}"
  end,
}

-- `path` is the value's place among the parameters, such as "mailboxes.*[]".
function serialize(value, kind, names, path)
  if value == core.null then return "null" end
  if value == core.all then return "all" end
  return SERIALIZERS[type(value)](value, kind, names, path)
end

-- Returns the digest of a file's content. A copy at another path has the same digest. If the file cannot be read,
-- returns the path; the core then refuses the call.
local function content_of(path)
  local digest = type(path) == "string" and core.file_sha256(path)
  return digest and "sha256 " .. core.base64(digest) or path
end

-- Returns a copy of the arguments. In the copy, the digest of a file's content replaces the file's path.
local function with_contents(args, operation)
  local copy = {}
  for name, value in pairs(args) do
    copy[name] = value
  end
  for _, param in ipairs(operation.params) do
    local name = param.type == "file" and param.name:match "^(%w+)%.%*$"
    if name and type(args[name]) == "table" then
      copy[name] = {}
      for key, path in pairs(args[name]) do
        copy[name][key] = content_of(path)
      end
    end
  end
  return copy
end

---Returns the digest of a request's content.
---@param args any
---@param operation table? A row of cmr.operations; nil for a raw request.
---@return string digest 20 characters
function identity.digest(args, operation)
  local names = operation and parameter_names(operation) or NO_NAMES
  if operation and operation.flags.form then args = with_contents(args, operation) end
  return core.base64(core.sha256(serialize(args, "text", names, "")):sub(1, DIGEST_BYTES))
end

---Returns one digest for a set of digests. The order of the digests makes no difference.
---@param digests string[] The function sorts this list.
---@return string digest
function identity.set_digest(digests)
  table.sort(digests)
  return core.base64(core.sha256(table.concat(digests, " ")):sub(1, DIGEST_BYTES))
end

return identity
