---The list of the documented events, and the ids in an event. Pure. cmr also accepts an event that is not in the list.
---
---The list has each row twice: at its position, and under its name. A row has `name`, `source`, `when` (see ROWS) and:
---  fields     a list of {name, type}: the documented members of data, in order. "a[].b" is the member b of each item
---             of the list a. Prices and quantities are numbers, autoRenew is a boolean, times are ISO 8601 (docs).
---  open       the undocumented part of data, in words
---  key        the member that has the event's name: "eventType" for a warmup event, "event" for any other
---  items      the member of data that has a list of items; nil if the event reports one item
---  announces  the events that follow; {event = "mailbox.created", count = "quantity"} means that mailbox.created
---             events follow, and that data.quantity is their number
---The samples of warmup and subscription events show no eventId. One sample of domain.order.success has data.actionId,
---but no eventId. Its data.domains is a list of {domain, status} (help). Events of asynchronous operations may have
---data.actionId as well: the help centre's samples show it, but the documented payloads do not.

local ascii = require "cmr.util.ascii"
local tables = require "cmr.util.tables"

local events = {}

local TYPES = {
  price = "number",
  quantity = "number",
  autoRenew = "boolean",
  updatedFields = "object",
  mailboxDetails = "array",
  ["mailboxDetails[].preWarmedUpMailboxes"] = "array",
  ["mailboxDetails[].preWarmedUpMailboxes[].isAdmin"] = "boolean",
}

local WARM_MAILBOX = "mailboxId email firstName lastName profilePicture password appPassword authenticatorSecret "
  .. "isAdmin warmingUpFrom expiryDate"

-- Groups of fields. In a `fields` line of ROWS, a word in capitals such as SUBSCRIPTION stands for a whole group.
local GROUPS = {
  SUBSCRIPTION = "userId userEmail subscriptionId domainId domain workspaceType quantity periodStart periodEnd "
    .. "autoRenew description subscriptionStatus",
  MAILBOX_DETAILS = "mailboxDetails mailboxDetails[].domain mailboxDetails[].subscriptionId "
    .. "mailboxDetails[].preWarmedUpMailboxes "
    .. WARM_MAILBOX:gsub("%S+", "mailboxDetails[].preWarmedUpMailboxes[].%0"),
}

-- A row begins with the line "SOURCE NAME: WHEN". Its source is "docs" or "help", as in operations.def. The next lines
-- have the other members. If a row has no fields, all data of the event is undocumented.
local ROWS = [[
docs domain.order.success: A domain is registered.
  fields userId userEmail orderId domainId domainName creationTime expiryDate price
docs domain.order.failed:
  when A domain is taken or restricted, or the registrar, wallet or workspace refused it. No mailbox events follow.
  fields reason
  open everything but the reason, which can be "Workspace validation failed"
help domain.renewal.success: A domain is renewed.
help domain.renewal.failed: A domain could not be renewed.
help domain.grace_period: A domain has reached its expiry. The domain can still be renewed for 7 days.
help domain.expired: A domain's grace is over: the API can no longer renew it.
docs mailbox.order.success: The provider has confirmed an order of mailboxes.
  fields domainId domainName userId userEmail subscriptionId orderId workspaceType
  fields creationTime expiryDate price quantity
docs mailbox.order.failed: An order of mailboxes failed.
docs mailbox.created: A mailbox is ready. Each mailbox has its own event, with its credentials.
  fields userId orderId mailboxId email
  open the credentials
docs mailbox.updated: A mailbox's details have changed.
  fields updatedFields
  open everything but updatedFields, which has only the changed fields
help mailbox.exported: An OAuth export is finished.
help mailbox.warmup.started: A mailbox's warmup is ACTIVE.
  fields userId userEmail mailboxId email domain workspaceType
  key eventType
help mailbox.warmup.removed: A mailbox's warmup is deleted; a pause sends no event.
  fields mailboxId email domain workspaceType
  key eventType
docs subscription.renewing: A subscription goes from ACTIVE to RENEWING.
  fields SUBSCRIPTION
docs subscription.renewal.success: A subscription is renewed.
  fields SUBSCRIPTION
docs subscription.renewal.failed: A subscription's domain is in GRACE_PERIOD or EXPIRED.
  fields SUBSCRIPTION
  open a reason, according to the help centre
help subscription.past_due: A subscription's payment failed, or its period ended without a renewal.
  fields SUBSCRIPTION
help subscription.expired: A subscription was not recovered while it was past due.
  fields SUBSCRIPTION
docs subscription.cancelled: A subscription was cancelled by a call.
  fields SUBSCRIPTION
docs subscription.updated: A subscription gets the price that applies after 12 months. The event comes once.
  fields SUBSCRIPTION
docs prewarmup.order.success: Warm mailboxes are assigned. Their credentials are in the event.
  fields userId userEmail orderId serviceProvider MAILBOX_DETAILS
  items mailboxDetails
docs prewarmup.order.failed: Warm mailboxes could not be assigned.
help dns-record.updated: A change of DNS or of forwarding is applied.
  fields userId
  open the action, the domain's name and the record
]]

for line in ROWS:gmatch "[^\n]+" do
  local source, name, when = line:match "^(%S+) (%S+): ?(.*)$"
  local row = events[#events]
  if source then
    row = { name = name, source = source, when = when, fields = {}, key = "event", open = "all members of data" }
    events[#events + 1], events[name] = row, row
  else
    local member, value = line:match "^  (%S+) (.*)$"
    if member ~= "fields" then
      row[member] = value
    else
      row.open = nil
      for field in value:gsub("[%u_]+", GROUPS):gmatch "%S+" do
        row.fields[#row.fields + 1] = { name = field, type = TYPES[field] or "string" }
      end
    end
  end
end

events["mailbox.order.success"].announces = { event = "mailbox.created", count = "quantity" }

---Returns the eventId of an event. Returns nil if the event has no eventId, or an empty one.
---@param event cmr.Event
---@return string? id
function events.event_id(event)
  local id = event.eventId
  return type(id) == "string" and id ~= "" and id or nil
end

-- cmr uses at most this many ids of one event, because the store has a copy of the event for each id. If an event has
-- more ids, cmr finds the event by the id of its order or action.
local MAX_IDS = 20
local MAX_ID_BYTES = 200

-- The members that contain an id, and the kind of the id. These are members of data, or of an item in a list in data.
-- The most useful kinds come first.
local IDS = {
  { "actionId", "action" },
  { "orderId", "order" },
  { "subscriptionId", "subscription" },
  { "domainId", "domain" },
  { "domainName", "domain" },
  { "domain", "domain" },
  { "mailboxId", "mailbox" },
  { "email", "mailbox" },
}
local IN_LOWER_CASE = { domainName = true, domain = true, email = true } -- in all other ids, case matters

local function collect_ids(found, object)
  for _, row in ipairs(IDS) do
    local member, kind = row[1], row[2]
    local id = object[member]
    if type(id) == "string" and id ~= "" and #id <= MAX_ID_BYTES and #found < MAX_IDS then
      if IN_LOWER_CASE[member] then id = ascii.lower(id) end
      local name = kind .. ":" .. id
      if not found[name] then
        found[#found + 1], found[name] = { kind, id }, true
      end
    end
  end
end

---Returns the ids in an event, without duplicates. cmr finds the event by these ids. Users' ids are left out, because
---one user has too many events.
---@param event cmr.Event
---@return string[][] ids {kind, id}; kinds: action, order, subscription, domain, mailbox
function events.ids(event)
  local data, found, ids = event.data, {}, {}
  if type(data) ~= "table" then return ids end
  collect_ids(found, data)
  local lists = { data }
  for _, name in ipairs(tables.sorted_keys(data)) do -- sorted, so that MAX_IDS always cuts off the same ids
    lists[#lists + 1] = type(data[name]) == "table" and type(name) == "string" and data[name] or nil
  end
  for _, list in ipairs(lists) do
    for _, item in ipairs(list) do
      if type(item) == "table" then collect_ids(found, item) end
    end
  end
  for index, pair in ipairs(found) do
    ids[index] = pair
  end
  return ids
end

---Returns the names of the lists in which an event is stored, such as "order:ID".
---@return string[] names
function events.list_names(event)
  local names = {}
  for index, pair in ipairs(events.ids(event)) do
    names[index] = pair[1] .. ":" .. pair[2]
  end
  return names
end

return events
