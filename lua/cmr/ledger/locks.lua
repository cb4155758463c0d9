---The locks that a process holds. The process holds one lock for each of its bulk runs, to keep other processes away
---from the run. A process that stores events holds one more lock, to show this to other processes. All locks end with
---the process.

---A part of cmr.Ledger.
---@class cmr.LedgerLocks
local locks = {}

local RUN_LOCKS = 2 ^ 40 -- the number of a run's lock is this number plus the run's id
-- Each process that stores events holds one of these locks: numbers LISTENER_LOCKS + 1 to LISTENER_LOCKS +
-- MAX_LISTENERS. When all of them are held, a further process holds none.
local LISTENER_LOCKS, MAX_LISTENERS = 2 ^ 41, 16

---Locks a run for this caller alone, until the process ends or let_go_run releases the lock.
---@param run integer
---@return table? hold the argument of let_go_run
---@return string? message
---@return string? reason "busy" when another process, or another caller in this process, has the run.
function locks:hold_run(run)
  local db, message, reason = self:connection "durable"
  if not db then return nil, message, reason end
  local hold = { db = db }
  local other = self.holds[run]
  if other and other.db == db then return nil, "another coroutine has it", "busy" end
  local ok
  ok, message, reason = db:hold(RUN_LOCKS + run)
  if not ok then return nil, message, reason end
  self.holds[run] = hold
  return hold
end

---Returns whether another process holds the lock of a run.
---@param run integer
---@return boolean? is_held
---@return string? message
function locks:is_run_held(run)
  local db, message = self:connection "durable"
  if not db then return nil, message end
  return db:is_held(RUN_LOCKS + run)
end

---Releases the lock that hold_run took. A second call with the same hold has no effect.
---@param run integer
---@param hold table The result of hold_run.
function locks:let_go_run(run, hold)
  if self.holds[run] ~= hold then return end
  self.holds[run] = nil
  if self.connections.durable == hold.db then hold.db:let_go(RUN_LOCKS + run) end
end

---Announces to other processes that this process stores the events that it receives. The announcement ends with the
---process.
---@return boolean? ok
---@return string? message
function locks:listen()
  local db, message = self:connection "durable"
  if not db then return nil, message end
  for number = 1, MAX_LISTENERS do
    local ok, reason
    ok, message, reason = db:hold(LISTENER_LOCKS + number)
    if ok or reason ~= "busy" then return ok, message end
  end
  return true -- enough other processes listen
end

---Returns true if another process has called locks:listen and still runs. Also returns true if an event was stored in
---the ledger in the last 30 days.
---@return boolean? ok
---@return string? message
function locks:is_receiving()
  local db, message = self:connection "durable"
  if not db then return nil, message end
  for number = 1, MAX_LISTENERS do
    if db:is_held(LISTENER_LOCKS + number) then return true end
  end
  return self:store():has_received()
end

return locks
