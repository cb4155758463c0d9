-- The store of one process: its clock, and the memory that it needs.
local memory = require "cmr.store.memory"

describe("the store of a process", function()
  it("takes its time from the clock in its options", function()
    local now = 100
    local store = memory.new(function() return now end)
    local token = store:claim("x", 10)
    assert.same({nil, "busy", 10}, {store:claim("x", 10)})
    now = 109
    assert.same({nil, "busy", 1}, {store:claim("x", 10)})
    now = 110
    assert.is_truthy(store:claim("x", 10))
    assert.is_nil((store:done("x", token, 10)))
    assert.equal(1, store:count("t", 1, 50))
    now = 150
    assert.same({nil, "exhausted", 10}, {store:count("t", 1, 50)})
    now = 160
    assert.equal(1, store:count("t", 1, 50))
  end)

  it("does not grow with expired entries", function()
    local now = 0
    local store = memory.new(function() return now end)
    for number = 1, 20000 do
      now = number
      store:done("event:" .. number, store:claim("event:" .. number, 10), 100)
    end
    local left = 0
    for _ in pairs(store.claims) do left = left + 1 end
    assert.is_true(left < 2000, left)
    assert.same({nil, "done"}, {store:claim("event:19950", 10)})
  end)

  local function kept(store)
    local count = 0
    for _, entries in ipairs{store.claims, store.lists, store.windows} do
      for _ in pairs(entries) do count = count + 1 end
    end
    return count
  end

  -- Adds an entry of one of the three kinds.
  local function add(store, number, ttl)
    local name = tostring(number)
    if number % 3 == 0 then return store:claim(name, ttl) end
    if number % 3 == 1 then return store:append(name, "text", ttl) end
    store:count(name, 1, ttl)
  end

  it("has at most a thousand expired entries, or as many as it had others at the last removal", function()
    local now = 0
    local store = memory.new(function() return now end)
    for number = 1, 2500 do
      now = number
      add(store, number, 1)
      assert.is_true(kept(store) <= 1000, number)
    end
    store = memory.new(function() return now end)
    for number = 1, 2000 do add(store, number, 1e9) end
    for number = 2001, 12000 do
      now = now + 1
      add(store, number, 0.5)
      if number % 10 == 0 then assert.is_true(kept(store) <= 4001, number) end
    end
    assert.is_true(kept(store) >= 2000)
  end)

  it("looks for expired entries less often, the more entries it has", function()
    local asked = 0
    local store = memory.new(function()
      asked = asked + 1
      return 1
    end)
    for number = 1, 10000 do store:done("event:" .. number, nil, 100) end
    assert.is_true(asked <= 10000 + 5, asked) -- once for each entry, and once for each search
  end)

  it("drops a counter with its last count", function()
    local store = memory.new()
    for _ = 1, 2 do store:count("one", 5, 60) end
    store:uncount "one"
    assert.equal(1, kept(store))
    for _ = 1, 2 do store:uncount "one" end
    assert.equal(0, kept(store))
  end)

  it("is the default of a client and of a webhook's handler", function()
    local store = require "cmr.store"
    assert.equal(store.default(), store.default())
    assert.is_true(store.RULE.test(store.default()))
    assert.is_true(store.is_of_process(store.default()))
    assert.is_false(store.is_of_process(memory.new()))
  end)
end)
