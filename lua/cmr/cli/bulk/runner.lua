--- Sends the rows that are to be sent, a few at a time, and writes down what becomes of them.

local core = require "cmr.core"
local block = require "cmr.loop.block"
local plan = require "cmr.cli.bulk.plan"
local tally = require "cmr.cli.bulk.tally"

local M = {}

local TICK = 0.2 -- seconds between looks at the progress and at signals
local LONG = 0.02 -- seconds that rows are passed without a break

-- Nothing more is begun; what is in flight is waited for. The first reason counts.
local function halt(job, status, message)
  job.ending = job.ending or { status = status, failure = message }
end

-- Whether nothing more shall leave.
local function over(job)
  local signal = core.interrupted()
  if signal and not job.ending then
    halt(job, 128 + signal)
    job.progress:clear()
    local waits = "cmr: interrupted; %d in flight are waited for, Ctrl-C again leaves them unknown\n"
    job.stderr:write(job.open == 0 and "cmr: interrupted\n" or waits:format(job.open))
  end
  return job.ending ~= nil
end

local function left_alone(job, one)
  local failure = job.states[one.id]
  if one.standing == "bad" then
    failure = { kind = "invalid_argument", outcome = "not_sent", message = one.problem }
    job.tally:add(one, "failed", failure)
  else
    job.tally:add(one, one.standing, failure, true)
  end
  if type(failure) == "table" and job.failures then job.failures:add(one, failure) end
end

-- The next row to be sent.
local function next_row(job, rows)
  local since = core.now()
  while not over(job) do
    local one = rows()
    if not one then return nil end
    if one.id and not job.ids[one.id] then
      return halt(job, 1, "the input changed while it was read")
    elseif one.standing == "todo" then
      return one
    end
    left_alone(job, one)
    if core.now() - since > LONG then
      block.sleep(core.engine(), 1e-6) -- else what is in flight would time out
      since = core.now()
    end
  end
end

-- What a journal cannot take must not be sent, and must not go on.
local function written(job, fine, why)
  if not fine then halt(job, 1, ("the journal cannot be written (%s): what was in flight is unknown"):format(why)) end
  return fine
end

-- A row has left the line: whether it may be sent.
local function before_send(job, one)
  if over(job) then return false end
  if job.journal and not written(job, job.journal:sending(one)) then return false end
  one.sent, job.open = true, job.open + 1
  return true
end

-- Before the journal, for a row that is done is not asked for again.
local function show(job, one, answer, err)
  if not job.results then return end
  local fine, ending = pcall(job.results.add, job.results, one, answer, err)
  if not fine then job.ending = job.ending or ending end -- nobody reads them
end

local function succeeded(job, one, answer, partial)
  show(job, one, answer)
  job.tally:add(one, partial and "partly" or "done")
  if job.journal then written(job, job.journal:done(one, answer, partial and #partial)) end
end

local function failed(job, one, err)
  show(job, one, nil, err)
  local failure = { kind = err.kind, outcome = err.outcome, message = err.message }
  local standing = tally.standing(failure)
  if standing == "later" and err.retry_after then failure.again = math.ceil(job.time() + err.retry_after) end
  job.tally:add(one, standing, failure)
  if job.journal then written(job, job.journal:failed(one, failure)) end
  if job.failures and standing ~= "unknown" then job.failures:add(one, failure) end
  if err.kind == "unauthorized" then halt(job, 3, "stopped: the API refuses the key") end
  if job.max_failures and job.tally.failed + job.tally.unknown >= job.max_failures then
    halt(job, 3, ("stopped after %d failures"):format(job.max_failures))
  end
end

-- Beside the requests: the progress; and the end after a signal, when rows wait in line and none is in flight.
local function watch(job)
  block.spawn(function()
    while not job.finished do
      job.progress:show()
      block.sleep(core.engine(), TICK)
      if over(job) and core.interrupted() and job.open == 0 then error("interrupted!", 0) end
    end
  end)
end

local function each(job)
  local rows, in_flight = plan.rows(job), {} -- by their arguments
  local function inputs()
    local one = next_row(job, rows)
    if not one then return nil end
    in_flight[one.arguments] = one
    return one.arguments
  end
  local given = {
    concurrency = job.concurrency,
    before_send = function(arguments)
      return before_send(job, in_flight[arguments])
    end,
  }
  for arguments, answer, _, err in job.client:map(job.row.name, inputs, given) do
    local one = in_flight[arguments]
    in_flight[arguments] = nil
    if one.sent then job.open = job.open - 1 end
    if answer then
      succeeded(job, one, answer, job.client.info(answer).partial)
    elseif one.sent or err.kind ~= "cancelled" then -- else it was not to be sent any more
      failed(job, one, err)
    end
  end
end

--- Works until all is sent, or something ends it.
-- @param job  as of plan.rows, and row (of the operations), client, ids (of plan.look), concurrency, max_failures,
--   tally, progress, stderr; journal, results, failures: where it has them
-- @return nil when all was tried; else {status, failure = why} or whatever was raised
function M.run(job)
  job.open = 0 -- rows that were sent and have no outcome yet
  core.catch_interrupt()
  watch(job)
  local fine, why = pcall(each, job)
  job.finished = true
  job.progress:clear()
  if not fine and type(why) == "table" and why.usage then halt(job, 1, why.usage) end -- of an input that changed
  if not fine then job.ending = job.ending or why end
  return job.ending
end

return M
