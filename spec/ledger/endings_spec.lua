-- What the ledger records about the end of a request.
local core = require "cmr.core"
local endings = require "cmr.ledger.endings"
local operations = require "cmr.operations"

describe("the recorded end of a request", function()
  local function failure(fields)
    local err = {kind = "server", outcome = "rejected", message = "no"}
    for name, value in pairs(fields or {}) do err[name] = value end
    return endings.of_failure(err, 1000)
  end

  it("that failed says whether and when the request can be sent again", function()
    for _, kind in ipairs{"quota_exceeded", "rate_limited", "unauthorized", "payment_required"} do
      assert.same({state = "deferred", kind = kind, outcome = "rejected", message = "no", status = 429},
        failure{kind = kind, status = 429})
      assert.equal(1060, failure{kind = kind, retry_after = 60}.retry_at)
      assert.same({"unknown", nil}, {failure{kind = kind, outcome = "unknown", retry_after = 60}.state,
        failure{kind = kind, outcome = "unknown", retry_after = 60}.retry_at})
    end
    assert.same({state = "failed", kind = "server", outcome = "rejected", message = "no"}, failure{retry_after = 60})
    assert.equal("failed", failure{outcome = "not_sent"}.state)
    assert.equal("unknown", failure{outcome = "unknown"}.state)
  end)

  it("that is deferred can be sent again after a week at the latest", function()
    local week = 7 * 86400
    for asked, waited in pairs{[week - 1] = week - 1, [week] = week, [week + 1] = week, [1e18] = week} do
      assert.equal(1000 + waited, failure{kind = "rate_limited", retry_after = asked}.retry_at)
    end
  end)

  it("has at most 300 bytes of a message", function()
    local message = "b" .. ("x"):rep(299)
    for more, recorded in pairs{[""] = message, y = message:sub(1, 297) .. "\226\128\166"} do
      assert.equal(recorded, failure{message = message .. more}.message)
      local err = {kind = "operation_failed", outcome = "rejected", message = message .. more, events = {}}
      assert.equal(recorded, endings.of_wait({steps = {}}, err).message)
    end
  end)

  it("after a wait depends on the events that came", function()
    local plan = {steps = {{event = "a.success"}, {event = "b.success"}}}
    local function state(outcome, ...)
      local events = {}
      for index, name in ipairs{...} do events[index] = index % 2 == 1 and {event = name} or {eventType = name} end
      local err = {kind = "operation_failed", outcome = outcome, message = "x", events = events}
      return endings.of_wait(plan, err).state
    end
    assert.same({state = "done"}, endings.of_wait(plan))
    assert.is_nil(endings.of_wait(plan, {kind = "timeout", outcome = "unknown"}))
    for _, case in ipairs{
      {"failed", "rejected"}, {"unknown", "unknown"}, {"failed", "rejected", "a.failed", "b.failed"},
      {"unknown", "unknown", "a.failed"}, {"partial", "rejected", "a.success"}, {"partial", "unknown", "b.success"},
      {"partial", "rejected", "a.failed", "b.success"}, {"partial", "rejected", "b.success", "a.failed"},
    } do
      assert.equal(case[1], state((table.unpack or unpack)(case, 2)), table.concat(case, " "))
    end
    local err = {kind = "operation_failed", outcome = "rejected", message = "x"}
    assert.same({state = "failed", kind = "operation_failed", outcome = "rejected", message = "x"},
      endings.of_wait(plan, err))
  end)

  local function item(name, success) return {domainName = name, success = success} end

  it("that was answered says whether all items, some or none were done", function()
    local ok = {status = 200}
    assert.same({state = "done", status = 200, ids = {}}, endings.of_answer(nil, nil, ok, 5))
    for _, case in ipairs{
      {"done", nil, {item("a.com", true)}}, {"failed", 2, {item("a.com", false), item("b.com", false)}},
      {"partial", 1, {item("a.com", true), item("b.com", false)}}, {"partial", 1, {unavailableDomains = {"a.com"}}},
    } do
      local ending = endings.of_answer(operations.add_dns_records, {records = {{}, {}}},
        {status = 200, data = case[3]})
      assert.same({case[1], case[2]}, {ending.state, ending.failed_items})
      assert.same(case[1] == "failed" and {"operation_failed", "rejected"} or {}, {ending.kind, ending.outcome})
      assert.is_nil(ending.plan)
    end
  end)

  it("that was answered with failures only was refused whole only if it named no more items", function()
    local function state(name, args, data)
      return endings.of_answer(operations[name], args, {status = 200, data = data or {item("a.com", false)}}).state
    end
    assert.equal("failed", state("delete_dns_record", {domain = "a.com"}))
    assert.equal("failed", state("set_domain_auto_renew", {domains = {"a.com"}, autoRenew = true}))
    assert.equal("done", state("set_domain_auto_renew", {domains = {"a.com"}, autoRenew = true}, {{autoRenew = true}}))
    assert.equal("failed", state("recreate_subscriptions", {domainNames = {"a.com"}}))
    assert.equal("accepted", state("recreate_subscriptions", {domainNames = {"a.com", "b.com"}}))
    assert.equal("accepted", state("create_placement_test", {mailboxIds = {"A", "B"}}))
    assert.equal("partial", state("set_domain_auto_renew", {domains = {"a.com", "b.com"}}))
    assert.equal("partial", state("set_domain_auto_renew", {domains = core.all}))
    assert.equal("accepted", state("renew_domains", {domains = core.all}))
    assert.equal("failed", state("renew_domains", {domains = {"a.com"}}))
    local raw = {status = 200, data = {item("a.com", false)}} -- a raw request may have named any number of items
    assert.equal("partial", endings.of_answer(nil, nil, raw).state)
  end)

  it("that was answered names the items that failed, and why, without secrets", function()
    local function message(data, args) return endings.of_answer(nil, args, {status = 200, data = data}).message end
    assert.is_nil(message{item("a.com", true)})
    local late = {domainName = "a.com", success = false, message = "too\nlate"}
    assert.equal("1 item failed: a.com (too late)", message{late, item("b.com", true)})
    assert.equal("2 items failed: a.com (too late), b.com", message{late, item("b.com", false)})
    assert.equal("1 item failed: x.com (not available)", message{unavailableDomains = {"x.com"}})
    assert.equal("1 item failed: an item without a name", message{{success = false}})
    assert.equal("1 item failed: M (*** is too short)", message({{mailboxId = "M", success = false,
      error = "hunter2 is too short"}}, {mailboxData = {{mailboxId = "M", password = "hunter2"}}}))
    local many = {}
    for number = 1, 100 do many[number] = item(("domain-%03d.example.com"):format(number), false) end
    local shown = message(many)
    assert.matches("^100 items failed: domain%-001.example.com, .* and %d+ more$", shown)
    assert.is_true(#shown < 1200, #shown)
    local long = message{{domainName = ("x"):rep(5000), success = false}, item("b.com", false)}
    assert.is_true(#long < 1200, #long)
  end)

  it("after a wait still names the items that failed at once", function()
    local plan = {steps = {}, items_failed = {{name = "a.com", reason = "too late"}}}
    local err = {kind = "operation_failed", outcome = "unknown", message = "op: 1 item failed: a.com (too late)"}
    assert.equal("op: 1 item failed: a.com (too late)", endings.of_wait(plan, err).message)
    err.message = "op: domain.renew.failed: no money"
    assert.equal("op: domain.renew.failed: no money; 1 item failed: a.com (too late)",
      endings.of_wait(plan, err).message)
  end)

  it("that was accepted says what comes next, unless everything was refused or nobody asks", function()
    local renew = operations.renew_domains
    local args = {userId = "U1", domains = {"a.com", "b.com"}}
    local function of(data, sent_at) return endings.of_answer(renew, args, {status = 200, data = data}, sent_at) end
    local ending = of({item("a.com", true), item("b.com", true)}, 5)
    assert.equal("accepted", ending.state)
    assert.matches('"sent_at":5', ending.plan, 1, true)
    assert.is_nil(of({item("a.com", true), item("b.com", true)}).plan)
    ending = of({item("a.com", false), item("b.com", true)}, 5)
    assert.same({"accepted", 1}, {ending.state, ending.failed_items})
    assert.is_string(ending.plan)
    ending = of({item("a.com", false), item("b.com", false)}, 5)
    assert.same({"failed", 2, nil}, {ending.state, ending.failed_items, ending.plan})
    for _, operation in ipairs(operations) do
      ending = endings.of_answer(operation, args, {status = 200}, 5)
      assert.equal(operation.flags.async and "accepted" or "done", ending.state, operation.name)
      if not operation.flags.async then assert.is_nil(ending.plan) end
    end
  end)
end)
