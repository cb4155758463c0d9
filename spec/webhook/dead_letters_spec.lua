-- Dead letters in each store: when an event becomes one, and when it is none any more.
local cjson = require "cjson"
local cmr = require "cmr"
local delivery = require "spec.support.delivery"
local stores = require "spec.support.store"

for _, backend in pairs(stores) do
  describe("dead letters in the store " .. backend.label, function()
    local store, stop, number, later, time

    setup(function()
      store, stop = backend.start()
      number = 0
    end)
    teardown(function() stop() end)

    before_each(function()
      number, later, time = number + 1, 0, os.time
      local begun = time()
      function os.time() return begun + later end -- luacheck: ignore 122
    end)

    after_each(function()
      os.time = time -- luacheck: ignore 122
      cmr.webhook.receiver{api_key = delivery.KEY, store = store}:drop()
    end)

    -- Returns a receiver whose handler fails at the first so many deliveries.
    local function failing(count)
      local runs = 0
      return cmr.webhook.receiver{api_key = delivery.KEY, now = delivery.NOW, store = store, log = function() end,
        on = {["*"] = function()
          runs = runs + 1
          if runs <= count then error("no database", 0) end
        end}}
    end

    local function deliver(to)
      local body = cjson.encode{event = "mailbox.created", eventId = "E" .. number, data = {orderId = "O" .. number}}
      return to:receive(body, delivery.headers("body-hex-seconds", body))
    end

    -- Returns the tries of each dead letter.
    local function tries(to)
      local list = {}
      for index, letter in ipairs(assert(to:dead_letters())) do
        assert.same({"E" .. number, {orderId = "O" .. number}}, {letter.event_id, letter.event.data})
        list[index] = letter.tries
      end
      return list
    end

    it("have an event that failed, as soon as no other delivery of it can come", function()
      for seen = 1, 2 do
        local to = failing(math.huge)
        for _ = 1, seen do assert.equal(500, deliver(to)) end
        later = 599
        assert.same({}, tries(to))
        later = 600
        assert.same({seen}, tries(to))
        assert.equal(1, to:drop())
        number, later = number + 1, 0
      end
    end)

    it("have an event that failed at three deliveries, at once", function()
      local to = failing(math.huge)
      for _ = 1, 3 do assert.equal(500, deliver(to)) end
      assert.same({3}, tries(to))
    end)

    it("never have an event that a later delivery handled", function()
      local to = failing(2)
      assert.equal(500, deliver(to))
      assert.equal(500, deliver(to))
      assert.equal(200, deliver(to))
      later = 600
      assert.same({}, tries(to))
    end)

    it("no longer have an event that a late delivery handled", function()
      local to = failing(1)
      assert.equal(500, deliver(to))
      later = 600
      assert.same({1}, tries(to))
      assert.equal(200, deliver(to))
      assert.same({}, tries(to))
    end)

    describe("of events without ids but with the same content,", function()
      local DAY = 24 * 3600

      -- Returns a receiver, and a function that delivers the content to it so many seconds later. The handler fails at
      -- the numbers of runs in this set.
      local function start(fails)
        local runs = 0
        local to = cmr.webhook.receiver{api_key = delivery.KEY, now = delivery.NOW, store = store, log = function() end,
          on = {["*"] = function()
            runs = runs + 1
            if fails[runs] then error("no database", 0) end
          end}}
        local body = cjson.encode{eventType = "mailbox.warmup.started", data = {mailboxId = "M" .. number}}
        return to, function(seconds)
          later = later + seconds
          local status = to:receive(body, delivery.headers("body-hex-seconds", body))
          return status, runs
        end
      end

      local function dead(to) return #assert(to:dead_letters()) end

      it("stay when a later event is handled after some failures", function()
        local to, arrive = start{true, true, true, true}
        for _ = 1, 3 do arrive(0) end
        assert.same({1, 500, 200}, {dead(to), (arrive(2 * DAY)), (arrive(0))})
        assert.equal(1, dead(to))
      end)

      it("are handled by a replay, although a later event was handled just before", function()
        local to, arrive = start{true, true, true}
        for _ = 1, 3 do arrive(0) end
        assert.same({200, 4}, {arrive(DAY)})
        assert.equal(1, to:replay())
        assert.same({200, 5}, {arrive(0)})
        assert.equal(0, dead(to))
      end)

      it("do not keep a later event from being handled when they are replayed", function()
        local to, arrive = start{true, true, true}
        for _ = 1, 3 do arrive(0) end
        later = DAY
        assert.equal(1, to:replay())
        assert.same({200, 5}, {arrive(60)})
        assert.same({200, 5}, {arrive(60)})
      end)

      it("are as many as the events, each with its own id", function()
        local to, arrive = start{true, true, true, true, true, true}
        for _, seconds in ipairs{0, 0, 0, DAY, 0, 0} do assert.equal(500, (arrive(seconds))) end
        local letters = assert(to:dead_letters())
        assert.equal(2, #letters)
        assert.not_equal(letters[1].id, letters[2].id)
        assert.equal(1, to:drop(letters[2].id))
        assert.equal(letters[1].id, to:dead_letters()[1].id)
        assert.same({1, 0}, {to:replay(), dead(to)})
        assert.same({200, 8}, {arrive(DAY)})
      end)
    end)

    it("have no letter of a handled event, even if the store once failed to remove one", function()
      local to = failing(2)
      assert.equal(500, deliver(to))
      local flaky = setmetatable({remove = function() return nil, "lost" end}, {__index = function(_, name)
        return function(_, ...) return store[name](store, ...) end
      end})
      to.store = flaky
      assert.equal(500, deliver(to))
      to.store = store
      assert.equal(200, deliver(to))
      later = 600
      assert.same({}, tries(to))
    end)

    it("are neither replayed nor dropped while the event may be delivered again", function()
      local to = failing(1)
      assert.equal(500, deliver(to))
      assert.same({0, 0}, {to:replay() or -1, to:drop() or -1})
      later = 600
      assert.equal(1, to:replay())
      assert.same({{}, 200}, {tries(to), deliver(to)})
    end)
  end)
end
