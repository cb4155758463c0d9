-- The arithmetic of the retry budget. spec/client/retry_spec.lua tests calls with it.
local retry_budget = require "cmr.retry_budget"

describe("a retry budget", function()
  local budget

  before_each(function() budget = retry_budget.new() end)

  local function taken(key, capacity)
    local count = 0
    while count < 100 and budget:take(key, capacity) do count = count + 1 end
    return count
  end

  it("lets each key take its own capacity", function()
    assert.equal(3, taken("a", 3))
    assert.is_false(budget:take("a", 3))
    assert.equal(3, taken("b", 3))
  end)

  it("counts the retries of all clients of a key, each with its own capacity", function()
    assert.equal(3, taken("a", 3))
    assert.equal(2, taken("a", 5))
    assert.is_false(budget:take("a", 3))
  end)

  it("gets back a retry that was answered, and a fifth of a retry for an answer without retries", function()
    assert.equal(2, taken("a", 2))
    budget:give_back "a"
    assert.equal(1, taken("a", 2))
    for _ = 1, 4 do budget:answered "a" end
    assert.is_false(budget:take("a", 2))
    for _ = 1, 2 do budget:answered "a" end
    assert.equal(1, taken("a", 2))
  end)

  it("never has more than its capacity", function()
    for _ = 1, 100 do
      budget:answered "a"
      budget:give_back "a"
    end
    assert.equal(2, taken("a", 2))
  end)

  it("remembers no key that has nothing spent", function()
    for index = 1, 100 do
      assert.is_true(budget:take(tostring(index), 2))
      budget:give_back(tostring(index))
    end
    assert.is_nil(next(budget.spent.values))
    budget:answered "a"
    assert.is_nil(next(budget.spent.values))
  end)

  it("remembers no key that has been idle for an hour", function()
    local now = 0
    local clocked = retry_budget.new(function() return now end)
    for index = 1, 5000 do
      now = index * 10
      clocked:take(tostring(index), 2)
    end
    assert.is_true(clocked.spent.count <= 1500, clocked.spent.count)
    assert.is_true(clocked:take("5000", 2))
    assert.is_false(clocked:take("5000", 2))
  end)

  it("remembers a key for an hour, however many others come, and then forgets it", function()
    for after, is_forgotten in pairs{[3599] = false, [3600] = true} do
      local now = 0
      local clocked = retry_budget.new(function() return now end)
      assert.is_true(clocked:take("a", 1))
      now = after
      for index = 1, 3000 do clocked:take(tostring(index), 1) end
      assert.equal(is_forgotten, clocked:take("a", 1))
    end
  end)
end)
