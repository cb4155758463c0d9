-- The turns of the loop in which a plain script waits, with a clock and an engine of the spec.
local block = require "cmr.loop.block"
local core = require "cmr.core"

describe("a turn of the plain loop", function()
  local real_now, real_engine = core.now, core.engine
  local now, waited, engine

  before_each(function()
    now, waited = 100, {}
    engine = {finished = function() end, count = function() return 0 end}
    function engine.wait(_, milliseconds) waited[#waited + 1] = milliseconds end
    core.now = function() return now end
    core.engine = function() return engine end
  end)

  after_each(function()
    core.now, core.engine = real_now, real_engine
  end)

  it("waits until the next task wakes, and for a second at most", function()
    local woke = {}
    for index, seconds in ipairs{6, 5} do
      block.spawn(function()
        block.sleep(nil, seconds)
        woke[#woke + 1] = index
      end)
    end
    assert.equal(5, block.idle_seconds())
    block.turn(10)
    block.turn(0.5)
    now = 104.75
    block.turn(10)
    assert.same({1000, 500, 250}, waited)
    assert.same({}, woke)
    now = 105
    block.turn(10)
    assert.same({{2}, 0}, {woke, waited[4]}) -- no wait, because the woken task may have begun a call
    assert.equal(1, block.idle_seconds())
    now = 107
    block.turn(10)
    assert.same({{2, 1}, 0}, {woke, waited[5]})
    block.turn(10)
    assert.equal(1000, waited[6])
    assert.is_nil(block.idle_seconds())
  end)

  it("is needed as long as a task or a call is left", function()
    local semaphore = block.semaphore()
    block.spawn(semaphore.wait)
    assert.equal(math.huge, block.idle_seconds())
    semaphore.post()
    assert.is_nil(block.idle_seconds())
    local call, posts = {id = function() return -1 end}, 0
    block.attend(call, {post = function()
      posts = posts + 1
      block.leave()
    end})
    assert.equal(math.huge, block.idle_seconds())
    block.notify(call)
    assert.equal(1, posts)
    assert.is_nil(block.idle_seconds())
    for _ = 1, 2 do block.attend(call, {}) end
    block.leave()
    assert.equal(math.huge, block.idle_seconds())
    block.leave()
    assert.is_nil(block.idle_seconds())
  end)

  it("passes time where nothing can be suspended", function()
    function engine.wait(_, milliseconds)
      waited[#waited + 1], now = milliseconds, now + milliseconds / 1000
    end
    block.sleep(nil, 2.5)
    assert.same({1000, 1000, 500}, waited)
    block.sleep(nil, 0)
    assert.equal(3, #waited)
  end)

  it("follows a first wait for the call itself, unless a task sleeps", function()
    local given, is_done
    function engine:wait_for(...)
      given = {self == engine, ...}
      return is_done
    end
    local turns = 0
    local call = {done = function()
      turns = turns + 1
      return turns == 3
    end}
    is_done = true
    block.wait(engine, call)
    assert.same({{true, call, 1000}, {}}, {given, waited})
    is_done, given = false, nil
    block.wait(engine, call)
    assert.same({{true, call, 1000}, {0, 1000, 1000}}, {given, waited})
    block.spawn(function() block.sleep(nil, 30) end)
    turns, given, waited = 0, nil, {}
    block.wait(engine, call)
    assert.same({nil, {0, 1000, 1000}}, {given, waited})
    now = 200
    block.turn(0)
    assert.is_nil(block.idle_seconds())
  end)

  it("is taken while a semaphore is waited for", function()
    local semaphore = block.semaphore()
    function engine.wait(_, milliseconds)
      waited[#waited + 1] = milliseconds
      if #waited == 2 then semaphore.post() end
    end
    semaphore.wait()
    assert.same({1000, 1000}, waited)
  end)
end)
