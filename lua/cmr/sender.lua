---Sends a prepared call. It waits for a slot, counts the call for the quota, records it in the ledger, makes attempts
---and returns the result.

local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local errors = require "cmr.util.errors"
local limiter = require "cmr.limiter"
local operations = require "cmr.operations"
local quota = require "cmr.quota"
local retry = require "cmr.retry"

local OUTCOME_SEVERITY = { not_sent = 1, rejected = 2, unknown = 3 }

-- The job of a call that its caller waits for. Its timeout starts at once. See cmr.jobs.
local FOREGROUND_JOB = {
  max_queue_seconds = 0,
  may_send = function()
    return true
  end,
}

local sender = {}

local records = setmetatable({}, { __mode = "k" }) -- answer or error -> the record of its call

-- Returns a number from 0 to 1. It comes from the clock's lowest digits, which are random enough to spread retries, and
-- need no seed.
local function jitter()
  return core.now() * 1e5 % 1
end

local function more_severe(one, other)
  return OUTCOME_SEVERITY[one] > OUTCOME_SEVERITY[other] and one or other
end

local function failure(record, kind, message, retry_after)
  local operation = record.call:info().operation
  return core.error {
    kind = kind,
    operation = operation,
    message = ("%s: %s"):format(operation, message),
    outcome = record.outcome,
    retry_after = retry_after,
  }
end

local function finish(record, loop, result)
  record.elapsed = loop.now() - record.started_at
  record.job = nil -- the job has the result, and on Lua 5.1 a record that refers to its own result is never collected
  records[result] = record
end

local function fail(record, loop, err)
  err.outcome = more_severe(record.outcome, err.outcome)
  err.attempts = record.attempts
  quota.failed(record.reservation, err)
  if record.entry then record.entry:failed(err) end
  finish(record, loop, err)
  return nil, err.message, err
end

-- Counts a request for the quota and records it in the ledger, before it is sent for the first time. Returns nil and an
-- error if it must not be sent.
local function register(record, state, job)
  local reservation, message, seconds = quota.reserve(state, record.call)
  record.reservation = reservation
  if message then return nil, failure(record, "quota_exceeded", message, seconds) end
  if not state.ledger or record.call:repeatable() then return true end
  local reason
  record.entry, message, reason = require("cmr.ledger.entry").begin(state, record.call, job.context)
  if record.entry then return true end
  if reason ~= "repeated" then message = ("the ledger cannot be written (%s)"):format(message) end
  local err = failure(record, "not_recorded", message .. "; nothing was sent")
  err.code = reason
  return nil, err
end

-- Waits for a slot. Returns the seconds that are left for the attempt, or nil and an error if there must be no attempt.
local function get_ready(record, state, loop, job)
  local opts = state.options
  if opts.rate and not job.cancelled then
    local ok, needed, max_wait =
      limiter.wait_for_slot(state.limiter, record.key, opts.rate, loop, record.deadline, record.job)
    if not ok then
      local message = "the next request may leave in %.1f s, and the call has %.1f s left"
      return nil, failure(record, "rate_limited", message:format(needed, max_wait), needed)
    end
  end
  if not job:may_send() then return nil, failure(record, "cancelled", "cancelled") end
  local now = loop.now()
  record.deadline = math.min(record.deadline, now + opts.timeout) -- the timeout of a background job starts here
  local left = record.deadline - now
  if left > 0 then return left end
  return nil, failure(record, "timeout", ("no time left after %.1f s"):format(opts.timeout))
end

-- Makes one attempt. Returns the envelope, or nil and an error.
local function attempt(record, state, loop, left)
  local opts, call = state.options, record.call
  record.attempts = record.attempts + 1
  record.sent_at = core.time()
  local engine = core.engine() -- core.engine() returns a new engine after a fork or a close
  call:start(engine, math.min(opts.attempt_timeout, left), left)
  loop.wait(engine, call)
  local res, _, err = call:result()
  call:release() -- frees the body now, because cmr.info keeps the call alive as long as its result
  if opts.on_response then
    local info = call:info()
    info.attempt, info.err = record.attempts, err
    errors.call_hook(opts.on_response, info)
  end
  if res then return res end
  record.outcome = more_severe(err.outcome, record.outcome)
  if opts.rate and err.kind == "rate_limited" then
    limiter.pause(state.limiter, record.key, err.retry_after or 1 / opts.rate)
  end
  return nil, err
end

-- Waits before the next attempt. Returns false if there must be no other attempt.
local function back_off(record, state, loop, err)
  local opts = state.options
  if record.attempts > opts.retries or not retry.again(err, record.call:repeatable()) then return false end
  local left = record.deadline - loop.now()
  local delay = retry.delay(err, record.attempts, left, opts.jitter or jitter)
  if delay >= left then return false end
  if opts.on_retry then
    local event = { operation = err.operation, attempt = record.attempts, delay = delay, err = err }
    if errors.call_hook(opts.on_retry, event) == false then return false end
  end
  loop.sleep(core.engine(), delay, record.job)
  return true
end

local function make_attempts(record, state, loop, job)
  local left, res, err
  repeat
    left, err = get_ready(record, state, loop, job)
    if left and record.attempts == 0 then
      local ok, problem = register(record, state, job)
      if not ok then
        left, err = nil, problem
      end
    end
    if not left then return fail(record, loop, err) end
    res, err = attempt(record, state, loop, left)
    if res then
      if record.entry then record.entry:answered(res) end
      finish(record, loop, res)
      return res
    end
  until not back_off(record, state, loop, err)
  return fail(record, loop, err)
end

-- Raises an error from the user's loop adapter again, after recording the end of the request.
local function reraise(record, ok, ...)
  if ok then return ... end
  local outcome = record.attempts == 0 and "not_sent" or "unknown"
  local err = { kind = "cancelled", outcome = outcome, message = "an error was raised while the call waited" }
  quota.failed(record.reservation, err)
  if record.entry then record.entry:failed(err) end
  error((...), 0)
end

---Sends a prepared call and returns its results.
---@param state table The client's state: target, options, limiter, store.
---@param call any from the core
---@param loop cmr.Loop
---@param job cmr.Job? Nil when the caller waits for the call.
function sender.send(state, call, loop, job)
  local opts = state.options
  local now = loop.now()
  local record = {
    call = call,
    job = job, -- nil when the caller waits
    key = opts.rate and state.target:key_id(),
    started_at = now,
    deadline = now + opts.timeout + (job or FOREGROUND_JOB).max_queue_seconds,
    attempts = 0,
    outcome = "not_sent",
    elapsed = 0,
  }
  job = job or FOREGROUND_JOB
  if opts.on_response then call:trace() end
  if call:repeatable() then return make_attempts(record, state, loop, job) end
  return reraise(record, coroutines.pcall(make_attempts, record, state, loop, job))
end

---Reports facts about an answer or an error. See cmr.info.
function sender.info(result)
  local record = records[result]
  if not record then return nil end
  local info = record.call:info()
  info.attempts, info.elapsed = record.attempts, record.elapsed
  if record.entry then
    info.ledger_id, info.ledger_error = record.entry.id, record.entry.problem
  end
  if result.kind == nil then
    local settlement, operation = require "cmr.settlement", operations[info.operation]
    info.partial = settlement.failed_items(operation, result)
    if operation and operation.flags.async then
      info.plan = settlement.plan(operation, record.call:arguments(), result, record.sent_at)
    end
  end
  return info
end

---Returns the arguments of the call that returned an answer. The caller must not change them.
---@return table? args The arguments by name; nil for a raw request, or when no call returned the answer.
function sender.arguments(result)
  local record = records[result]
  return record and record.call:arguments()
end

return sender
