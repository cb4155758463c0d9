-- Compares the library's list of events with the vendor's documents. DOCUMENTED repeats what the documents say.

local documents = require "spec.support.documents"
local events = require "cmr.webhook.events"

local SUBSCRIPTION = "userId,userEmail,subscriptionId,domainId,domain,workspaceType,quantity,periodStart,periodEnd,"
  .. "autoRenew,description,subscriptionStatus"
local WARM = "mailboxId,email,firstName,lastName,profilePicture,password,appPassword,authenticatorSecret,isAdmin,"
  .. "warmingUpFrom,expiryDate"

-- Types of fields that are not strings.
local TYPES = {price = "number", quantity = "number", autoRenew = "boolean", isAdmin = "boolean",
  updatedFields = "object", mailboxDetails = "array", preWarmedUpMailboxes = "array"}

-- What the documents say about each event: the source, the fields of its data, the data whose field names are not
-- documented (`open`), and words about when the event comes.
local DOCUMENTED = {}

local function event(source, name, fields, open, ...)
  DOCUMENTED[name] = {source = source, fields = fields, open = open, when = {...}}
end

event("docs", "domain.order.success",
  "userId,userEmail,orderId,domainId,domainName,creationTime,expiryDate,price", nil, "registered")
event("docs", "domain.order.failed", "reason",
  'everything but the reason, which can be "Workspace validation failed"',
  "taken", "restricted", "registrar", "wallet", "workspace", "No mailbox events follow")
event("help", "domain.renewal.success", "", "all members of data", "is renewed")
event("help", "domain.renewal.failed", "", "all members of data", "could not be renewed")
event("help", "domain.grace_period", "", "all members of data", "reached its expiry", "7 days")
event("help", "domain.expired", "", "all members of data", "grace is over", "the API can no longer renew it")
event("docs", "mailbox.order.success", "domainId,domainName,userId,userEmail,subscriptionId,orderId,workspaceType,"
  .. "creationTime,expiryDate,price,quantity", nil, "The provider has confirmed")
event("docs", "mailbox.order.failed", "", "all members of data", "failed")
event("docs", "mailbox.created", "userId,orderId,mailboxId,email", "the credentials", "ready",
  "Each mailbox has its own event",
  "credentials")
event("docs", "mailbox.updated", "updatedFields", "everything but updatedFields, which has only the changed fields",
  "details have changed")
event("help", "mailbox.exported", "", "all members of data", "OAuth export is finished")
event("help", "mailbox.warmup.started", "userId,userEmail,mailboxId,email,domain,workspaceType", nil, "ACTIVE")
event("help", "mailbox.warmup.removed", "mailboxId,email,domain,workspaceType", nil, "deleted",
  "a pause sends no event")
event("docs", "subscription.renewing", SUBSCRIPTION, nil, "from ACTIVE to RENEWING")
event("docs", "subscription.renewal.success", SUBSCRIPTION, nil, "is renewed")
event("docs", "subscription.renewal.failed", SUBSCRIPTION, "a reason, according to the help centre",
  "GRACE_PERIOD or EXPIRED")
event("help", "subscription.past_due", SUBSCRIPTION, nil, "payment failed", "period ended without a renewal")
event("help", "subscription.expired", SUBSCRIPTION, nil, "not recovered")
event("docs", "subscription.cancelled", SUBSCRIPTION, nil, "cancelled by a call")
event("docs", "subscription.updated", SUBSCRIPTION, nil, "comes once", "the price that applies after 12 months")
event("docs", "prewarmup.order.success", "userId,userEmail,orderId,serviceProvider,mailboxDetails,"
  .. "mailboxDetails[].domain,mailboxDetails[].subscriptionId,mailboxDetails[].preWarmedUpMailboxes,"
  .. WARM:gsub("%w+", "mailboxDetails[].preWarmedUpMailboxes[].%0"), nil, "assigned", "credentials")
event("docs", "prewarmup.order.failed", "", "all members of data", "could not be assigned")
event("help", "dns-record.updated", "userId", "the action, the domain's name and the record",
  "DNS or of forwarding")

local function fields_of(name)
  local names = {}
  for index, field in ipairs(events[name].fields) do
    names[index] = field.name
  end
  return table.concat(names, ",")
end

describe("the events", function()
  it("are those that the documents name", function()
    local names = {}
    for _, row in ipairs(events) do
      names[#names + 1] = row.name
      assert.equal(row, events[row.name])
    end
    local documented = {}
    for name in pairs(DOCUMENTED) do documented[#documented + 1] = name end
    table.sort(names)
    table.sort(documented)
    assert.same(documented, names)
  end)

  for name, documented in pairs(DOCUMENTED) do
    it("have the documented facts of " .. name, function()
      local row, webhook = events[name], documents.openapi.webhooks[name].post
      local shown = documents.reference:match("\n| `" .. name:gsub("%p", "%%%0") .. "`[^|\n]* (|[^\n]*|)\n")
      assert.equal(documented.source, row.source)
      assert.equal(documented.fields, fields_of(name))
      assert.equal(documented.open, row.open)
      local named = documents.types:match('\n%-%-%-| "' .. name:gsub("%p", "%%%0") .. '" # ([^\n]*)')
      for _, word in ipairs(documented.when) do
        for _, text in ipairs{row.when, shown, webhook.description, named} do assert.matches(word, text, 1, true) end
      end
      for _, field in ipairs(row.fields) do
        assert.matches("`" .. field.name .. "`", shown, 1, true)
        assert.equal(TYPES[field.name:match("%w+$")] or "string", field.type, field.name)
        local schema = webhook.requestBody.content["application/json"].schema.properties.data
        for step in field.name:gsub("%[%]", ".[]"):gmatch "[^.]+" do
          schema = step == "[]" and schema.items or schema.properties[step]
        end
        assert.equal(field.type, schema.type, field.name)
      end
      if documented.open then assert.matches(documented.open, shown, 1, true) end
    end)
  end

  local function ids_of(data)
    local names = {}
    for index, pair in ipairs(events.ids{event = "any", data = data}) do
      assert.equal(2, #pair)
      names[index] = pair[1] .. ":" .. pair[2]
    end
    assert.same(names, events.list_names{event = "any", data = data})
    return table.concat(names, " ")
  end

  it("are found by every id in them, except the user's", function()
    local names = "action:A1 order:O1 subscription:S1 domain:D1 domain:some.com mailbox:M1 mailbox:jane@some.com"
    assert.equal(names, ids_of{actionId = "A1", orderId = "O1", subscriptionId = "S1", domainId = "D1",
      domainName = "Some.COM", domain = "some.com", mailboxId = "M1",
      email = "Jane@Some.com", userId = "U1", userEmail = "x@y.z"})
    assert.equal("domain:some.com", ids_of{domain = "SOME.com"})
    assert.equal("", ids_of{userId = "U1", userEmail = "x@y.z"})
  end)

  it("are found by the ids of the items in their lists", function()
    assert.equal("order:O1 domain:D1 domain:a.com domain:D2 domain:b.com", ids_of{orderId = "O1",
      domains = {{domainId = "D1", domainName = "a.com"}, {domainId = "D2", domainName = "B.com"}}})
    assert.equal("subscription:S1 domain:a.com", ids_of{
      mailboxDetails = {{domain = "a.com", subscriptionId = "S1"}}})
    assert.equal("domain:a.com mailbox:M1", ids_of{{domain = "a.com"}, {mailboxId = "M1"}})
  end)

  it("are found by at most 20 ids, with those of the whole event first", function()
    local domains = {}
    for number = 1, 1000 do domains[number] = {domain = number .. ".com"} end
    local found = ids_of{domains = domains, orderId = "O1"}
    assert.matches("^order:O1 domain:1%.com .* domain:19%.com$", found)
  end)

  it("have no id that is not a text, or that is too long", function()
    assert.equal("", ids_of{orderId = 5, actionId = true, domain = "", mailboxId = {}, email = ("x"):rep(201)})
    assert.equal("mailbox:" .. ("x"):rep(200), ids_of{email = ("x"):rep(200)})
    assert.equal("mailbox:" .. ("x"):rep(200), ids_of{email = ("x"):rep(200)})
    for _, data in ipairs{"text", 5, true} do assert.same({}, events.ids{event = "any", data = data}) end
    assert.same({}, events.ids{event = "any"})
    assert.same({}, events.ids{event = "any", data = require("cmr").null})
  end)

  it("have their name in eventType if they are warmup events, as in the samples", function()
    for _, row in ipairs(events) do
      assert.equal(row.name:find "%.warmup%." and "eventType" or "event", row.key)
    end
  end)
end)
