-- The store of nginx's workers at exact times and sizes. A table imitates nginx's dictionary.
-- spec/store/contract_spec.lua tests a real dictionary, with several workers.
local core = require "cmr.core"
local shdict = require "cmr.store.shdict"

describe("the store of nginx's workers", function()
  local now
  local real_now = core.now

  before_each(function()
    now = 1000
    core.now = function() return now end
  end)

  after_each(function()
    core.now = real_now
  end)

  -- Imitates the methods of nginx's dictionary that the store uses.
  local function dictionary()
    local dict = {entries = {}, expired = 0}
    local function find(key)
      local entry = dict.entries[key]
      return entry and entry.ends > now and entry or nil
    end
    function dict.get(_, key) return find(key) and find(key).value end
    function dict.set(_, key, value, ttl)
      if dict.is_full then return false, "no memory" end
      dict.entries[key] = {value = value, ends = ttl and now + ttl or math.huge}
      return true
    end
    function dict.add(_, key, value, ttl)
      if find(key) then return false, "exists" end
      return dict:set(key, value, ttl)
    end
    dict.safe_set, dict.safe_add = dict.set, dict.add
    function dict.incr(_, key, by, init)
      local entry = find(key)
      if not entry and not init then return nil, "not found" end
      if not entry then dict:set(key, init) end
      entry = find(key)
      entry.value = entry.value + by
      return entry.value
    end
    function dict.delete(_, key) dict.entries[key] = nil end
    function dict.ttl(_, key) return find(key) and find(key).ends - now end
    function dict.expire(_, key, ttl)
      dict.expired = dict.expired + 1
      if not find(key) then return nil, "not found" end
      find(key).ends = now + ttl
      return true
    end
    function dict.flush_expired() return 1 end
    function dict.capacity() return dict.bytes end
    return dict
  end

  -- Returns how many entries a dictionary has that have not expired.
  local function size(dict)
    local count = 0
    for _, entry in pairs(dict.entries) do count = count + (entry.ends > now and 1 or 0) end
    return count
  end

  it("has the lists and counters of quotas in its first dictionary, and the rest where it belongs", function()
    local main, events, claims = dictionary(), dictionary(), dictionary()
    local store = shdict.new(main, events, claims)
    local function sizes() return {size(main), size(events), size(claims)} end
    store:append("order:1", "text", 60)
    assert.same({0, 2, 0}, sizes()) -- one entry for the text, and one for the number of texts
    store:append("quota:1", "text", 60)
    assert.same({2, 2, 0}, sizes())
    store:count("quota:1", 3, 60)
    assert.same({3, 2, 0}, sizes())
    store:count("tries:1", 3, 60)
    assert.same({3, 2, 1}, sizes())
    store:count("quota", 3, 60)
    store:count("tries", 3, 60)
    assert.same({5, 2, 1}, sizes())
    store:append("quota", "text", 60)
    assert.same({5, 4, 1}, sizes())
    assert.same({"text"}, store:list "quota:1")
    assert.is_true(store:remove("quota:1", "text"))
    assert.is_true(store:uncount "tries:1")
    assert.same({4, 4, 0}, sizes())
  end)

  it("frees a claim at once, except in its last second, in which the claim ends by itself", function()
    local store = shdict.new(dictionary())
    for left, is_free in pairs{[60] = true, [1.001] = true, [1] = false, [0.5] = false} do
      local name = "with " .. left
      assert.is_true(store:release(name, (store:claim(name, left))))
      assert.equal(is_free, store:claim(name, 60) ~= nil)
    end
  end)

  it("says that a claim is busy for 0 s if it ends while the store looks at it", function()
    local dict = dictionary()
    local store = shdict.new(dict)
    store:claim("x", 60)
    assert.same({nil, "busy", 60}, {store:claim("x", 60)})
    function dict.ttl() end
    assert.same({nil, "busy", 0}, {store:claim("x", 60)})
  end)

  it("renews no claim that ends, or that another worker takes, while the store looks at it", function()
    local dict = dictionary()
    local store, expire = shdict.new(dict), dict.expire
    local token = store:claim("x", 60)
    assert.is_true(store:renew("x", token, 90))
    assert.same({nil, "busy", 90}, {store:claim("x", 60)})
    for _, taken in ipairs{true, false} do
      token = store:claim(tostring(taken), 60)
      function dict.expire(self, key, ttl)
        self:delete(key)
        if taken then self:set(key, "another", 60) end
        return expire(self, key, ttl)
      end
      assert.same({nil, "the lease is over"}, {store:renew(tostring(taken), token, 90)})
      dict.expire = expire
    end
  end)

  it("returns the dictionary's message for a list that it cannot count", function()
    local dict = dictionary()
    function dict.incr() return nil, "not a number" end
    assert.same({nil, "not a number"}, {shdict.new(dict):append("x", "text", 60)})
  end)

  it("ends a list at the end of its time, and keeps nothing of the list an eighth of this time later", function()
    local dict = dictionary()
    local store = shdict.new(dict)
    for index = 1, 3 do store:append("x", tostring(index), 80) end
    now = 1079.5
    assert.same({"1", "2", "3"}, store:list "x")
    now = 1080
    assert.same({}, store:list "x")
    for index = 1, 3 do assert.is_false(store:remove("x", tostring(index))) end
    assert.is_true(store:append("x", "new", 80)) -- while the old texts are still there
    assert.same({"new"}, store:list "x")
    assert.is_true(store:append("x", "newer", 80))
    assert.same({"new", "newer"}, store:list "x")
    now = 1080 + 90
    assert.equal(0, size(dict))
  end)

  it("keeps all texts of a list until the last text expires, whatever the time of each text", function()
    for _, times in ipairs{{10, 100}, {100, 10}, {10, 10, 100}, {10, 100, 10, 100}, {0.5, 0.25}, {100, 10, 100, 10}} do
      local dict = dictionary()
      local store, expected, last = shdict.new(dict), {}, 0
      now = 1000
      for index, ttl in ipairs(times) do
        expected[index] = tostring(index)
        store:append("x", expected[index], ttl)
        last = ttl
      end
      now = 1000 + last - 0.125
      assert.same(expected, store:list "x", table.concat(times, " "))
      store:append("x", "more", 1000)
      expected[#expected + 1] = "more"
      now = now + 999
      assert.same(expected, store:list "x", table.concat(times, " "))
      now = now + 1 + 1000 / 8
      assert.equal(0, size(dict))
    end
  end)

  it("visits the other texts of a list at most once in an eighth of the list's time", function()
    local dict = dictionary()
    local store = shdict.new(dict)
    local function visited(time)
      now, dict.expired = time, 0
      store:append("x", "text", 80)
      return dict.expired - 1 -- the list itself is always visited
    end
    assert.same({0, 0, 0, 3, 0}, {visited(1000), visited(1005), visited(1010), visited(1010.5), visited(1020.5)})
  end)

  it("says whether a text would fit into an empty dictionary", function()
    -- nginx keeps 24 bytes for each page of 4096 bytes, three pages for itself, and 68 bytes for each entry
    local main, events = dictionary(), dictionary()
    local store = shdict.new(main, events)
    for pages = 1, 5 do
      for less, answer in pairs{[0] = "too_large", [1] = "full", [4095] = "full"} do
        local text = ("x"):rep(4096 * pages - 68 - #"cmr:list:order:1" + 1 - less)
        events.is_full = true
        for _, more in ipairs{0, 4119} do
          events.bytes = 4120 * (3 + pages) + more
          assert.same({nil, answer}, {store:append("order:1", text, 60)})
          events.bytes = 4120 * (3 + pages) - 1
          if less < 2 then assert.same({nil, "too_large"}, {store:append("order:1", text, 60)}) end
        end
      end
    end
    assert.same({}, store:list "order:1")
  end)

  it("does not undo a count whose window has just ended", function()
    local dict = dictionary()
    local store = shdict.new(dict)
    for _ = 1, 2 do store:count("x", 3, 60) end
    local ttl = dict.ttl
    function dict.ttl() end
    assert.is_true(store:uncount "x")
    dict.ttl = ttl
    assert.equal(3, store:count("x", 3, 60))
    now = 1060
    assert.equal(1, store:count("x", 3, 60))
  end)
end)
