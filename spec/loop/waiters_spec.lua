-- The waiters of calls, with an engine and calls of the spec.
local waiters = require "cmr.loop.waiters"

describe("what waits for a call", function()
  local engine, finished, posts

  before_each(function()
    finished, posts = {}, {}
    engine = {waited = {}, calls = 0}
    function engine:wait(milliseconds) table.insert(self.waited, milliseconds) end
    function engine.finished() return table.remove(finished, 1) end
    function engine:count() return self.calls end
  end)

  local function call(id)
    return {id = function() return id end}
  end

  local function waiter(name, message)
    return {post = function(self, count)
      posts[#posts + 1] = {name, count, self.call and self.call.id()}
      if message then error(message, 0) end
    end}
  end

  it("is posted once, when the call has finished", function()
    waiters.add(call(1), waiter "one")
    waiters.add(call(2), waiter "two")
    finished = {3, 2}
    waiters.step(engine, 500)
    assert.same({{"two", 1, 2}}, posts)
    finished = {2, 1}
    waiters.step(engine)
    assert.same({{"two", 1, 2}, {"one", 1, 1}}, posts)
    assert.same({500, 0}, engine.waited)
  end)

  it("is posted once, when the call is cancelled", function()
    local cancelled = call(1)
    waiters.add(cancelled, waiter "one")
    for _ = 1, 2 do waiters.notify(cancelled) end
    finished = {1}
    waiters.step(engine)
    assert.same({{"one", 1, 1}}, posts)
  end)

  it("is not posted after it was removed", function()
    local removed = call(1)
    waiters.add(removed, waiter "one")
    waiters.remove(removed)
    finished = {1}
    waiters.step(engine)
    waiters.notify(removed)
    assert.same({}, posts)
  end)

  it("is posted although another one fails, and the error is raised then", function()
    waiters.add(call(1), waiter("one", "broken"))
    waiters.add(call(2), waiter "two")
    finished = {1, 2}
    assert.same({false, "broken"}, {pcall(waiters.step, engine)})
    assert.equal(2, #posts)
  end)

  it("learns whether any call still runs", function()
    for calls, runs in pairs{[0] = false, [1] = true, [2] = true} do
      engine.calls = calls
      assert.equal(runs, waiters.step(engine))
    end
  end)
end)
