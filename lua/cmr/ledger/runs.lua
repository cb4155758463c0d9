---Bulk runs in the ledger. A run is identified by its account, its operation and the content of its rows. The file's
---name and the order of the rows make no difference.

local address = require "cmr.ledger.address"
local core = require "cmr.core"

local runs = {}

local NAME_CHARACTERS = 12

local function name_of(run)
  local digest = core.hex(core.sha256(table.concat({ run.account, run.operation, run.digest }, "\n")))
  return "RUN_" .. digest:sub(1, NAME_CHARACTERS)
end

---Finds a run by its name.
---@return table? run Nil without a message if no run has this name.
---@return string? message
function runs.named(ledger, name)
  local db, message = ledger:connection "durable"
  if not db then return nil, message end
  return db:first("SELECT * FROM run WHERE name = ?", name)
end

---Returns the name of the run with this id.
function runs.name(ledger, id)
  local db = ledger:connection "durable"
  local row = db and db:first("SELECT name FROM run WHERE id = ?", id)
  return row and row.name or "?"
end

---Finds the run of a set of rows.
---@param wanted table {account, operation, digest}
---@return table? run
---@return string? message
function runs.find(ledger, wanted)
  return runs.named(ledger, name_of(wanted))
end

---Finds the newest run with the same operation, rows and base URL, but with another key.
---@return table? run
---@return string? message
function runs.of_another_key(ledger, wanted)
  local db, message = ledger:connection "durable"
  if not db then return nil, message end
  local sql = "SELECT * FROM run WHERE digest = ? AND operation = ? AND account <> ? AND %s = ? ORDER BY id DESC"
  sql = sql:format(address.SQL)
  return db:first(sql, wanted.digest, wanted.operation, wanted.account, address.of(wanted.account))
end

-- Removes the run with this name. Keeps the run if it has sent a request, or if another process works on the run.
local function remove_unused(ledger, db, name)
  local sql = "SELECT id FROM run WHERE name = ? AND NOT EXISTS (SELECT 1 FROM request WHERE request.run = run.id)"
  local unused, message, reason = db:first(sql, name)
  if message then return nil, message, reason end
  if not unused or ledger:is_run_held(unused.id) ~= false then return true end
  return db:run("DELETE FROM run WHERE id = ?", unused.id)
end

---Moves the requests and runs of the account `from` to the account `to`, after the user got a new key. `to` may already
---have a run with the same operation and rows. Normally, the run of `to` is removed first. But if the run of `to` has
---sent a request, or if another process works on the run of `to`, both runs stay.
---@return boolean? ok
---@return string? message
function runs.change_key(ledger, from, to)
  return ledger:transaction("durable", function(db)
    local ok, message = db:run("UPDATE request SET account = ? WHERE account = ?", to, from)
    for _, run in ipairs(ok and db:rows("SELECT * FROM run WHERE account = ?", from) or {}) do
      run.account = to
      ok, message = remove_unused(ledger, db, name_of(run))
      if not ok then return nil, message end
      ok, message = db:run("UPDATE OR IGNORE run SET account = ?, name = ? WHERE id = ?", to, name_of(run), run.id)
      if not ok then return nil, message end
    end
    return ok and true, message
  end)
end

---Begins or continues a run, for this caller alone.
---@param wanted table {account, operation, digest, rows, source}
---@return table? run
---@return string? message
---@return string? reason "taken" when another process or another caller has the run.
function runs.open(ledger, wanted)
  local name = name_of(wanted)
  local ok, message, reason = ledger:transaction("durable", function(db)
    local now = core.time()
    return db:run(
      [[INSERT OR IGNORE INTO run (name, account, operation, digest, rows, source, round, round_at, started_at)
        VALUES (?, ?, ?, ?, ?, ?, 1, 0, ?)]],
      name,
      wanted.account,
      wanted.operation,
      wanted.digest,
      wanted.rows,
      wanted.source,
      now
    )
  end)
  if not ok then return nil, message, reason end
  local run
  run, message = runs.named(ledger, name)
  if not run then return nil, message end
  return runs.take(ledger, run)
end

---Takes an existing run for this caller alone.
---@return table? run The run. Its field `hold` is for Ledger:let_go_run.
---@return string? message
---@return string? reason "taken" when another process or another caller has the run.
function runs.take(ledger, run)
  local hold, message, reason = ledger:hold_run(run.id)
  if reason == "busy" then return nil, "another process is at work on these rows", "taken" end
  if not hold then return nil, message, reason end
  local taken
  taken, message = runs.named(ledger, run.name)
  if taken and taken.id == run.id then
    taken.hold = hold
    return taken
  end
  ledger:let_go_run(run.id, hold)
  return nil, message or "the run has just been removed from the ledger"
end

---Returns whether the ledger has a request of the run.
---@return boolean? has_sent
---@return string? message
function runs.has_sent(ledger, run)
  local db, message = ledger:connection "durable"
  if not db then return nil, message end
  local row
  row, message = db:first("SELECT 1 AS found FROM request WHERE run = ? LIMIT 1", run.id)
  if message then return nil, message end
  return row ~= nil
end

---Records that the run has ended, because every row has ended.
function runs.finish(ledger, run)
  return ledger:transaction("durable", function(db)
    return db:run("UPDATE run SET ended_at = ? WHERE id = ?", core.time(), run.id)
  end)
end

return runs
