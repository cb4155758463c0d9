-- The wait for a slot, and the pauses of a key, with a limiter and a clock of the spec.
local core = require "cmr.core"
local limiter = require "cmr.limiter"

describe("the wait for a slot", function()
  local real_now, ngx = core.now, package.loaded.ngx
  local now, paused, reserved, key

  before_each(function()
    now, paused, reserved, key = 0, {}, 0, "key-" .. tostring({}):match "%w+$"
    core.now = function() return now end
  end)

  after_each(function()
    core.now = real_now
    package.loaded.ngx = ngx
  end)

  local slots = {
    reserve = function()
      reserved = reserved + 1
      assert(reserved < 5, "asked for too many slots")
      return reserved == 1 and 0.5 or 0
    end,
    pause = function(_, ...) paused[#paused + 1] = {...} end,
  }

  -- Waits for a slot. `during` is called while the wait lasts. Returns the number of slots that were reserved.
  local function wait(during)
    reserved = 0
    local loop = {now = function() return now end, sleep = function()
      now = now + 0.5
      if during then during() end
    end}
    assert.is_true(limiter.wait_for_slot(slots, key, 4, loop, 1000))
    return reserved
  end

  it("takes one slot when nothing pauses the key", function() assert.equal(1, wait()) end)

  it("takes another slot after a pause that began meanwhile, unless the pause has ended", function()
    assert.equal(2, wait(function() if reserved == 1 then limiter.pause(slots, key, 9) end end))
    assert.equal(1, wait()) -- this slot was reserved after the pause had begun
    now = 20
    assert.equal(1, wait(function()
      limiter.pause(slots, key, 2)
      now = now + 2
    end))
  end)

  it("takes one slot when a short pause is over, also at the clock's beginning", function()
    assert.equal(1, wait(function()
      now = 0
      limiter.pause(slots, key, 0.25)
      now = 0.5
    end))
  end)

  it("is paused for a minute at most", function()
    for _, seconds in ipairs{5, 60, 61, 86400} do limiter.pause(slots, key, seconds) end
    assert.same({{key, 5}, {key, 60}, {key, 60}, {key, 60}}, paused)
  end)

  it("is as long in each worker of nginx that all workers together keep the rate", function()
    local loaded = limiter
    finally(function() package.loaded["cmr.limiter"] = loaded end)
    for count, shares in pairs{[0] = 1, [3] = 3} do
      package.loaded["cmr.limiter"] = nil
      package.loaded.ngx = {worker = count > 0 and {count = function() return count end} or nil}
      assert.equal(shares, require("cmr.limiter").default().shares)
    end
  end)
end)
