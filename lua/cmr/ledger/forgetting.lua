---Removes old requests and old runs from the ledger.

local core = require "cmr.core"
local text = require "cmr.util.text"
local writers = require "cmr.ledger.writers"

---A part of cmr.Ledger.
---@class cmr.LedgerForgetting
local forgetting = {
  RETENTION_SECONDS = 400 * text.DAY, -- the ledger removes older requests
}

local INTERVAL = 100 -- number of new requests between two removals of old requests
local MAX_REMOVED = 2 * INTERVAL -- maximum of requests in one removal
local PART = 1000 -- requests that Ledger:forget removes in one transaction

-- Removes the runs that began before a time and have no requests left. Keeps a run if another process works on it.
local function forget_runs(self, db, before)
  local sql =
    "SELECT id FROM run WHERE started_at < ? AND NOT EXISTS (SELECT 1 FROM request WHERE request.run = run.id)"
  local rows, message, reason = db:rows(sql, before)
  if not rows then return nil, message, reason end
  for _, run in ipairs(rows) do
    if self:is_run_held(run.id) == false then
      local ok
      ok, message, reason = db:run("DELETE FROM run WHERE id = ?", run.id)
      if not ok then return nil, message, reason end
    end
  end
  return true
end

-- Removes at most `limit` requests that were sent before a time, oldest first. Looks only at the `window` oldest
-- requests; -1 means all. Finally, removes old runs without requests. A request under way stays. The newest request
-- stays too, because a running process may have its id as the process's writer number. SQLite must not give this id to
-- another request.
local function forget(self, db, before, limit, window)
  local living, message, reason = writers.living(self, db)
  if not living then return nil, message, reason end
  local sql = [[SELECT id FROM (SELECT id, sent_at, state, writer FROM request ORDER BY id LIMIT ?)
    WHERE sent_at < ? AND id < (SELECT max(id) FROM request)
    AND NOT (state = 'sending' AND instr(?, ',' || writer || ',') > 0) ORDER BY id LIMIT ?]]
  local rows
  rows, message, reason = db:rows(sql, window, before, living, limit)
  if not rows then return nil, message, reason end
  for _, row in ipairs(rows) do
    for _, name in ipairs { "request_id WHERE request", "request WHERE id" } do
      local ok
      ok, message, reason = db:run(("DELETE FROM %s = ?"):format(name), row.id)
      if not ok then return nil, message, reason end
    end
  end
  local ok
  ok, message, reason = forget_runs(self, db, before)
  if not ok then return nil, message, reason end
  return #rows
end

---Removes the requests that were sent before a time. Then removes the runs that began before this time and have no
---requests left. The newest request, the requests under way and the runs under way stay.
---@param before number seconds since 1970
---@return integer? count
---@return string? message
function forgetting:forget(before)
  local count = 0
  while true do -- removes the requests in parts, so that other processes can write in between
    local removed, message, reason = self:transaction("durable", function(db)
      return forget(self, db, before, PART, -1)
    end)
    if not removed then return nil, message, reason end
    count = count + removed
    if removed < PART then return count end
  end
end

---Removes some old requests from time to time, in the transaction that records a new request.
---@param db any
---@param id integer The id of the new request.
---@return any ok
---@return string? message
---@return string? reason
function forgetting:forget_old(db, id)
  if id % INTERVAL ~= 0 then return true end
  return forget(self, db, core.time() - forgetting.RETENTION_SECONDS, MAX_REMOVED, MAX_REMOVED)
end

return forgetting
