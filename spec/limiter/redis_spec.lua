-- One queue for all hosts. First the script that Redis runs, with a clock that the specs set, then a real Redis.
-- spec/nginx/redis_spec.lua tests several nginx with several workers on one queue.
local core = require "cmr.core"
local local_limiter = require "cmr.limiter.memory"
local redis = require "cmr.redis.scripts"
local redis_limiter = require "cmr.limiter.redis"
local nginx = require "spec.support.nginx"
local support = require "spec.support.redis"
local warned = require "spec.support.warnings"

local function dice(seed)
  return function()
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  end
end

-- Runs a Lua script as Redis does, with keys, arguments and commands as globals.
local function script(source, environment)
  local chunk = setfenv and setfenv(loadstring(source), environment) or load(source, "script", "t", environment)
  return chunk()
end

describe("the limiter of hosts", function()
  local now, clock, keys, ways, down, refused -- refused: {key = Redis's error}

  -- Imitates a connection to a Redis with another clock. `ways` has, for each request, the seconds to Redis and back.
  local function connection()
    local fake = {retry_seconds = 2, address = "here"}
    local commands = {
      TIME = function()
        local time = clock + 1.7e9
        return {("%.0f"):format(math.floor(time)), ("%.0f"):format(math.floor(time % 1 * 1e6))}
      end,
      GET = function(key) return keys[key] or false end,
      SET = function(key, value, unit, life)
        assert.equal("PX", unit)
        assert.is_true(life >= 1)
        keys[key] = value
      end,
    }
    function fake.eval(_, what, names, arguments)
      local way = table.remove(ways, 1) or {0, 0}
      if down then
        now = now + way[1]
        return nil, "connection refused", "unavailable"
      end
      if refused[names[1]] then return nil, refused[names[1]], "refused" end
      local argv = {}
      for index, value in ipairs(arguments) do argv[index] = ("%.17g"):format(value) end
      now, clock = now + way[1], clock + way[1]
      local answer = script(what, {
        KEYS = names, ARGV = argv, tonumber = tonumber, math = math,
        redis = {call = function(name, ...) return commands[name](...) end},
      })
      now, clock = now + way[2], clock + way[2]
      return answer
    end
    return fake
  end

  local real_now = core.now

  before_each(function()
    now, clock, keys, ways, down, refused = 1000, 500, {}, {}, false, {}
    core.now = function() return now end
  end)

  after_each(function()
    core.now = real_now
  end)

  local function pass(seconds) now, clock = now + seconds, clock + seconds end

  -- Makes the limiter of a new host. By default, all limiters of a process share one local queue. This limiter gets
  -- its own.
  local function host(hosts)
    local one = redis_limiter.new{redis = connection(), fallback_shares = hosts}
    one.local_limiter = local_limiter.new()
    return one
  end

  local function near(expected, value)
    assert.is_true(math.abs(expected - value) < 1e-5, ("%.6f, not %.6f"):format(value, expected))
  end

  it("gives the same slots as the limiter of one process", function()
    local one, shared, random = local_limiter.new(), host(), dice(3)
    for _ = 1, 2000 do
      pass(random() * 0.4)
      local key, rate, most = random() < 0.5 and "a" or "b", 1 + math.floor(random() * 5), random() * 3
      if random() < 0.05 then
        local seconds = random() * 2
        one:pause(key, seconds)
        shared:pause(key, seconds)
      else
        local delay, needed = one:reserve(key, rate, most)
        local shared_delay, shared_needed = shared:reserve(key, rate, most)
        assert.equal(delay == nil, shared_delay == nil)
        near(delay or needed, shared_delay or shared_needed)
      end
    end
  end)

  it("has one queue for each key, shared by all hosts", function()
    local a, b = host(2), host(2)
    near(0, a:reserve("key", 4, 10))
    near(0.25, b:reserve("key", 4, 10))
    near(0.5, a:reserve("key", 4, 10))
    near(0, b:reserve("other", 4, 10))
    near(0.75, b:reserve("key", 4, math.huge))
  end)

  it("takes no slot when the wait would be too long", function()
    local one = host()
    for _ = 1, 4 do assert(one:reserve("key", 1, 10)) end
    for _ = 1, 2 do
      local delay, needed = one:reserve("key", 1, 3)
      assert.is_nil(delay)
      near(4, needed)
    end
    near(4, one:reserve("key", 1, 10))
  end)

  it("pauses all hosts when one host pauses", function()
    local a, b = host(2), host(2)
    a:reserve("key", 4, 10)
    a:pause("key", 5)
    near(5, b:reserve("key", 4, 10))
    near(5.25, a:reserve("key", 4, 10))
    assert.is_nil((b:reserve("key", 4, 5)))
    near(0, b:reserve("other", 4, 10))
    a:pause("key", 1)
    near(5.5, b:reserve("key", 4, 10))
  end)

  it("moves its queue back when Redis's clock is set back, so that no host waits for that time", function()
    local one = host()
    for _ = 1, 4 do assert(one:reserve("key", 4, 10)) end
    clock = clock - 3600
    pass(0.5)
    -- Redis first gives a slot in 1 s. On Redis's clock, this slot is before the host's last slot. So the host assumes
    -- that Redis lost the queue, and takes one more slot.
    near(1.25, one:reserve("key", 4, 10))
    near(1.5, host():reserve("key", 4, 10))
    pass(60)
    near(0, one:reserve("key", 4, 10))
    near(0.25, one:reserve("key", 4, 10))
  end)

  describe("whose reply from Redis is late", function()
    it("has no slot when Redis gave none, even if the wait is short enough by now", function()
      local one = host()
      for _ = 1, 4 do assert(one:reserve("key", 1, 10)) end
      ways = {{0, 0.3}}
      assert.is_nil((one:reserve("key", 1, 3.9))) -- the wait is 4 s for Redis, and 3.7 s when the reply comes
      pass(-0.3)
      near(4, one:reserve("key", 1, 10))
    end)

    it("uses its slot at the right time, when the slot is still ahead", function()
      local a, b = host(2), host(2)
      b:reserve("key", 4, 10)
      for _ = 1, 3 do a:reserve("key", 4, 10) end
      ways = {{0.001, 0.3}}
      near(0.699, b:reserve("key", 4, 10)) -- the slot is 1 s after the call's start, and the reply took 0.301 s
    end)

    it("skips a slot that is long past, and takes the next one", function()
      local one = host()
      one:reserve("key", 4, 10)
      pass(10)
      ways = {{0.001, 0.2}}
      near(0.05, one:reserve("key", 4, 10)) -- the reply came 0.2 s after its slot; the next is 0.25 s after that slot
      near(0.3, one:reserve("key", 4, 10))
      pass(10)
      ways = {{0.001, 0.15}}
      near(0.1, one:reserve("key", 4, 10))
      pass(10)
      ways = {{0, 0.25}}
      near(0, one:reserve("key", 4, 10))
      near(0.25, one:reserve("key", 4, 10))
      pass(10)
      ways = {{0.001, 0.09}}
      near(0, one:reserve("key", 4, 10))
      near(0.16, one:reserve("key", 4, 10))
    end)

    it("uses a slot that a busy Redis gave late", function()
      local one = host()
      one:reserve("key", 4, 10)
      pass(10)
      ways = {{0.4, 0}}
      near(0, one:reserve("key", 4, 10))
      near(0.25, one:reserve("key", 4, 10))
    end)

    it("skips no slot when every reply is late", function()
      local one = host()
      for index = 1, 40 do ways[index] = {0.15, 0.15} end
      for _ = 1, 40 do
        near(0, one:reserve("key", 4, 10))
        pass(1)
      end
      assert.equal(0, #ways)
    end)

    it("adapts to replies that became slower, and to a clock that was set", function()
      local one = host()
      one:reserve("key", 4, 10)
      for _ = 1, 60 do
        ways = {{0.15, 0.15}, {0.15, 0.15}}
        pass(1)
        one:reserve("key", 4, 10)
      end
      assert.equal(1, #ways)
      ways, clock, keys = {}, clock - 600, {}
      near(0.25, one:reserve("key", 4, 10)) -- Redis seems to have lost the queue
      near(0.5, one:reserve("key", 4, 10))
    end)
  end)

  describe("without Redis", function()
    it("uses a local queue, at its share of the rate", function()
      local one = host(3)
      down = true
      near(0, one:reserve("key", 4, 10))
      near(0.75, one:reserve("key", 4, 10))
      near(1.5, one:reserve("key", 4, 10))
      local delay, needed = one:reserve("key", 4, 2)
      assert.is_nil(delay)
      near(2.25, needed)
      one:pause("key", 5)
      near(5, one:reserve("key", 4, 10))
    end)

    it("begins the local queue after its last slot in Redis", function()
      local one = host(3)
      for _ = 1, 3 do one:reserve("key", 4, 10) end -- the last slot is 0.5 s ahead
      down = true
      near(1.25, one:reserve("key", 4, 10))
    end)

    it("subtracts from the wait the time of the failed attempt", function()
      local one = host()
      down = true
      one:reserve("key", 4, 10)
      ways = {{0.2, 0}}
      near(0.05, one:reserve("key", 4, 10))
      pass(5)
      ways = {{0.5, 0}} -- a timeout
      near(0, one:reserve("key", 4, 10))
    end)

    it("uses both queues for a while when it is back: other hosts may not have noticed", function()
      local a, b = host(2), host(2)
      down = true
      near(0, a:reserve("key", 4, 10))
      near(0, b:reserve("key", 4, 10))
      down = false
      near(0.5, a:reserve("key", 4, 10))
      near(0.75, b:reserve("key", 4, 10))
      near(1, a:reserve("key", 4, 10))
      pass(10)
      near(0, a:reserve("key", 4, 10))
      near(0.25, a:reserve("key", 4, 10))
      near(0.5, a:reserve("key", 4, 10))
    end)

    it("uses both queues for twice the time after which it tries Redis again", function()
      for seconds, delay in pairs{[3.75] = 1.25, [4] = 0} do
        now, clock, keys, down = 1000, 500, {}, true
        local one = host(2)
        for _ = 1, 10 do one:reserve("key", 4, 10) end -- the next local slot is 5 s ahead
        down = false
        pass(seconds)
        near(delay, one:reserve("key", 4, 10))
      end
    end)

    it("tells a Redis that came back empty how long the queue was, even if no host noticed the outage", function()
      local a, b = host(2), host(2)
      for _ = 1, 4 do
        a:reserve("key", 4, 10)
        b:reserve("key", 4, 10)
      end
      keys = {}
      near(2, a:reserve("key", 4, 10)) -- a's last slot is at 1.5 s, and b's last slot is at 1.75 s
      near(2.25, b:reserve("key", 4, 10))
      pass(10)
      near(0, a:reserve("key", 4, 10))
      near(0.25, a:reserve("key", 4, 10))
    end)

    -- Three hosts notice the end of an outage at different times. The spec checks the slots of all three together.
    it("never exceeds the vendor's limit before, during and after an outage", function()
      local hosts, times = {}, {}
      for index = 1, 3 do hosts[index] = host(3) end
      local found = {0, 1.3, 1.9} -- seconds from Redis's return until each host finds it
      local free = {0, 0, 0} -- when each host reserves its next slot
      local begun = now
      while now < begun + 60 do
        for index, one in ipairs(hosts) do
          if now >= free[index] then
            down = now > begun + 20 and now < begun + 30 + found[index]
            if down then keys = {} end
            local at = now + assert(one:reserve("key", 4, 60))
            times[#times + 1], free[index] = at, at
          end
        end
        pass(0.01)
      end
      table.sort(times)
      for last = 6, #times do
        assert.is_true(times[last] - times[last - 5] > 1, times[last] - begun)
      end
      assert.is_true(#times > 60 * 4 * 0.95, #times)
    end)
  end)

  describe("whose script is refused for a key", function()
    local WRONG = "WRONGTYPE Operation against a key holding the wrong kind of value"

    it("uses a local queue for that key, at its share of the rate, and logs that once", function()
      local one = host(2)
      refused = {["queue:bad"] = WRONG}
      local warnings = warned(function()
        for index = 0, 9 do near(index * 0.5, one:reserve("bad", 4, 10)) end
        assert.is_nil((one:reserve("bad", 4, 4)))
        one:pause("bad", 7)
        near(7, one:reserve("bad", 4, 10))
      end)
      assert.equal(1, #warnings)
      assert.matches("Redis at here refuses a slot in queue:bad %(WRONGTYPE [^)]*%)", warnings[1])
    end)

    it("shares the queues of the other keys as before", function()
      local a, b = host(2), host(2)
      refused = {["queue:bad"] = WRONG}
      warned(function() a:reserve("bad", 4, 10) end)
      near(0, a:reserve("good", 4, 10))
      near(0.25, b:reserve("good", 4, 10))
      near(0.5, a:reserve("good", 4, 10))
    end)

    it("uses both queues for a while when the script runs again, and logs the next refusal", function()
      local a, b = host(2), host(2)
      refused = {["queue:bad"] = WRONG}
      local warnings = warned(function()
        near(0, a:reserve("bad", 4, 10))
        near(0, b:reserve("bad", 4, 10))
        refused = {}
        near(0.5, a:reserve("bad", 4, 10))
        near(0.75, b:reserve("bad", 4, 10))
        pass(10)
        near(0, a:reserve("bad", 4, 10))
        near(0.25, a:reserve("bad", 4, 10))
        refused = {["queue:bad"] = WRONG}
        near(0.75, a:reserve("bad", 4, 10))
      end)
      assert.equal(3, #warnings)
    end)
  end)

  it("remembers a key for a minute after its last slot, and a refusal for an hour after its end", function()
    for seconds, is_known in pairs{[59.5] = true, [60] = false} do
      now, clock, keys = 1000, 500, {}
      local one = host()
      one:reserve("key", 4, 10)
      pass(seconds)
      for index = 1, 1500 do one:reserve("other" .. index, 4, 10) end
      assert.equal(is_known, one.latest_slots:get "key" ~= nil)
    end
    setmetatable(refused, {__index = function() return "WRONGTYPE" end})
    for seconds, is_known in pairs{[3603.5] = true, [3604] = false} do
      local one = host()
      warned(function()
        one:reserve("key", 4, 10)
        pass(seconds)
        for index = 1, 1500 do one:reserve("other" .. index, 4, 10) end
      end)
      assert.equal(is_known, one.refused_until:get "key" ~= nil)
    end
  end)

  it("refuses wrong options", function()
    assert.error_matches(function() redis_limiter.new{fallback_shares = 0} end,
      "bad option 'fallback_shares' %(a whole number 1")
    assert.error_matches(function() redis_limiter.new{redis = connection(), port = 1} end, "bad option 'port'")
    assert.error_matches(function() redis_limiter.new{prefx = 1} end,
      "cmr.limiter.redis.new: unknown option 'prefx' %(did you mean 'prefix'%?%)")
  end)
end)

support.each(function(name) describe("the limiter of hosts, on a real " .. name, function()
  local server
  setup(function() server = support.start{program = name} end)
  teardown(function() server:stop() end)

  it("is one queue for all connections, by Redis's clock", function()
    local a = redis_limiter.new{port = server.port}
    local b = redis_limiter.new{redis = redis.new{port = server.port}}
    local begun, sum = core.now(), 0
    for index = 1, 100 do sum = sum + (index % 2 == 0 and a or b):reserve("key", 4, 60) end
    local most = 99 * 100 / 2 / 4
    assert.is_true(sum <= most + 0.01 and sum > most - 100 * (core.now() - begun) - 0.01, sum)
    b:pause("key", 30)
    local delay = a:reserve("key", 4, 60)
    assert.is_true(delay > 29.5 and delay <= 30.25, delay)
  end)

  it("stores one small key for each API key, as long as its queue is not empty", function()
    local one = redis_limiter.new{port = server.port, prefix = "own:"}
    one:reserve("a-name", 1, 60)
    assert.equal("own:queue:a-name", server:cli "keys 'own:*'")
    nginx.eventually("the key is gone", function() return server:cli "keys 'own:*'" == "" end)
  end)

  it("goes on when its key in Redis has another type, and delays no other key", function()
    local one = redis_limiter.new{port = server.port}
    server:cli "rpush cmr:queue:taken x"
    local warnings = warned(function()
      for _ = 1, 5 do assert(one:reserve("taken", 4, 60)) end
      assert.equal(0, one:reserve("free", 0.1, 60))
      assert.equal("string", server:cli "type cmr:queue:free")
    end)
    assert.equal(1, #warnings)
    assert.matches("refuses a slot in queue:taken %(WRONGTYPE", warnings[1])
  end)

  it("goes on when Redis is down, and uses it again when it is back", function()
    local own = support.start{program = name}
    finally(function() own:stop() end)
    local warnings = warned(function()
      local one = redis_limiter.new{port = own.port, timeout = 0.05, fallback_shares = 2}
      local key = "key of an outage"
      assert.equal(0, one:reserve(key, 4, 60))
      own:kill()
      for _ = 1, 5 do assert(one:reserve(key, 4, 60)) end
      own:run()
      nginx.eventually("the queue is in Redis", function()
        one:reserve(key, 4, 600)
        return own:cli "keys '*'" ~= ""
      end)
    end)
    assert.equal(1, #warnings)
  end)
end) end)
