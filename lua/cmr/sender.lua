---Sends a prepared call: waits for a slot, counts the call for the quota, records the call in the ledger, makes
---attempts and returns the result.

local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local errors = require "cmr.util.errors"
local limiter = require "cmr.limiter"
local log = require "cmr.util.log"
local client_options = require "cmr.client_options"
local quota = require "cmr.quota"
local redact = require "cmr.util.redact"
local request_id = require "cmr.request_id"
local retry = require "cmr.retry"
local retry_budget = require "cmr.retry_budget"

-- cmr undoes a hook's changes to these fields of an error, because cmr still needs the true values. All these fields
-- except `message` decide whether and when cmr repeats the call.
local DECISIVE_FIELDS = { "kind", "outcome", "message", "status", "retry_after", "curl_code" }

local OUTCOME_SEVERITY = { not_sent = 1, rejected = 2, unknown = 3 }

local sender = {}

local budget = retry_budget.new() -- shared by all clients of this process or nginx worker

local records = setmetatable({}, { __mode = "k" }) -- answer or error -> the record of its call

---Returns a number from 0 to 1. The number comes from the clock's lowest digits, which are random enough.
function sender.jitter()
  return core.now() * 1e5 % 1
end

local function more_severe(one, other)
  return OUTCOME_SEVERITY[one] > OUTCOME_SEVERITY[other] and one or other
end

local function failure(record, kind, message, retry_after)
  local operation = record.call:info().operation -- a raw request has a name too, such as "GET /path"
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
  -- In `records`, the result is a weak key and the record is its value. Lua 5.1 never collects an entry whose value
  -- refers to its key. So the record must not lead to the result. The job refers to the result, so the record
  -- drops the job.
  record.job = nil
  records[result] = record
end

-- Tells the quota and the ledger that the call failed.
local function record_failure(record, err)
  quota.failed(record.reservation, err)
  if record.entry then record.entry:failed(err) end
end

local function fail(record, loop, err)
  err.outcome = more_severe(record.outcome, err.outcome)
  err.attempts = record.attempts
  record_failure(record, err)
  finish(record, loop, err)
  return nil, err.message, err
end

-- Counts a call for the quota and records the call in the ledger, before the first attempt. Returns nil and an error if
-- the call must not be sent.
local function register(record, state)
  local reservation, message, seconds = quota.reserve(state, record.call, record.operation)
  record.reservation = reservation
  if message then return nil, failure(record, "quota_exceeded", message, seconds) end
  if not state.ledger or record.repeatable then return true end
  local job = record.job
  local reason
  record.entry, message, reason = require("cmr.ledger.entry").begin(state, record.call, job and job.context)
  if record.entry then return true end
  if reason ~= "repeated" then message = ("the ledger cannot be written (%s)"):format(message) end
  local err = failure(record, "not_recorded", message .. "; nothing was sent")
  err.code = reason
  return nil, err
end

-- Returns the error of a call that waited while the process forked. This process is the child. The parent has the same
-- call and sends it.
local function left_to_parent(record)
  local err = failure(record, "cancelled", "the process forked before the call was sent: its parent has it")
  err.outcome = "unknown"
  return err
end

-- Returns the seconds that are left for the attempt, or nil and an error if there must be no attempt.
local function time_left(record, loop)
  local job = record.job
  if record.process ~= core.process() then return nil, left_to_parent(record) end
  if job and not job:may_send() then return nil, failure(record, "cancelled", "cancelled") end
  local now = loop.now()
  record.deadline = math.min(record.deadline, now + record.timeout) -- the timeout of a background job starts here
  local left = record.deadline - now
  if left > 0 then return left end
  return nil, failure(record, "timeout", ("no time left after %.1f s"):format(record.timeout))
end

-- Returns the engine. After a fork, or when the engine was closed, core.engine() makes a new engine. If that fails, for
-- example because no descriptor is left, returns nil and an error. Raises only Lua's own error "not enough memory".
local function find_engine(record)
  local ok, engine = pcall(core.engine)
  if ok then return engine end
  if engine == "not enough memory" then error(engine, 0) end
  return nil, failure(record, "network", engine)
end

-- Waits for a slot. Returns the results of time_left.
local function get_ready(record, state, loop)
  local rate, job = state.options.rate, record.job
  local engine, err = find_engine(record)
  if not engine then return nil, err end
  if rate and not (job and job.cancelled) then
    local ok, needed, max_wait = limiter.wait_for_slot(state.limiter, record.key, rate, loop, record.deadline, job)
    if not ok then
      local message = "the next request may leave in %.1f s, and the call has %.1f s left"
      return nil, failure(record, "rate_limited", message:format(needed, max_wait), needed)
    end
  end
  return time_left(record, loop)
end

-- Calls a hook with an event about an error. The hook cannot cause another attempt by changing the error.
local function call_hook_about(err, hook, event)
  local before = {}
  for _, field in ipairs(DECISIVE_FIELDS) do
    before[field] = err[field]
  end
  local answer = errors.call_hook(hook, event)
  for _, field in ipairs(DECISIVE_FIELDS) do
    err[field] = before[field]
  end
  return answer
end

-- Returns the call's info in the form for users.
local function public_info(record)
  local info = record.call:info()
  info.url = redact.url(info.url)
  info.request_id = request_id.of(info.headers, record.state.options.request_id_header)
  return info
end

-- Returns the table that all hooks of the call share.
local function context_of(record)
  record.context = record.context or {}
  return record.context
end

-- Returns the argument of on_request for the next attempt.
local function announcement(record)
  local info = record.call:info()
  return {
    operation = info.operation,
    method = info.method,
    url = redact.url(info.url),
    attempt = record.attempts + 1,
    context = context_of(record),
  }
end

-- Calls on_request, and adds the returned headers to the attempt. If the core cannot send a header, this function omits
-- the header and logs its name, because a mistake in a hook must not break the call.
local function call_on_request(record, hook)
  local call, event = record.call, announcement(record)
  event.repeatable = record.repeatable
  call:clear_headers()
  local headers = errors.call_hook(hook, event)
  if not headers then return end
  if type(headers) ~= "table" then
    log.error("on_request returned a %s: a table of headers expected", type(headers))
    return
  end
  for name, value in next, headers do
    local ok, message = call:add_header(name, value)
    if not ok then
      log.error("on_request: the header '%s' is not sent: %s", type(name) == "string" and name or type(name), message)
    end
  end
end

-- Adds the request id to an error, and calls on_response.
local function call_on_response(record, opts, err)
  if not err and not opts.on_response then return end
  local info = public_info(record)
  if err and info.request_id then
    err.request_id = info.request_id
    err.message = ("%s (request id %s)"):format(err.message, info.request_id)
  end
  if not opts.on_response then return end
  info.attempt, info.err, info.context = record.attempts, err, context_of(record)
  call_hook_about(err or {}, opts.on_response, info)
end

-- Calls on_request. Only then calls time_left, because the hook may use up the time or cancel the job. Returns the
-- results of time_left.
local function announce(record, opts, loop)
  call_on_request(record, opts.on_request)
  local left, err = time_left(record, loop)
  if not left and opts.on_response then
    local event = announcement(record)
    event.err, event.elapsed, event.sends, event.queued = err, 0, 0, 0
    call_hook_about(err, opts.on_response, event)
  end
  return left, err
end

-- Refills the budget when an attempt has ended. cmr.retry_budget says how much.
local function earn(record, opts, err)
  local answered = not err or err.outcome == "rejected" and err.kind ~= "rate_limited"
  if not answered or not opts.retry_budget then return end
  if record.has_paid then
    budget:give_back(record.key)
  else
    budget:answered(record.key)
  end
  record.has_paid = nil
end

-- Starts an attempt, and returns the engine that makes it.
local function leave(record, left)
  local engine = core.engine() -- if this line raises an error, the attempt is not counted, and nothing was sent
  record.attempts = record.attempts + 1
  record.sent_at = core.time()
  record.call:start(engine, math.min(record.attempt_timeout, left), left)
  return engine
end

-- Ends an attempt. Returns the envelope, or nil and an error.
local function arrive(record, state)
  local opts, call = state.options, record.call
  local res, _, err = call:result()
  call:release() -- frees the body; the call itself stays for cmr.info, as long as the answer or error lives
  call_on_response(record, opts, err)
  earn(record, opts, err)
  if res then return res end
  record.outcome = more_severe(err.outcome, record.outcome)
  if opts.rate and err.kind == "rate_limited" then
    limiter.pause(state.limiter, record.key, err.retry_after or 1 / opts.rate)
  end
  return nil, err
end

-- Makes one attempt. Returns the envelope, or nil and an error.
local function attempt(record, state, loop, left)
  local opts = state.options
  if opts.on_request then
    local err
    left, err = announce(record, opts, loop)
    if not left then return nil, err end
  end
  loop.wait(leave(record, left), record.call)
  return arrive(record, state)
end

-- Returns the seconds until another attempt, or nil if no other attempt follows.
local function next_delay(record, opts, err, left)
  local repeatable = record.repeatable
  if record.attempts > opts.retries or err.kind == "cancelled" then return nil end
  local function default_delay()
    return retry.delay(err, record.attempts, left, opts.jitter or sender.jitter)
  end
  local delay = retry.again(err, repeatable) and default_delay() or nil
  if not opts.retry or not retry.is_safe(repeatable, record.outcome) then return delay end
  local answer = call_hook_about(err, opts.retry, {
    operation = err.operation,
    attempt = record.attempts,
    delay = delay,
    err = err,
    context = context_of(record),
  })
  if answer == nil then return delay end
  if answer == false then return nil end
  if answer == true then return delay or default_delay() end
  if type(answer) == "number" and answer >= 0 then return math.max(answer, err.retry_after or 0) end
  log.error("retry returned %s: true, false, nil or seconds expected", type(answer))
  return delay
end

-- Waits before the next attempt. Returns false if there must be no other attempt.
local function back_off(record, state, loop, err)
  local opts = state.options
  local left = record.deadline - loop.now()
  local delay = left > 0 and next_delay(record, opts, err, left)
  local engine = delay and delay < left and find_engine(record)
  if not engine then return false end
  local costs = opts.retry_budget and retry.is_outage(err)
  if costs and not budget:take(record.key, opts.retry_budget) then
    record.budget_exhausted, err.budget_exhausted = true, true
    err.message = err.message .. "; not tried again: too many retries failed (retry_budget)"
    return false
  end
  if opts.on_retry then
    local event = { operation = err.operation, attempt = record.attempts, delay = delay, err = err }
    event.context = context_of(record)
    if call_hook_about(err, opts.on_retry, event) == false then
      if costs then budget:give_back(record.key) end
      return false
    end
  end
  record.has_paid = record.has_paid or costs
  engine = find_engine(record) -- again, because on_retry may have closed a client and the engine with it
  if not engine then return false end
  loop.sleep(engine, delay, record.job)
  return true
end

local function make_attempts(record, state, loop)
  local left, res, err
  repeat
    left, err = get_ready(record, state, loop)
    if left and record.attempts == 0 then
      local ok, problem = register(record, state)
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

-- Returns the results of a call. If an error was raised, for example by the user's loop adapter, records that the call
-- failed, and raises the error again.
local function reraise(record, ok, ...)
  if ok then return ... end
  local outcome = record.attempts == 0 and "not_sent" or "unknown"
  local err = { kind = "cancelled", outcome = outcome, message = "an error was raised while the call waited" }
  record_failure(record, err)
  error((...), 0)
end

-- Returns the record of a call that begins now.
local function new_record(state, call, loop, operation, job, repeatable)
  local opts, now = state.options, loop.now()
  local timeout, attempt_timeout = client_options.bounds(opts, operation, call)
  return {
    call = call,
    operation = operation,
    state = state,
    repeatable = repeatable,
    job = job, -- nil when the caller waits
    key = (opts.rate or opts.retry_budget) and state.target:key_id(),
    started_at = now,
    process = core.process(),
    timeout = timeout,
    attempt_timeout = attempt_timeout,
    deadline = job and math.huge or now + timeout, -- a job's timeout starts when it gets its first slot
    attempts = 0,
    outcome = "not_sent",
  }
end

---Sends a prepared call and returns its results.
---@param state table The client's state: target, options, limiter, store, ledger.
---@param call any The call that the core prepared.
---@param loop cmr.Loop
---@param operation cmr.Operation? Nil for a raw request.
---@param job cmr.Job? Nil when the caller waits for the call.
function sender.send(state, call, loop, operation, job)
  local repeatable = call:repeatable()
  local record = new_record(state, call, loop, operation, job, repeatable)
  if state.options.on_response then call:trace() end
  if repeatable then return make_attempts(record, state, loop) end
  return reraise(record, coroutines.protect(make_attempts, record, state, loop))
end

---Returns whether the first attempt of a job's call can begin at once. The client must have no rate limit, no
---hook on_request and no hook on_response. The call must have no quota, and must be harmless to repeat. The ledger does
---not record such a call.
---@return boolean
function sender.is_plain(state, call, operation)
  local opts = state.options
  return not (opts.rate or opts.on_request or opts.on_response or operation.flags.quota) and call:repeatable()
end

---Starts the first attempt of a call for which sender.is_plain is true.
---@param job cmr.Job
---@return table? record The argument of sender.arrived, which is called when the attempt has ended.
---@return string? message
---@return cmr.Error? err The call's error if the attempt cannot start.
function sender.begin(state, call, loop, operation, job)
  local record = new_record(state, call, loop, operation, job, true)
  local engine, err = find_engine(record)
  if not engine then return fail(record, loop, err) end
  leave(record, time_left(record, loop))
  return record
end

---Returns the result of the first attempt, which has ended. If the attempt succeeded, also records the call's end.
---@return cmr.Answer? answer
---@return cmr.Error? err The argument of sender.go_on, which must be called after a failed attempt.
function sender.arrived(record, loop)
  local res, err = arrive(record, record.state)
  if res then finish(record, loop, res) end
  return res, err
end

---Makes the other attempts of a call after the first attempt has failed. Returns the call's results. This function may
---wait.
---@param err cmr.Error
function sender.go_on(record, loop, err)
  if back_off(record, record.state, loop, err) then return make_attempts(record, record.state, loop) end
  return fail(record, loop, err)
end

---Reports facts about an answer or an error. See cmr.info.
function sender.info(result)
  local record = records[result]
  if not record then return nil end
  local info = public_info(record)
  info.attempts, info.elapsed, info.budget_exhausted = record.attempts, record.elapsed, record.budget_exhausted
  if record.entry then
    info.ledger_id, info.ledger_error = record.entry.id, record.entry.problem
  end
  if result.kind == nil then
    local operation = record.operation
    info.partial = require("cmr.settlement.refused").items(operation, result)
    if operation and operation.flags.async then
      info.plan = require("cmr.settlement").plan(operation, record.call:arguments(), result, record.sent_at)
    end
  end
  return info
end

return sender
