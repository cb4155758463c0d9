-- One queue for all workers of an nginx. A table imitates nginx's dictionary. spec/nginx/pace_spec.lua tests a real
-- dictionary, with several processes.
local core = require "cmr.core"
local local_limiter = require "cmr.limiter.memory"
local shdict = require "cmr.limiter.shdict"
local warned = require "spec.support.warnings"

-- Imitates the methods of nginx's dictionary that the limiter uses.
local function dictionary()
  local dict = {values = {}, ttls = {}, added = 0}
  function dict:get(key) return self.values[key] end
  function dict:set(key, value, ttl)
    self.values[key], self.ttls[key] = value, ttl or self.ttls[key]
    return true
  end
  function dict:safe_set(key, value, ttl) return self:set(key, value, ttl) end
  function dict.flush_expired() end
  function dict:add(key, value)
    self.added = self.added + 1
    if self.values[key] ~= nil then return false, "exists" end
    return self:set(key, value)
  end
  function dict:incr(key, value, init)
    return self:set(key, (self.values[key] or init) + value) and self.values[key]
  end
  function dict:delete(key) self.values[key] = nil end
  function dict:ttl(key) return self.values[key] and (self.ttls[key] or 0) end
  function dict:expire(key, seconds) self.ttls[key] = seconds end
  return dict
end

local function dice(seed)
  return function()
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  end
end

describe("the limiter of nginx's workers", function()
  local real_now = core.now

  local function at(time)
    core.now = function() return time end
  end

  after_each(function()
    core.now = real_now
  end)

  it("gives the same slots as the limiter of one process", function()
    local one, shared, random, now = local_limiter.new(), shdict.new(dictionary()), dice(3), 5000
    core.now = function() return now end
    for _ = 1, 2000 do
      now = now + random() * 0.4
      local key, rate, most = random() < 0.5 and "a" or "b", 1 + math.floor(random() * 5), random() * 3
      if random() < 0.05 then
        local seconds = random() * 2
        one:pause(key, seconds)
        shared:pause(key, seconds)
      else
        local delay, needed = one:reserve(key, rate, most)
        local shared_delay, shared_needed = shared:reserve(key, rate, most)
        assert.equal(delay == nil, shared_delay == nil)
        assert.is_true(math.abs((delay or needed) - (shared_delay or shared_needed)) < 1e-6)
      end
    end
  end)

  it("has one queue for each key, shared by all limiters with the dictionary", function()
    at(100)
    local dict = dictionary()
    local a, b = shdict.new(dict), shdict.new(dict)
    assert.equal(0, a:reserve("key", 4, 10))
    assert.equal(0.25, b:reserve("key", 4, 10))
    assert.equal(0.5, a:reserve("key", 4, 10))
    assert.equal(0, b:reserve("other", 4, 10))
    b:pause("key", 5)
    assert.equal(5, a:reserve("key", 4, 10))
    assert.equal(0, shdict.new(dictionary()):reserve("key", 4, 10))
  end)

  it("lets the dictionary remove a queue some time after its last slot", function()
    local dict = dictionary()
    local queue = shdict.new(dict)
    at(1000)
    for _ = 1, 400 do queue:reserve("key", 4, math.huge) end
    assert.is_true(dict.ttls["cmr:queue:key"] >= 100 + 60, dict.ttls["cmr:queue:key"])
    local longest = dict.ttls["cmr:queue:key"]
    queue:reserve("key", 4, 0)
    at(1001)
    queue:reserve("key", 4, math.huge)
    assert.is_true(dict.ttls["cmr:queue:key"] >= longest)
  end)

  it("lets a queue stay for a minute after its last slot, and twice as long if it was empty", function()
    for time, case in pairs{[100] = {4, 120}, [0.5] = {4, 120}, [200] = {0.01, 100 + 60 + 60}} do
      at(time)
      local dict = dictionary()
      assert.equal(0, shdict.new(dict):reserve("key", case[1], 10))
      assert.equal(case[2], dict.ttls["cmr:queue:key"])
    end
    at(100)
    local dict = dictionary()
    shdict.new(dict):pause("key", 5)
    assert.equal(5 + 120, dict.ttls["cmr:queue:key"])
  end)

  it("takes a slot whose wait is exactly the longest one", function()
    at(100)
    local limiter = shdict.new(dictionary())
    for delay = 0, 4 do assert.equal(delay, limiter:reserve("key", 1, delay)) end
  end)

  it("takes no slot when another worker took the last one in time meanwhile", function()
    at(100)
    local dict = dictionary()
    local get, is_first = dict.get, true
    dict.values["cmr:queue:key"] = 105
    function dict:get(key)
      if not is_first then return get(self, key) end
      is_first = false
      return 100
    end
    assert.same({nil, 5}, {shdict.new(dict):reserve("key", 4, 2)})
  end)

  it("takes no slot when the wait would be too long", function()
    at(100)
    local limiter = shdict.new(dictionary())
    for _ = 1, 4 do assert(limiter:reserve("key", 1, 10)) end
    for _ = 1, 2 do
      local delay, needed = limiter:reserve("key", 1, 3)
      assert.is_nil(delay)
      assert.equal(4, needed)
    end
    assert.equal(4, limiter:reserve("key", 1, math.huge))
  end)

  it("locks only when the queue is empty, and leaves no lock behind", function()
    at(100)
    local dict = dictionary()
    local limiter = shdict.new(dict)
    for _ = 1, 5 do limiter:reserve("key", 4, 10) end
    at(101.25) -- the next slot is now
    assert.equal(0, limiter:reserve("key", 4, 10))
    assert.equal(1, dict.added)
    at(200)
    limiter:reserve("key", 4, 10)
    assert.equal(2, dict.added)
    for name in pairs(dict.values) do assert.is_nil(name:find "lock") end
  end)

  it("waits for the lock", function()
    at(100)
    local dict = dictionary()
    local add, tries = dict.add, 0
    function dict:add(...)
      tries = tries + 1
      if tries <= 20 then return false, "exists" end
      return add(self, ...)
    end
    assert.equal(0, shdict.new(dict):reserve("key", 4, 10))
    assert.equal(21, tries)
  end)

  it("waits a short time for the lock of a killed worker, and only once", function()
    local dict = dictionary()
    local limiter = shdict.new(dict)
    dict.values["cmr:lock:cmr:queue:key"] = core.now()
    local begun = core.now()
    assert.equal(0, limiter:reserve("key", 1000, 10))
    local took = core.now() - begun
    assert.is_true(took >= 0.04 and took < 0.9, took)
    local added = dict.added
    assert.equal(0, limiter:reserve("key", 4, 10))
    assert.equal(added + 1, dict.added)
  end)

  it("does not undo other workers' changes, when it lost the lock meanwhile", function()
    at(100)
    local dict = dictionary()
    local get, stolen = dict.get, false
    function dict:get(key)
      local value = get(self, key)
      if key == "cmr:lock:cmr:queue:key" and not stolen then -- imitates a worker that was stopped here for long
        stolen = true
        self.values["cmr:lock:cmr:queue:key"], self.values["cmr:queue:key"] = nil, 105
        return nil
      end
      return value
    end
    shdict.new(dict):reserve("key", 4, 10)
    assert.is_true(stolen)
    assert.equal(105.25, dict.values["cmr:queue:key"])
  end)

  it("keeps a pause, when it lost the lock meanwhile", function()
    local dict = dictionary()
    local get, stolen = dict.get, false
    function dict:get(key)
      local value = get(self, key)
      if key == "cmr:lock:cmr:queue:key" and not stolen then -- imitates a worker that was stopped here for long
        stolen, self.values[key] = true, core.now()
        return nil
      end
      return value
    end
    local limiter = shdict.new(dict)
    limiter:pause("key", 5)
    assert.is_true(stolen)
    local delay = limiter:reserve("key", 4, 10)
    assert.is_true(delay > 4 and delay <= 5, delay)
  end)

  it("does not wait for a dictionary that is full", function()
    at(100)
    local dict = dictionary()
    function dict:add()
      self.added = self.added + 1
      return false, "no memory"
    end
    function dict.set() return nil, "no memory" end
    function dict.incr() return nil, "no memory" end
    local warnings = warned(function() assert.equal(0, shdict.new(dict):reserve("key", 4, 10)) end)
    assert.equal(1, dict.added)
    assert.matches("the lua_shared_dict is too small: no memory", warnings[1])
  end)
end)
