---The adapter for luv. The calling coroutine waits; the loop does not.

local block = require "cmr.loop.block"
local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local uv = require "luv"
local waiters = require "cmr.loop.waiters"

local MAX_TURN_SECONDS = 1 -- luv's loop runs a turn at least this often while cmr.loop.block has tasks
local PAUSE_MILLISECONDS = 1 -- between two steps of an engine whose descriptor cannot be polled

---@class cmr.loop.luv: cmr.Loop
local luv = {
  now = core.now,
  spawn = coroutines.spawn,
  semaphore = coroutines.semaphore,
  notify = waiters.notify,
}

local poll -- the handle whose events step the engine: it polls the engine's descriptor, or is a timer
-- Whether `poll` is a timer. A timer is needed in two cases: the engine has no descriptor, or another handle polls the
-- descriptor.
local is_timer = false
local watched -- the engine that `poll` was made for
-- The number of users of `poll`. Each wait for a call is one user. All tasks of cmr.loop.block together are one user.
-- An active handle keeps the loop alive, so `poll` is active only while it has users.
local waiting = 0
local is_driving = false -- whether cmr.loop.block has tasks
local timer -- wakes the sleeping tasks of cmr.loop.block

---Returns the reason why the running coroutine cannot wait for luv's loop here, or nil.
function luv.unsupported(context)
  local reason = coroutines.unsupported(context)
  if reason or context == "background" or not core.is_generator() then return reason end
  return "a generic for resumes this coroutine and would end when it waits; without the option loop the whole "
    .. "process waits"
end

---Returns whether the caller is a coroutine that can be suspended here and that luv's loop can resume. A generator does
---not count, because the code that resumes a generator expects an item.
function luv.detected(context)
  return coroutines.inside() and not block.spawned() and coroutines.can_suspend(context) and not core.is_generator()
end

-- Returns whether a handle can be used. The program may have closed the handle, for example when it closed all handles
-- with uv.walk.
local function is_open(handle)
  return handle ~= nil and not handle:is_closing()
end

-- Closes a handle. A close completes only while the loop runs. A program whose loop is idle may end without running the
-- loop again; luv 1.44 then crashes, because the close is not complete. So if the loop is idle, this function runs the
-- loop once.
local function close(handle)
  if not is_open(handle) then return end
  handle:stop()
  local is_idle = not uv.loop_mode() and not uv.loop_alive()
  handle:close()
  if is_idle then uv.run "nowait" end
end

local watch

local function unwatch()
  waiting = waiting - 1
  if waiting == 0 and is_open(poll) then poll:stop() end
end

-- Makes luv's loop also run the tasks of cmr.loop.block. The main chunk may start such tasks before it calls uv.run.
local function drive()
  local seconds = block.idle_seconds()
  if is_driving ~= (seconds ~= nil) then
    is_driving = not is_driving
    if is_driving then
      waiting = waiting + 1
    else
      unwatch()
    end
  end
  if is_open(timer) then timer:stop() end
  if not is_driving then return end
  watch(core.engine())
  if not is_open(timer) then timer = uv.new_timer() end
  uv.update_time()
  timer:start(math.ceil(math.max(0, math.min(seconds, MAX_TURN_SECONDS)) * 1000), 0, function()
    block.turn(0)
    drive()
    coroutines.post_deferred()
  end)
end
block.drive = drive

function watch(engine)
  if watched ~= engine or not is_open(poll) then
    luv.forget()
    local fd = engine:fd()
    poll, watched = fd and uv.new_poll(fd), engine
    is_timer = not poll
    if is_timer then poll = uv.new_timer() end
  end
  if poll:is_active() then return end
  local function step()
    waiters.step(engine)
    if is_driving then drive() end
  end
  if not is_timer then
    if poll:start("r", step) then return end
    poll:close()
    poll, is_timer = uv.new_timer(), true
  end
  poll:start(PAUSE_MILLISECONDS, PAUSE_MILLISECONDS, step)
end

---Closes the handle `poll`. Called before an engine is closed, because another file may later get the number of the
---engine's descriptor. Also closes the timer, unless cmr.loop.block has tasks. While the timer is open, the program
---cannot close its loop.
function luv.forget()
  close(poll)
  poll, watched = nil, nil
  if not is_driving then close(timer) end
end

function luv.wait(engine, call)
  watch(engine)
  waiting = waiting + 1
  coroutines.wait(call, unwatch)
  unwatch()
end

---Registers a waiter: cmr calls waiter:post() when the call has finished. waiter:post() then calls luv.leave.
function luv.attend(call, waiter)
  watch(core.engine())
  waiting = waiting + 1
  waiters.add(call, waiter)
end

luv.leave = unwatch

function luv.sleep(_, seconds)
  local alarm = uv.new_timer()
  local waiter = coroutines.waiter(function()
    close(alarm)
  end)
  uv.update_time() -- a timer counts from the loop's clock, which may be behind
  alarm:start(math.ceil(seconds * 1000), 0, function()
    alarm:close()
    waiter:post()
  end)
  coroutines.suspend(waiter)
end

return luv
