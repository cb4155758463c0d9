-- The mock's list of deliveries: destinations, attempts, limits.
local cjson = require "cjson"
local Deliveries = require "cmr.mock.deliveries"

local URL = "http://127.0.0.1:1234/hook"

describe("a destination of the mock", function()
  it("is a URL on this machine", function()
    local format = Deliveries.destination{url = URL}.signature_format
    assert.equal("body-hex-seconds", format.name)
    for url, expected in pairs{
      [URL] = {false, "127.0.0.1", "127.0.0.1", 1234, "/hook"},
      ["http://127.0.0.1"] = {false, "127.0.0.1", "127.0.0.1", 80, "/"},
      ["https://127.200.0.9"] = {true, "127.200.0.9", "127.200.0.9", 443, "/"},
      ["https://localhost:8443?a=b"] = {true, "127.0.0.1", "localhost", 8443, "/?a=b"},
      ["http://[::1]:99/x y"] = false,
      ["http://[::1]:99/x"] = {false, "[::1]", "[::1]", 99, "/x"},
      ["http://[::1]"] = {false, "[::1]", "[::1]", 80, "/"},
      ["http://[::2]/"] = false,
      ["http://128.0.0.1/"] = false,
      ["http://127.0.0/"] = false,
      ["http://127.0.0.1x"] = false,
      ["http://127.0.0.1#x"] = false,
      ["http://127.0.0.1/\n"] = false,
      ["http://"] = false,
      ["ftp://127.0.0.1/"] = false,
    } do
      local made, message = Deliveries.destination{url = url}
      if expected then
        assert.same({url, true, expected}, {made.url, made.action_id, {made.tls, made.host, made.name, made.port,
          made.path}})
      else
        assert.same({nil, "'url' must be http or https on this machine: http://127.0.0.1:PORT/PATH"}, {made, message})
      end
    end
    assert.is_false(Deliveries.destination{url = URL, actionId = false}.action_id)
    assert.same({nil, "'signatureFormat' must be a name like body-hex-seconds"},
      {Deliveries.destination{url = URL, signatureFormat = "x"}})
  end)

  it("keeps its id when it is replaced, and is then the last one", function()
    local list = Deliveries.new(function() return 0 end)
    local function urls()
      local found = {}
      for index, destination in ipairs(list.destinations) do found[index] = destination.url .. destination.id end
      return found
    end
    for _, name in ipairs{"a", "b", "c", "a"} do list:add(Deliveries.destination{url = "http://localhost/" .. name}) end
    assert.same({"http://localhost/b2", "http://localhost/c3", "http://localhost/a1"}, urls())
    assert.equal("http://localhost/b", list:find(2).url)
    assert.same({nil, "no such destination"}, {list:find(4)})
    list:fail_next("http://localhost/c", 2)
    assert.is_true(list:remove(3))
    assert.same({nil, "no such destination"}, {list:remove(3)})
    assert.equal(0, list:failures_left "http://localhost/c")
    list:add(Deliveries.destination{url = "http://localhost/c"})
    assert.same({"http://localhost/b2", "http://localhost/a1", "http://localhost/c4"}, urls())
  end)
end)

describe("a delivery of the mock", function()
  local now, list

  before_each(function()
    now = 1000
    list = Deliveries.new(function() return now end)
    list:add(Deliveries.destination{url = URL})
  end)

  local function emit(data) list:emit("mailbox.exported", data or {mailboxId = "M"}, {actionId = "A"}) end

  -- Starts the attempts that are due. Returns the ids of their deliveries.
  local function due(max)
    local ids = {}
    for index, delivery in ipairs(list:due(max or 100)) do ids[index] = delivery.id end
    return ids
  end

  local function state() return list:list()[1].state end

  it("is due at once, and then 30 and 300 seconds after an attempt that failed", function()
    emit()
    assert.same({1}, due())
    assert.same({}, due()) -- the attempt is under way
    local delivery = list.items[1]
    for _, wait in ipairs{30, 300} do
      now = now + 7 -- the attempt took a while
      list:finish_attempt(delivery, 500)
      assert.same({"pending", now + wait}, {state(), list:list()[1].dueAt})
      now = now + wait - 1
      assert.same({}, due())
      now = now + 1
      assert.same({1}, due())
    end
    list:finish_attempt(delivery, nil, "timeout")
    assert.equal("failed", state())
    assert.same({{at = 1007, status = 500}, {at = 1044, status = 500}, {at = 1344, error = "timeout"}},
      list:list()[1].attempts)
    now = now + 1e6
    assert.same({}, due())
  end)

  it("is delivered with each status from 200 to 299", function()
    for status, expected in pairs{[199] = "pending", [200] = "delivered", [299] = "delivered", [300] = "pending"} do
      list = Deliveries.new(function() return now end)
      list:add(Deliveries.destination{url = URL})
      emit()
      due()
      list:finish_attempt(list.items[1], status)
      assert.equal(expected, state(), status)
      assert.equal(expected == "pending" and 1030 or nil, list:list()[1].dueAt)
    end
  end)

  it("waits while as many attempts are under way as possible", function()
    for _ = 1, 5 do emit() end
    assert.same({}, due(0))
    assert.same({1, 2}, due(2))
    assert.same({3}, due(1))
    assert.same({4, 5}, due(100))
  end)

  it("fails as often as ordered", function()
    list:fail_next(URL, 2)
    emit()
    local delivery = list.items[1]
    assert.equal("the mock was told to fail this attempt, and sent nothing", list:ordered_failure(delivery))
    assert.equal(1, list:failures_left(URL))
    assert.is_string(list:ordered_failure(delivery))
    assert.is_nil(list:ordered_failure(delivery))
    assert.same({0, nil}, {list:failures_left(URL), list.failing[URL]})
  end)

  it("is given up only while it is pending, also during an attempt", function()
    emit()
    due()
    assert.is_true(list:give_up(1))
    assert.equal("failed", state())
    assert.same({nil, "the delivery is failed"}, {list:give_up(1)})
    list:finish_attempt(list.items[1], 500)
    assert.same({"failed", nil}, {state(), list:list()[1].dueAt})
    list:finish_attempt(list.items[1], 200)
    assert.equal("delivered", state())
    assert.same({nil, "the delivery is delivered"}, {list:give_up(1)})
    emit()
    list:give_up(2)
    assert.same({}, due())
    assert.same({nil, "no such delivery"}, {list:give_up(3)})
  end)

  it("is repeated for its own destination, also in another signature format", function()
    emit()
    list:add(Deliveries.destination{url = "http://localhost/other"})
    assert.is_true(list:redeliver(1, 2))
    assert.is_true(list:redeliver(1, 1, {name = "another"}))
    assert.same({nil, "no such delivery"}, {list:redeliver(9, 1)})
    local shown = list:list()
    assert.equal(4, #shown)
    for index, one in ipairs(shown) do
      assert.same({index, URL, index == 4 and "another" or "body-hex-seconds", "pending", 1000},
        {one.id, one.url, one.signatureFormat, one.state, one.dueAt})
      assert.equal(shown[1].body, one.body)
    end
    assert.same({1, 2, 3, 4}, due())
  end)

  it("counts each change", function()
    assert.equal(0, list.revision)
    emit()
    assert.equal(1, list.revision)
    due()
    list:finish_attempt(list.items[1], 500)
    assert.equal(2, list.revision)
    list:give_up(1)
    assert.equal(3, list.revision)
    list:redeliver(1, 2)
    assert.equal(5, list.revision)
  end)

  it("has the event's name, id and data, and names what is undocumented", function()
    emit{mailboxId = "M", email = "e", orderId = nil}
    local shown = list:list()[1]
    local event = cjson.decode(shown.body)
    assert.same({event = "mailbox.exported", eventId = shown.eventId, data = {mailboxId = "M", email = "e",
      actionId = "A"}}, event)
    assert.same({28, "mailbox.exported", "data's email, mailboxId"}, {#shown.eventId, shown.event, shown.assumed})
    list:add(Deliveries.destination{url = URL, actionId = false})
    list:emit("mailbox.warmup.removed", {mailboxId = "M", email = "e"})
    shown = list:list()[2]
    assert.equal('{"data":{"email":"e","mailboxId":"M"},"eventType":"mailbox.warmup.removed"}', shown.body)
    assert.same({nil, nil}, {shown.eventId, shown.assumed})
    emit{actionId = "B", mailboxId = "M"}
    assert.same({'"B"', "data's mailboxId"}, {list:list()[3].body:match '"actionId":([^,}]+)', list:list()[3].assumed})
    assert.has_error(function() list:emit("nothing", {}) end, "nothing")
  end)

  it("goes to each destination at its own time of sending", function()
    list:add(Deliveries.destination{url = "http://localhost/other"})
    local data, action = {mailboxId = "M"}, {}
    list:emit("mailbox.exported", data, action)
    action.actionId = "LATE"
    assert.same({URL, "http://localhost/other"}, {list:list()[1].url, list:list()[2].url})
    assert.matches('"actionId":"LATE"', list:list()[1].body, 1, true)
    due()
    data.mailboxId = "N" -- the body was made for the first attempt
    assert.matches('"mailboxId":"M"', list:list()[1].body, 1, true)
  end)

  it("is dropped after 10,000 newer ones", function()
    for _ = 1, 10000 do emit() end
    assert.same({1, 10000}, {list.items[1].id, #list.items})
    emit()
    assert.same({2, 10000, 10001}, {list.items[1].id, #list.items, list.items[10000].id})
  end)

  it("is listed among the newest", function()
    for _ = 1, 5 do emit() end
    for limit, first in pairs{[1] = 5, [4] = 2, [5] = 1, [6] = 1} do
      local shown = list:list(limit)
      assert.same({first, 5}, {shown[1].id, shown[#shown].id})
    end
    assert.equal(0, #list:list(0))
    assert.equal(5, #list:list())
  end)
end)
