--- Many calls at once: what client:start and client:map are made of.

local run = require "cmr.sender"
local threads = require "cmr.loop.coroutines"

local jobs = {}

local Job = {}
Job.__index = Job
Job.__name = "cmr.job"

local unpack = table.unpack or unpack

local function new(job)
  job.waiting = 0
  return setmetatable(job, Job)
end

local function ended(job, ...)
  job.result, job.finished = { n = select("#", ...), ... }, true
  for _ = 1, math.max(1, job.waiting) do
    job.signal.post(job)
  end
end

-- What a limiter or a strategy of the user's own raises is raised again by job:wait(). Where pcall cannot be yielded
-- across, whoever runs the coroutine is told.
local function outcome(job, fine, ...)
  job.failed = not fine
  ended(job, ...)
end

--- Starts a prepared call beside the caller.
-- @tparam table state of the client
-- @param call from the core
-- @tparam table wait the strategy
-- @tparam table signal posted when it has finished, with the job
-- @tparam[opt] function before_send asked when it has left the line, see run.call
-- @treturn table job
function jobs.start(state, call, wait, signal, before_send)
  local job = new { wait_strategy = wait, signal = signal, before_send = before_send }
  wait.spawn(function()
    outcome(job, threads.protected(run.call, state, call, wait, job))
  end)
  return job
end

--- A job that ended before it began.
function jobs.ended(signal, ...)
  local job = new { signal = signal }
  ended(job, ...)
  return job
end

--- Waits for the end.
-- @return the envelope, or nil, message, err; as often as it is asked
function Job:wait()
  if not self.finished then
    self.waiting = self.waiting + 1
    repeat
      self.signal.wait()
    until self.finished
  end
  if self.failed then error(self.result[1], 0) end
  return unpack(self.result, 1, self.result.n)
end

--- Whether it has finished.
function Job:done()
  return self.finished == true
end

--- Ends it: at once when it is in flight, else when its turn comes. What was sent may have been done: see err.outcome.
function Job:cancel()
  if self.finished or self.cancelled then return end
  self.cancelled = true
  local call = self.call
  if call and not call:done() then
    call:cancel()
    self.wait_strategy.wake(call)
  end
end

-- Runs a function when the value it returns is collected, on every Lua.
local function when_collected(act)
  if newproxy then
    local guard = newproxy(true)
    getmetatable(guard).__gc = act
    return guard
  end
  return setmetatable({}, { __gc = act })
end

--- Runs a list of inputs, a few at a time.
-- @tparam function next_input -> input, or nil at the end
-- @tparam function begin (input, signal) -> job
-- @tparam table options concurrency (16), ordered (false)
-- @tparam table wait the strategy
-- @return for a generic for: input, and what its call returned, as they finish. When the loop is left early, what is in
-- flight is cancelled: at once on Lua 5.4, elsewhere when the garbage collector notices
function jobs.map(next_input, begin, options, wait)
  local signal, exhausted = wait.signal(), false
  local places, free = {}, {} -- the jobs that were begun and not yielded yet, and which places have none
  local first, last -- of those to be yielded next, each knows the one after it

  local function enqueue(job)
    if first then
      last.after = job
    else
      first = job
    end
    last = job
  end

  local ends = {
    post = function(job)
      if not options.ordered then enqueue(job) end
      signal.post()
    end,
  }

  local function cancel()
    exhausted = true
    for _, job in ipairs(places) do
      if job then job:cancel() end
    end
    places, free, first = {}, {}, nil
  end
  local guard = when_collected(cancel)

  local function fill()
    while not exhausted and #places - #free < (options.concurrency or 16) do
      local input = next_input()
      if input == nil then
        exhausted = true
      else
        local job = begin(input, ends)
        job.input, job.place = input, table.remove(free) or #places + 1
        places[job.place] = job
        if options.ordered then enqueue(job) end
      end
    end
  end

  local function take(job)
    first = job.after
    last = first and last -- it would keep its answer
    places[job.place] = false
    free[#free + 1] = job.place
    return job.input, job:wait()
  end

  local function step()
    fill()
    while #places > #free do
      if first and first:done() then return take(first) end
      signal.wait()
    end
    return nil, guard -- lives as long as the loop
  end

  return step, nil, nil, setmetatable({}, { __close = cancel })
end

return jobs
