--- Who waits for which call. All strategies share it, because whoever steps the engine is handed everybody's calls.

local waiters = {}

local waiting = {} -- call -> a waiter: has post(waiter, 1), as nginx's semaphores do

--- @param call from the core
-- @param waiter to be posted once when the call has finished or was cancelled
function waiters.add(call, waiter)
  waiting[call] = waiter
end

--- Whoever waits for the call looks at it again.
function waiters.wake(call)
  local waiter = waiting[call]
  waiting[call] = nil
  if waiter then
    waiter:post(1)
  end
end

--- Wakes those who wait for the calls a step handed over; and, when nothing is left in flight, everybody: what was
-- closed, or inherited over a fork, is never handed over.
-- @param engine
-- @tparam ?table finished what engine:step() or engine:wait() returned
-- @treturn boolean whether calls are left in flight
function waiters.finished(engine, finished)
  for _, call in ipairs(finished or {}) do
    waiters.wake(call)
  end
  if engine:count() > 0 then
    return true
  end
  local done = {}
  for call in pairs(waiting) do
    done[#done + 1] = call:done() and call or nil
  end
  for _, call in ipairs(done) do
    waiters.wake(call)
  end
  return engine:count() > 0
end

return waiters
