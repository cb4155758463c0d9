---Finds the ids in a request and its answer. With one of these ids, a person can look up the request, and cmr can tell
---which request an event belongs to. Pure.

local ascii = require "cmr.util.ascii"

local ids = {}

local MAX_IDS = 1000 -- maximum of ids for one request
local MAX_DEPTH = 6 -- maximum of nested tables
local MAX_ID_BYTES = 200

-- The kind of id that a field has, by the field's name. A list of ids has the same name with an s.
local KINDS = {
  actionId = "action",
  orderId = "order",
  subscriptionId = "subscription",
  domainId = "domain",
  domain = "domain",
  domainName = "domain",
  mailboxId = "mailbox",
}
for _, name in ipairs { "orderId", "subscriptionId", "domainId", "domain", "domainName", "mailboxId" } do
  KINDS[name .. "s"] = KINDS[name]
end
KINDS.componentMailboxIds = "mailbox"

local function add(found, kind, value)
  if type(value) ~= "string" or value == "" or #value > MAX_ID_BYTES or #found >= MAX_IDS then return end
  if kind == "domain" and value:find(".", 1, true) then value = ascii.lower(value) end -- a domain's name and not its id
  local key = kind .. ":" .. value
  if found[key] then return end
  found[key] = true
  found[#found + 1] = { kind, value }
end

local function collect(found, value, depth)
  if depth > MAX_DEPTH then return end
  for name, member in pairs(value) do
    local kind = KINDS[name]
    if type(member) == "table" then
      if kind then
        for _, item in ipairs(member) do
          add(found, kind, item)
        end
      end
      collect(found, member, depth + 1)
    elseif kind then
      add(found, kind, member)
    end
  end
end

---Returns the ids in some tables, each once.
---@param ... table? The arguments of a request, and its answer.
---@return table list of {kind, id}; kinds: action, order, subscription, domain, mailbox
function ids.of(...)
  local found = {}
  for index = 1, select("#", ...) do
    local value = select(index, ...)
    if type(value) == "table" then collect(found, value, 1) end
  end
  local list = {}
  for index, pair in ipairs(found) do
    list[index] = pair
  end
  return list
end

---Returns the ids in a request and its answer. A request that names a mailbox only by its address has that address as
---an id.
function ids.of_request(args, ...)
  local list = ids.of(args, ...)
  local known = type(args) == "table" and args or {}
  local is_alone = type(known.mailboxId) ~= "string" and type(known.userId) ~= "string"
  if is_alone and type(known.email) == "string" then list[#list + 1] = { "mailbox", ascii.lower(known.email) } end
  return list
end

return ids
