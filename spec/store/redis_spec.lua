-- The times and answers that the store of many hosts exchanges with its scripts. A table stands for the connection;
-- spec/store/contract_spec.lua tests the scripts in a real Redis.
local redis = require "cmr.store.redis"

describe("the store of many hosts", function()
  local sent

  -- Makes a store whose scripts get this reply.
  local function store(reply, message)
    sent = nil
    return redis.new{redis = {eval = function(_, _, keys, args)
      sent = {keys[1], args}
      return reply, message
    end}}
  end

  it("gives its times to Redis as whole milliseconds, at least one", function()
    for seconds, milliseconds in pairs{[0] = "1", [0.0004] = "1", [0.001] = "1", [0.25] = "250",
      [60] = "60000", [1e6] = "1000000000"} do
      store{"claimed", "t"}:claim("x", seconds)
      assert.same({"claim:x", {milliseconds}}, sent)
      store(1):done("x", "t", seconds)
      assert.same({"claim:x", {"t", milliseconds}}, sent)
      store(1):renew("x", "t", seconds)
      assert.same({"claim:x", {"t", milliseconds}}, sent)
      store(1):append("x", "text", seconds)
      assert.same({"list:x", {"text", milliseconds}}, sent)
      store{1, 0}:count("x", 3, seconds)
      assert.same({"window:x", {3, milliseconds}}, sent)
    end
  end)

  it("returns the times of Redis as seconds", function()
    assert.same({nil, "busy", 1.5}, {store{"busy", 1500}:claim("x", 60)})
    assert.same({nil, "busy", 0.25}, {store{"busy", 250}:claim("x", 60)})
    assert.same({nil, "busy", 0}, {store{"busy", -1}:claim("x", 60)}) -- the lease has just ended
    assert.same({nil, "exhausted", 0.5}, {store{0, 500}:count("x", 3, 60)})
    assert.same({nil, "done"}, {store{"done", 0}:claim("x", 60)})
    assert.equal(3, (store{3, 0}:count("x", 3, 60)))
  end)

  it("returns what a failed script says", function()
    for method, args in pairs{claim = {60}, count = {3, 60}} do
      local of = store(nil, "refused")
      assert.same({nil, "unavailable", "refused"}, {of[method](of, "x", (table.unpack or unpack)(args))})
    end
    for _, method in ipairs{"done", "renew", "release", "append", "list", "remove", "uncount"} do
      local of = store(nil, "refused")
      assert.same({nil, "refused"}, {of[method](of, "x", "y", 60)})
    end
  end)
end)
