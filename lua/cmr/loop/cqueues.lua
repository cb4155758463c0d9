---The adapter for cqueues. It suspends the calling coroutine, but not the coroutine's controller. Each controller in
---which a call waits gets a coroutine that steps the engine, until the engine has no call in flight.

local condition = require "cqueues.condition"
local controller = require "cqueues"
local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local waiters = require "cmr.loop.waiters"

local MAX_POLL_SECONDS = 1 -- after this time, the engine is stepped in any case
local PAUSE_SECONDS = 0.001 -- between two steps of an engine without a descriptor

---@class cmr.loop.cqueues: cmr.Loop
local cqueues = { now = core.now, notify = waiters.notify }

local pumping = setmetatable({}, { __mode = "k" }) -- controller -> true while one of its coroutines steps the engine

---Returns the reason why the running coroutine cannot wait for its controller here, or nil.
function cqueues.unsupported(context)
  local reason = coroutines.unsupported(context)
  local running, is_controlled = controller.running()
  if reason or is_controlled or context == "background" and running then return reason end
  return "only a coroutine that cqueues runs itself can wait for its controller; without the option loop the whole "
    .. "process waits"
end

---Returns whether cqueues itself runs the calling coroutine, and can suspend it. A coroutine that the user resumes
---inside a coroutine of cqueues does not count.
function cqueues.detected(context)
  local _, is_controlled = controller.running()
  return is_controlled and coroutines.can_suspend(context)
end

---Makes all controllers stop polling an engine's descriptor. Called before the engine is closed.
function cqueues.forget(engine)
  local fd = engine:fd()
  if fd then controller.cancel(fd) end
end

local function post(waiter)
  waiter.condition:signal()
end

local function pump()
  local engine, here = core.engine(), controller.running()
  while waiters.step(engine) do
    local fd = engine:fd()
    if fd then
      controller.poll({ pollfd = fd, events = "r" }, MAX_POLL_SECONDS)
    else
      controller.sleep(PAUSE_SECONDS)
    end
    engine = core.engine() -- core.engine() returns a new engine after a close
  end
  pumping[here] = nil
end

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

function cqueues.sleep(_, seconds)
  controller.sleep(seconds)
end

function cqueues.spawn(run)
  controller.running():wrap(run)
end

function cqueues.semaphore()
  local count, posted = 0, condition.new()
  return {
    post = function()
      count = count + 1
      posted:signal()
    end,
    wait = function()
      while count == 0 do
        posted:wait()
      end
      count = count - 1
    end,
  }
end

return cqueues
