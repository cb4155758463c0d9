--- One call's life: pace, start, wait, retry or return. The call is prepared already.

local core = require "cmr.core"
local partial = require "cmr.partial"
local raise = require "cmr.raise"
local retry = require "cmr.retry"
local waits = require "cmr.wait"

local infos = setmetatable({}, { __mode = "k" }) -- of answers and errors
local LONGEST_PAUSE = 60 -- seconds for which one answer may hold back everybody of its key
local worse = { not_sent = 1, rejected = 2, unknown = 3 }

-- The digits of a clock below any that matter: good enough to spread retries, and no seed to share.
local function dice()
  return core.now() * 1e5 % 1
end

--- What the user wants to be told. A hook that fails must not lose the answer of a call that was done.
local function tell(hook, info)
  if not hook then
    return nil
  end
  local fine, answer = pcall(hook, info)
  if not fine then
    io.stderr:write("cmr: a hook failed: ", tostring(answer), "\n")
    return nil
  end
  return answer
end

local run = {}

--- Facts about an answer or an error. See Client.info.
function run.info(result)
  local known = infos[result]
  if not known then
    return nil
  end
  local info = known.call:info()
  info.attempts, info.elapsed = known.attempts, known.elapsed
  info.partial = result.kind == nil and partial(core.operations[info.operation], result) or nil
  return info
end

--- The strategy by which a client's calls wait here. Raises where nothing can.
-- @tparam table state of the client
-- @tparam string name of what wants to wait, for the message
-- @tparam[opt] boolean iterating whether the caller is an iterator
function run.strategy(state, name, iterating)
  local wait = state.wait or waits.detect(iterating)
  local refused = wait.refuse and wait.refuse()
  if refused then
    raise(name .. ": " .. refused)
  end
  return wait
end

--- Runs a prepared call to its end.
-- @tparam table state of the client: target, options, limiter
-- @param call from the core
-- @tparam table wait the strategy
-- @tparam[opt] table job what client:start and client:map know of it: cancelled, and call while one is in flight. The
-- budget of a job begins when it leaves the line; before_send() is asked then, before anything is sent.
-- @return the envelope, or nil, message, err
function run.call(state, call, wait, job)
  local own = state.options
  local key = own.rate and state.target:key_id()
  local repeatable = call:repeatable()
  local begun = wait.now()
  local deadline = begun + own.timeout
  local attempt, outcome = 0, "not_sent"
  if own.on_response then
    call:trace()
  end

  local function give_up(err)
    if worse[outcome] > worse[err.outcome] then
      err.outcome = outcome
    end
    err.attempts = attempt
    infos[err] = { call = call, attempts = attempt, elapsed = wait.now() - begun }
    return nil, err.message, err
  end

  local function fail(kind, message, retry_after)
    local operation = call:info().operation
    message = ("%s: %s"):format(operation, message)
    return give_up(core.error {
      kind = kind, operation = operation, message = message, outcome = outcome, retry_after = retry_after,
    })
  end

  while true do
    if own.rate then
      local now = wait.now()
      local most = job and attempt == 0 and math.huge or deadline - now
      local delay, needed = state.limiter:reserve(key, own.rate, now, most)
      if not delay then
        local message = "the next request may leave in %.1f s, and the call has %.1f s left"
        return fail("rate_limited", message:format(needed, most), needed)
      end
      if delay > 0 then
        wait.sleep(core.engine(), delay)
      end
      if job and attempt == 0 then
        deadline = wait.now() + own.timeout
      end
    end
    if job and job.cancelled then
      return fail("cancelled", "cancelled")
    end
    local left = deadline - wait.now()
    if left <= 0 then
      return fail("timeout", ("no time left after %.1f s"):format(own.timeout))
    end
    if job and attempt == 0 and job.before_send and job.before_send() == false then
      return fail("cancelled", "cancelled")
    end

    attempt = attempt + 1
    local engine = core.engine() -- another one after a fork or a close
    call:start(engine, math.min(own.attempt_timeout, left))
    if job then
      job.call = call
    end
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

    if worse[err.outcome] > worse[outcome] then
      outcome = err.outcome
    end
    left = deadline - wait.now()
    if own.rate and err.kind == "rate_limited" then
      state.limiter:pause(key, wait.now(), math.min(LONGEST_PAUSE, err.retry_after or 1 / own.rate))
    end
    if attempt > own.retries or not retry.again(err, repeatable) then
      return give_up(err)
    end
    local delay = retry.delay(err, attempt, left, own.random or dice)
    if delay >= left then
      return give_up(err)
    end
    if tell(own.on_retry, { operation = err.operation, attempt = attempt, delay = delay, err = err }) == false then
      return give_up(err)
    end
    wait.sleep(core.engine(), delay)
  end
end

return run
