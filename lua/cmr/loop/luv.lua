---Waits in a luv loop: the calling coroutine waits, the loop does not.

local block = require "cmr.loop.block"
local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local uv = require "luv"
local waiters = require "cmr.loop.waiters"

local PAUSE_MILLISECONDS = 1 -- between two steps of an engine without a descriptor

---@class cmr.loop.luv: cmr.Loop
local luv = {
  now = core.now,
  spawn = coroutines.spawn,
  semaphore = coroutines.semaphore,
  notify = waiters.notify,
  unsupported = coroutines.unsupported,
}

local poll, watched -- the handle that watches an engine's descriptor, and that engine
local waiting = 0 -- coroutines: the handle keeps the loop alive, so it is active only while one waits

---Whether the caller is a coroutine that luv's loop can resume, and can be suspended.
function luv.detected(context)
  return coroutines.inside() and not block.spawned() and coroutines.can_suspend(context)
end

local function watch(engine)
  local fd = engine:fd()
  if watched ~= engine then
    if poll then poll:close() end -- that engine is closed, and its descriptor may be the new one's
    poll, watched = assert(fd and uv.new_poll(fd) or uv.new_timer()), engine
  end
  if not poll:is_active() then
    local function step()
      waiters.step(engine)
    end
    if fd then
      poll:start("r", step)
    else
      poll:start(PAUSE_MILLISECONDS, PAUSE_MILLISECONDS, step)
    end
  end
end

function luv.wait(engine, call)
  watch(engine)
  waiting = waiting + 1
  coroutines.wait(call)
  waiting = waiting - 1
  if waiting == 0 then poll:stop() end
end

function luv.sleep(_, seconds)
  local waiter, timer = coroutines.waiter(), uv.new_timer()
  uv.update_time() -- the loop's clock may be behind, and a timer counts from it
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    waiter:post()
  end)
  coroutines.suspend(waiter)
end

return luv
