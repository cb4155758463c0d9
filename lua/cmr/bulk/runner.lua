---Sends the rows of a bulk run, a few at a time. The client's ledger records how each row ends.

local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local endings = require "cmr.ledger.endings"
local plan = require "cmr.bulk.plan"

require "cmr.jobs" -- client:map needs cmr.jobs; in the middle of a run there may be no descriptor left to load the file

local runner = {}

local MAX_SKIPPING_SECONDS = 0.02 -- longest time for skipping rows; then the requests in flight get their turn
local MAX_PAUSE_SECONDS = 60 -- if the server asks for a longer wait, the run ends

---Stops the run: no other row is sent, and the run waits for the rows in flight. Only the first call counts.
function runner.stop(run, status, message)
  run.ending = run.ending or { status = status, failure = message }
end

local function is_stopped(run)
  if not run.ending and run.interrupted then run.interrupted(run) end
  return run.ending ~= nil
end

local function skip(run, row)
  local failure = row.entry
  if row.status == "invalid" then
    failure = { kind = "invalid_argument", outcome = "not_sent", message = row.problem }
    run.on_end(row, "failed", failure, false)
  else
    run.on_end(row, row.status, failure, true)
  end
end

-- Returns the next row that is to be sent.
local function next_row(run, rows)
  local since = core.now()
  while not is_stopped(run) do
    local row = rows()
    if not row then return nil end
    if row.status == "todo" then
      if plan.is_unchanged(run, row) then return row end
      return runner.stop(run, 1, "the input changed while it was read")
    end
    skip(run, row)
    if core.now() - since > MAX_SKIPPING_SECONDS then
      run.loop.sleep(core.engine(), 1e-6) -- gives the requests in flight a turn before they time out
      since = core.now()
    end
  end
end

-- Called when a row has its slot. Returns one of these values:
--   a table   the fields that the ledger stores with the request
--   true      the run is not in the ledger
--   false     the row must not be sent
local function before_send(run, row)
  if is_stopped(run) then return false end
  row.is_sent, run.in_flight = true, run.in_flight + 1
  if not run.id then return true end
  local supersedes = row.entry and row.entry.run == run.id and row.entry.id or nil
  return {
    run = run.id,
    row = row.number,
    digest = row.digest,
    supersedes = supersedes,
    newest_known = row.newest_known,
    newest_known_elsewhere = row.newest_known_elsewhere,
    round_after = run.begins_round and run.round_after or nil,
  }
end

-- Returns whether the ledger has recorded the end of a row. If it has not, stops the run, because no request may be
-- sent unrecorded. This run and the next run treat such a row as unknown.
local function is_recorded(run, row, info)
  local message = info and info.ledger_error
  if not message then return true end
  runner.stop(run, 1, ("the ledger cannot be written (%s): the requests in flight are unknown"):format(message))
  run.on_end(row, "unknown", nil, false)
  return false
end

-- Counts a row that failed, and stops the run if max_failures rows have failed.
local function count_failure(run)
  run.failed = run.failed + 1
  if run.max_failures and run.failed >= run.max_failures then
    runner.stop(run, 3, ("stopped after %d failures"):format(run.max_failures))
  end
end

local function record_success(run, row, answer, info)
  run.on_result(row, answer)
  if not is_recorded(run, row, info) then return end
  local ending = endings.of_answer(run.operation, row.args, answer)
  local state = ending.state ~= "failed" and ending.failed_items and "partial" or ending.state
  run.on_end(row, state, ending, false)
  if state == "failed" then count_failure(run) end
end

-- Stops the run if every further row would fail for the same reason.
local function stop_after(run, err)
  local go_on = "; the same command again goes on"
  if err.kind == "unauthorized" then
    runner.stop(run, 3, "stopped: the API refuses the key")
  elseif err.kind == "payment_required" then
    runner.stop(run, 3, "stopped: the wallet does not cover the request" .. go_on)
  elseif err.kind == "rate_limited" and err.status and err.retry_after and err.retry_after > MAX_PAUSE_SECONDS then
    local message = "stopped: the API asks to wait for %.0f s" .. go_on
    runner.stop(run, 3, message:format(err.retry_after))
  elseif err.kind == "not_recorded" then
    runner.stop(run, 1, "stopped: " .. err.message)
  end
end

local function record_failure(run, row, err, info)
  run.on_result(row, nil, err)
  if not is_recorded(run, row, info) then return end
  if err.code == "repeated" then return run.on_end(row, "sending", nil, false) end
  local failure = endings.of_failure(err, run.time())
  run.on_end(row, failure.state, failure, false)
  stop_after(run, err)
  if failure.state ~= "deferred" then count_failure(run) end
end

local function send_all(run)
  local rows, rows_by_args = plan.rows(run), {}
  local function next_args()
    local row = next_row(run, rows)
    if not row then return nil end
    rows_by_args[row.args] = row
    return row.args
  end
  local opts = {
    concurrency = run.concurrency,
    before_send = function(args)
      return before_send(run, rows_by_args[args])
    end,
  }
  for args, answer, _, err in run.client:map(run.operation.name, next_args, opts) do
    local row = rows_by_args[args]
    rows_by_args[args] = nil
    if row.is_sent then run.in_flight = run.in_flight - 1 end
    if answer then
      record_success(run, row, answer, run.client.info(answer))
    elseif row.is_sent or err.kind ~= "cancelled" then -- a row stays untried if it is cancelled before it is sent
      record_failure(run, row, err, run.client.info(err))
    end
  end
end

---Sends the rows until none is left or something stops the run.
---
---In addition to the fields for plan.rows, `run` has client, loop, concurrency, max_failures, and these functions:
---  on_end(row, state, failure, is_earlier)   called for every row that was tried or skipped
---  on_result(row, answer, err)               called for every row that was tried, even if nothing was sent
---  interrupted(run)                          optional; may call runner.stop
---@param run table
---@return any ending Nil if no row is left. After a stop: {status, failure = message}. After a raised error: the error.
function runner.run(run)
  run.in_flight, run.failed = 0, 0
  local ok, message = coroutines.protect(send_all, run)
  if not ok and type(message) == "table" and message.usage then runner.stop(run, 1, message.usage) end
  if not ok then run.ending = run.ending or message end
  return run.ending
end

return runner
