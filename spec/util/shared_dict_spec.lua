-- nginx's shared dictionaries: which ones there are, what happens when one is full, and changes under a lock. A table
-- imitates a dictionary. spec/store/contract_spec.lua and spec/nginx/pace_spec.lua test real ones.
local core = require "cmr.core"
local shared_dict = require "cmr.util.shared_dict"
local warned = require "spec.support.warnings"

describe("a shared dictionary", function()
  local real_now, ngx = core.now, package.loaded.ngx

  local function at(time)
    core.now = function() return time end
  end

  after_each(function()
    core.now = real_now
    package.loaded.ngx = ngx
  end)

  it("is found by its name, if nginx has it", function()
    assert.same({"cmr", "cmr_events", "cmr_claims"}, {shared_dict.MAIN, shared_dict.EVENTS, shared_dict.CLAIMS})
    local main, events = {}, {}
    for _, none in ipairs{false, {}, {shared = {}}} do
      package.loaded.ngx = none or nil
      assert.is_nil(shared_dict.find "cmr")
      assert.is_nil(shared_dict.default())
    end
    package.loaded.ngx = {shared = {cmr = main, cmr_events = events}}
    assert.equal(main, shared_dict.default())
    assert.equal(events, shared_dict.find "cmr_events")
    assert.is_nil(shared_dict.find "cmr_claims")
  end)

  describe("that is full", function()
    local dict, calls, results

    -- Makes a dictionary with these results of its methods, and records the calls.
    before_each(function()
      calls, results = {}, {safe_set = {false, "no memory"}, set = {true}, flush_expired = {0}}
      dict = setmetatable({}, {__index = function(_, method)
        return function(_, ...)
          calls[#calls + 1] = table.concat({method, ...}, " ")
          return (table.unpack or unpack)(results[method], 1, 3)
        end
      end})
    end)

    local function called()
      local list = table.concat(calls, ", ")
      calls = {}
      return list
    end

    it("loses its expired entries first", function()
      at(0)
      assert.same({false, "no memory"}, {shared_dict.put_if_room(dict, "set", "k", "v", 9)})
      assert.equal("safe_set k v 9, flush_expired 1000, safe_set k v 9", called())
      at(0.9) -- a flush that found nothing is not repeated for a second
      shared_dict.put_if_room(dict, "set", "k", "v", 9)
      assert.equal("safe_set k v 9, safe_set k v 9", called())
      at(1)
      results.flush_expired = {1}
      for _ = 1, 2 do
        shared_dict.put_if_room(dict, "set", "k", "v", 9)
        assert.equal("safe_set k v 9, flush_expired 1000, safe_set k v 9", called())
      end
      for _, result in ipairs{{true}, {false, "exists"}} do
        results.safe_set = result
        assert.same(result, {shared_dict.put_if_room(dict, "set", "k", "v", 9)})
        assert.equal("safe_set k v 9", called())
      end
    end)

    it("loses its oldest entries where the new one must be stored, and says so once a minute", function()
      local function put(time)
        at(time)
        local result
        local written = warned(function() result = {shared_dict.put(dict, "set", "k", "v", 9)} end)
        return result, table.concat(written)
      end
      assert.same({{true}, ""}, {put(0)})
      assert.matches(", set k v 9$", called())
      results.set = {true, nil, true}
      local lost = "cmr: the lua_shared_dict is too small: its oldest entries are lost\n"
      assert.same({{true}, lost}, {put(0)})
      assert.same({{true}, ""}, {put(59.9)})
      results.set = {false, "no memory"}
      assert.same({{false, "no memory"}, "cmr: the lua_shared_dict is too small: no memory\n"}, {put(60)})
      results.set = {true}
      assert.same({{true}, ""}, {put(200)})
      called()
      for _, result in ipairs{{true}, {false, "exists"}} do
        results.safe_set = result
        assert.same({result, ""}, {put(300)})
        assert.equal("safe_set k v 9", called())
      end
    end)

    it("is not kept alive", function()
      local kept = setmetatable({dict}, {__mode = "v"})
      results.set = {false, "no memory"}
      warned(function() shared_dict.put(dict, "set", "k", "v", 9) end)
      dict = nil
      for _ = 1, 2 do collectgarbage() end
      assert.is_nil(next(kept))
    end)
  end)

  describe("that is changed", function()
    local dict

    before_each(function()
      dict = {values = {}, ttls = {}, deleted = {}}
      function dict:get(key) return self.values[key] end
      function dict:add(key, value)
        if self.values[key] ~= nil then return false, "exists" end
        self.values[key] = value
        return true
      end
      function dict:delete(key)
        self.deleted[#self.deleted + 1] = key
        self.values[key] = nil
      end
      function dict:safe_set(key, value, ttl)
        self.values[key], self.ttls[key] = value, ttl
        return true
      end
    end)

    local function increment(value) return (value or 0) + 1, 9 end

    it("has the new value, and no lock any more", function()
      for number = 1, 2 do
        assert.same({true}, {shared_dict.update(dict, "k", increment)})
        assert.same({{k = number}, {k = 9}}, {dict.values, dict.ttls})
      end
      assert.same({true}, {shared_dict.update(dict, "k", function() end)})
      assert.same({k = 2}, dict.values)
    end)

    it("reports that the new value has no room", function()
      function dict.safe_set() return false, "value too large" end
      assert.same({false, "value too large"}, {shared_dict.update(dict, "k", increment)})
    end)

    it("takes the lock of a killed worker after 50 ms", function()
      for since, taken_at in pairs{[100] = 100 + 4 / 64, [100 - 1 / 64] = 100 + 3 / 64, [99] = 100} do
        local now
        dict.values, dict.deleted = {["cmr:lock:k"] = since}, {}
        core.now = function()
          now = now and now + 1 / 64 or 100
          return now
        end
        local function change() return now, 9 end
        shared_dict.update(dict, "k", change)
        assert.equal(taken_at + 1 / 64, dict.values.k) -- the attempt after the deletion stored its time
        assert.same({"cmr:lock:k", "cmr:lock:k"}, dict.deleted)
      end
      local times = {0.05, 0.06, 0.07}
      dict.values = {["cmr:lock:k"] = 0}
      core.now = function() return table.remove(times, 1) end
      shared_dict.update(dict, "k", increment)
      assert.same({}, times)
    end)

    it("is changed without a lock when there is no room for one, and another worker's lock stays", function()
      function dict:add(key)
        self.values[key] = 7
        return false, "no memory"
      end
      assert.same({true}, {shared_dict.update(dict, "k", increment)})
      assert.same({{k = 1, ["cmr:lock:k"] = 7}, {}}, {dict.values, dict.deleted})
    end)

    it("is changed again when another worker took the lock meanwhile", function()
      local changes = 0
      shared_dict.update(dict, "k", function(value)
        changes = changes + 1
        if changes == 1 then
          dict.values.k, dict.values["cmr:lock:k"] = 5, nil -- another worker locked, wrote 5 and unlocked
        end
        return increment(value)
      end)
      assert.same({2, 6}, {changes, dict.values.k})
    end)
  end)
end)
