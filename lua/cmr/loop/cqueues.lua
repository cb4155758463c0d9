--- Waiting under cqueues: the coroutine that called waits, its controller goes on. One coroutine per controller steps
-- the engine and is gone when nothing is in flight.

local condition = require "cqueues.condition"
local core = require "cmr.core"
local controller = require "cqueues"
local threads = require "cmr.loop.coroutines"
local waiters = require "cmr.loop.waiters"

local cqueues = { now = core.now, refuse = threads.refuse }

local LOOK = 1 -- seconds after which the engine is looked at in any case
local PAUSE = 0.001 -- seconds between two steps of an engine that has no descriptor
local pumping = setmetatable({}, { __mode = "k" }) -- controller -> whether it steps

local function post(waiter)
  waiter.condition:signal()
end

local function pump()
  local engine, here = core.engine(), controller.running()
  while waiters.step(engine) do
    local fd = engine:fd()
    if fd then
      controller.poll({ pollfd = fd, events = "r" }, LOOK)
    else
      controller.sleep(PAUSE)
    end
    engine = core.engine() -- another one when somebody closed it
  end
  pumping[here] = nil
end

--- Suspends the coroutine until the call has finished.
function cqueues.wait(_, call)
  local here = controller.running()
  while not call:done() do
    local waiter = { condition = condition.new(), post = post }
    waiters.add(call, waiter)
    if not pumping[here] then
      pumping[here] = true
      here:wrap(pump)
    end
    waiter.condition:wait()
  end
end

--- Suspends the coroutine for a time.
-- @tparam number seconds
function cqueues.sleep(_, seconds)
  controller.sleep(seconds)
end

--- Runs a function beside the caller.
function cqueues.spawn(run)
  controller.running():wrap(run)
end

--- Whoever waits for the call looks again: it was cancelled.
cqueues.wake = waiters.wake

--- Something to wait for: wait() returns once for every post().
function cqueues.signal()
  local count, waiter = 0, condition.new()
  return {
    post = function()
      count = count + 1
      waiter:signal()
    end,
    wait = function()
      while count == 0 do
        waiter:wait()
      end
      count = count - 1
    end,
  }
end

return cqueues
