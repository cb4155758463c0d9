--- Waiting in a luv loop: the coroutine that called waits, the loop goes on.

local core = require "cmr.core"
local threads = require "cmr.loop.coroutines"
local uv = require "luv"
local waiters = require "cmr.loop.waiters"

local luv = { now = core.now, spawn = threads.spawn, refuse = threads.refuse }

local PAUSE = 1 -- ms between two steps of an engine that has no descriptor

local poll, watched -- the handle that watches an engine's descriptor, and that engine
local waiting = 0 -- how many coroutines wait: the handle keeps the loop alive, so it is active only for them

local function watch(engine)
  local fd = engine:fd()
  if watched ~= engine then
    if poll then
      poll:close() -- that engine is closed, and its descriptor may be the new one's
    end
    poll, watched = assert(fd and uv.new_poll(fd) or uv.new_timer()), engine
  end
  if not poll:is_active() then
    local function step()
      waiters.step(engine)
    end
    if fd then
      poll:start("r", step)
    else
      poll:start(PAUSE, PAUSE, step)
    end
  end
end

--- Suspends the coroutine until the call has finished.
function luv.wait(engine, call)
  watch(engine)
  waiting = waiting + 1
  threads.wait(call)
  waiting = waiting - 1
  if waiting == 0 then poll:stop() end
end

--- Suspends the coroutine for a time.
-- @tparam number seconds
function luv.sleep(_, seconds)
  local waiter, timer = threads.waiter(), uv.new_timer()
  uv.update_time() -- the loop's clock may be behind, and a timer counts from there
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    waiter:post()
  end)
  threads.suspend(waiter)
end

--- Whoever waits for the call looks again: it was cancelled.
luv.wake = waiters.wake

--- Something to wait for: wait() returns once for every post().
function luv.signal()
  return threads.signal()
end

return luv
