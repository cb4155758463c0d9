-- Receiving a delivery: the answer, the handler, the stored event, the log. spec/nginx/webhook_spec.lua has nginx, with
-- several workers and hosts.
local cjson = require "cjson"
local cmr = require "cmr"
local delivery = require "spec.support.delivery"
local memory = require "cmr.store.memory"

local PASSWORD, APP_PASSWORD = "geheim-password-1", "geheim-password-2"

describe("a receiver of webhooks", function()
  local now, store, logged, runs

  before_each(function()
    now, logged, runs = 1000, {}, 0
    store = memory.new(function() return now end)
  end)

  local function receiver(options)
    local all = {api_key = delivery.KEY, now = delivery.NOW, store = store,
      log = function(level, message) logged[#logged + 1] = level .. " " .. message end}
    for name, value in pairs(options or {}) do all[name] = value end
    return cmr.webhook.receiver(all)
  end

  local function count() runs = runs + 1 end

  local function event(more)
    local made = {event = "mailbox.created", eventId = "E1",
      data = {orderId = "O1", mailboxId = "M1", email = "x@y.z", password = PASSWORD, appPassword = APP_PASSWORD}}
    for name, value in pairs(more or {}) do made[name] = value end
    return made
  end

  local function deliver(to, what, headers)
    local body = type(what) == "string" and what or cjson.encode(what or event())
    return to:receive(body, headers or delivery.headers("body-hex-seconds", body))
  end

  it("runs the event's function once, with all that is in it", function()
    local seen
    local to = receiver{on = {["mailbox.created"] = function(got)
      count()
      seen = got
    end}}
    for _ = 1, 3 do assert.equal(200, deliver(to)) end
    assert.equal(1, runs)
    assert.same(event(), seen)
    assert.same({}, logged)
  end)

  it("runs the one for all others where an event has none of its own", function()
    local seen = {}
    local function note(name) return function(got) seen[#seen + 1] = name .. " " .. (got.event or got.eventType) end end
    local to = receiver{on = {["mailbox.created"] = note "own", ["*"] = note "other"}}
    assert.equal(200, deliver(to))
    assert.equal(200, deliver(to, event{event = "never.heard.of", eventId = "E2"}))
    assert.equal(200, deliver(to, {eventType = "mailbox.warmup.started", data = {mailboxId = "M1"}}))
    assert.same({"own mailbox.created", "other never.heard.of", "other mailbox.warmup.started"}, seen)
  end)

  it("answers 200 to an event without a handler", function()
    assert.equal(200, deliver(receiver()))
    assert.equal(200, deliver(receiver{on = {["mailbox.updated"] = count}}, event{eventId = "E2"}))
    assert.equal(0, runs)
    assert.equal(2, #store:list "order:O1")
  end)

  it("knows an event without an id by its body", function()
    local to = receiver{on = {["*"] = count}}
    for _, id in ipairs{"M1", "M2", "M1", "M2"} do
      local body = ('{"eventType": "mailbox.warmup.started", "data": {"mailboxId": "%s"}}'):format(id)
      assert.equal(200, deliver(to, body))
    end
    assert.equal(2, runs)
  end)

  describe("lets the vendor try again", function()
    for what, fails in pairs{
      ["raises"] = function() error("no database", 0) end,
      ["raises a table"] = function() error(setmetatable({}, {__tostring = function() return "no database" end})) end,
      ["returns nil and why"] = function() return nil, "no database" end,
      ["returns false and why"] = function() return false, "no database" end,
    } do
      it("when a function " .. what, function()
        local to = receiver{on = {["*"] = function()
          count()
          if runs < 3 then return fails() end
        end}}
        assert.equal(500, deliver(to))
        assert.equal(500, deliver(to))
        assert.equal(200, deliver(to))
        assert.equal(200, deliver(to))
        assert.equal(3, runs)
        assert.equal(2, #logged)
        assert.equal("ERR cmr webhook: mailbox.created E1: its handler failed: no database", logged[1])
      end)
    end

    it("when a function returns false, or raises what nobody can read", function()
      assert.equal(500, deliver(receiver{on = {["*"] = function() return false end}}))
      assert.equal(500, deliver(receiver{on = {["*"] = function()
        error(setmetatable({}, {__tostring = error}))
      end}}))
      assert.matches("it returned false", logged[1])
      assert.matches("failed: table$", logged[2])
    end)

    it("while another handles it, and when that one crashed", function()
      local crashed = coroutine.wrap(function()
        deliver(receiver{on = {["*"] = function()
          count()
          coroutine.yield()
        end}})
      end)
      if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
        store:claim("event:E1", 240) -- nothing yields across pcall there
      else
        crashed()
      end
      local to = receiver{on = {["*"] = count}}
      runs = 0
      for _, later in ipairs{0, 30, 239} do
        now = 1000 + later
        assert.equal(503, deliver(to))
      end
      assert.equal(0, runs)
      assert.equal("WARN cmr webhook: mailbox.created E1: being handled elsewhere, for 240 s more at most", logged[1])
      now = 1000 + 240
      assert.equal(200, deliver(to))
      assert.equal(1, runs)
    end)

    it("while the store is unavailable, and then runs nothing", function()
      function store.claim() return nil, "unavailable", "connection refused" end
      local to = receiver{on = {["*"] = count}}
      assert.equal(503, deliver(to))
      assert.equal(0, runs)
      assert.equal("ERR cmr webhook: mailbox.created E1: the store is unavailable: connection refused", logged[1])
    end)

    it("when the event cannot be stored, and then runs nothing", function()
      local to = receiver{on = {["*"] = count}}
      local append = store.append
      function store.append() return nil, "connection refused" end
      assert.equal(503, deliver(to))
      assert.equal(0, runs)
      assert.equal("ERR cmr webhook: mailbox.created E1: could not be stored: connection refused", logged[1])
      store.append = append
      assert.equal(200, deliver(to))
      assert.equal(1, runs)
    end)
  end)

  it("handles an event that is too large to be stored, and logs that", function()
    function store.append() return nil, "full" end
    assert.equal(200, deliver(receiver{on = {["*"] = count}}))
    assert.equal(1, runs)
    assert.equal("ERR cmr webhook: mailbox.created E1: could not be stored: full", logged[1])
  end)

  it("answers 200 for a handled event that cannot be marked as done", function()
    for index, done in ipairs{
      function() return nil, "connection refused" end,
      function() error("connection refused", 0) end, -- a store of the user's own
    } do
      store.done = done
      assert.equal(200, deliver(receiver{on = {["*"] = count}}, event{eventId = "E" .. index}))
      assert.equal(("ERR cmr webhook: mailbox.created E%d: its claim could not be marked as done: connection refused")
        :format(index), logged[index])
    end
  end)

  it("marks an event as done that took longer than the lease, if no other worker claimed it", function()
    local to = receiver{lease = 100, on = {["*"] = function()
      count()
      now = now + 200
    end}}
    for _ = 1, 2 do assert.equal(200, deliver(to)) end
    assert.equal(1, runs)
    assert.same({}, logged)
  end)

  it("recognises a duplicate for done_ttl", function()
    local to = receiver{on = {["*"] = count}, done_ttl = 100}
    deliver(to)
    now = 1099
    deliver(to)
    assert.equal(1, runs)
    now = 1100
    deliver(to)
    assert.equal(2, runs)
  end)

  it("refuses what verify refuses, each with its status, and says which it was", function()
    local to = receiver{on = {["*"] = count}, max_body = 1000}
    local function signed(body, more) return delivery.headers("body-hex-seconds", body, more) end
    for _, case in ipairs{
      {401, "missing_signature", "{}", {}},
      {401, "bad_signature", cjson.encode(event()), signed("{}")},
      {401, "bad_signature", "{}", signed("{}", {key = "another"})},
      {401, "stale", "{}", signed("{}", {time = delivery.NOW - 301})},
      {413, "too_large", ("x"):rep(1001), {}},
      {400, "not_json", "[]", signed "[]"},
      {400, "no_event", "{}", signed "{}"},
    } do
      logged = {}
      assert.equal(case[1], deliver(to, case[3], case[4]))
      assert.matches("^WARN cmr webhook: refused %(" .. case[2] .. "%): ", logged[1])
    end
    assert.equal(0, runs)
    assert.same({}, store.entries)
  end)

  it("cannot tell without a key", function()
    assert.equal(500, deliver(receiver{api_key = ""}))
    assert.matches("^ERR cmr webhook: refused %(no_key%)", logged[1])
  end)

  describe("stores an event for client:await", function()
    local function stored(name)
      local events = {}
      for index, text in ipairs(store:list(name)) do events[index] = cjson.decode(text) end
      return events
    end

    it("under its action and its order, without its passwords", function()
      deliver(receiver(), event{data = {orderId = "O1", actionId = "ACT_1", email = "x@y.z", password = PASSWORD,
        text = "log in with " .. PASSWORD .. " or " .. delivery.KEY}})
      local expected = {event = "mailbox.created", eventId = "E1",
        data = {orderId = "O1", actionId = "ACT_1", email = "x@y.z", text = "log in with *** or ***"}}
      assert.same({expected}, stored "order:O1")
      assert.same({expected}, stored "action:ACT_1")
    end)

    it("with its passwords where that is asked for, but not with the key", function()
      deliver(receiver{store_passwords = true}, event{data = {orderId = "O1", password = PASSWORD, k = delivery.KEY}})
      assert.same({orderId = "O1", password = PASSWORD, k = "***"}, stored("order:O1")[1].data)
    end)

    it("with its passwords, when one of several keys is empty", function()
      deliver(receiver{store_passwords = true, api_key = {"", delivery.KEY}}, event{data = {orderId = "O1", k = "v"}})
      assert.same({orderId = "O1", k = "v"}, stored("order:O1")[1].data)
    end)

    it("before its function runs", function()
      deliver(receiver{on = {["*"] = function() runs = #stored "order:O1" end}})
      assert.equal(1, runs)
    end)

    it("for a time, and nothing else", function()
      deliver(receiver{event_ttl = 100})
      now = 1100
      assert.same({}, stored "order:O1")
      for index, data in ipairs{{}, {orderId = ""}, {orderId = 5, actionId = true}, "text", 5, cjson.null} do
        assert.equal(200, deliver(receiver(), event{eventId = "other " .. index, data = data}))
      end
      for name in pairs(store.entries) do assert.is_truthy(name == "list:order:O1" or name:find "^claim:event:") end
    end)
  end)

  it("logs no password, no key and no forged line", function()
    local to = receiver{on = {["*"] = function(got)
      error(table.concat({got.data.password, "\nand\27[2J", got.data.appPassword, delivery.KEY, ("x"):rep(9999)}, " "))
    end}}
    deliver(to, event{eventId = "E1\nforged line", event = "mailbox.created\r"})
    assert.equal(1, #logged)
    assert.matches("mailbox.created? E1?forged line: its handler failed:", logged[1], 1, true)
    for _, text in ipairs{PASSWORD, APP_PASSWORD, delivery.KEY} do assert.is_nil(logged[1]:find(text, 1, true)) end
    assert.is_nil(logged[1]:find "%c")
    assert.is_true(#logged[1] < 800)
  end)

  it("raises for a mistake in its options", function()
    for message, options in pairs{
      ["cmr.webhook.receiver: bad option 'lease' (seconds, from 1 to 1000000000 expected, got 0)"] =
        {lease = 0},
      ["cmr.webhook.receiver: bad option 'done_ttl' (seconds, from 1 to 1000000000 expected, got string)"] =
        {done_ttl = "1"},
      ["cmr.webhook.receiver: bad option 'event_ttl' (seconds, from 1 to 1000000000 expected, got inf)"] =
        {event_ttl = math.huge},
      ["cmr.webhook.receiver: bad option 'on' (a table of event names and functions expected, got table)"] =
        {on = {count}},
      ["cmr.webhook.receiver: bad option 'store_passwords' (a boolean expected, got number)"] = {store_passwords = 1},
      ["cmr.webhook.receiver: unknown option 'tolerence' (did you mean 'tolerance'?)"] = {tolerence = 1},
    } do
      local _, raised = pcall(cmr.webhook.receiver, options)
      assert.matches(message, raised, 1, true)
    end
    assert.matches("bad option 'on'", select(2, pcall(receiver, {on = print})), 1, true)
    assert.matches("bad option 'store'", select(2, pcall(receiver, {store = {}})), 1, true)
    assert.matches("a table of options expected", select(2, pcall(cmr.webhook.receiver)), 1, true)
    assert.matches("cmr.webhook.handler: works in nginx", select(2, pcall(cmr.webhook.handler, {})), 1, true)
  end)
end)
