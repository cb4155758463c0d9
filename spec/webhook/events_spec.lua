-- The list of events, held against the vendor's words, not against itself.

local events = require "cmr.webhook.events"

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
    table.sort(names)
    assert.same({
      "dns-record.updated", "domain.expired", "domain.grace_period", "domain.order.failed", "domain.order.success",
      "domain.renewal.failed", "domain.renewal.success", "mailbox.created", "mailbox.exported", "mailbox.order.failed",
      "mailbox.order.success", "mailbox.updated", "mailbox.warmup.removed", "mailbox.warmup.started",
      "prewarmup.order.failed", "prewarmup.order.success", "subscription.cancelled", "subscription.expired",
      "subscription.past_due", "subscription.renewal.failed", "subscription.renewal.success", "subscription.renewing",
      "subscription.updated",
    }, names)
  end)

  it("have the documented fields", function()
    assert.equal("userId,userEmail,orderId,domainId,domainName,creationTime,expiryDate,price",
      fields_of "domain.order.success")
    assert.equal("userId,orderId,mailboxId,email", fields_of "mailbox.created")
    assert.equal("the credentials", events["mailbox.created"].open)
    assert.equal("", fields_of "mailbox.exported")
    assert.matches("mailboxDetails[].preWarmedUpMailboxes[].authenticatorSecret", fields_of "prewarmup.order.success",
      1, true)
  end)

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

  it("are found by at most 20 ids, those of the whole first", function()
    local domains = {}
    for number = 1, 1000 do domains[number] = {domain = number .. ".com"} end
    local found = ids_of{domains = domains, orderId = "O1"}
    assert.matches("^order:O1 domain:1%.com .* domain:19%.com$", found)
  end)

  it("have no id that is no text, or is too long for one", function()
    assert.equal("", ids_of{orderId = 5, actionId = true, domain = "", mailboxId = {}, email = ("x"):rep(201)})
    for _, data in ipairs{"text", 5, true} do assert.same({}, events.ids{event = "any", data = data}) end
    assert.same({}, events.ids{event = "any"})
    assert.same({}, events.ids{event = "any", data = require("cmr").null})
  end)

  it("have their name under eventType where the samples of warmup events have it", function()
    for _, row in ipairs(events) do
      assert.equal(row.name:find "%.warmup%." and "eventType" or "event", row.key)
    end
  end)
end)
