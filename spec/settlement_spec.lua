-- What became of an operation: the items of its answer that failed, the events that report success or a failure.
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

describe("the rows' columns settles and fails", function()
  it("name documented events, and parameters that the row has", function()
    local count = 0
    for _, row in ipairs(rows) do
      local params = {}
      for _, param in ipairs(row.params) do params[param.name] = true end
      for _, entry in ipairs(row.success_events or {}) do
        count = count + 1
        local name, parameter = entry:match "^(%S+) ?(%S*)$"
        assert.is_table(events[name], entry)
        assert.is_true(parameter == "" or params[parameter] or #row.params == 0, row.name .. ": " .. entry)
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
    ["of an order of which nothing is left: nothing"] = {"create_order",
      {domains = {{domain = "a.com"}}, mailboxes = {["a.com"] = boxes(2)}}, {"a.com"}, "mailbox.created", 0},
    ["of an order that somebody else made: what it announces"] = {"create_order", nil, nil, "mailbox.created", nil},
    ["of renewals: each domain"] = {"renew_domains", {domains = {"a.com", "b.com"}}, nil, "domain.renewal.success", 2},
    ["of renewals: not those that were refused"] = {"renew_domains", {domains = {"a.com", "b.com"}},
      {{domainName = "a.com"}}, "domain.renewal.success", 1},
    ["of the renewal of everything: at least one"] = {"renew_domains", {years = 1}, nil, "domain.renewal.success", 1},
    ["of one mailbox's update: one"] = {"update_mailboxes", {mailboxData = {mailboxId = "M"}}, nil,
      "mailbox.updated", 1},
    ["of several mailboxes' update: one for each that went well"] = {"update_mailboxes",
      {mailboxData = {{mailboxId = "M1"}, {mailboxId = "M2"}, {mailboxId = "M3"}}}, {{success = false}},
      "mailbox.updated", 2},
    ["of a re-export: one"] = {"reexport", {mailboxId = "M"}, nil, "mailbox.exported", 1},
    ["of warm domains: each"] = {"order_prewarmed", {order = {{domain = "a.com"}, {domain = "b.com"}}}, nil,
      "prewarmup.order.success", 2},
  } do
    it(what, function()
      assert.same({event = case[4], count = case[5]}, settlement.expected(rows[case[1]], case[2], case[3]))
    end)
  end
end)

describe("what the events say", function()
  local function judge(name, expected, ...)
    return settlement.verdict(rows[name], expected, {...})
  end

  local ORDER = {event = "mailbox.created", count = 2}

  it("is nothing as long as some are missing", function()
    assert.same({nil, {}}, {judge("create_order", ORDER)})
    local one, other = event("mailbox.created"), event("mailbox.order.success", {quantity = 1})
    local said, found = judge("create_order", ORDER, other, one, event "domain.order.success")
    assert.is_nil(said)
    assert.same({one}, found)
  end)

  it("is that it is done, when all are there", function()
    local one, two = event("mailbox.created", {mailboxId = "1"}), event("mailbox.created", {mailboxId = "2"})
    local said, found, failure = judge("create_order", ORDER, one, event "mailbox.order.success", two)
    assert.equal("done", said)
    assert.same({one, two}, found)
    assert.is_nil(failure)
    assert.equal("done", (judge("create_order", {event = "mailbox.created", count = 0})))
    assert.equal("done", (judge("start_warmup", {event = "mailbox.warmup.started", count = 1},
      {eventType = "mailbox.warmup.started"})))
  end)

  it("is that it failed, as soon as a part has", function()
    for _, name in ipairs{"domain.order.failed", "mailbox.order.failed"} do
      local one, bad = event "mailbox.created", event(name, {reason = "taken"})
      local said, found, failure = judge("create_order", ORDER, one, bad)
      assert.equal("failed", said)
      assert.same({one}, found)
      assert.equal(bad, failure)
    end
    assert.is_nil((judge("order_mailboxes", ORDER, event "domain.order.failed")))
    assert.is_nil((judge("reexport", {event = "mailbox.exported", count = 1}, event "mailbox.order.failed")))
  end)

  it("counts what an order announces, where the request is not known", function()
    local unknown, created = {event = "mailbox.created"}, event "mailbox.created"
    assert.is_nil((judge("create_order", unknown, created)))
    assert.is_nil((judge("create_order", unknown, created, event("mailbox.order.success", {quantity = 2}))))
    assert.equal("done", (judge("create_order", unknown, created, created, event("mailbox.order.success",
      {quantity = 2}))))
    assert.is_nil((judge("create_order", unknown, created, created, event("mailbox.order.success", {quantity = 2}),
      event("mailbox.order.success", {quantity = 1}))))
    for _, odd in ipairs{{}, {quantity = "2"}} do
      assert.is_nil((judge("create_order", unknown, created, event("mailbox.order.success", odd))))
    end
    assert.is_nil((judge("create_order", unknown, created, {event = "mailbox.order.success", data = "text"})))
  end)

  it("counts the domains in an event of several", function()
    local two = {event = "prewarmup.order.success", count = 2}
    assert.is_nil((judge("order_prewarmed", two, event("prewarmup.order.success", {mailboxDetails = {{}}}))))
    assert.equal("done", (judge("order_prewarmed", two, event("prewarmup.order.success", {mailboxDetails = {{}, {}}}))))
    assert.equal("failed", (judge("order_prewarmed", two, event("prewarmup.order.success", {mailboxDetails = {{}}}),
      event "prewarmup.order.failed")))
  end)
end)

describe("how sure a failure is", function()
  local function sure(name, request, fails, ...)
    local failure = event(fails)
    return settlement.outcome_of_failure(rows[name], request, {failure, ...}, failure)
  end

  it("is that nothing was done, when it is the first step's of one thing", function()
    local domains = {{domain = "a.com"}}
    for _, request in ipairs{{domains = domains}, {domains = domains, mailboxes = {["a.com"] = boxes(3)}}} do
      assert.equal("rejected", sure("create_order", request, "domain.order.failed"))
    end
    assert.equal("rejected", sure("order_mailboxes", {mailboxes = {["a.com"] = boxes(3)}}, "mailbox.order.failed"))
    assert.equal("rejected", sure("renew_subscriptions", {subscriptionIds = {"S1"}}, "subscription.renewal.failed"))
    assert.equal("rejected", sure("order_prewarmed", {order = {domain = "a.com"}}, "prewarmup.order.failed"))
  end)

  it("is that a part may be done, in every other case", function()
    local one, two = {{domain = "a.com"}}, {{domain = "a.com"}, {domain = "b.com"}}
    assert.equal("unknown", sure("create_order", {domains = two}, "domain.order.failed"))
    assert.equal("unknown", sure("create_order", {domains = one}, "mailbox.order.failed"))
    assert.equal("unknown", sure("create_order", {domains = one}, "domain.order.failed", event "domain.order.success"))
    assert.equal("unknown", sure("create_order", nil, "domain.order.failed"))
    assert.equal("unknown", sure("process_order", {orderId = "O1"}, "domain.order.failed"))
    assert.equal("unknown", sure("order_mailboxes", {mailboxes = {["a.com"] = boxes(1), ["b.com"] = boxes(1)}},
      "mailbox.order.failed"))
    assert.equal("unknown", sure("renew_subscriptions", {subscriptionIds = {"S1", "S2"}},
      "subscription.renewal.failed"))
  end)
end)

describe("what an order's status says", function()
  it("is told by its words, of which none is documented", function()
    for status, said in pairs{COMPLETED = "done", completed = "done", SUCCESS = "done", SUCCESSFUL = "done",
      FAILED = "failed", PARTIALLY_COMPLETED = "failed", CANCELLED = "failed", REJECTED = "failed",
      UNSUCCESSFUL = "failed", INCOMPLETE = "", PENDING = "", CREATED = "", [""] = "", PROCESSING = ""} do
      assert.equal(said, settlement.verdict_of_status(status) or "", status)
    end
    for _, odd in ipairs{5, true, {}} do assert.is_nil(settlement.verdict_of_status(odd)) end
    assert.is_nil(settlement.verdict_of_status(nil))
  end)
end)

-- The failed items of an answer, as it is decoded.
local function failed(name, text)
  return settlement.failed_items(rows[name], assert(core.json_decode(text)))
end

describe("an answer in which", function()
  it("domains of an order are not available, has them", function()
    local text = [[{"status": 200, "message": "Order created and queued for processing",
      "data": {"orderId": "ord_R8K2LQPZA9XM", "unavailableDomains": %s}, "actionId": "ACT_1"}]]
    assert.is_nil(failed("create_order", text:format "[]"))
    assert.same({"a.com", "b.com"}, failed("create_order", text:format '["a.com", "b.com"]'))
    assert.is_nil(failed("create_order", text:format "null"))
    assert.is_nil(failed("create_order", '{"status": 200, "data": {"orderId": "ord_1"}}'))
  end)

  it("mailboxes of many are not changed, has those", function()
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

  it("domains cannot be renewed, has those without a price", function()
    local list = failed("domain_renewal_prices", [[{"status": 200, "data": [
      {"domainName": "acme.com", "years": 1, "renewalPrice": "14.50", "autoRenew": false},
      {"domainName": "late.com", "error": "outside its window"},
      {"domainName": "none.com", "renewalPrice": null}]}]])
    assert.equal(2, #list)
    assert.equal("late.com", list[1].domainName)
    assert.equal("none.com", list[2].domainName)
    assert.is_nil(failed("platforms", '{"data": [{"domainName": "late.com"}]}')) -- nothing says what it should have
  end)

  it("a setting is off, is complete", function()
    assert.is_nil(failed("set_domain_auto_renew", '{"data": [{"domainName": "a.com", "autoRenew": false}]}'))
    assert.equal(1, #failed("set_domain_auto_renew", '{"data": [{"domainName": "a.com"}]}'))
  end)

  it("there is nothing to look at, has none", function()
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

  it("is to a request without a row, is looked at the same way", function()
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

  it("has them as partial", function()
    server:fault{body = {status = 200, message = "fetched", data = {
      {domainName = "acme.com", renewalPrice = "14.50"}, {domainName = "late.com", error = "outside its window"},
    }}, times = 2}
    local answer = assert(client:domain_renewal_prices{userId = mock.USER, domains = {"acme.com", "late.com"}})
    assert.same({answer.data[2]}, cmr.info(answer).partial)
    answer = assert(client:request("POST", "/anything"))
    assert.is_nil(cmr.info(answer).partial)
  end)

  it("has none where all went well, and of an error", function()
    assert.is_nil(cmr.info(assert(client:platforms(mock.USER))).partial)
    server:fault{status = 422, body = {status = 422, message = "no", data = {{success = false}}}}
    local _, _, err = client:platforms(mock.USER)
    assert.is_nil(cmr.info(err).partial)
    assert.equal(422, cmr.info(err).status)
  end)
end)
