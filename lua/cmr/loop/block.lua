---The adapter for a script without an event loop. The whole process waits, and every call in flight makes progress
---meanwhile. Background tasks run in the library's coroutines, and make progress during every wait.

local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local heap = require "cmr.util.heap"
local waiters = require "cmr.loop.waiters"

local MAX_STEP_SECONDS = 1 -- how long one poll may take
-- Deferred coroutines go on after this time. The time is above 0, so that luv's other handles can run first.
local DEFERRED_SECONDS = 1 / 1000

---@class cmr.loop.block: cmr.Loop
local block = { now = core.now, notify = waiters.notify }

local spawned = setmetatable({}, { __mode = "k" }) -- the coroutines that this module started
local attended = 0 -- how often block.attend has run, minus how often block.leave has run
local sleepers = {} -- a heap of the waiters of sleeping coroutines, ordered by the sleep's end, `wakes_at`

---Lets luv's loop run the tasks too. The adapter for luv sets this function.
---@type fun()?
block.drive = nil

local function let_luv_drive()
  if block.drive then block.drive() end
end

local function turn(seconds)
  local now = core.now()
  local sleeper = sleepers[1]
  while sleeper and sleeper.wakes_at <= now do
    heap.pop(sleepers, "wakes_at"):post()
    seconds, sleeper = 0, sleepers[1]
  end
  if sleeper then seconds = math.min(seconds, sleeper.wakes_at - now) end
  waiters.step(core.engine(), math.min(MAX_STEP_SECONDS, seconds) * 1000)
end

---Wakes the sleepers that are due. Then runs the engine once. The engine waits for work, but not longer than the given
---time. Does not resume the program's own coroutines that wait: luv's loop resumes them later.
---@param seconds number
function block.turn(seconds)
  local ok, message = coroutines.defer(turn, seconds)
  if coroutines.has_deferred() then let_luv_drive() end
  if not ok then error(message, 0) end
end

---Returns the seconds until a task must be woken. The first case that applies counts:
---
---    a coroutine of the program is deferred    DEFERRED_SECONDS
---    a task sleeps                             the seconds until the first sleep ends
---    there are tasks, but none sleeps          math.huge
---    there is no task                          nil
---
---@return number? seconds
function block.idle_seconds()
  if coroutines.has_deferred() then return DEFERRED_SECONDS end
  local sleeper = sleepers[1]
  if sleeper then return sleeper.wakes_at - core.now() end
  if attended > 0 then return math.huge end
  for co in pairs(spawned) do -- on Lua 5.1, the coroutine of a failed task stays here, dead
    if coroutine.status(co) ~= "dead" then return math.huge end
  end
end

---Returns true, because this adapter fits wherever no other adapter fits.
function block.detected()
  return true
end

---Returns whether this module started the running coroutine.
function block.spawned()
  local co = coroutine.running()
  return co ~= nil and spawned[co] == true
end

-- Runs a turn for a caller that waits without a yield. A caller may itself run in a turn, for example in a task's hook.
-- Then the function only runs the engine, and the outer turn resumes the other tasks. A full turn in a turn would use
-- more and more of the C stack.
local function pass(seconds)
  if coroutines.is_deferring() then
    core.engine():wait(math.min(MAX_STEP_SECONDS, seconds) * 1000)
  else
    block.turn(seconds)
  end
end

local function can_suspend()
  return block.spawned() and coroutines.can_suspend()
end

function block.wait(engine, call)
  if can_suspend() then
    let_luv_drive()
    return coroutines.wait(call)
  end
  if #sleepers == 0 and engine:wait_for(call, MAX_STEP_SECONDS * 1000) then return end
  local seconds = 0 -- the first turn does not wait, because other calls may have finished
  repeat
    pass(seconds)
    seconds = MAX_STEP_SECONDS
  until call:done()
end

local function suspend_for(seconds)
  local waiter = coroutines.waiter()
  waiter.wakes_at = core.now() + seconds
  heap.push(sleepers, waiter, "wakes_at")
  let_luv_drive()
  coroutines.suspend(waiter)
end

function block.sleep(_, seconds)
  if can_suspend() then return suspend_for(seconds) end
  local wakes_at = core.now() + seconds
  while seconds > 0 do
    pass(seconds)
    seconds = wakes_at - core.now()
  end
end

function block.spawn(run)
  coroutines.spawn(function()
    local co = coroutine.running()
    spawned[co] = true
    run()
    spawned[co] = nil
    let_luv_drive()
  end)
end

---Registers a waiter: cmr calls waiter:post() when the call has finished. waiter:post() then calls block.leave.
function block.attend(call, waiter)
  attended = attended + 1
  waiters.add(call, waiter)
  let_luv_drive()
end

function block.leave()
  attended = attended - 1
  let_luv_drive()
end

local function wait_in_place()
  if can_suspend() then return false end
  block.turn(MAX_STEP_SECONDS)
  return true
end

function block.semaphore()
  return coroutines.semaphore(wait_in_place)
end

return block
