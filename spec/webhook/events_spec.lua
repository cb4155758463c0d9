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

  it("have their name under eventType where the samples of warmup events have it", function()
    for _, row in ipairs(events) do
      assert.equal(row.name:find "%.warmup%." and "eventType" or "event", row.key)
    end
  end)
end)
