-- The coroutines in which calls wait, and their semaphores.
local coroutines = require "cmr.loop.coroutines"

describe("a task in a coroutine", function()
  it("runs until it waits, and goes on when it is posted", function()
    local waiter, steps = nil, {}
    coroutines.spawn(function()
      steps[#steps + 1] = "begun"
      waiter = coroutines.waiter()
      coroutines.suspend(waiter)
      steps[#steps + 1] = "ended"
    end)
    assert.same({"begun"}, steps)
    for _ = 1, 2 do
      waiter:post()
      assert.same({"begun", "ended"}, steps)
    end
  end)

  it("does not wait for what was posted before", function()
    local ended
    coroutines.spawn(function()
      local waiter = coroutines.waiter()
      waiter:post()
      coroutines.suspend(waiter)
      ended = true
    end)
    assert.is_true(ended)
  end)

  it("waits on when other code resumes it", function()
    local waiter, co, ended
    coroutines.spawn(function()
      waiter, co = coroutines.waiter(), coroutine.running()
      coroutines.suspend(waiter)
      ended = true
    end)
    coroutine.resume(co)
    assert.is_nil(ended)
    waiter:post()
    assert.is_true(ended)
  end)

  it("raises its error in the one who began it, with a traceback", function()
    local fine, message = pcall(coroutines.spawn, function() error("broken", 0) end)
    assert.is_false(fine)
    assert.matches("^broken\nstack traceback:", message)
  end)

  it("runs once, also if other code resumes its coroutine later", function()
    local co, count, kept = nil, 0, setmetatable({{}}, {__mode = "v"})
    local function begin()
      local answer = kept[1]
      coroutines.spawn(function()
        co, count = coroutine.running(), count + (answer and 1 or 0)
      end)
    end
    begin()
    for _ = 1, 2 do collectgarbage() end
    assert.is_nil(kept[1]) -- the coroutine keeps nothing of its task
    coroutine.resume(co)
    assert.equal(1, count)
  end)

  it("runs in one of 64 coroutines that stay, or else in a new one", function()
    local function run_together()
      local used, waiters = {}, {}
      for index = 1, 70 do
        coroutines.spawn(function()
          used[coroutine.running()] = true
          waiters[index] = coroutines.waiter()
          coroutines.suspend(waiters[index])
        end)
      end
      for _, waiter in ipairs(waiters) do waiter:post() end
      return used
    end
    run_together()
    local before, count = run_together(), 0
    for co in pairs(run_together()) do count = count + (before[co] and 1 or 0) end
    assert.equal(64, count)
  end)
end)

describe("a semaphore", function()
  it("ends one wait for each post, in the order of the waits", function()
    local semaphore, ended = coroutines.semaphore(), {}
    for index = 1, 4 do
      coroutines.spawn(function()
        semaphore.wait()
        ended[#ended + 1] = index
      end)
    end
    assert.same({}, ended)
    for count = 1, 4 do
      semaphore.post()
      assert.equal(count, #ended)
    end
    assert.same({1, 2, 3, 4}, ended)
  end)

  it("counts the posts that nobody waits for", function()
    local semaphore, count = coroutines.semaphore(), 0
    for _ = 1, 2 do semaphore.post() end
    for _ = 1, 3 do
      coroutines.spawn(function()
        semaphore.wait()
        count = count + 1
      end)
    end
    assert.equal(2, count)
    semaphore.post()
    assert.equal(3, count)
  end)

  it("may wait in place", function()
    local semaphore, turns
    semaphore, turns = coroutines.semaphore(function()
      turns = turns + 1
      if turns == 3 then semaphore.post() end
      return true
    end), 0
    semaphore.wait()
    assert.equal(3, turns)
  end)
end)

describe("nothing can wait", function()
  it("outside a coroutine, and where C calls a function back", function()
    assert.is_nil(coroutines.unsupported "background")
    local function inside(run) assert(coroutine.resume(coroutine.create(run))) end
    if not coroutines.anywhere then return end
    local plain, called
    inside(function()
      plain = coroutines.unsupported "caller"
      string.gsub("x", "x", function() called = coroutines.unsupported "caller" end)
    end)
    assert.is_nil(plain)
    assert.matches("^nothing can wait in a function that C calls back", called)
  end)

  it("but errors are caught everywhere", function()
    local function broken() error("broken", 0) end
    assert.same({false, "broken"}, {coroutines.protect(broken)})
    assert.same({true, 1, 2}, {coroutines.protect(function(...) return ... end, 1, 2)})
  end)
end)
