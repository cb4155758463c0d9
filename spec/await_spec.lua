-- Waiting for an outcome: against the mock's own answers, with a clock that only a wait moves, and events that come at
-- a time of the spec's. With a real nginx and the mock's deliveries it is in spec/nginx/await_spec.lua.
local block = require "cmr.loop.block"
local cjson = require "cjson"
local cmr = require "cmr"
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
    client = cmr.new{api_key = upstream.key, base_url = upstream.base_url, rate = false, loop = wait, store = store}
  end)

  -- An event that comes so many seconds from now.
  local function comes(seconds, under, name, data, id)
    coming[#coming + 1] = {at = wait.clock + seconds, under = under,
      event = {event = name, eventId = id or ("E" .. #coming .. under), data = data or {}}}
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

  it("waits for no mailbox of a domain that was not to be had", function()
    local res = order{["taken.com"] = 1}
    assert.is_table(res)
    res = order{["taken.com"] = 5, ["new-one.com"] = 1}
    assert.equal("taken.com", res.data.unavailableDomains[1])
    comes(5, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
    assert.equal(1, #assert(client:await(res)))
  end)

  it("ends when it failed, with what says so", function()
    local res = order()
    comes(3, "order:" .. res.data.orderId, "domain.order.failed", {reason = "Workspace\nvalidation failed"})
    local events, why, err = client:await(res)
    assert.is_nil(events)
    assert.equal("create_order: domain.order.failed: Workspace validation failed", why)
    assert.equal(why, tostring(err))
    assert.same({"operation_failed", "rejected", "create_order"}, {err.kind, err.outcome, err.operation})
    assert.equal("domain.order.failed", err.body.event)
    assert.equal(1, #err.events)
  end)

  it("does not say that nothing was done when a part was", function()
    local res = order{["a-one.com"] = 1, ["b-one.com"] = 1}
    comes(3, "order:" .. res.data.orderId, "mailbox.created", {email = "a"})
    comes(3, "order:" .. res.data.orderId, "mailbox.order.failed")
    local _, why, err = client:await(res)
    assert.equal("create_order: mailbox.order.failed", why)
    assert.same({"operation_failed", "unknown", 2}, {err.kind, err.outcome, #err.events})
  end)

  it("does not say so of a domain that was registered, and its mailboxes failed", function()
    for domain, before in pairs{["a-one.com"] = {"domain.order.success"}, ["b-one.com"] = {}} do -- that came or not
      local res = order{[domain] = 1}
      for _, name in ipairs(before) do comes(3, "order:" .. res.data.orderId, name) end
      comes(5, "order:" .. res.data.orderId, "mailbox.order.failed")
      local _, _, err = client:await(res)
      assert.same({"operation_failed", "unknown", 1 + #before}, {err.kind, err.outcome, #err.events})
    end
  end)

  it("does not say so of the others when the first of several failed", function()
    local res = order{["a-one.com"] = 1, ["b-one.com"] = 1}
    comes(3, "order:" .. res.data.orderId, "domain.order.failed", {reason = "taken"})
    assert.equal("unknown", select(3, client:await(res)).outcome)
    comes(3, "order:O2", "domain.order.failed") -- nobody here knows how many
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

  it("looks often at first, and then once a second", function()
    client:await(assert(client:reexport{mailboxId = MAILBOX}), {timeout = 60})
    assert.equal(0.05, wait.slept[1])
    for place = 2, #wait.slept - 1 do
      assert.is_true(wait.slept[place] >= wait.slept[place - 1] and wait.slept[place] <= 1)
    end
    assert.is_true(#wait.slept < 75)
  end)

  it("survives a store that is unavailable for a time, and says so in the end", function()
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
  end)

  describe("asks for an order's status where no event comes", function()
    local function asked()
      local count = 0
      for _, request in ipairs(upstream:requests()) do
        if request.path:find "/orders/status" then count = count + 1 end
      end
      return count
    end

    it("sparsely, and returns when it says twice that it is done", function()
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

    it("and takes events that come meanwhile for what they are", function()
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

    it("and believes it at once when there is no time for more", function()
      local res = order()
      upstream:advance(100)
      assert.equal("COMPLETED", assert(client:await(res, {timeout = 10, poll = 6})).order.status)
      assert.equal(1, asked())
    end)

    it("and fails when that has failed", function()
      local res = assert(client:order_prewarmed{userId = USER, order = {{domain = "nowhere.com"}},
        serviceProvider = "GOOGLE"})
      upstream:advance(100)
      local _, why, err = client:await(res, {timeout = 100, poll = 10})
      assert.equal("order_prewarmed: the order is FAILED", why)
      assert.same({"operation_failed", "unknown", 2}, {err.kind, err.outcome, asked()}) -- its words are undocumented
    end)

    it("not again where the request itself is refused, and not where it is told not to", function()
      local res = order()
      upstream:fault{match = {operation = "order_status"}, status = 404, times = 100}
      assert.equal("timeout", select(3, client:await(res, {timeout = 100, poll = 10})).kind)
      assert.equal(1, asked())
      assert.equal("timeout", select(3, client:await(res, {poll = false})).kind)
      assert.equal("timeout", select(3, client:await(assert(client:reexport{mailboxId = MAILBOX}))).kind)
      assert.equal(1, asked())
    end)

    it("again where it could not be answered", function()
      local res = order()
      upstream:advance(100)
      upstream:fault{match = {operation = "order_status"}, status = 500, times = 2}
      assert.equal("COMPLETED", assert(client:await(res, {timeout = 100, poll = 10})).order.status)
      assert.equal(4, asked())
    end)
  end)

  it("takes what another process was answered", function()
    comes(3, "order:O1", "mailbox.order.success", {quantity = 1})
    comes(5, "order:O1", "mailbox.created", {email = "a"})
    assert.same({"a"}, emails(assert(client:await({operation = "create_order", orderId = "O1"}))))
    comes(5, "action:A1", "mailbox.created", {email = "b"})
    comes(6, "action:A1", "mailbox.created", {email = "c"})
    assert.same({"b", "c"}, emails(assert(client:await{operation = "create_order", actionId = "A1", count = 2})))
    comes(5, "action:A2", "subscription.renewal.failed", {reason = "EXPIRED"})
    assert.equal("renew_subscriptions: subscription.renewal.failed: EXPIRED",
      (select(2, client:await{operation = "renew_subscriptions", actionId = "A2"})))
  end)

  it("works on what a job was answered", function()
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

  it("raises for what is no operation's answer, or has no outcome", function()
    local function raised(...)
      local fine, message = pcall(client.await, client, ...)
      assert.is_false(fine)
      return message
    end
    assert.matches("cmr.await: an operation's answer expected, got nil", raised(), 1, true)
    assert.matches("cmr.await: an operation's answer expected, or {operation", raised{}, 1, true)
    assert.matches("cmr.await: an operation's answer expected, or {operation", raised{operation = "nothing"}, 1, true)
    assert.matches("cmr.await: no event is documented to report the success of 'platforms'",
      raised(assert(client:platforms(USER))), 1, true)
    local given = {operation = "reexport", actionId = "A"}
    assert.matches("cmr.await: unknown option 'time' (poll or timeout expected)", raised(given, {time = 5}), 1, true)
    assert.matches("cmr.await: bad option 'timeout' (seconds, from 0.001 to 1000000 expected, got boolean)",
      raised(given, {timeout = false}), 1, true)
    assert.matches("cmr.await: bad option 'poll' (seconds, from 0.001 to 1000000 or false expected, got 0)",
      raised(given, {poll = 0}), 1, true)
    client:close()
    assert.matches("cmr.await: the client is closed", raised(given), 1, true)
  end)
end)
