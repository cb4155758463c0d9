---Calls in the background: client:start and client:map.

local collected = require "cmr.util.collected"
local coroutines = require "cmr.loop.coroutines"
local errors = require "cmr.util.errors"
local sender = require "cmr.sender"
local validate = require "cmr.util.validate"

---The options of client:map. cmr calls before_send when an input's call has its slot in the rate limit, just before the
---request is sent. before_send can write a record of your own. If it returns false, cmr does not send the request, and
---the error is of kind "cancelled".
---@class cmr.MapOptions
---The maximum number of started calls whose results your loop has not taken yet. Default: 16.
---@field concurrency? integer
---
---True: the results come in the order of the inputs. False: the results come in the order in which the calls end.
---Default: false.
---@field ordered? boolean
---@field before_send? fun(input: any): boolean? Called before an input's first attempt. False skips the input.

local MAP_SPEC = { concurrency = validate.integer(1), ordered = "boolean", before_send = "function" }
local MAP_DEFAULTS = { concurrency = 16, ordered = false }

local jobs = {}

---A call in the background, from client:start.
---@class cmr.Job
local Job = {}
Job.__index = Job
Job.__name = "cmr.job"

-- Ends the job with the results of its call. If ok is false, `answer` is the error that the call raised.
local function finish(job, ok, answer, message, err)
  job.answer, job.message, job.err, job.raised, job.finished = answer, message, err, not ok, true
  job.semaphore.post(job)
  for _ = 2, job.waiting do
    job.semaphore.post(job)
  end
end

-- Runs a function of the sender in a coroutine. Then the job ends with the function's results.
local function run(job, send, ...)
  local a, b, c, d, e = ...
  job.loop.spawn(function()
    finish(job, coroutines.pcall(send, a, b, c, d, e))
  end)
end

-- Handles the end of an attempt that had no coroutine. If the attempt failed, a coroutine goes on with the call.
function Job:post()
  local loop, record = self.loop, self.record
  self.record = nil
  if self.is_attended then loop.leave() end
  local ok, answer, err = pcall(sender.arrived, record, loop)
  if ok and not answer then return run(self, sender.go_on, record, loop, err) end
  finish(self, ok, answer)
end

-- Starts a call whose first attempt can begin at once. The call needs no coroutine until its answer arrives.
local function begin(job, state, operation)
  local call, loop = job.call, job.loop
  local ok, record, message, err = pcall(sender.begin, state, call, loop, operation, job)
  if not ok or not record then return finish(job, ok, record, message, err) end
  job.record = record
  if call:done() then return job:post() end
  job.is_attended = true
  loop.attend(call, job)
end

---Starts a prepared call in the background. If the call raises an error, job:wait() raises this error again. On Lua
---5.1, where pcall cannot yield, an error in the call's coroutine goes to the loop instead.
---@param state table of the client
---@param call any the call from the core
---@param loop cmr.Loop
---@param operation cmr.Operation
---@param semaphore table The job posts itself here when it has finished.
---@param before_send? fun(): boolean?
function jobs.start(state, call, loop, operation, semaphore, before_send)
  local job = setmetatable({
    call = call,
    loop = loop,
    semaphore = semaphore,
    before_send = before_send,
    waiting = 0,
    finished = false,
    raised = false,
    is_attended = false,
    answer = nil, -- makes room in the table for the fields that are set later
    record = nil,
    slot = nil,
  }, Job)
  if loop.attend and not before_send and sender.is_plain(state, call, operation) then
    begin(job, state, operation)
  else
    run(job, sender.send, state, call, loop, operation, job)
  end
  return job
end

---Returns a job that has finished without a call. Its results are `answer`, `message` and `err`.
function jobs.finished(semaphore, answer, message, err)
  local job = setmetatable({ semaphore = semaphore, waiting = 0 }, Job)
  finish(job, true, answer, message, err)
  return job
end

-- Raises if the running coroutine cannot wait in this loop.
local function check(loop, caller)
  local reason = loop.unsupported and loop.unsupported "caller"
  if not reason then return end
  errors.raise(("%s: %s: wait in a coroutine of the loop that runs the call"):format(caller, reason:match "^[^;:]+"))
end

---Waits until the call has ended. A second wait returns the same values.
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Job:wait()
  if not self.finished then
    check(self.loop, "job:wait")
    self.waiting = self.waiting + 1
    repeat
      self.semaphore.wait()
    until self.finished
  end
  if self.raised then error(self.answer, 0) end
  if self.answer then return self.answer end
  return nil, self.message, self.err
end

---Returns whether the call has finished.
---@return boolean
function Job:done()
  return self.finished == true
end

---Cancels the call. A call in flight ends at once. In nginx, a call that waits for a slot or a retry also ends at once.
---Outside nginx, such a call ends before its next attempt. If the request was already sent, the server may have done
---it: see err.outcome.
function Job:cancel()
  if self.finished or self.cancelled then return end
  self.cancelled = true
  local call, loop = self.call, self.loop
  if not call:done() then
    call:cancel()
    loop.notify(call)
  end
  if loop.interrupt then loop.interrupt(self) end
end

-- Returns whether the sender may make its next attempt. Calls before_send before the first attempt only. If before_send
-- returns a table, that table becomes the context of the ledger's entry.
function Job:may_send()
  local before_send = self.before_send
  self.before_send = nil
  if self.cancelled or not before_send then return not self.cancelled end
  local answer = before_send()
  if type(answer) == "table" then self.context = answer end
  return answer ~= false
end

local function iterator_of(inputs)
  if type(inputs) == "function" then return inputs end
  if type(inputs) ~= "table" then
    errors.raise("map: bad inputs (a list or a function expected, got " .. type(inputs) .. ")")
  end
  local index = 0
  return function()
    index = index + 1
    return inputs[index]
  end
end

---Runs the calls for many inputs concurrently. See client:map.
---@param start fun(input: any, semaphore: table, before_send: function?): cmr.Job
function jobs.map(loop, inputs, opts, start)
  opts = validate.options("map", MAP_SPEC, MAP_DEFAULTS, opts)
  local next_input, exhausted = iterator_of(inputs), false
  local semaphore = loop.semaphore()
  local slots, free = {}, {} -- slots: jobs that the iterator has not returned yet; free: indexes of empty slots
  local slot_count, free_count = 0, 0
  local watch, was_left
  -- The queue of jobs to return. With opts.ordered it has all started jobs, otherwise only the finished jobs. job.after
  -- is the next job.
  local first, last

  local function enqueue(job)
    if first then
      last.after = job
    else
      first = job
    end
    last = job
  end

  local finished = {
    post = function(job)
      if not opts.ordered then enqueue(job) end
      semaphore.post()
    end,
  }

  local function cancel()
    exhausted = true
    if watch then watch.stop() end
    for index = 1, slot_count do
      if slots[index] then slots[index]:cancel() end
    end
    slots, free, slot_count, free_count, first = {}, {}, 0, 0, nil
  end
  local guard = collected.guard(cancel)
  watch = loop.watch and loop.watch(function()
    was_left = true
    cancel()
  end)

  local function free_slot()
    if free_count == 0 then
      slot_count = slot_count + 1
      return slot_count
    end
    free_count = free_count - 1
    return free[free_count + 1]
  end

  local function start_next(input)
    local before_send = opts.before_send and function()
      return opts.before_send(input)
    end
    local job, slot = start(input, finished, before_send), free_slot()
    job.input, job.slot, slots[slot] = input, slot, job
    if opts.ordered then enqueue(job) end
  end

  local function fill()
    while not exhausted and slot_count - free_count < opts.concurrency do
      local input = next_input()
      if input == nil then
        exhausted = true
      else
        start_next(input)
      end
    end
  end

  local function take(job)
    first = job.after
    last = first and last -- an empty queue must not keep its last job's answer alive
    free_count = free_count + 1
    slots[job.slot], free[free_count] = false, job.slot
    return job.input, job:wait()
  end

  local function step()
    if was_left then errors.raise "map: the coroutine that ran this loop has ended, so its calls were cancelled" end
    check(loop, "map")
    if watch then watch.seen() end
    fill()
    while slot_count > free_count do
      if first and first:done() then return take(first) end
      semaphore.wait()
    end
    if watch then watch.stop() end
    return nil, guard -- this use of `guard` keeps the guard alive as long as the iterator
  end

  return step, nil, nil, setmetatable({}, { __close = cancel })
end

return jobs
