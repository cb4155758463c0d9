---Finds the things that a request asks for, and the things that an event reports. A thing is a domain, a mailbox or a
---subscription. Pure.

local ascii = require "cmr.util.ascii"
local core = require "cmr.core"
local documented_events = require "cmr.webhook.events"
local reading = require "cmr.settlement.reading"
local status = require "cmr.settlement.status"
local tables = require "cmr.util.tables"

local first_of, nonempty = reading.first_of, reading.nonempty

local things = {}

-- The documented states of a domain or a mailbox that is not ready yet.
local UNFINISHED = { PENDING = true, IN_PROGRESS = true, CREATING_PASSWORD = true }

---The kind of a parameter's items. An "address" is a mailbox that has no id yet.
things.KIND_OF_PARAMETER = {
  ["mailboxes.*[]"] = "address",
  ["domains[]"] = "domain",
  ["order[]"] = "domain",
  ["mailboxData[]"] = "mailbox",
  ["componentMailboxIds[]"] = "mailbox",
  ["mailboxIds[]"] = "mailbox",
  ["subscriptionIds[]"] = "subscription",
}

-- kind of thing -> the fields that may contain a thing's name. In a request, an address is made of username and domain.
local NAME_FIELDS = {
  address = { "email" },
  domain = { "domainName", "domain" },
  mailbox = { "mailboxId" },
  subscription = { "subscriptionId" },
}

-- kind of thing -> the fields that identify a thing if all NAME_FIELDS are absent
local OTHER_NAME_FIELDS = {
  address = { "mailboxId" },
  domain = { "domainId" },
  mailbox = { "email" },
  subscription = { "domain", "domainId" },
}

-- The members in which an event may list several things. In the help page's sample, domain.order.success lists domains.
local LIST_FIELDS = {
  address = { "mailboxes", "emails" },
  domain = { "domains", "domainNames" },
  mailbox = { "mailboxes", "mailboxIds" },
  subscription = { "subscriptions", "subscriptionIds" },
}

---Returns the things that a parameter asks for. The parameter "mailboxes.*[]" is a map from domains to lists. Any
---other parameter is a list, or a single object.
---@return table[] things each {name, domain}
---@return string? kind
function things.requested(args, parameter)
  local kind, value, found = things.KIND_OF_PARAMETER[parameter], args[parameter:match "^%w+"], {}
  if type(value) ~= "table" then return found, kind end
  if kind == "address" then
    for _, domain in ipairs(tables.sorted_keys(value)) do
      local list = value[domain]
      for _, mailbox in ipairs(type(list) == "table" and list or {}) do -- the list may be null
        local name = type(mailbox) == "table" and nonempty(mailbox.username)
        local address = name and ascii.lower(("%s@%s"):format(name, domain))
        found[#found + 1] = { name = address or nil, domain = ascii.lower(tostring(domain)) }
      end
    end
    return found, kind
  end
  local list = value
  if next(value) ~= nil and value[1] == nil then list = { value } end
  for _, item in ipairs(list) do
    if item ~= core.null then
      local name = type(item) == "table" and first_of(item, NAME_FIELDS[kind]) or nonempty(item)
      if name and kind == "domain" then name = ascii.lower(name) end
      found[#found + 1] = { name = name, domain = kind == "domain" and name or nil }
    end
  end
  return found, kind
end

local function list_in(data, event_name, kind)
  local documented = documented_events[event_name]
  local member = documented and documented.items
  if member and type(data[member]) == "table" then return data[member] end
  for _, field in ipairs(LIST_FIELDS[kind] or {}) do
    if type(data[field]) == "table" then return data[field] end
  end
end

---Returns the things that an event reports.
---@return table[] things Each {name = the name in the request, key = a value that identifies the thing, verdict}.
function things.reported(event, kind)
  local data, found = reading.event_data(event), {}
  if not kind then return { { key = event, verdict = "done" } } end
  local list = list_in(data, reading.event_name(event), kind)
  for index, item in ipairs(list or { data }) do
    local thing = { verdict = "done" }
    if type(item) == "table" then
      thing.name = first_of(item, NAME_FIELDS[kind])
      thing.key = thing.name or first_of(item, OTHER_NAME_FIELDS[kind])
      local word = list and nonempty(item.status)
      word = word and ascii.upper(word)
      if word and UNFINISHED[word] then thing.verdict = nil end
      if word and status.VERDICTS[word] == "failed" then thing.verdict = "failed" end
    else
      thing.name = nonempty(item)
      thing.key = thing.name
    end
    if thing.name and (kind == "domain" or kind == "address") then thing.name = ascii.lower(thing.name) end
    thing.key = thing.key and ascii.lower(thing.key) or tostring(event) .. index
    found[#found + 1] = thing
  end
  return found
end

return things
