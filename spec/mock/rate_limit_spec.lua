-- The three ways to count requests.

describe("cmr.mock.rate_limit", function()
  local rate = require "cmr.mock.rate_limit"

  -- Returns how many of the requests at these times pass.
  local function passed(take, times)
    local count = 0
    for _, time in ipairs(times) do
      if take(time) then count = count + 1 end
    end
    return count
  end

  local function every(step, seconds, start)
    local times = {}
    for index = 0, math.floor(seconds / step + 0.5) - 1 do times[index + 1] = start + index * step end
    return times
  end

  for _, name in ipairs{"bucket", "fixed", "sliding"} do
    it(name .. " lets a steady pace under the limit pass, and no more than the limit", function()
      assert.equal(400, passed(rate.new(name, 5), every(0.25, 100, 1000.1)))
      local count = passed(rate.new(name, 5), every(0.01, 100, 1000.1))
      assert.is_true(count >= 500 and count <= 505, count)
    end)

    it(name .. " says exactly how long to wait", function()
      for _, limit in ipairs{0.5, 1, 2.5, 5} do
        local take, now = rate.new(name, limit), 1234.567
        for _ = 1, 20 do
          local passes, wait = take(now)
          if not passes then
            assert.is_true(wait > 0)
            assert.is_false((take(now + wait * 0.99)))
            now = now + wait
            assert.is_true((take(now)))
          end
        end
      end
    end)

    it(name .. " lets one request pass at once when the limit is below 2", function()
      for _, limit in ipairs{0.5, 1, 1.9} do
        assert.equal(1, passed(rate.new(name, limit), {1000, 1000, 1000}))
      end
      assert.equal(2, passed(rate.new(name, 2), {1000, 1000, 1000}))
    end)

    it(name .. " has no limit at 0", function()
      assert.equal(1000, passed(rate.new(name, 0), every(0.0001, 0.1, 1)))
    end)
  end

  it("differs between the algorithms", function()
    local around_a_tick = {0.9, 0.9, 0.9, 0.9, 0.9, 1, 1, 1, 1, 1}
    assert.equal(5, passed(rate.new("bucket", 5), around_a_tick))
    assert.equal(10, passed(rate.new("fixed", 5), around_a_tick))
    assert.equal(5, passed(rate.new("sliding", 5), around_a_tick))
    local later = {0, 0, 0, 0, 0, 0.5, 0.5, 0.5}
    assert.equal(7, passed(rate.new("bucket", 5), later))
    assert.equal(5, passed(rate.new("sliding", 5), later))
    assert.equal(6, passed(rate.new("bucket", 5), {0, 100, 100, 100, 100, 100, 100, 100})) -- no more than a full bucket
  end)
end)
