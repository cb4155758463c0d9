-- Receiving a delivery: the answer, the handler, the stored event, the log. spec/nginx/webhook_spec.lua tests nginx,
-- with several workers and hosts.
local cjson = require "cjson"
local cmr = require "cmr"
local core = require "cmr.core"
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

  it("runs the event's function once, with the whole event", function()
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

  it("runs the function for all others if an event has no function of its own", function()
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

  it("recognises an event without an id by its body", function()
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

    it("when a function returns false, or raises a value that is not a text", function()
      assert.equal(500, deliver(receiver{on = {["*"] = function() return false end}}))
      assert.equal(500, deliver(receiver{on = {["*"] = function()
        error(setmetatable({}, {__tostring = error}))
      end}}))
      assert.matches("it returned false", logged[1])
      assert.matches("failed: table$", logged[2])
    end)

    it("while another worker handles the event, and after that worker crashed", function()
      local crashed = coroutine.wrap(function()
        deliver(receiver{on = {["*"] = function()
          count()
          coroutine.yield()
        end}})
      end)
      if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
        local claim = store.claim -- plain Lua 5.1 cannot yield in pcall
        function store.claim(self, name, lease)
          store.claim = claim
          claim(self, name, lease)
          error "crashed"
        end
        pcall(deliver, receiver())
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

  it("handles an event that is too large for the store, and its dead letter does not have the event", function()
    local append = store.append
    function store.append(self, name, text, ttl)
      if #text > 1000 then return nil, "too_large" end
      return append(self, name, text, ttl)
    end
    local to, large = receiver{on = {["*"] = count}}, event{data = {orderId = "O1", text = ("x"):rep(1000)}}
    for _ = 1, 2 do assert.equal(200, deliver(to, large)) end
    assert.equal(1, runs)
    assert.equal("ERR cmr webhook: mailbox.created E1: could not be stored: too_large", logged[1])
    assert.matches("^ERR cmr webhook: mailbox.created E1: it is a dead letter now: client:await cannot find it",
      logged[2])
    local letter = to:dead_letters()[1]
    assert.same({"mailbox.created", "E1"}, {letter.name, letter.event_id})
    assert.is_nil(letter.event)
    assert.same({0, {[letter.id] = "there was no room to store its event"}}, {to:replay()})
  end)

  it("refuses an event for which the store has no room, and then runs nothing and stores nothing", function()
    local append, room = store.append, 1
    function store.append(self, ...)
      if room == 0 then return nil, "full" end
      room = room - 1
      return append(self, ...)
    end
    local to = receiver{on = {["*"] = count}}
    assert.equal(503, deliver(to))
    assert.equal("ERR cmr webhook: mailbox.created E1: could not be stored: full", logged[1])
    for _, name in ipairs{"order:O1", "mailbox:M1", "mailbox:x@y.z"} do assert.same({}, store:list(name)) end
    room = 100
    assert.equal(200, deliver(to))
    for _, name in ipairs{"order:O1", "mailbox:M1", "mailbox:x@y.z"} do assert.equal(1, #store:list(name)) end
    assert.equal(1, runs)
  end)

  describe("tells events apart by their id and their content:", function()
    local function delivered(...)
      local to = receiver{on = {["*"] = count}}
      for _, body in ipairs{...} do assert.equal(200, deliver(to, body)) end
      return runs
    end

    it("several events with one id are different", function()
      local stored = {}
      for number = 1, 3 do stored[number] = event{data = {orderId = "O1", mailboxId = "M" .. number}} end
      assert.equal(3, delivered(stored[1], stored[2], stored[3], stored[2], stored[1]))
      assert.equal(3, #store:list "order:O1")
    end)

    it("several names with one id are different", function()
      assert.equal(2, delivered(event{event = "a"}, event{event = "b"}, event{event = "a"}))
    end)

    it("the order of names, blanks and other members do not matter", function()
      assert.equal(1, delivered('{"event":"a","eventId":"E1","data":{"a":1,"b":null}}',
        ' { "data" : {"b":null, "a":1.0}, "eventId":"E1", "event":"a"}',
        '{"event":"a","eventId":"E1","data":{"a":1,"b":null},"timestamp":"2026-01-01T00:00:00Z"}'))
    end)

    it("without data, the whole body counts", function()
      assert.equal(2, delivered('{"event":"a","eventId":"E1","x":1}', '{"event":"a","eventId":"E1","x":2}',
        '{"x":1,"event":"a","eventId":"E1"}'))
    end)

    it("a redelivery with a new timestamp is the same event", function()
      local to, body = receiver{on = {["*"] = count}, tolerance = 400}, cjson.encode(event())
      for _, later in ipairs{0, 30, 300} do
        assert.equal(200, to:receive(body, delivery.headers("body-hex-seconds", body, {time = delivery.NOW + later})))
      end
      assert.equal(1, runs)
    end)

    it("and stores a short name for an event, however long its id is", function()
      delivered(event{eventId = ("E"):rep(100000), data = {}})
      for name, entry in pairs(store.claims) do
        assert.matches("^event:%x+$", name)
        assert.equal(#"event:" + 32, #name)
        assert.is_true(entry.done)
      end
    end)
  end)

  describe("gives its handler a delivery", function()
    it("that renews the lease", function()
      local to = receiver{lease = 100, on = {["*"] = function(_, taken)
        assert.is_true(taken:renew())
        now = now + 90
        assert.is_true(taken:renew(1000))
        now = now + 900
        assert.equal(503, deliver(receiver()))
        now = now + 101
        assert.same({nil, "the lease is over"}, {taken:renew()})
        return true
      end}}
      assert.equal(200, deliver(to))
    end)

    it("that counts how often the event came", function()
      local tries = {}
      local to = receiver{on = {["*"] = function(_, taken)
        tries[#tries + 1] = taken.tries
        assert.is_false(taken.is_replay)
        return false
      end}}
      for _ = 1, 4 do deliver(to) end
      assert.same({1, 2, 3, 4}, tries)
      assert.equal(1, #store:list "order:O1")
    end)

    it("that is the first one if the store cannot count it", function()
      function store.count() return nil, "unavailable", "connection refused" end
      local tries
      assert.equal(200, deliver(receiver{on = {["*"] = function(_, taken) tries = taken.tries end}}))
      assert.equal(1, tries)
    end)
  end)

  describe("keeps as a dead letter an event that the vendor does not deliver again:", function()
    local works

    local function failing(options)
      works = false
      options = options or {}
      options.on = {["*"] = function(got)
        count()
        if not works then error("no database for " .. tostring(got.data.password)) end
      end}
      return receiver(options)
    end

    local function deliver_often(to, times, what)
      for _ = 1, times do assert.equal(500, deliver(to, what)) end
    end

    it("one that failed at its third delivery, once, without passwords", function()
      local to = failing()
      deliver_often(to, 2)
      assert.same({}, to:dead_letters())
      deliver_often(to, 2)
      for _, index in ipairs{4, 6} do assert.matches("it is a dead letter now", logged[index]) end
      local letters = to:dead_letters()
      assert.equal(1, #letters)
      local letter = letters[1]
      assert.matches("^%x+$", letter.id)
      assert.same({"mailbox.created", "E1", 3}, {letter.name, letter.event_id, letter.tries})
      assert.is_true(math.abs(os.time() - letter.failed_at) < 60)
      assert.matches("its handler failed: .*no database for %*%*%*$", letter.reason)
      assert.same({orderId = "O1", mailboxId = "M1", email = "x@y.z"}, letter.event.data)
      assert.matches("^ERR cmr webhook: mailbox.created E1: it is a dead letter now: its handler failed", logged[4])
      assert.is_nil(table.concat(store:list "dead"):find("geheim", 1, true))
    end)

    it("with its passwords where that is asked for, but not with the key", function()
      local to = failing{store_passwords = true}
      deliver_often(to, 3, event{data = {password = PASSWORD, k = delivery.KEY}})
      assert.same({password = PASSWORD, k = "***"}, to:dead_letters()[1].event.data)
    end)

    it("one that came a third time while its handler ran, which then failed", function()
      local to = failing()
      local slow = receiver{on = {["*"] = function()
        for _ = 1, 2 do assert.equal(503, deliver(to)) end
        return false
      end}}
      assert.equal(500, deliver(slow))
      assert.equal(1, #to:dead_letters())
    end)

    describe("one in whose handler the process crashed", function()
      local time, later

      before_each(function()
        time, later = os.time, 0
        function os.time() return time() + later end -- luacheck: ignore 122
      end)

      after_each(function() os.time = time end) -- luacheck: ignore 122

      -- Delivers at the vendor's times to a process that crashes: it does nothing more in the store.
      local function crash_at(...)
        for _, seconds in ipairs{...} do
          now = 1000 + seconds
          deliver(receiver{on = {["*"] = function()
            function store.uncount() error "crashed" end
            error "crashed"
          end}})
          store.uncount = nil
        end
      end

      it("at each delivery", function()
        crash_at(0, 30, 330)
        local to = receiver{on = {["*"] = count}}
        assert.same({}, to:dead_letters())
        later = 601
        local letter = to:dead_letters()[1]
        assert.same({"E1", 3, "its handler did not end"}, {letter.event_id, letter.tries, letter.reason})
        now = now + 240
        assert.equal(1, to:replay())
        assert.equal(1, runs)
      end)

      it("but not one that a later delivery handled", function()
        crash_at(0)
        now = 1000 + 330
        local to = receiver{on = {["*"] = count}}
        assert.equal(200, deliver(to))
        later = 601
        assert.same({}, to:dead_letters())
        assert.same({}, store:list "dead")
      end)
    end)

    it("with its event, though there is no room when it fails again", function()
      local to, append = failing(), store.append
      deliver_often(to, 1)
      function store.append(self, name, ...)
        if name == "dead" then return nil, "full" end
        return append(self, name, ...)
      end
      deliver_often(to, 2)
      store.append = append
      local time = os.time
      finally(function() os.time = time end) -- luacheck: ignore 122
      function os.time() return time() + 601 end -- luacheck: ignore 122
      local letters = to:dead_letters()
      assert.same({1, "O1"}, {#letters, letters[1].event.data.orderId})
    end)

    it("one that never found room in the store", function()
      local append, to = store.append, receiver()
      function store.append(self, name, ...)
        if name ~= "dead" then return nil, "full" end
        return append(self, name, ...)
      end
      for _ = 1, 3 do assert.equal(503, deliver(to)) end
      store.append = append
      assert.equal("could not be stored: full", to:dead_letters()[1].reason)
      assert.equal(1, to:replay())
      assert.equal(1, #store:list "order:O1")
    end)

    it("but not one that was handled in time, whose counted tries are removed", function()
      local to = failing()
      deliver_often(to, 2)
      works = true
      assert.equal(200, deliver(to))
      assert.same({}, to:dead_letters())
      assert.same({}, store.windows)
    end)

    it("without the event if the store has no room for it", function()
      local to, append = failing(), store.append
      function store.append(self, name, text, ttl)
        if name == "dead" and #text > 800 then return nil, "full" end
        return append(self, name, text, ttl)
      end
      deliver_often(to, 3, event{data = {orderId = "O1", text = ("x"):rep(1000)}})
      local letter = to:dead_letters()[1]
      assert.same({"E1", nil}, {letter.event_id, letter.event})
    end)

    it("apart from other texts in its list, which are no dead letters", function()
      for _, text in ipairs{"5", '"text"', '[{"id": "x"}]', '{"id": 5}', "no JSON"} do
        store:append("dead", text, 60)
      end
      assert.same({}, receiver():dead_letters())
    end)

    it("until the caller no longer uses it, in memory", function()
      local to, listed = failing(), setmetatable({}, {__mode = "k"})
      deliver_often(to, 3)
      listed[to:dead_letters()[1]] = true
      for _ = 1, 3 do collectgarbage() end
      assert.is_nil(next(listed))
    end)

    it("for dead_ttl", function()
      local to = failing{dead_ttl = 100}
      deliver_often(to, 3)
      now = now + 99
      assert.equal(1, #to:dead_letters())
      now = now + 1
      assert.same({}, to:dead_letters())
    end)

    it("and logs that an event is lost when the dead letter cannot be stored", function()
      local to, append = failing(), store.append
      function store.append(self, name, ...)
        if name ~= "dead" then return append(self, name, ...) end
        return nil, "connection refused"
      end
      for number = 1, 3 do
        deliver_often(to, 1)
        assert.equal(2 * number, #logged)
        assert.equal("ERR cmr webhook: mailbox.created E1: it is lost unless it is delivered again, for no dead letter "
          .. "could be stored: connection refused", logged[2 * number])
      end
    end)

    describe("and replays", function()
      it("all of them, which are then handled", function()
        local to = failing()
        for number = 1, 3 do deliver_often(to, 3, event{eventId = "E" .. number}) end
        works, runs = true, 0
        assert.same({3, nil}, {to:replay()})
        assert.equal(3, runs)
        assert.same({}, to:dead_letters())
        assert.same({0, nil}, {to:replay()})
        assert.equal(200, deliver(to))
        assert.equal(3, runs)
        assert.equal(3, #store:list "order:O1")
      end)

      it("one, and leaves the others", function()
        local to = failing()
        for number = 1, 2 do deliver_often(to, 3, event{eventId = "E" .. number}) end
        works = true
        local letters = to:dead_letters()
        assert.same({1, nil}, {to:replay(letters[2].id)})
        assert.equal(letters[1].id, to:dead_letters()[1].id)
        assert.same({nil, "there is no dead letter 'x'"}, {to:replay "x"})
        assert.same({nil, "there is no dead letter '" .. letters[2].id .. "'"}, {to:replay(letters[2].id)})
      end)

      it("one that fails again, and keeps it", function()
        local to = failing()
        deliver_often(to, 3)
        local id = to:dead_letters()[1].id
        local handled, failures = to:replay()
        assert.equal(0, handled)
        assert.matches("its handler failed: .*no database", failures[id])
        assert.equal(1, #to:dead_letters())
      end)

      it("none that a worker is handling, and none that a delivery handled", function()
        local to = failing()
        deliver_often(to, 3)
        local id = to:dead_letters()[1].id
        local slow = receiver{on = {["*"] = function()
          local _, failures = to:replay()
          assert.matches("being handled elsewhere", failures[id])
        end}}
        assert.equal(200, deliver(slow))
        assert.same({}, to:dead_letters())
        assert.equal(0, to:replay())
      end)

      it("none that was handled after its list was read", function()
        local to, claim = failing(), store.claim
        deliver_often(to, 3)
        works, runs = true, 0
        function store.claim(...)
          store.claim = claim
          assert.equal(200, deliver(to))
          return claim(...)
        end
        assert.equal(1, to:replay())
        assert.equal(1, runs)
        assert.same({}, to:dead_letters())
      end)

      it("one with all that its handler may ask about it", function()
        deliver_often(failing(), 3, '{"eventType": "mailbox.warmup.started", "data": {"mailboxId": "M1"}}')
        local seen
        local to = receiver{on = {["mailbox.warmup.started"] = function(got, taken)
          seen = {cmr.webhook.id(got), cmr.webhook.info(got).signature_format, taken.is_replay, taken.tries}
          assert.is_true(taken:renew(1000))
        end}}
        assert.equal(1, to:replay())
        assert.matches("^sha256:%x+$", table.remove(seen, 1))
        assert.same({"body-hex-seconds", true, 3}, seen)
      end)
    end)

    it("until it is dropped", function()
      local to = failing()
      for number = 1, 3 do deliver_often(to, 3, event{eventId = "E" .. number}) end
      assert.equal(1, to:drop(to:dead_letters()[1].id))
      assert.same({nil, "there is no dead letter 'x'"}, {to:drop "x"})
      assert.equal(2, to:drop())
      assert.same({}, to:dead_letters())
    end)

    it("and says so when the store is unavailable", function()
      function store.list() return nil, "connection refused" end
      local to = receiver()
      for _, method in ipairs{"dead_letters", "replay", "drop"} do
        assert.same({nil, "connection refused"}, {to[method](to)})
      end
    end)

    it("and says so when the store becomes unavailable after its list was read", function()
      local to, remove = failing(), store.remove
      for number = 1, 2 do deliver_often(to, 3, event{eventId = "E" .. number}) end
      function store.remove() return nil, "connection refused" end
      local id = to:dead_letters()[1].id
      assert.same({nil, "connection refused"}, {to:drop(id)})
      assert.same({nil, "connection refused"}, {to:drop()})
      assert.same({0, {[id] = "connection refused"}}, {receiver{on = {["*"] = count}}:replay(id)})
      assert.equal(2, #to:dead_letters())
      store.remove = remove
      assert.equal(2, to:drop())
    end)
  end)

  it("answers 200 for a handled event that cannot be marked as done", function()
    for index, done in ipairs{
      function() return nil, "connection refused" end,
      function() error("connection refused", 0) end, -- a user's own store may raise an error
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

  describe("recognises a duplicate of an event without an id", function()
    local STARTED = '{"eventType": "mailbox.warmup.started", "data": {"mailboxId": "M1"}}'

    -- Returns whether a delivery this number of seconds later is a new event.
    local function is_new(to, later)
      local before = runs
      now = now + later
      assert.equal(200, deliver(to, STARTED))
      return runs > before
    end

    it("for 15 minutes, because a later event may have the same body", function()
      local to = receiver{on = {["*"] = count}}
      assert.same({true, false, true}, {is_new(to, 0), is_new(to, 899), is_new(to, 1)})
      deliver(to)
      now = now + 24 * 3600
      runs = 0
      deliver(to)
      assert.equal(0, runs)
    end)

    it("for as long as its signature is valid", function()
      local to = receiver{on = {["*"] = count}, tolerance = 3600}
      assert.same({true, false, true}, {is_new(to, 0), is_new(to, 600 + 3599), is_new(to, 1)})
    end)

    it("for done_ttl if that is shorter", function()
      local to = receiver{on = {["*"] = count}, done_ttl = 100}
      assert.same({true, false, true}, {is_new(to, 0), is_new(to, 99), is_new(to, 1)})
    end)

    it("for 15 minutes after the replay of its dead letter", function()
      local works = false
      local to = receiver{on = {["*"] = function()
        count()
        return works
      end}}
      for _ = 1, 3 do assert.equal(500, deliver(to, STARTED)) end
      works = true
      assert.equal(1, to:replay())
      assert.same({false, true}, {is_new(to, 899), is_new(to, 1)})
    end)

    it("and counts only its own deliveries", function()
      local tries = {}
      local to = receiver{on = {["*"] = function(_, taken)
        tries[#tries + 1] = taken.tries
        return false
      end}}
      for _, later in ipairs{0, 330, 900} do
        now = now + later
        deliver(to, STARTED)
      end
      assert.same({1, 2, 1}, tries)
    end)
  end)

  it("recognises a duplicate for 7 days, keeps an event for an hour and a dead letter for 30 days", function()
    local day, works = 24 * 3600, true
    local to = receiver{on = {["*"] = function()
      count()
      return works
    end}}
    assert.equal(200, deliver(to))
    works = false
    for _ = 1, 3 do assert.equal(500, deliver(to, event{eventId = "E2", data = {}})) end
    works, runs = true, 0
    for _, case in ipairs{{3600 - 1, 1}, {3600, 0}, {7 * day - 1, 0}} do
      now = 1000 + case[1]
      assert.equal(200, deliver(to))
      assert.same({case[2], 0}, {#store:list "order:O1", runs})
    end
    now = 1000 + 7 * day
    assert.equal(200, deliver(to))
    assert.equal(1, runs)
    for later, letters in pairs{[30 * day - 1] = 1, [30 * day] = 0} do
      now = 1000 + later
      assert.equal(letters, #to:dead_letters())
    end
  end)

  it("keeps a dead letter for dead_ttl from the time at which it is dead", function()
    local to = receiver{dead_ttl = 300, on = {["*"] = function() return false end}}
    deliver(to)
    local time = os.time
    finally(function() os.time = time end) -- luacheck: ignore 122
    local begun = time()
    for _, case in ipairs{{599, 0}, {601, 1}, {899, 1}, {900, 0}} do
      now = 1000 + case[1]
      function os.time() return begun + case[1] end -- luacheck: ignore 122
      assert.equal(case[2], #to:dead_letters(), case[1])
    end
  end)

  it("knows an event as long as its dead letter", function()
    local to = receiver{on = {["*"] = function()
      count()
      return runs > 1
    end}}
    deliver(to)
    now = now + 20 * 24 * 3600
    assert.equal(200, deliver(to))
    now = now + 600
    local time = os.time
    finally(function() os.time = time end) -- luacheck: ignore 122
    function os.time() return time() + 600 end -- luacheck: ignore 122
    assert.same({}, to:dead_letters())
  end)

  it("stores an event without an id only once, however late it is replayed", function()
    local to = receiver{event_ttl = 1e6, on = {["*"] = function()
      count()
      return runs > 3
    end}}
    local body = '{"eventType": "mailbox.warmup.started", "data": {"mailboxId": "M1"}}'
    for _ = 1, 3 do deliver(to, body) end
    now = now + 3600
    local time = core.time
    finally(function() core.time = time end)
    function core.time() return time() + 3600 end
    assert.equal(1, to:replay())
    assert.equal(1, #store:list "mailbox:M1")
  end)

  it("refuses what verify refuses, with the right status, and logs the kind", function()
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
    assert.same({{}, {}, {}}, {store.claims, store.lists, store.windows})
  end)

  it("cannot accept a delivery without a key", function()
    assert.equal(500, deliver(receiver{api_key = ""}))
    assert.matches("^ERR cmr webhook: refused %(no_key%)", logged[1])
  end)

  describe("stores an event for client:await", function()
    local function stored(name)
      local events = {}
      for index, text in ipairs(store:list(name)) do
        events[index] = cjson.decode(text)
        assert.is_true(math.abs(os.time() - events[index].receivedAt) < 60)
        events[index].receivedAt = nil
      end
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

    it("without a look at the stored events if it comes for the first time", function()
      function store.list() error "asked" end
      assert.equal(200, deliver(receiver()))
      assert.equal(1, #store.lists["order:O1"])
    end)

    it("before its function runs", function()
      deliver(receiver{on = {["*"] = function() runs = #stored "order:O1" end}})
      assert.equal(1, runs)
    end)

    it("for a time, but no other events", function()
      deliver(receiver{event_ttl = 100})
      now = 1100
      assert.same({}, stored "order:O1")
      for index, data in ipairs{{}, {orderId = ""}, {orderId = 5, actionId = true}, "text", 5, cjson.null} do
        assert.equal(200, deliver(receiver(), event{eventId = "other " .. index, data = data}))
      end
      for name in pairs(store.lists) do
        assert.is_truthy(name == "order:O1" or name:find "^mailbox:", name)
      end
      for name in pairs(store.claims) do assert.matches("^event:", name) end
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

  it("logs at most 300 bytes of an event's description, and of a failure", function()
    local to = receiver{on = {["*"] = function() error(("x"):rep(301), 0) end}}
    deliver(to, event{eventId = ("E"):rep(301)})
    local described = "mailbox.created " .. ("E"):rep(297 - #"mailbox.created ")
    assert.equal(("ERR cmr webhook: %s\226\128\166: its handler failed: %s\226\128\166"):format(
      described, ("x"):rep(297)), logged[1])
  end)

  it("accepts a time from 1 s to 1,000,000,000 s", function()
    for _, name in ipairs{"lease", "done_ttl", "event_ttl", "dead_ttl"} do
      for seconds, accepted in pairs{[0.9] = false, [1] = true, [1e9] = true, [1e9 + 1] = false} do
        assert.equal(accepted, (pcall(receiver, {[name] = seconds})), name)
      end
    end
  end)

  it("raises an error for a mistake in its options", function()
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
