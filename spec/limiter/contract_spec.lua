-- The contract of cmr.Limiter, checked for every backend, in real time. Each spec has keys of its own.
local core = require "cmr.core"
local limiters = require "spec.support.limiter"
local nginx = require "spec.support.nginx"

local TOLERANCE = 0.002 -- seconds

for _, backend in pairs(limiters) do
  describe("the limiter " .. backend.label, function()
    local limiter, another, stop, begun

    setup(function() limiter, another, stop = backend.start() end)
    teardown(function() stop() end)
    before_each(function() begun = core.now() end)

    -- Checks a delay. `expected` counts from `begun`. The time that has passed since then may be missing from `delay`.
    local function near(expected, delay)
      local least = math.max(0, expected - (core.now() - begun) - TOLERANCE)
      assert.is_true(delay >= least and delay <= expected + TOLERANCE, ("%s, not %s"):format(delay, expected))
    end

    it("lets the first request leave at once, and the others evenly spaced", function()
      for index = 0, 7 do near(index * 2, limiter:reserve("even", 0.5, 60)) end
    end)

    it("uses the rate of each request", function()
      near(0, limiter:reserve("rates", 0.5, 60))
      near(2, limiter:reserve("rates", 0.25, 60))
      near(6, limiter:reserve("rates", 0.1, 60))
      near(16, limiter:reserve("rates", 0.5, 60))
    end)

    it("saves no slots for later", function()
      limiter:reserve("idle", 5, 60)
      nginx.eventually("several slots have passed", function() return core.now() - begun > 0.7 end)
      begun = core.now()
      for index = 0, 3 do near(index * 0.2, limiter:reserve("idle", 5, 60)) end
    end)

    it("counts the time that has passed", function()
      near(0, limiter:reserve("passing", 1, 60))
      nginx.eventually("a part of a slot has passed", function() return core.now() - begun > 0.3 end)
      local before = core.now() - begun
      local delay = limiter:reserve("passing", 1, 60)
      assert.is_true(delay <= 1 - before + 0.05 and delay > 0, delay)
    end)

    it("has a queue for each key, whatever its name", function()
      for _, key in ipairs{"one", "two", "", "with space", "a:b", "*?[x]", ("n"):rep(200)} do
        near(0, limiter:reserve(key, 0.1, 60))
        near(10, limiter:reserve(key, 0.1, 60))
      end
    end)

    it("reserves nothing when the wait would be too long, and returns how long it would be", function()
      near(0, limiter:reserve("short", 0.1, 0))
      for _, max_wait in ipairs{0, 5, -1} do
        local delay, needed = limiter:reserve("short", 0.1, max_wait)
        assert.is_nil(delay)
        near(10, needed)
      end
      near(10, limiter:reserve("short", 0.1, 10))
      local delay, needed = limiter:reserve("unused", 0.1, -1)
      assert.is_nil(delay)
      near(0, needed)
      near(0, limiter:reserve("unused", 0.1, 0))
    end)

    it("gives out no slot during a pause, and no shorter pause ends it", function()
      near(0, limiter:reserve("paused", 1, 60))
      limiter:pause("paused", 20)
      limiter:pause("paused", 3)
      limiter:pause("paused", 0)
      assert.is_nil((limiter:reserve("paused", 1, 5)))
      near(20, limiter:reserve("paused", 1, 60))
      near(21, limiter:reserve("paused", 1, 60))
      limiter:pause("unknown", 7.5)
      near(7.5, limiter:reserve("unknown", 1, 60))
      near(0, limiter:reserve("other", 1, 60))
    end)

    it("goes on when a pause is over", function()
      limiter:pause("brief", 0.2)
      nginx.eventually("the pause is over", function() return core.now() - begun > 0.3 end)
      begun = core.now()
      near(0, limiter:reserve("brief", 0.5, 60))
      near(2, limiter:reserve("brief", 0.5, 60))
    end)

    if backend ~= limiters.memory then
      it("has one queue for all processes that share it", function()
        near(0, limiter:reserve("shared", 0.5, 60))
        near(2, another:reserve("shared", 0.5, 60))
        near(4, limiter:reserve("shared", 0.5, 60))
        another:pause("shared", 30)
        near(30, limiter:reserve("shared", 0.5, 60))
      end)
    end
  end)
end
