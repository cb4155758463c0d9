---Sends the rows of a bulk run, a few at a time, and records what becomes of them.

local block = require "cmr.loop.block"
local core = require "cmr.core"
local selection = require "cmr.cli.bulk.selection"

local runner = {}

local TICK_SECONDS = 0.2 -- between two checks for progress and signals
local MAX_SKIPPING_SECONDS = 0.02 -- of rows that are not sent; then the requests in flight get their turn

-- Sends no more rows and waits for those in flight. The first reason counts.
local function stop(run, status, message)
  run.ending = run.ending or { status = status, failure = message }
end

local function is_stopped(run)
  local signal = core.interrupted()
  if signal and not run.ending then
    stop(run, 128 + signal)
    run.progress:clear()
    local waiting = run.in_flight > 0
        and ("; waiting for %d in flight (Ctrl-C again leaves them unknown)"):format(run.in_flight)
      or ""
    run.stderr:write("cmr: interrupted", waiting, "\n")
  end
  return run.ending ~= nil
end

local function skip(run, row)
  local failure = run.states[row.id]
  if row.status == "invalid" then
    failure = { kind = "invalid_argument", outcome = "not_sent", message = row.problem }
    run.tally:add(row, "failed", failure)
  else
    run.tally:add(row, row.status, failure, true)
  end
  if type(failure) == "table" and run.failures then run.failures:add(row, failure) end
end

-- The next row to be sent.
local function next_row(run, rows)
  local since = core.now()
  while not is_stopped(run) do
    local row = rows()
    if not row then return nil end
    if row.id and not run.ids[row.id] then return stop(run, 1, "the input changed while it was read") end
    if row.status == "todo" then return row end
    skip(run, row)
    if core.now() - since > MAX_SKIPPING_SECONDS then
      block.sleep(core.engine(), 1e-6) -- otherwise the requests in flight would time out
      since = core.now()
    end
  end
end

-- Stops when an entry is not in the journal: no further request may leave without one.
local function check_entry(run, ok, message)
  if not ok then
    stop(run, 1, ("the journal cannot be written (%s): the requests in flight are unknown"):format(message))
  end
  return ok
end

-- A row has its slot. Returns whether it is sent.
local function before_send(run, row)
  if is_stopped(run) then return false end
  if run.journal and not check_entry(run, run.journal:sending(row)) then return false end
  row.is_sent, run.in_flight = true, run.in_flight + 1
  return true
end

-- Written before the journal entry: once a row is done, no later run fetches its result again.
local function write_result(run, row, answer, err)
  if not run.results then return end
  local ok, ending = pcall(run.results.add, run.results, row, answer, err)
  if not ok then run.ending = run.ending or ending end -- the reader has gone
end

local function record_success(run, row, answer, failed_items)
  write_result(run, row, answer)
  run.tally:add(row, failed_items and "partial" or "done")
  if run.journal then check_entry(run, run.journal:done(row, answer, failed_items and #failed_items)) end
end

local function record_failure(run, row, err)
  write_result(run, row, nil, err)
  local failure = { kind = err.kind, outcome = err.outcome, message = err.message }
  local status = selection.status_after(failure)
  if status == "deferred" and err.retry_after then failure.retry_at = math.ceil(run.time() + err.retry_after) end
  run.tally:add(row, status, failure)
  if run.journal then check_entry(run, run.journal:failed(row, failure)) end
  if run.failures and status ~= "unknown" then run.failures:add(row, failure) end
  if err.kind == "unauthorized" then stop(run, 3, "stopped: the API refuses the key") end
  if run.max_failures and run.tally.failed + run.tally.unknown >= run.max_failures then
    stop(run, 3, ("stopped after %d failures"):format(run.max_failures))
  end
end

-- Shows the progress in the background. After a signal it ends the run when no request is in flight, although rows
-- still wait for their slots.
local function watch(run)
  block.spawn(function()
    while not run.is_finished do
      run.progress:show()
      block.sleep(core.engine(), TICK_SECONDS)
      if is_stopped(run) and core.interrupted() and run.in_flight == 0 then error("interrupted!", 0) end
    end
  end)
end

local function send_all(run)
  local rows, rows_by_args = selection.rows(run), {}
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
      record_success(run, row, answer, run.client.info(answer).partial)
    elseif row.is_sent or err.kind ~= "cancelled" then -- a row that was cancelled before it was sent is not tried
      record_failure(run, row, err)
    end
  end
end

---Sends the rows until none is left or something stops the run.
---@param run table as for selection.rows, and operation, client, ids (of selection.review), concurrency, max_failures,
---tally, progress, stderr; journal, results and failures when there are any
---@return any ending nil when every row was tried; else {status, failure = message}, or the error that was raised
function runner.run(run)
  run.in_flight = 0
  core.catch_interrupt()
  watch(run)
  local ok, message = pcall(send_all, run)
  run.is_finished = true
  run.progress:clear()
  if not ok and type(message) == "table" and message.usage then stop(run, 1, message.usage) end -- the input changed
  if not ok then run.ending = run.ending or message end
  return run.ending
end

return runner
