-- How an operation ended: the failed items of its answer, and the events that report success or failure.
local cmr = require "cmr"
local core = require "cmr.core"
local events = require "cmr.webhook.events"
local mock = require "spec.support.mock"
local rows = require "cmr.operations"
local settlement = require "cmr.settlement"
local support = require "spec.support.client"

local function boxes(count)
  local list = {}
  for index = 1, count do list[index] = {username = "u" .. index} end
  return list
end

local function event(name, data) return {event = name, data = data or {}} end

describe("the operations' success_events and failure_events", function()
  it("name documented events, and parameters of the operation", function()
    local count = 0
    for _, row in ipairs(rows) do
      local params = {}
      for _, param in ipairs(row.params) do params[param.name] = true end
      for _, entry in ipairs(row.success_events or {}) do
        count = count + 1
        local name, parameter = entry:match "^(%S+) ?(%S*)$"
        assert.is_table(events[name], entry)
        assert.is_true(parameter == "" or params[parameter] or row.open_location ~= nil, row.name .. ": " .. entry)
      end
      for _, name in ipairs(row.failure_events or {}) do assert.is_table(events[name], name) end
      if row.success_events then assert.is_true(row.flags.async, row.name) end
    end
    assert.is_true(count > 10)
  end)
end)

describe("what is waited for", function()
  for what, case in pairs{
    ["of an order of mailboxes: one for each"] = {"create_order",
      {domains = {{domain = "a.com"}, {domain = "b.com"}}, mailboxes = {["a.com"] = boxes(2), ["b.com"] = boxes(3)}},
      nil, "mailbox.created", 5},
    ["of an order of domains: each of them"] = {"create_order", {domains = {{domain = "a.com"}, {domain = "b.com"}}},
      nil, "domain.order.success", 2},
    ["of an order whose domains get no mailboxes: the same"] = {"create_order",
      {domains = {{domain = "a.com"}}, mailboxes = {["a.com"] = {}}}, nil, "domain.order.success", 1},
    ["of an order with a null in place of a domain's mailboxes: the others"] = {"create_order",
      {domains = {{domain = "a.com"}}, mailboxes = {["a.com"] = boxes(2), ["b.com"] = cmr.null}},
      nil, "mailbox.created", 2},
    ["of an order in part: not what cannot be had"] = {"create_order",
      {domains = {{domain = "a.com"}, {domain = "B.com"}}, mailboxes = {["a.com"] = boxes(2), ["B.com"] = boxes(3)}},
      {"b.com"}, "mailbox.created", 2},
    ["of an order whose mailboxes cannot be had: its other domains"] = {"create_order",
      {domains = {{domain = "a.com"}, {domain = "b.com"}}, mailboxes = {["b.com"] = boxes(2)}},
      {"b.com"}, "domain.order.success", 1},
    ["of an order of which nothing is left: nothing"] = {"create_order",
      {domains = {{domain = "a.com"}}, mailboxes = {["a.com"] = boxes(2)}}, {"a.com"}, "mailbox.created", 0},
    ["of an order that somebody else made: what it announces"] = {"create_order", nil, nil, "mailbox.created", nil},
    ["of renewals: each domain"] = {"renew_domains", {domains = {"a.com", "b.com"}}, nil, "domain.renewal.success", 2},
    ["of renewals: not those that were refused"] = {"renew_domains", {domains = {"a.com", "b.com"}},
      {{domainName = "a.com"}}, "domain.renewal.success", 1},
    ["of the renewal of everything: nobody knows how many"] = {"renew_domains", {years = 1}, nil,
      "domain.renewal.success", nil},
    ["of exports, under either name"] = {"export_mailboxes", {mailboxIds = {"M1", "M2"}}, nil, "mailbox.exported", 2},
    ["of a cancellation: one"] = {"cancel_subscription", {domain = "a.com"}, nil, "subscription.cancelled", 1},
    ["of an order that names a domain twice, once in vain: the other"] = {"create_order",
      {domains = {{domain = "a.com"}, {domain = "A.com"}}, mailboxes = {["a.com"] = boxes(2)}}, {"A.com"},
      "mailbox.created", 2},
    ["of one mailbox's update: one"] = {"update_mailboxes", {mailboxData = {mailboxId = "M"}}, nil,
      "mailbox.updated", 1},
    ["of several mailboxes' update: one for each that went well"] = {"update_mailboxes",
      {mailboxData = {{mailboxId = "M1"}, {mailboxId = "M2"}, {mailboxId = "M3"}}}, {{success = false}},
      "mailbox.updated", 2},
    ["of an order that leaves out a domain which the answer does not name: not that domain's mailboxes"] = {
      "create_order", {domains = {{domain = "a.com"}, {domain = "b.com"}},
      mailboxes = {["a.com"] = boxes(1), ["b.com"] = boxes(2)}}, {{success = false}}, "mailbox.created", 1},
    ["of an order of mailboxes: not those that were refused"] = {"order_mailboxes",
      {mailboxes = {["a.com"] = boxes(3)}}, {{email = "U2@a.com"}}, "mailbox.created", 2},
    ["of a re-export: one"] = {"reexport", {mailboxId = "M"}, nil, "mailbox.exported", 1},
    ["of warm domains: each"] = {"order_prewarmed", {order = {{domain = "a.com"}, {domain = "b.com"}}}, nil,
      "prewarmup.order.success", 2},
  } do
    it(what, function()
      assert.same({event = case[4], count = case[5]}, settlement.expected(rows[case[1]], case[2], case[3]))
    end)
  end
end)

-- Returns a plan after it was stored as JSON and read back.
local function plan_of(name, args, answer, sent_at)
  local plan = assert(settlement.plan(rows[name], args, answer or {actionId = "A", data = {orderId = "O"}}, sent_at))
  return assert(core.json_decode(core.json_encode(plan)))
end

local function judge(plan, ...)
  return settlement.judge(plan, {...})
end

describe("a plan", function()
  it("has the ids that events may carry, with those of the answer first", function()
    local plan = plan_of("create_order",
      {userId = "U", domains = {{domain = "B.com"}}, mailboxes = {["B.com"] = boxes(1)}})
    assert.same({{"action", "A", true}, {"order", "O", true}, {"domain", "b.com"}}, plan.ids)
    assert.same({"O", "U", "create_order"}, {plan.order, plan.user, plan.operation})
    assert.same({{"subscription", "S1"}, {"subscription", "S2"}},
      plan_of("renew_subscriptions", {subscriptionIds = {"S1", "S2"}}, {}).ids)
    assert.same({{"mailbox", "jo@d.com"}}, plan_of("reexport", {email = "Jo@D.com", userId = "U"}, {}).ids)
    assert.same({{"mailbox", "M1"}, {"mailbox", "M2"}}, plan_of("export_mailboxes",
      {componentMailboxIds = {"M1", "M2"}}, {}).ids)
    assert.same({{"domain", "a.com"}}, plan_of("cancel_subscription", {domain = "A.com"}, {}).ids)
    assert.same({{"domain", "a.com"}, {"domain", "D1"}}, plan_of("renew_domains", {domains = {"a.com"}},
      {data = {{domainName = "a.com", domainId = "D1"}}}).ids)
  end)

  it("has the same ids in the same order each time, by kind and then by id", function()
    local expected = {}
    for _, kind in ipairs{"domain", "mailbox", "order", "subscription"} do
      for index = 1, 9 do expected[#expected + 1] = {kind, kind:sub(1, 1):upper() .. index} end
    end
    for first = 1, 9 do
      local args = {orderIds = {}, subscriptionIds = {}, mailboxIds = {}, domains = {}}
      for place = 1, 9 do
        local number = ((first + place) * 5) % 9 + 1
        for name, ids in pairs(args) do ids[place] = name:sub(1, 1):upper() .. number end
      end
      assert.same(expected, plan_of("reexport", args, {}).ids)
    end
  end)

  it("has the mailboxes' addresses when the answer has no id", function()
    local args = {subscriptionId = "S", mailboxes = {["a.com"] = {{username = "Jo"}}}}
    assert.same({{"subscription", "S"}, {"domain", "a.com"}, {"mailbox", "jo@a.com"}},
      plan_of("order_mailboxes", args, {}).ids)
    assert.same({{"action", "A", true}, {"subscription", "S"}, {"domain", "a.com"}},
      plan_of("order_mailboxes", args, {actionId = "A"}).ids)
  end)

  it("does not take an id of the request for one that only this request's events carry", function()
    local plan = plan_of("process_order", {orderId = "O"}, {actionId = "A", data = {orderId = "O"}})
    assert.same({{"action", "A", true}, {"order", "O"}}, plan.ids)
  end)

  it("counts the requested items, and names the refused ones", function()
    local plan = plan_of("renew_domains", {domains = {"a.com", "b.com"}},
      {data = {{domainName = "a.com", success = false, message = "outside its window"}}})
    assert.same({{name = "a.com", reason = "outside its window"}}, plan.items_failed)
    assert.same({"domain.renewal.failed", 1}, {plan.first_failure, plan.parts})
    assert.same({"b.com"}, plan.steps[1].items)
  end)

  it("waits for domains without mailboxes as well", function()
    local plan = plan_of("create_order", {domains = {{domain = "a.com"}, {domain = "b.com"}},
      mailboxes = {["a.com"] = boxes(1)}})
    local created = event("mailbox.created", {email = "u1@a.com", orderId = "O"})
    assert.is_nil(judge(plan, created).verdict)
    assert.is_nil(judge(plan, created, event("domain.order.success", {domainName = "a.com", orderId = "O"})).verdict)
    local last = event("domain.order.success", {domainName = "b.com", orderId = "O"})
    assert.equal("done", judge(plan, created, last).verdict)
    local result = judge(plan, created, event("domain.order.success", {domainName = "a.com", orderId = "O"}), last)
    assert.same({"done", {created, last}}, {result.verdict, result.found})
  end)

  it("does not exist when no event reports the end", function()
    for _, name in ipairs{"remove_mailbox", "platforms", "recreate_subscriptions"} do
      local plan, why = settlement.plan(rows[name], {}, {})
      assert.is_nil(plan)
      assert.equal(("no event is documented to report the success of '%s'"):format(name), why)
    end
  end)
end)

describe("what the events say", function()
  local ORDER = plan_of("create_order", {domains = {{domain = "a.com"}}, mailboxes = {["a.com"] = boxes(2)}})

  local function own(name, data)
    data = data or {}
    data.orderId = "O"
    return event(name, data)
  end

  it("is no verdict as long as some events are missing", function()
    assert.is_nil(judge(ORDER).verdict)
    local one, other = own("mailbox.created", {email = "u1@a.com"}), own("mailbox.order.success", {quantity = 1})
    local result = judge(ORDER, other, one, own "domain.order.success")
    assert.is_nil(result.verdict)
    assert.same({one}, result.found)
    assert.equal("1 of 2 mailbox.created", result.missing)
    local both = plan_of("create_order", {domains = {{domain = "a.com"}, {domain = "b.com"}},
      mailboxes = {["a.com"] = boxes(1)}})
    assert.equal("0 of 1 mailbox.created", judge(both).missing)
    assert.equal("0 of 2 domain.order.success", judge(both, own("mailbox.created", {email = "u1@a.com"})).missing)
  end)

  it("counts a thing once, also when its events name it by another field", function()
    local renewal = plan_of("renew_domains", {domains = {"a.com", "b.com"}})
    for _, case in ipairs{{ORDER, "mailbox.created", "mailboxId"}, {renewal, "domain.renewal.success", "domainId"}} do
      local function named(id) return own(case[2], {[case[3]] = id}) end
      assert.equal("1 of 2 " .. case[2], judge(case[1], named "1", named "1").missing)
      assert.equal("done", judge(case[1], named "1", named "2").verdict)
    end
  end)

  it("is done when all events are there", function()
    local one, two = own("mailbox.created", {mailboxId = "1"}), own("mailbox.created", {mailboxId = "2"})
    local result = judge(ORDER, one, own "mailbox.order.success", two)
    assert.same({"done", {one, two}}, {result.verdict, result.found})
    assert.equal("done", judge(plan_of("start_warmup", {mailboxId = "M"}, {}),
      {eventType = "mailbox.warmup.started", data = {mailboxId = "M"}}).verdict)
  end)

  it("counts a mailbox once, whatever the case of its address", function()
    local result = judge(ORDER, own("mailbox.created", {email = "u1@a.com"}),
      own("mailbox.created", {email = "U1@a.com"}))
    assert.is_nil(result.verdict)
    assert.equal(1, #result.found)
  end)

  it("is failed as soon as a part has failed", function()
    for _, name in ipairs{"domain.order.failed", "mailbox.order.failed"} do
      local one, bad = own("mailbox.created"), own(name, {reason = "taken"})
      local result = judge(ORDER, one, bad)
      assert.same({"failed", {one}, bad, "unknown"}, {result.verdict, result.found, result.failure, result.outcome})
    end
    assert.is_nil(judge(plan_of("reexport", {mailboxId = "M"}), own "mailbox.order.failed").verdict)
  end)

  it("takes the number of mailboxes from an event when the request is not known", function()
    local plan, created = plan_of("order_mailboxes"), own("mailbox.created", {email = "a"})
    local other = own("mailbox.created", {email = "b"})
    assert.is_nil(judge(plan, created).verdict)
    assert.is_nil(judge(plan, created, own("mailbox.order.success", {quantity = 2})).verdict)
    assert.equal("done", judge(plan, created, other, own("mailbox.order.success", {quantity = 2})).verdict)
    for _, odd in ipairs{{}, {quantity = "1"}} do
      assert.is_nil(judge(plan, created, own("mailbox.order.success", odd)).verdict)
    end
    assert.is_nil(judge(plan, created, {event = "mailbox.order.success", data = "text"}).verdict)
  end)

  it("is never done for an order whose domains are not known", function()
    local plan = plan_of("create_order", nil, {orderId = "O"})
    assert.is_nil(judge(plan, own("domain.order.success", {domainName = "a.com"}),
      own("mailbox.order.success", {quantity = 1}), own("mailbox.created", {email = "a"})).verdict)
    assert.equal("done", judge(settlement.with_count(plan, 1), own("mailbox.created", {email = "a"})).verdict)
    assert.is_nil(judge(plan_of("renew_subscriptions", nil, {actionId = "A"}),
      event("subscription.renewal.success", {actionId = "A"})).verdict)
  end)

  it("counts the domains in an event with several domains", function()
    local two = plan_of("order_prewarmed", {order = {{domain = "a.com"}, {domain = "b.com"}}})
    assert.is_nil(judge(two, own("prewarmup.order.success", {mailboxDetails = {{}}})).verdict)
    assert.equal("done", judge(two, own("prewarmup.order.success", {mailboxDetails = {{}, {}}})).verdict)
    assert.equal("failed", judge(two, own("prewarmup.order.success", {mailboxDetails = {{}}}),
      own "prewarmup.order.failed").verdict)
    local plan = plan_of("create_order", {domains = {{domain = "a.com"}, {domain = "b.com"}}})
    local function listed(...) return event("domain.order.success", {actionId = "A", domains = {...}}) end
    assert.equal("done", judge(plan, listed({domain = "a.com", status = "ACTIVE"}, {domain = "b.com"})).verdict)
    assert.equal("done", judge(plan, listed("A.com", "b.com")).verdict)
    assert.is_nil(judge(plan, listed("a.com", {domain = "b.com", status = "PENDING"})).verdict)
    assert.is_nil(judge(plan, listed "a.com", listed {domain = "A.com"}).verdict)
    for _, status in ipairs{"IN_PROGRESS", "CREATING_PASSWORD", "pending"} do
      assert.is_nil(judge(plan, listed("a.com", {domain = "b.com", status = status})).verdict)
    end
    assert.equal("failed", judge(plan, listed("a.com", {domain = "b.com", status = "failed"})).verdict)
    assert.equal("done", judge(two, own("prewarmup.order.success", {domains = {"a.com", "b.com"}})).verdict)
    local result = judge(plan, listed("a.com", {domain = "b.com", status = "FAILED"}))
    assert.same({"failed", "unknown"}, {result.verdict, result.outcome})
  end)

  it("is matched by the ids that events carry", function()
    for name, case in pairs{
      renew_subscriptions = {{subscriptionIds = {"S"}}, "subscription.renewal.success", {subscriptionId = "S"}},
      cancel_subscription = {{subscriptionId = "S"}, "subscription.cancelled", {subscriptionId = "S"}},
      renew_domains = {{domains = {"A.com"}}, "domain.renewal.success", {domainName = "a.COM"}},
      update_mailboxes = {{mailboxData = {mailboxId = "M"}}, "mailbox.updated", {mailboxId = "M"}},
      export_mailboxes = {{mailboxIds = {"M"}}, "mailbox.exported", {mailboxId = "M"}},
      reexport = {{email = "Jo@d.com"}, "mailbox.exported", {email = "jo@d.com"}},
    } do
      assert.equal("done", judge(plan_of(name, case[1], {}), event(case[2], case[3])).verdict, name)
    end
  end)

  it("counts an event that names its thing in another way than the request", function()
    for name, case in pairs{
      order_mailboxes = {{mailboxes = {["a.com"] = boxes(1)}}, "mailbox.created", {mailboxId = "M"}},
      renew_domains = {{domains = {"a.com"}}, "domain.renewal.success", {domainId = "D"}},
      renew_subscriptions = {{subscriptionIds = {"S"}}, "subscription.renewal.success", {domain = "a.com"}},
      update_mailboxes = {{mailboxData = {mailboxId = "M"}}, "mailbox.updated", {email = "jo@d.com"}},
    } do
      assert.equal("done", judge(plan_of(name, case[1], {}), event(case[2], case[3])).verdict, name)
    end
    local registered = own("domain.order.success", {domainName = "xn--bcher-kva.com"})
    local result = judge(plan_of("create_order", {domains = {{domain = "b\195\188cher.com"}}}), registered)
    assert.same({"done", {registered}}, {result.verdict, result.found})
  end)

  it("does not count an event of another request for the same domain", function()
    local order = {domains = {{domain = "a.com"}}, mailboxes = {["a.com"] = boxes(1)}}
    local plan = plan_of("create_order", order, {})
    assert.is_nil(judge(plan, event("mailbox.created", {email = "x@a.com"})).verdict)
    assert.equal("done", judge(plan, event("mailbox.created", {email = "u1@a.com"})).verdict)
  end)

  it("includes every event of an order that the request names", function()
    local plan = plan_of("process_order", {orderId = "O"}, {actionId = "A"})
    for _, data in ipairs{{orderId = "O"}, {orderId = "O", actionId = "ANOTHER"}, {actionId = "A"}} do
      assert.same({event("order.noted", data)}, judge(plan, event("order.noted", data)).events)
    end
    assert.same({}, judge(plan, event("order.noted", {orderId = "ANOTHER"})).events)
    assert.same({}, judge(plan, event "order.noted").events)
  end)

  it("does not count another request's events", function()
    local plan = plan_of("renew_subscriptions", {subscriptionIds = {"S"}}, {actionId = "A"}, 1000)
    local function renewed(at, action)
      return judge(plan, {event = "subscription.renewal.success", receivedAt = at,
        data = {subscriptionId = "S", actionId = action}}).verdict
    end
    assert.is_nil(renewed(900))
    assert.is_nil(renewed(1005, "ANOTHER"))
    assert.is_nil(renewed(989.75))
    assert.equal("done", renewed(990)) -- the clock of another machine may be a little behind
    assert.equal("done", renewed(1005))
    assert.equal("done", renewed(nil))
    assert.equal("done", renewed(900, "A")) -- before the request, but with its action
    local warm = plan_of("order_mailboxes", {subscriptionId = "S", mailboxes = {["a.com"] = boxes(1)}}, {}, 1000)
    assert.is_nil(judge(warm, event("mailbox.created", {email = "x@a.com"})).verdict)
    assert.equal("done", judge(warm, event("mailbox.created", {email = "u1@a.com"})).verdict)
  end)
end)

describe("how sure a failure is", function()
  local function sure(name, request, ...)
    local arrived = {}
    for index, entry in ipairs{...} do
      arrived[index] = type(entry) == "string" and event(entry, {orderId = "O"}) or entry
    end
    return settlement.judge(plan_of(name, request), arrived).outcome
  end

  it("is rejected when the first step of everything failed", function()
    local domains = {{domain = "a.com"}}
    for _, request in ipairs{{domains = domains}, {domains = domains, mailboxes = {["a.com"] = boxes(3)}}} do
      assert.equal("rejected", sure("create_order", request, "domain.order.failed"))
    end
    assert.equal("rejected", sure("order_mailboxes", {mailboxes = {["a.com"] = boxes(1)}}, "mailbox.order.failed"))
    assert.equal("rejected", sure("renew_subscriptions", {subscriptionIds = {"S1"}}, "subscription.renewal.failed"))
    assert.equal("rejected", sure("order_prewarmed", {order = {domain = "a.com"}}, "prewarmup.order.failed"))
    assert.equal("rejected", sure("order_mailboxes", {mailboxes = {["a.com"] = boxes(2)}},
      event("mailbox.order.failed", {orderId = "O", domain = "a.com", email = "u1@a.com"}),
      event("mailbox.order.failed", {orderId = "O", domain = "a.com", email = "u2@a.com"})))
    assert.equal("rejected", sure("renew_subscriptions", {subscriptionIds = {"S1", "S2"}},
      event("subscription.renewal.failed", {actionId = "A", domain = "a.com", subscriptionId = "S1"}),
      event("subscription.renewal.failed", {actionId = "A", domain = "a.com", subscriptionId = "S2"})))
    assert.equal("rejected", sure("renew_domains", {domains = {"a.com", "b.com"}},
      event("domain.renewal.failed", {actionId = "A", domainName = "b.com"}),
      event("domain.renewal.failed", {actionId = "A", domainName = "a.com"})))
  end)

  it("is unknown in every other case, because a part may be done", function()
    local one, two = {{domain = "a.com"}}, {{domain = "a.com"}, {domain = "b.com"}}
    assert.equal("unknown", sure("create_order", {domains = two}, "domain.order.failed"))
    assert.equal("unknown", sure("create_order", {domains = one}, "mailbox.order.failed"))
    assert.equal("unknown", sure("create_order", {domains = one}, "domain.order.failed", "domain.order.success"))
    assert.equal("unknown", sure("create_order", {domains = one}, "domain.order.success", "domain.order.failed"))
    assert.equal("unknown", sure("create_order", nil, "domain.order.failed"))
    assert.equal("unknown", sure("process_order", {orderId = "O1"}, "domain.order.failed"))
    assert.equal("unknown", sure("order_mailboxes", {mailboxes = {["a.com"] = boxes(3)}}, "mailbox.order.failed"))
    assert.equal("unknown", sure("order_mailboxes", {mailboxes = {["a.com"] = boxes(1), ["b.com"] = boxes(1)}},
      "mailbox.order.failed"))
    assert.equal("unknown", sure("renew_subscriptions", {subscriptionIds = {"S1", "S2"}},
      "subscription.renewal.failed"))
    assert.equal("unknown", sure("renew_domains", {domains = {"a.com", "b.com"}}, -- the same domain failed twice
      event("domain.renewal.failed", {actionId = "A", domainName = "b.com"}),
      event("domain.renewal.failed", {actionId = "A", domainName = "B.com", reason = "again"})))
    assert.equal("unknown", sure("create_order", {domains = one}, -- the domain may have been paid for
      event("domain.order.failed", {orderId = "O", reason = "Workspace validation failed"})))
    assert.equal("unknown", sure("create_order", {domains = one, mailboxes = {["old.com"] = boxes(1)}},
      "domain.order.failed"))
  end)

  it("is rejected when the answer refused everything", function()
    local function refused(name, args, answer)
      local result = judge(plan_of(name, args, answer))
      return tostring(result.verdict) .. " " .. tostring(result.outcome)
    end
    local order = {domains = {{domain = "a.com"}, {domain = "b.com"}}, mailboxes = {["a.com"] = boxes(2)}}
    assert.equal("failed rejected", refused("create_order", order, {data = {orderId = "O",
      unavailableDomains = {"B.com", "A.com"}}}))
    assert.equal("nil nil", refused("create_order", order, {data = {orderId = "O", unavailableDomains = {"A.com"}}}))
    assert.equal("failed rejected", refused("renew_domains", {domains = {"a.com"}},
      {data = {{domainName = "a.com", success = false}}}))
    assert.equal("nil nil", refused("renew_domains", {domains = {"a.com", "b.com"}},
      {data = {{domainName = "a.com", success = false}}}))
    assert.equal("nil nil", refused("renew_domains", {years = 1}, {data = {{domainName = "a.com", success = false}}}))
    assert.equal("failed rejected", refused("update_mailboxes", {mailboxData = {mailboxId = "M"}},
      {data = {{mailboxId = "M", success = false, message = "Rate limit exceeded"}}}))
    assert.equal("failed rejected", refused("reexport", {mailboxId = "M"},
      {data = {{mailboxId = "M", success = false}}}))
    assert.equal("nil nil", refused("reexport", {mailboxId = "M"}, {data = {{success = false}, {success = true}}}))
    assert.equal("failed rejected", refused("update_mailboxes", {mailboxData = {{mailboxId = "M"}, {mailboxId = "N"}}},
      {data = {{success = false}, {success = false}}}))
    assert.equal("failed rejected", refused("create_order", -- the same domain twice
      {domains = {{domain = "a.com"}, {domain = "a.com"}}}, {data = {unavailableDomains = {"a.com", "a.com"}}}))
    assert.equal("nil nil", refused("create_order",
      {domains = {{domain = "a.com"}, {domain = "a.com"}}}, {data = {unavailableDomains = {"a.com"}}}))
  end)
end)

describe("what an order's status says", function()
  it("is recognised by whole words; none of them is documented", function()
    for status, said in pairs{COMPLETED = "done", completed = "done", SUCCESS = "done", SUCCESSFUL = "done",
      DONE = "done", [" Completed "] = "done",
      FAILED = "failed", CANCELLED = "failed", REJECTED = "failed", UNSUCCESSFUL = "failed",
      PARTIALLY_COMPLETED = "", PAYMENT_COMPLETED = "", NOT_COMPLETED = "", COMPLETED_WITH_ERRORS = "",
      ["NOT DONE"] = "", NO_FAILURES = "", FAILOVER_PENDING = "", ["completed?"] = "", INCOMPLETE = "", PENDING = "",
      CREATED = "", [""] = "", PROCESSING = ""} do
      assert.equal(said, settlement.verdict_of_status(status) or "", status)
    end
    for _, odd in ipairs{5, true, {}} do assert.is_nil(settlement.verdict_of_status(odd)) end
    assert.is_nil(settlement.verdict_of_status(nil))
  end)

  it("is recognised by the user's words first", function()
    local verdicts = settlement.status_verdicts({"paid"}, {"COMPLETED", "partial refund"})
    for status, said in pairs{PAID = "done", completed = "failed", ["Partial Refund"] = "failed", DONE = "done"} do
      assert.equal(said, settlement.verdict_of_status(status, verdicts))
    end
    assert.is_nil(settlement.verdict_of_status("Partial", verdicts))
  end)
end)

-- Decodes an answer, and returns its failed items.
local function failed(name, text)
  return settlement.failed_items(rows[name], assert(core.json_decode(text)))
end

describe("an answer in which", function()
  it("domains of an order are unavailable, has these as failed items", function()
    local text = [[{"status": 200, "message": "Order created and queued for processing",
      "data": {"orderId": "ord_R8K2LQPZA9XM", "unavailableDomains": %s}, "actionId": "ACT_1"}]]
    assert.is_nil(failed("create_order", text:format "[]"))
    assert.same({"a.com", "b.com"}, failed("create_order", text:format '["a.com", "b.com"]'))
    assert.is_nil(failed("create_order", text:format "null"))
    assert.is_nil(failed("create_order", '{"status": 200, "data": {"orderId": "ord_1"}}'))
  end)

  it("some mailboxes are not changed, has these as failed items", function()
    local list = failed("update_mailboxes", [[{"status": 200, "data": [
      {"mailboxId": "1", "success": true, "message": "Updated"},
      {"mailboxId": "2", "success": false, "message": "Rate limit exceeded"},
      {"mailboxId": "3", "success": true},
      {"mailboxId": "4", "success": false, "message": "Not found"}]}]])
    assert.equal(2, #list)
    assert.equal("Rate limit exceeded", list[1].message)
    assert.equal("4", list[2].mailboxId)
    assert.is_nil(failed("update_mailboxes", '{"data": [{"mailboxId": "1", "success": true}]}'))
  end)

  it("domains have no renewal price, has these as failed items", function()
    local list = failed("domain_renewal_prices", [[{"status": 200, "data": [
      {"domainName": "acme.com", "years": 1, "renewalPrice": "14.50", "autoRenew": false},
      {"domainName": "late.com", "error": "outside its window"},
      {"domainName": "none.com", "renewalPrice": null}]}]])
    assert.equal(2, #list)
    assert.equal("late.com", list[1].domainName)
    assert.equal("none.com", list[2].domainName)
    assert.is_nil(failed("platforms", '{"data": [{"domainName": "late.com"}]}')) -- no field is required here
  end)

  it("a setting is off, has no failed items; one without the setting has", function()
    assert.is_nil(failed("set_domain_auto_renew", '{"data": [{"domainName": "a.com", "autoRenew": false}]}'))
    assert.equal(1, #failed("set_domain_auto_renew", '{"data": [{"domainName": "a.com"}]}'))
  end)

  it("an item says at length why it failed, has 200 bytes of that", function()
    for length, shown in pairs{[200] = ("x"):rep(200), [201] = ("x"):rep(197) .. "\226\128\166"} do
      assert.same({{name = "a.com", reason = shown}},
        settlement.describe_failures{{domainName = "a.com", error = ("x"):rep(length)}})
    end
  end)

  it("no list of items is found, has no failed items", function()
    for _, text in ipairs{
      "{}", '{"data": null}', '{"data": "text"}', '{"data": 5}', '{"data": []}', '{"data": {}}',
      '{"data": [null, 1, "x"]}',
      '{"success": false}', '{"data": {"success": false}}', '{"data": {"unavailableDomains": "none"}}',
    } do
      for _, name in ipairs{"create_order", "update_mailboxes", "domain_renewal_prices"} do
        assert.is_nil(failed(name, text), name .. " " .. text)
      end
    end
  end)

  it("the operation is not known, may have failed items too", function()
    assert.equal(1, #settlement.failed_items(nil, {data = {{success = false}, {success = true}, {}}}))
    assert.same({"a.com"}, settlement.failed_items(nil, {data = {unavailableDomains = {"a.com"}}}))
  end)
end)

describe("cmr.info", function()
  local server, client

  before_each(function()
    server = mock.shared("http")
    client = support.new(server, {retries = 0})
  end)

  it("has the failed items as partial", function()
    server:fault{body = {status = 200, message = "fetched", data = {
      {domainName = "acme.com", renewalPrice = "14.50"}, {domainName = "late.com", error = "outside its window"},
    }}, times = 2}
    local answer = assert(client:domain_renewal_prices{userId = mock.USER, domains = {"acme.com", "late.com"}})
    assert.same({answer.data[2]}, cmr.info(answer).partial)
    answer = assert(client:request("POST", "/anything"))
    assert.is_nil(cmr.info(answer).partial)
  end)

  it("has none when everything succeeded, and none for an error", function()
    assert.is_nil(cmr.info(assert(client:platforms(mock.USER))).partial)
    server:fault{status = 422, body = {status = 422, message = "no", data = {{success = false}}}}
    local _, _, err = client:platforms(mock.USER)
    assert.is_nil(cmr.info(err).partial)
    assert.equal(422, cmr.info(err).status)
  end)
end)
