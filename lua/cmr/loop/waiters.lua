---Stores which coroutine waits for which call. All loop adapters share this module, because one step of the engine may
---finish calls of several adapters.

local core = require "cmr.core"

local waiters = {}

-- call:id() -> waiter. A program may load several copies of the library. All copies share this table, because they
-- share the engine: a copy that steps the engine takes the finished calls of all copies.
local waiting = core.waiting

---Adds a waiter for a call. When the call has finished or was cancelled, the waiter is posted once.
---@param waiter table Has a method post(1), like nginx's semaphores.
function waiters.add(call, waiter)
  waiter.call = call -- keeps the call alive, so that no other call gets its id
  waiting[call:id()] = waiter
end

---Removes the waiter of a call.
function waiters.remove(call)
  waiting[call:id()] = nil
end

---Wakes the coroutine that waits for a call, after the call was cancelled.
function waiters.notify(call)
  local id = call:id()
  local waiter = waiting[id]
  waiting[id] = nil
  if waiter then waiter:post(1) end
end

---Steps the engine and posts the waiters of all finished calls. A posted waiter may run at once and call this function
---again. The inner call then posts the remaining waiters. If a waiter raises an error, the function still posts all
---other waiters, and raises the error again at the end.
---@param milliseconds number? The maximum time to wait for work.
---@return boolean in_flight Whether calls are left in flight.
function waiters.step(engine, milliseconds)
  engine:wait(milliseconds or 0)
  local ok, message = true, nil
  for id in engine.finished, engine do
    local waiter = waiting[id]
    if waiter then
      waiting[id] = nil
      local posted, failure = pcall(waiter.post, waiter, 1)
      if not posted then
        ok, message = false, failure
      end
    end
  end
  if not ok then error(message, 0) end
  return engine:count() > 0
end

return waiters
