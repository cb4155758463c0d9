---The documented events: the only list of them. Pure data, on any Lua and in nginx. The set is open: an event that is
---not in it is accepted as well.
---
---A row, also found by its name: {name, when, fields, source, open, key, items, announces}
---  fields     what data is documented to hold, in order: {name, type}, "a[].b" in the items of a list; it is assumed
---             that money and quantities are numbers
---  source     "docs" or "help", as in the operations table
---  open       what else data holds that is not documented, or not by name
---  key        the member with the event's name: "eventType" in samples that show no "event" and no eventId
---  items      the member of data that lists the items that the event reports, if it reports several
---  announces  {event, count}: how many events of that name follow is in this member of data
---Events of asynchronous operations may have data.actionId as well: the help centre's samples show it, the documented
---payloads do not.

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

local function event(name, source, when, fields, extra)
  local row = { name = name, source = source, when = when, fields = {}, key = "event" }
  for field in fields:gmatch "%S+" do
    row.fields[#row.fields + 1] = { name = field, type = TYPES[field] or "string" }
  end
  for member, value in pairs(extra or {}) do
    row[member] = value
  end
  events[#events + 1], events[name] = row, row
end

local UNDOCUMENTED = { open = "nothing is named" }
local SUBSCRIPTION = "userId userEmail subscriptionId domainId domain workspaceType quantity periodStart periodEnd "
  .. "autoRenew description subscriptionStatus"

-- The fields of data.mailboxDetails.
local function mailbox_details()
  local names = { "mailboxDetails" }
  for name in ("domain subscriptionId preWarmedUpMailboxes"):gmatch "%S+" do
    names[#names + 1] = "mailboxDetails[]." .. name
  end
  for name in
    (
      "mailboxId email firstName lastName profilePicture password appPassword authenticatorSecret isAdmin "
      .. "warmingUpFrom expiryDate"
    ):gmatch "%S+"
  do
    names[#names + 1] = "mailboxDetails[].preWarmedUpMailboxes[]." .. name
  end
  return table.concat(names, " ")
end

event(
  "domain.order.success",
  "docs",
  "A domain is registered.",
  "userId userEmail orderId domainId domainName creationTime expiryDate price"
)
event(
  "domain.order.failed",
  "docs",
  "A domain could not be had: taken, restricted, the registrar, the wallet, its workspace. No mailbox events follow.",
  "reason",
  { open = "everything but the reason" }
)
event("domain.renewal.success", "help", "A domain is renewed.", "", UNDOCUMENTED)
event("domain.renewal.failed", "help", "A domain could not be renewed.", "", UNDOCUMENTED)
event("domain.grace_period", "help", "A domain has reached its expiry: 7 days are left.", "", UNDOCUMENTED)
event("domain.expired", "help", "A domain's grace is over: the API can no longer renew it.", "", UNDOCUMENTED)
event(
  "mailbox.order.success",
  "docs",
  "The provider has confirmed an order of mailboxes.",
  "domainId domainName userId userEmail subscriptionId orderId workspaceType creationTime expiryDate price quantity",
  { announces = { event = "mailbox.created", count = "quantity" } }
)
event("mailbox.order.failed", "docs", "An order of mailboxes failed.", "", UNDOCUMENTED)
event(
  "mailbox.created",
  "docs",
  "A mailbox is ready; one event for each. Its credentials are in it.",
  "userId orderId mailboxId email",
  { open = "the credentials" }
)
event(
  "mailbox.updated",
  "docs",
  "A mailbox's details have changed.",
  "updatedFields",
  { open = "everything but updatedFields, which holds only what changed" }
)
event("mailbox.exported", "help", "An OAuth export is finished.", "", UNDOCUMENTED)
event(
  "mailbox.warmup.started",
  "help",
  "A mailbox's warmup is ACTIVE.",
  "userId userEmail mailboxId email domain workspaceType",
  { key = "eventType" }
)
event(
  "mailbox.warmup.removed",
  "help",
  "A mailbox's warmup is deleted; a pause says nothing.",
  "mailboxId email domain workspaceType",
  { key = "eventType" }
)
event("subscription.renewing", "docs", "A subscription goes from ACTIVE to RENEWING.", SUBSCRIPTION)
event("subscription.renewal.success", "docs", "A subscription is renewed.", SUBSCRIPTION)
event(
  "subscription.renewal.failed",
  "docs",
  "A subscription's domain is in GRACE_PERIOD or EXPIRED.",
  SUBSCRIPTION,
  { open = "a reason (help)" }
)
event("subscription.past_due", "help", "A subscription's payment failed, or its period ended unrenewed.", SUBSCRIPTION)
event("subscription.expired", "help", "A subscription that was past due is not recovered.", SUBSCRIPTION)
event("subscription.cancelled", "docs", "A subscription was cancelled by a call.", SUBSCRIPTION)
event("subscription.updated", "docs", "Once, when the price after 12 months applies.", SUBSCRIPTION)
event(
  "prewarmup.order.success",
  "docs",
  "Warm mailboxes are assigned. Their credentials are in it.",
  "userId userEmail orderId serviceProvider " .. mailbox_details(),
  { items = "mailboxDetails" }
)
event("prewarmup.order.failed", "docs", "Warm mailboxes could not be assigned.", "", UNDOCUMENTED)
event(
  "dns-record.updated",
  "help",
  "A change of DNS or of forwarding is applied.",
  "userId",
  { open = "the action, the domain's name and the record" }
)

return events
