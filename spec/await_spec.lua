-- client:await with the mock's answers. Only a wait moves the clock, and each spec decides when its events come.
-- spec/nginx/await_spec.lua tests client:await with a real nginx and the mock's deliveries.
local block = require "cmr.loop.block"
local cjson = require "cjson"
local cmr = require "cmr"
local core = require "cmr.core"
local memory = require "cmr.store.memory"
local mock = require "spec.support.mock"

local USER, MAILBOX = mock.USER, mock.MAILBOX

describe("await", function()
  local upstream, client, store, wait, coming

  before_each(function()
    upstream = mock.shared("http")
    coming = {}
    wait = {clock = 1000, slept = {}, wait = block.wait}
    function wait.now() return wait.clock end
    function wait.sleep(_, seconds)
      wait.slept[#wait.slept + 1] = seconds
      wait.clock = wait.clock + seconds
      while coming[1] and coming[1].at <= wait.clock do
        local event = table.remove(coming, 1)
        store:append(event.under, cjson.encode(event.event), 3600)
      end
    end
    store = memory.new(wait.now)
    client = cmr.new{api_key = upstream.key, base_url = upstream.base_url, rate = false, loop = wait, store = store,
      jitter = function() return 0 end}
  end)

  -- Plans an event that comes after this many seconds.
  local function comes(seconds, under, name, data, id)
    coming[#coming + 1] = {at = wait.clock + seconds, under = under,
      event = {event = name, eventId = id or ("E" .. #coming .. under), data = data or {}}}
  end

  -- Makes each sleep end at the clock's next whole second.
  local function in_whole_seconds()
    local sleep = wait.sleep
    function wait.sleep(_, _) sleep(nil, math.floor(wait.clock) + 1 - wait.clock) end
  end

  local function boxes(count)
    local list = {}
    for index = 1, count do list[index] = {username = "u" .. index, firstName = "F", lastName = "L"} end
    return list
  end

  local function order(domains)
    local list, mailboxes = {}, {}
    for domain, count in pairs(domains or {["new-one.com"] = 3}) do
      list[#list + 1] = {domain = domain, years = 1}
      mailboxes[domain] = boxes(count)
    end
    return assert(client:create_order(USER, {domains = list, mailboxes = mailboxes, confirm = true}))
  end

  local function emails(events)
    local list = {}
    for place, event in ipairs(events) do list[place] = event.data.email end
    return list
  end

  it("ends when its function `cancelled` says so", function()
    local asked = 0
    local _, message, err = client:await(order(), {poll = false, cancelled = function()
      asked = asked + 1
      return asked == 3
    end})
    assert.same({"create_order: cancelled", "cancelled", "unknown", 0},
      {message, err.kind, err.outcome, err.attempts})
    assert.is_true(wait.clock < 1010)
  end)

  it("returns the event of an action", function()
    local res = assert(client:reexport{mailboxId = MAILBOX})
    comes(12, "action:" .. res.actionId, "mailbox.exported", {mailboxId = MAILBOX})
    local events = assert(client:await(res))
    assert.equal(1, #events)
    assert.equal(MAILBOX, events[1].data.mailboxId)
  end)

  it("returns every mailbox of an order, and not before the last", function()
    local res = order()
    local under = "order:" .. res.data.orderId
    comes(10, under, "domain.order.success")
    comes(11, under, "mailbox.order.success", {quantity = 3})
    for place, email in ipairs{"a@new-one.com", "b@new-one.com", "c@new-one.com"} do
      comes(30 + place, under, "mailbox.created", {email = email})
    end
    assert.same({"a@new-one.com", "b@new-one.com", "c@new-one.com"},
      emails(assert(client:await(res, {poll = false}))))
    assert.is_true(wait.clock >= 1033 and wait.clock <= 1034.01, wait.clock)
  end)

  it("counts an event once, however often and under which id it came", function()
    local res = order{["new-one.com"] = 2}
    for _ = 1, 3 do
      comes(1, "order:" .. res.data.orderId, "mailbox.created", {email = "a"}, "E1")
      comes(1, "action:" .. res.actionId, "mailbox.created", {email = "a"}, "E1")
    end
    comes(50, "action:" .. res.actionId, "mailbox.created", {email = "b"}, "E2")
    local events = assert(client:await(res, {poll = false}))
    assert.equal(2, #events)
    assert.is_true(wait.clock >= 1050)
  end)

  it("knows events that came before, without a wait", function()
    local res = order{["new-one.com"] = 1}
    store:append("order:" .. res.data.orderId, cjson.encode{event = "mailbox.created", eventId = "E"}, 60)
    assert.equal(1, #assert(client:await(res)))
    assert.same({}, wait.slept)
  end)

  it("does not wait for mailboxes of an unavailable domain, and reports that domain as failed", function()
    local res = order{["taken.com"] = 1}
    assert.is_table(res)
    res = order{["taken.com"] = 5, ["new-one.com"] = 1}
    assert.equal("taken.com", res.data.unavailableDomains[1])
    comes(5, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
    local events, why, err = client:await(res)
    assert.is_nil(events)
    assert.equal("create_order: 1 item failed: taken.com (not available)", why)
    assert.same({"operation_failed", "unknown", 1}, {err.kind, err.outcome, #err.events})
    assert.same({{name = "taken.com", reason = "not available"}}, err.body)
    assert.is_true(wait.clock >= 1005)
  end)

  it("fails at once when the answer refused everything", function()
    upstream:fault{match = {operation = "create_order"}, status = 200, body = {status = 200, actionId = "A",
      data = {orderId = "O", unavailableDomains = {"New-one.com"}}}}
    local _, why, err
    local events
    events, why, err = client:await(order())
    assert.is_nil(events)
    assert.equal("create_order: 1 item failed: New-one.com (not available)", why)
    assert.same({"operation_failed", "rejected"}, {err.kind, err.outcome})
    local function renewed(items)
      upstream:fault{match = {operation = "renew_domains"}, status = 200, body = {status = 200, data = items}}
      return assert(client:renew_domains{userId = USER, domains = {"a.com", "b.com"}})
    end
    local bad = {domainName = "a.com", success = false, message = "outside its window"}
    local other = {domainName = "b.com", success = false}
    _, why, err = client:await(renewed{bad, other})
    assert.equal("renew_domains: 2 items failed: a.com (outside its window), b.com", why)
    assert.same({"operation_failed", "rejected"}, {err.kind, err.outcome})
    assert.same({}, wait.slept)
    _, why, err = client:await(renewed{bad}, {timeout = 20})
    assert.equal("renew_domains: no outcome after 20 s: 0 of 1 domain.renewal.success; "
      .. "1 item failed: a.com (outside its window)", why)
    assert.same({"timeout", "unknown"}, {err.kind, err.outcome})
    local same = {domainName = "b.com", success = false}
    _, why = client:await(renewed{bad, other, same})
    assert.equal("renew_domains: 3 items failed: a.com (outside its window), b.com, b.com", why)
    _, why = client:await(renewed{bad, other, same, same, same})
    assert.equal("renew_domains: 5 items failed: a.com (outside its window), b.com, b.com, b.com, b.com", why)
    comes(3, "domain:b.com", "domain.renewal.success", {domainName = "b.com"})
    _, why, err = client:await(renewed{bad})
    assert.equal("renew_domains: 1 item failed: a.com (outside its window)", why)
    assert.same({"operation_failed", "unknown", 1}, {err.kind, err.outcome, #err.events})
  end)

  it("keeps the events that it has read after the store has forgotten them", function()
    local res = order{["new-one.com"] = 2}
    local append = store.append
    function store:append(name, text) return append(self, name, text, 1) end
    comes(1, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
    comes(20, "order:" .. res.data.orderId, "mailbox.created", {email = "b"})
    assert.same({"a", "b"}, emails(assert(client:await(res, {poll = false}))))
  end)

  it("returns events oldest first, whichever lists they are in", function()
    for round = 1, 5 do
      local plan = {operation = "create_order", actionId = "A" .. round, orderId = "O" .. round, count = 4}
      local function stored(list, email, at)
        store:append(list .. round, cjson.encode{event = "mailbox.created", eventId = email, receivedAt = at,
          data = {email = email}}, 60)
      end
      stored("order:O", "a", 100.25)
      stored("action:A", "b", 100.5)
      stored("order:O", "c", 101)
      stored("action:A", "d", 102)
      assert.same({"a", "b", "c", "d"}, emails(assert(client:await(plan))))
    end
    local function listed(list, ...) -- events without a time keep the order of their list
      for _, email in ipairs{...} do
        store:append(list, cjson.encode{event = "mailbox.created", eventId = email, data = {email = email}}, 60)
      end
    end
    listed("action:B", "b", "d")
    listed("order:P", "a", "b", "c", "d", "e")
    assert.same({"a", "b", "c", "d", "e"},
      emails(assert(client:await{operation = "create_order", actionId = "B", orderId = "P", count = 5})))
    listed("action:C", "b", "d")
    listed("order:Q", "a", "d", "c")
    assert.same({"a", "b", "d", "c"},
      emails(assert(client:await{operation = "create_order", actionId = "C", orderId = "Q", count = 4})))
  end)

  it("returns an event without a time after those that came before it", function()
    local res = order{["new-one.com"] = 2}
    store:append("order:" .. res.data.orderId, cjson.encode{event = "mailbox.created", eventId = "a", receivedAt = 100,
      data = {email = "a"}}, 60)
    comes(5, "order:" .. res.data.orderId, "mailbox.created", {email = "b"})
    assert.same({"a", "b"}, emails(assert(client:await(res, {poll = false}))))
  end)

  it("tells events apart by their content, and not by their id alone", function()
    local res = order{["new-one.com"] = 2}
    local under = "order:" .. res.data.orderId
    local function stored(email, at)
      local event = {event = "mailbox.created", eventId = "E", receivedAt = at, data = {email = email}}
      store:append(under, cjson.encode(event), 60)
    end
    stored("a", 1) stored("a", 2)
    local _, _, err = client:await(res, {timeout = 5})
    assert.equal(1, #err.events)
    stored("b", 3)
    assert.same({"a", "b"}, emails(assert(client:await(res))))
  end)

  it("takes a second event that has no id and the same content as one before the request", function()
    upstream:fault{match = {operation = "start_warmup"}, status = 200, body = {status = 200, message = "started"}}
    local started = {eventType = "mailbox.warmup.started", data = {mailboxId = "M1"}}
    local function arrives(at)
      started.receivedAt = at
      store:append("mailbox:M1", cjson.encode(started), 3600)
    end
    arrives(os.time() - 1200)
    local res = assert(client:start_warmup("M1"))
    assert.is_nil((client:await(res, {timeout = 5})))
    arrives(os.time())
    assert.equal(1, #assert(client:await(res)))
  end)

  it("takes a renewal event that names only its subscription, but no earlier one", function()
    upstream:fault{match = {operation = "renew_subscriptions"}, status = 200, times = 2,
      body = {status = 200, message = "added", actionId = "A"}}
    local function renewed(at)
      return cjson.encode{event = "subscription.renewal.success", eventId = "E" .. at, receivedAt = at,
        data = {subscriptionId = "S1"}}
    end
    store:append("subscription:S1", renewed(os.time() - 600), 3600)
    local res = assert(client:renew_subscriptions{subscriptionIds = {"S1"}})
    local _, why = client:await(res, {timeout = 5})
    assert.equal("renew_subscriptions: no outcome after 5 s: 0 of 1 subscription.renewal.success", why)
    store:append("subscription:S1", renewed(os.time()), 3600)
    assert.equal(1, #assert(client:await(res)))
  end)

  it("reads the lists of many ids in turn", function()
    local names, reads, at_once, list = {}, 0, {}, store.list
    for index = 1, 200 do names[index] = ("d%03d.com"):format(index) end
    upstream:fault{match = {operation = "renew_domains"}, status = 200, body = {status = 200, actionId = "A"}}
    local res = assert(client:renew_domains{userId = USER, domains = names})
    for _, name in ipairs(names) do
      comes(5, "domain:" .. name, "domain.renewal.success", {domainName = name})
    end
    function store:list(name)
      reads = reads + 1
      at_once[wait.clock] = (at_once[wait.clock] or 0) + 1
      return list(self, name)
    end
    assert.equal(200, #assert(client:await(res)))
    assert.is_true(reads < 200 + 40 * 21, reads)
    for clock, count in pairs(at_once) do assert.equal(clock == 1000 and 201 or 21, count) end
    assert.is_true(wait.clock < 1030, wait.clock)
  end)

  it("reads every list once more when its time is over", function()
    local names = {}
    for index = 1, 200 do names[index] = ("e%03d.com"):format(index) end
    upstream:fault{match = {operation = "renew_domains"}, status = 200, body = {status = 200, actionId = "A"}}
    local res = assert(client:renew_domains{userId = USER, domains = names})
    for index, name in ipairs(names) do
      local said = index == 150 and "domain.renewal.failed" or "domain.grace_period"
      comes(4.99, "domain:" .. name, said, {domainName = name})
      store:append("domain:" .. name, "no JSON", 60)
    end
    local _, why = client:await({plan = cmr.info(res).plan}, {timeout = 5})
    assert.equal("renew_domains: domain.renewal.failed", why)
    in_whole_seconds()
    wait.clock = 1000
    store = memory.new(wait.now)
    client = client:with{store = store}
    comes(20, "domain:e150.com", "domain.renewal.failed", {domainName = "e150.com"})
    _, why = client:await({plan = cmr.info(res).plan}, {timeout = 20})
    assert.equal("renew_domains: domain.renewal.failed", why)
  end)

  it("ends when the operation failed, and returns the event that says so", function()
    local res = order()
    comes(3, "order:" .. res.data.orderId, "domain.order.failed", {reason = "Workspace\nvalidation failed"})
    local events, why, err = client:await(res)
    assert.is_nil(events)
    assert.equal("create_order: domain.order.failed: Workspace validation failed", why)
    assert.equal(why, tostring(err))
    assert.same({"operation_failed", "unknown", "create_order"}, {err.kind, err.outcome, err.operation})
    assert.equal("domain.order.failed", err.body.event)
    res = order{["other-one.com"] = 3}
    comes(3, "order:" .. res.data.orderId, "domain.order.failed", {reason = "The domain is taken."})
    assert.equal("rejected", select(3, client:await(res)).outcome)
    assert.equal(1, #err.events)
  end)

  it("does not report rejected when a part was done", function()
    local res = order{["a-one.com"] = 1, ["b-one.com"] = 1}
    comes(3, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
    comes(3, "order:" .. res.data.orderId, "mailbox.order.failed")
    local _, why, err = client:await(res)
    assert.equal("create_order: mailbox.order.failed", why)
    assert.same({"operation_failed", "unknown", 2}, {err.kind, err.outcome, #err.events})
  end)

  it("does not report rejected when mailboxes failed whose domain may have been registered", function()
    for domain, before in pairs{["a-one.com"] = {"domain.order.success"}, ["b-one.com"] = {}} do -- earlier events
      local res = order{[domain] = 1}
      for _, name in ipairs(before) do comes(3, "order:" .. res.data.orderId, name) end
      comes(5, "order:" .. res.data.orderId, "mailbox.order.failed")
      local _, _, err = client:await(res)
      assert.same({"operation_failed", "unknown", 1 + #before}, {err.kind, err.outcome, #err.events})
    end
  end)

  it("shows 200 bytes of the reason at most", function()
    for length, shown in pairs{[200] = ("x"):rep(200), [201] = ("x"):rep(197) .. "\226\128\166"} do
      local res = order{[("long-%d.com"):format(length)] = 1}
      comes(3, "order:" .. res.data.orderId, "domain.order.failed", {reason = ("x"):rep(length)})
      local _, message = client:await(res)
      assert.matches(": " .. shown .. "$", message)
    end
  end)

  it("does not report rejected when only the first of several domains failed", function()
    local res = order{["a-one.com"] = 1, ["b-one.com"] = 1}
    comes(3, "order:" .. res.data.orderId, "domain.order.failed", {reason = "taken"})
    assert.equal("unknown", select(3, client:await(res)).outcome)
    comes(3, "order:O2", "domain.order.failed") -- this process does not know how many domains were ordered
    assert.equal("unknown", select(3, client:await{operation = "create_order", orderId = "O2"}).outcome)
  end)

  it("ends when its time is over: the outcome is not known", function()
    local res = order()
    comes(3, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
    local events, why, err = client:await(res, {timeout = 20})
    assert.is_nil(events)
    assert.equal("create_order: no outcome after 20 s: 1 of 3 mailbox.created", why)
    assert.same({"timeout", "unknown", 1}, {err.kind, err.outcome, #err.events})
    assert.is_true(math.abs(wait.clock - 1020) < 0.001)
  end)

  it("waits for 180 s when it is given no time", function()
    local _, why = client:await(assert(client:reexport{mailboxId = MAILBOX}))
    assert.equal("reexport: no outcome after 180 s: 0 of 1 mailbox.exported", why)
    assert.is_true(math.abs(wait.clock - 1180) < 0.001)
  end)

  it("reads the store up to a quarter sooner, so that waits that begin together do not stay together", function()
    client = client:with{jitter = function() return 1 end}
    client:await(assert(client:reexport{mailboxId = MAILBOX}), {timeout = 60})
    assert.is_true(math.abs(wait.slept[1] - 0.0375) < 1e-9)
    assert.is_true(math.abs(wait.slept[#wait.slept - 1] - 0.75) < 1e-9)
  end)

  it("decodes an event once, however often it reads the store", function()
    local res, decode, count = order{["new-one.com"] = 2}, core.json_decode, 0
    finally(function() core.json_decode = decode end)
    function core.json_decode(text)
      if text:find("u1@new-one.com", 1, true) then count = count + 1 end
      return decode(text)
    end
    comes(1, "order:" .. res.data.orderId, "mailbox.created", {email = "u1@new-one.com"})
    assert.equal("timeout", select(3, client:await(res, {timeout = 20, poll = false})).kind)
    assert.equal(1, count)
  end)

  it("reads the store often at first, and then once a second", function()
    client:await(assert(client:reexport{mailboxId = MAILBOX}), {timeout = 60})
    assert.equal(0.05, wait.slept[1])
    assert.is_true(wait.slept[1] + wait.slept[2] + wait.slept[3] + wait.slept[4] < 0.5)
    for place = 2, #wait.slept - 1 do
      assert.is_true(wait.slept[place] >= wait.slept[place - 1] and wait.slept[place] <= 1)
    end
    assert.is_true(#wait.slept < 75)
  end)

  it("survives a store that is unavailable for a time, and reports one that stays unavailable", function()
    local res, list = order{["new-one.com"] = 1}, store.list
    function store:list(name)
      if wait.clock < 1010 then return nil, "connection refused" end
      return list(self, name)
    end
    comes(2, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
    assert.equal(1, #assert(client:await(res)))
    wait.clock = 1000
    local _, why, err = client:await(res, {timeout = 5})
    assert.matches("the store is unavailable: connection refused", why, 1, true)
    assert.equal("timeout", err.kind)
    wait.clock = 1000
    _, why = client:await(order{["other-one.com"] = 1}, {timeout = 20, poll = false})
    assert.equal("create_order: no outcome after 20 s: 0 of 1 mailbox.created", why)
  end)

  describe("asks for an order's status where no event comes", function()
    local function asked()
      local count = 0
      for _, request in ipairs(upstream:requests()) do
        if request.path:find "/orders/status" then count = count + 1 end
      end
      return count
    end

    it("sparsely, and returns when two answers say that the order is done", function()
      local res = order()
      comes(3, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
      local advance = wait.sleep
      function wait.sleep(_, seconds)
        advance(_, seconds)
        if wait.clock > 1040 and not wait.advanced then
          wait.advanced = true
          upstream:advance(100)
        end
      end
      local events = assert(client:await(res))
      assert.same({"a"}, emails(events))
      assert.equal("COMPLETED", events.order.status)
      assert.equal(3, asked())
      assert.is_true(wait.clock >= 1090 and wait.clock < 1092, wait.clock)
    end)

    it("and takes events that come meanwhile", function()
      local res = order{["new-one.com"] = 1}
      upstream:advance(100)
      comes(35, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
      local events = assert(client:await(res))
      assert.same({"a"}, emails(events))
      assert.is_nil(events.order)
      assert.equal(1, asked())
    end)

    it("of the same user, whatever the user's id has in it", function()
      local user = "usr.1/+ x"
      upstream:fault{match = {operation = "create_order"}, status = 200, body = {status = 200, data = {orderId = "O1"}}}
      client:await(assert(client:create_order(user, {confirm = true})), {timeout = 10, poll = 6})
      local requests = upstream:requests()
      assert.same({"O1", user}, {requests[#requests].query.orderId, requests[#requests].query.userId})
    end)

    it("and believes the first answer when no time is left for a second one", function()
      local res = order()
      upstream:advance(100)
      assert.equal("COMPLETED", assert(client:await(res, {timeout = 10, poll = 6})).order.status)
      assert.equal(1, asked())
    end)

    it("and believes the first answer when a second one would come as the time ends", function()
      in_whole_seconds()
      local res = order()
      upstream:advance(100)
      assert.equal("COMPLETED", assert(client:await(res, {timeout = 20, poll = 10})).order.status)
      assert.equal(1, asked())
    end)

    it("and sleeps no more when the answer came after the end", function()
      local sleeps
      client = client:with{on_response = function()
        wait.clock = wait.clock + 30
        sleeps = #wait.slept
      end}
      assert.equal("timeout", select(3, client:await(order(), {timeout = 12, poll = 10})).kind)
      assert.equal(sleeps, #wait.slept)
    end)

    it("and fails when the order is done without the items that were refused", function()
      order{["taken.com"] = 1}
      local res = order{["taken.com"] = 5, ["new-one.com"] = 1}
      upstream:advance(100)
      local _, why, err = client:await(res, {timeout = 100, poll = 10})
      assert.equal("create_order: 1 item failed: taken.com (not available)", why)
      assert.same({"operation_failed", "unknown", 2}, {err.kind, err.outcome, asked()})
    end)

    it("and fails when the order has failed", function()
      local res = assert(client:order_prewarmed{userId = USER, order = {{domain = "nowhere.com"}},
        serviceProvider = "GOOGLE"})
      upstream:advance(100)
      local _, why, err = client:await(res, {timeout = 100, poll = 10})
      assert.equal("order_prewarmed: the order is FAILED", why)
      assert.same({"operation_failed", "unknown", 2}, {err.kind, err.outcome, asked()}) -- statuses are undocumented
    end)

    it("but not again after a refused request, and not with poll = false", function()
      local res = order()
      upstream:fault{match = {operation = "order_status"}, status = 404, times = 100}
      assert.equal("timeout", select(3, client:await(res, {timeout = 100, poll = 10})).kind)
      assert.equal(1, asked())
      assert.equal("timeout", select(3, client:await(res, {poll = false})).kind)
      assert.equal("timeout", select(3, client:await(assert(client:reexport{mailboxId = MAILBOX}))).kind)
      assert.equal(1, asked())
    end)

    it("again after the server could not answer", function()
      local res = order()
      upstream:advance(100)
      upstream:fault{match = {operation = "order_status"}, status = 500, times = 2}
      assert.equal("COMPLETED", assert(client:await(res, {timeout = 100, poll = 10})).order.status)
      assert.equal(4, asked())
    end)
  end)

  it("takes the ids from an answer to another process", function()
    comes(5, "order:O1", "mailbox.created", {email = "a"})
    assert.same({"a"}, emails(assert(client:await({operation = "create_order", orderId = "O1"}, {count = 1}))))
    comes(3, "order:O2", "mailbox.order.success", {quantity = 1})
    comes(5, "order:O2", "mailbox.created", {email = "a"})
    assert.same({"a"}, emails(assert(client:await{operation = "order_mailboxes", orderId = "O2"})))
    comes(5, "action:A1", "mailbox.created", {email = "b"})
    comes(6, "action:A1", "mailbox.created", {email = "c"})
    assert.same({"b", "c"}, emails(assert(client:await{operation = "create_order", actionId = "A1", count = 2})))
    comes(5, "action:A2", "subscription.renewal.failed", {reason = "EXPIRED"})
    assert.equal("renew_subscriptions: subscription.renewal.failed: EXPIRED",
      (select(2, client:await{operation = "renew_subscriptions", actionId = "A2"})))
  end)

  it("takes another process's plan after it was stored as JSON", function()
    local res = order{["a-one.com"] = 1, ["b-one.com"] = 1}
    local plan = cjson.decode(cjson.encode(cmr.info(res).plan))
    local under = "order:" .. res.data.orderId
    comes(3, under, "mailbox.created", {email = "u1@a-one.com"})
    local _, why = client:await({plan = plan}, {timeout = 20, poll = false})
    assert.equal("create_order: no outcome after 20 s: 1 of 2 mailbox.created", why)
    comes(3, under, "mailbox.created", {email = "u1@b-one.com"})
    assert.equal(2, #assert(client:await({plan = plan}, {poll = false})))
  end)

  it("does not take an order for done when its first domain is done", function()
    comes(1, "order:O1", "domain.order.success", {domainName = "a.com"})
    comes(1, "order:O1", "mailbox.order.success", {domainName = "a.com", quantity = 1})
    comes(2, "order:O1", "mailbox.created", {email = "u@a.com"})
    local _, why, err = client:await({operation = "create_order", orderId = "O1"}, {timeout = 60, poll = false})
    assert.equal("create_order: no outcome after 60 s: 1 of ? mailbox.created; how many must come is not known here: "
      .. "give count, or the plan of cmr.info", why)
    assert.same({"timeout", "unknown", 3}, {err.kind, err.outcome, #err.events})
    local res = order() -- await believes the order's status, because two answers say the same
    upstream:advance(100)
    comes(1, "order:" .. res.data.orderId, "mailbox.created", {email = "u@a.com"})
    local accepted = {operation = "create_order", orderId = res.data.orderId, userId = USER}
    local events = assert(client:await(accepted, {poll = 5}))
    assert.same({"COMPLETED", 1}, {events.order.status, #events})
    assert.is_true(wait.clock >= 1070)
  end)

  it("takes the answer of a job", function()
    client = cmr.new{api_key = upstream.key, base_url = upstream.base_url, rate = false, store = store}
    local res = assert(client:start("reexport", {mailboxId = MAILBOX}):wait())
    store:append("action:" .. res.actionId, cjson.encode{event = "mailbox.exported"}, 60)
    assert.equal(1, #assert(client:await(res)))
  end)

  it("cannot wait for an answer that names nothing", function()
    local events, why, err = client:await{operation = "reexport"}
    assert.is_nil(events)
    assert.equal("reexport: the answer names neither an action nor an order to wait for", why)
    assert.same({"invalid_argument", "unknown"}, {err.kind, err.outcome})
  end)

  it("raises nothing for a mistake after a request has left, so that its answer is not lost", function()
    local function refused(message, res, opts)
      local events, why, err = client:await(res, opts)
      assert.is_nil(events)
      assert.equal(message, why)
      assert.same({"invalid_argument", "unknown"}, {err.kind, err.outcome})
    end
    refused("platforms: no event is documented to report the success of 'platforms'", assert(client:platforms(USER)))
    upstream:fault{match = {operation = "remove_mailbox"}, status = 200, body = {status = 200, message = "shortly"}}
    refused("remove_mailbox: no event is documented to report the success of 'remove_mailbox'",
      assert(client:remove_mailbox{userId = USER, mailboxId = MAILBOX}))
    refused("GET /geo/countries: no event reports the outcome of a request that is none of the API's operations",
      assert(client:request("GET", "/geo/countries")))
    local res = assert(client:reexport{mailboxId = MAILBOX})
    refused("reexport: unknown option 'tiemout' (did you mean 'timeout'?)", res, {tiemout = 5})
    refused("reexport: a table of options expected, got number", res, 5)
    wait.unsupported = function() return "nothing can wait here" end
    refused("reexport: nothing can wait here", res)
    wait.unsupported = nil
    store.list = function() error "broken" end
    local _, why = client:await(res, {timeout = 5})
    assert.matches("reexport: no outcome after 5 s: 0 of 1 mailbox.exported; the store is unavailable: .*broken", why)
  end)

  it("raises an error for a value that is not an operation's answer", function()
    local function raised(...)
      local fine, message = pcall(client.await, client, ...)
      assert.is_false(fine)
      return message
    end
    assert.matches("cmr.await: an operation's answer expected, got nil", raised(), 1, true)
    assert.matches("cmr.await: an operation's answer expected, or {operation", raised{}, 1, true)
    assert.matches("cmr.await: an operation's answer expected, or {operation", raised{operation = "nothing"}, 1, true)
    local function plan() return {operation = "reexport", ids = {}, steps = {{}}, failure_events = {}} end
    for _, part in ipairs{"operation", "ids", "steps", "failure_events"} do
      for _, value in ipairs{"text", false} do
        local bad = plan()
        bad[part] = value or nil
        assert.matches("cmr.await: bad plan: one from cmr.info expected", raised{plan = bad}, 1, true)
      end
    end
    local bad = plan()
    bad.steps[1] = nil
    assert.matches("cmr.await: bad plan: one from cmr.info expected", raised{plan = bad}, 1, true)
    assert.matches("cmr.await: bad plan: one from cmr.info expected", raised{plan = "text"}, 1, true)
    assert.matches("cmr.await: no event is documented to report the success of 'platforms'",
      raised{operation = "platforms", actionId = "A"}, 1, true)
    local given = {operation = "reexport", actionId = "A"}
    assert.matches("cmr.await: unknown option 'tiemout' (did you mean 'timeout'?)", raised(given, {tiemout = 5}),
      1, true)
    assert.matches("cmr.await: bad option 'timeout' (seconds, from 0.001 to 1000000 expected, got boolean)",
      raised(given, {timeout = false}), 1, true)
    assert.matches("cmr.await: bad option 'poll' (seconds, from 0.001 to 1000000 or false expected, got 0)",
      raised(given, {poll = 0}), 1, true)
    assert.matches("cmr.await: bad option 'done_statuses' (a list of words expected, got string)",
      raised(given, {done_statuses = "PAID"}), 1, true)
    client:close()
    assert.matches("cmr.await: the client is closed", raised(given), 1, true)
  end)

  it("takes the statuses that the user names", function()
    local res = order()
    upstream:fault{match = {operation = "order_status"}, status = 200, times = 4,
      body = {status = 200, data = {status = "Payment_completed"}}}
    assert.equal("timeout", select(3, client:await(res, {timeout = 12, poll = 5})).kind)
    local events = assert(client:await(res, {timeout = 100, poll = 5, done_statuses = {"PAYMENT_COMPLETED"}}))
    assert.equal("Payment_completed", events.order.status)
  end)

  describe("where no event can arrive", function()
    local deaf

    before_each(function()
      deaf = cmr.new{api_key = upstream.key, base_url = upstream.base_url, rate = false, loop = wait,
        jitter = function() return 0 end}
    end)

    after_each(function() package.loaded["cmr.webhook.receiver"], package.loaded["cmr.webhook"] = nil, nil end)

    it("says so at once, and names what to start", function()
      local events, why, err = deaf:await(assert(deaf:reexport{mailboxId = MAILBOX}))
      assert.is_nil(events)
      assert.matches("reexport: no event can arrive here: .*cmr.webhook.receiver.*store", why)
      assert.same({"invalid_argument", "unknown"}, {err.kind, err.outcome})
      assert.same({}, wait.slept)
      assert.equal("invalid_argument", select(3, deaf:await(order(), {poll = false})).kind)
    end)

    it("waits when this process has made a receiver", function()
      local res = assert(deaf:reexport{mailboxId = MAILBOX})
      require("cmr.webhook").receiver{}
      assert.equal("timeout", select(3, deaf:await(res, {timeout = 5})).kind)
    end)

    it("polls an order, and ends when the poll is refused", function()
      local res = order()
      upstream:advance(100)
      assert.equal("COMPLETED", assert(deaf:await(res)).order.status)
      upstream:fault{match = {operation = "order_status"}, status = 404, times = 10}
      local begun = wait.clock
      assert.equal("invalid_argument", select(3, deaf:await(res)).kind)
      assert.is_true(wait.clock < begun + 40)
    end)

    it("can be found out before anything is sent", function()
      assert.is_true(client:awaitable "create_order")
      assert.same({nil, "no event is documented to report the success of 'remove_mailbox'"},
        {client:awaitable "remove_mailbox"})
      local ok, why = deaf:awaitable "reexport"
      assert.is_nil(ok)
      assert.matches("no event can arrive here", why, 1, true)
      assert.is_false((pcall(client.awaitable, client, "nothing")))
    end)
  end)
end)

describe("polls for the statuses of orders", function()
  local upstream

  before_each(function() upstream = mock.shared "http" end)

  local function statuses()
    local list = {}
    for _, request in ipairs(upstream:requests()) do
      if request.path:find "/orders/status" then list[#list + 1] = request.query.orderId end
    end
    return list
  end

  it("let real calls go first, share their answers, and give every order its turn", function()
    local client = cmr.new{api_key = upstream.key, base_url = upstream.base_url, rate = 20, store = memory.new()}
    local ended, kinds = 0, {}
    upstream:fault{match = {operation = "order_status"}, status = 200, times = 1000,
      body = {status = 200, data = {status = "PENDING"}}}
    for index = 1, 100 do
      block.spawn(function()
        local order = {operation = "create_order", orderId = "O" .. (index - 1) % 20, userId = USER}
        local _, _, err = client:await(order, {timeout = 4, poll = 0.05})
        kinds[err.kind] = (kinds[err.kind] or 0) + 1
        ended = ended + 1
      end)
    end
    block.sleep(nil, 1)
    for _ = 1, 5 do
      local begun = core.now()
      assert(client:platforms(USER))
      assert.is_true(core.now() - begun < 0.5, core.now() - begun)
    end
    while ended < 100 do block.sleep(nil, 0.05) end
    local polled, distinct, count = statuses(), {}, 0
    for _, id in ipairs(polled) do
      if not distinct[id] then
        distinct[id], count = true, count + 1
      end
    end
    assert.is_true(#polled >= 10 and #polled <= 22, #polled) -- polls get a quarter of the rate: 5 a second
    assert.is_true(count >= 10, count)
    assert.same({timeout = 100}, kinds)
  end)

  it("take no slot that a real call waits for", function()
    local client = cmr.new{api_key = upstream.key, base_url = upstream.base_url, rate = 10, store = memory.new()}
    local jobs, kind = {}, nil
    for index = 1, 30 do jobs[index] = client:start("platforms", USER) end
    block.spawn(function()
      kind = select(3, client:await({operation = "create_order", orderId = "O"}, {timeout = 2.5, poll = 0.3})).kind
    end)
    for _, job in ipairs(jobs) do assert(job:wait()) end
    assert.equal("timeout", kind)
    assert.same({}, statuses())
  end)
end)
