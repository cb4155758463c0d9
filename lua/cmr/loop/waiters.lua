--- Who waits for which call. All strategies share it, because whoever steps the engine is handed everybody's calls.

local waiters = {}

local waiting = {} -- call -> a waiter: has post(waiter, 1), as nginx's semaphores do
local ready, first, last = {}, 1, 0 -- calls that finished, and whose waiters are to be posted

--- @param call from the core
-- @param waiter to be posted once when the call has finished or was cancelled
function waiters.add(call, waiter)
  waiting[call] = waiter
end

--- Whoever waits for the call looks at it again.
function waiters.wake(call)
  local waiter = waiting[call]
  waiting[call] = nil
  if waiter then waiter:post(1) end
end

local function add(call)
  ready[last + 1] = call -- without memory this raises, and nothing has changed
  last = last + 1
end

-- A waiter may run at once, and may come here again: the rest is woken by whoever comes first. One that fails must not
-- keep the others waiting.
local function wake_all()
  local failed, failure
  while first <= last do
    local call = ready[first]
    ready[first] = nil
    first = first + 1
    local fine, why = pcall(waiters.wake, call)
    if not fine then
      failed, failure = true, why
    end
  end
  if failed then error(failure, 0) end
end

--- Wakes those who wait for the calls a step handed over; and, when nothing is left in flight, everybody: what was
-- closed, or inherited over a fork, is never handed over.
-- @param engine
-- @tparam ?table finished what engine:step() or engine:wait() returned
-- @treturn boolean whether calls are left in flight
function waiters.finished(engine, finished)
  for _, call in ipairs(finished or {}) do
    add(call)
  end
  if engine:count() == 0 then
    for call in pairs(waiting) do
      if call:done() then add(call) end
    end
  end
  wake_all()
  return engine:count() > 0
end

return waiters
