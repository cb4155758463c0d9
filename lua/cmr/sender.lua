--- One call's life: pace, start, wait, retry or return. The call is prepared already.

local core = require "cmr.core"
local operations = require "cmr.operations"
local partial = require "cmr.partial"
local quota = require "cmr.quota"
local raise = require("cmr.util.errors").raise
local retry = require "cmr.retry"
local threads = require "cmr.loop.coroutines"
local waits = require "cmr.loop"

local infos = setmetatable({}, { __mode = "k" }) -- of answers and errors
local LONGEST_PAUSE = 60 -- seconds for which one answer may hold back everybody of its key
local pauses = {} -- key -> until when the server said to wait, as this process heard
local worse = { not_sent = 1, rejected = 2, unknown = 3 }

-- The digits of a clock below any that matter: good enough to spread retries, and no seed to share.
local function dice()
  return core.now() * 1e5 % 1
end

--- What the user wants to be told. A hook that fails must not lose the answer of a call that was done.
local function tell(hook, info)
  if not hook then return nil end
  local fine, answer = pcall(hook, info)
  if not fine then
    io.stderr:write("cmr: a hook failed: ", tostring(answer), "\n")
    return nil
  end
  return answer
end

-- Waits for a place in the line of a key's rate. Who has one when the server says to wait takes another, behind that.
-- @treturn[1] boolean true
-- @treturn[2] nil when the wait would be too long
-- @treturn[2] number how long it would be, seconds
-- @treturn[2] number how long it may be
local function line_up(state, key, wait, deadline)
  repeat
    local told, now = pauses[key], wait.now()
    local delay, needed = state.limiter:reserve(key, state.options.rate, now, deadline - now)
    if not delay then return nil, needed, deadline - now end
    if delay > 0 then wait.sleep(core.engine(), delay) end
  until pauses[key] == told or pauses[key] <= wait.now()
  return true
end

local run = {}

--- Facts about an answer or an error. See Client.info.
function run.info(result)
  local known = infos[result]
  if not known then return nil end
  local info = known.call:info()
  info.attempts, info.elapsed = known.attempts, known.elapsed
  info.partial = result.kind == nil and partial(operations[info.operation], result) or nil
  return info
end

--- The body that was sent for an answer, decoded; nil where there was none, or for a table that is none of ours.
function run.sent(result)
  local known = infos[result]
  local text = known and known.call:body()
  return text and core.json_decode(text) or nil
end

--- The strategy by which a client's calls wait here. Raises where nothing can.
-- @tparam table state of the client
-- @tparam string name of what wants to wait, for the message
-- @tparam[opt] boolean iterating whether the caller is an iterator; false: it does not wait itself
function run.strategy(state, name, iterating)
  local wait = state.wait or waits.detect(iterating)
  local refused = wait.refuse and wait.refuse(iterating)
  if refused then raise(name .. ": " .. refused) end
  return wait
end

-- What a limiter or a hook of the user's own raises is raised again; what was not sent does not count.
local function counted_out(counted, fine, ...)
  if not fine then
    if not counted.sent then quota.failed(counted, { outcome = "not_sent" }) end
    error((...), 0)
  end
  return ...
end

-- See run.call. counted, used_up and seconds are what quota.take returned.
local function carry_out(state, call, wait, job, counted, used_up, seconds)
  local own = state.options
  local key = own.rate and state.target:key_id()
  local repeatable = call:repeatable()
  local begun = wait.now()
  local deadline = begun + own.timeout
  local attempt, outcome = 0, "not_sent"
  if own.on_response then call:trace() end

  local function give_up(err)
    if worse[outcome] > worse[err.outcome] then err.outcome = outcome end
    err.attempts = attempt
    quota.failed(counted, err)
    infos[err] = { call = call, attempts = attempt, elapsed = wait.now() - begun }
    return nil, err.message, err
  end

  local function fail(kind, message, retry_after)
    local operation = call:info().operation
    message = ("%s: %s"):format(operation, message)
    return give_up(core.error {
      kind = kind,
      operation = operation,
      message = message,
      outcome = outcome,
      retry_after = retry_after,
    })
  end

  if used_up then return fail("quota_exceeded", used_up, seconds) end
  while true do
    if own.rate then
      local fine, needed, most = line_up(state, key, wait, job and attempt == 0 and math.huge or deadline)
      if not fine then
        local message = "the next request may leave in %.1f s, and the call has %.1f s left"
        return fail("rate_limited", message:format(needed, most), needed)
      end
      if job and attempt == 0 then deadline = wait.now() + own.timeout end
    end
    if job and job.cancelled then return fail("cancelled", "cancelled") end
    local left = deadline - wait.now()
    if left <= 0 then return fail("timeout", ("no time left after %.1f s"):format(own.timeout)) end
    if job and attempt == 0 and job.before_send and job.before_send() == false then
      return fail("cancelled", "cancelled")
    end

    attempt = attempt + 1
    if counted then counted.sent = true end
    local engine = core.engine() -- another one after a fork or a close
    call:start(engine, math.min(own.attempt_timeout, left))
    if job then job.call = call end
    wait.wait(engine, call)
    local res, _, err = call:result()
    call:release() -- the call lives as long as its result, for cmr.info
    if own.on_response then
      local info = call:info()
      info.attempt, info.err = attempt, err
      tell(own.on_response, info)
    end
    if res then
      infos[res] = { call = call, attempts = attempt, elapsed = wait.now() - begun }
      return res
    end

    if worse[err.outcome] > worse[outcome] then outcome = err.outcome end
    left = deadline - wait.now()
    if own.rate and err.kind == "rate_limited" then
      local now, pause = wait.now(), math.min(LONGEST_PAUSE, err.retry_after or 1 / own.rate)
      pauses[key] = math.max(pauses[key] or 0, now + pause)
      state.limiter:pause(key, now, pause)
    end
    if attempt > own.retries or not retry.again(err, repeatable) then return give_up(err) end
    local delay = retry.delay(err, attempt, left, own.jitter or dice)
    if delay >= left then return give_up(err) end
    if tell(own.on_retry, { operation = err.operation, attempt = attempt, delay = delay, err = err }) == false then
      return give_up(err)
    end
    wait.sleep(core.engine(), delay)
  end
end

--- Runs a prepared call to its end.
-- @tparam table state of the client: target, options, limiter, store
-- @param call from the core
-- @tparam table wait the strategy
-- @tparam[opt] table job what client:start and client:map know of it: cancelled, and call while one is in flight. The
-- budget of a job begins when it leaves the line; before_send() is asked then, before anything is sent.
-- @return the envelope, or nil, message, err
function run.call(state, call, wait, job)
  local counted, used_up, seconds = quota.take(state, call)
  if not counted then return carry_out(state, call, wait, job, nil, used_up, seconds) end
  return counted_out(counted, threads.protected(carry_out, state, call, wait, job, counted))
end

return run
