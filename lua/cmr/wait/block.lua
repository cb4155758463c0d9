--- Waiting in a plain script: the process waits, and everything in flight goes on meanwhile. What was spawned runs in
-- coroutines of ours, and moves whenever somebody waits.

local core = require "cmr.core"
local waiters = require "cmr.wait.waiters"

local block = { now = core.now }

local STEP = 1000 -- milliseconds; bounds how long one poll lasts
local create, resume, running, yield = coroutine.create, coroutine.resume, coroutine.running, coroutine.yield

local ours = setmetatable({}, { __mode = "k" }) -- the coroutines that were spawned here
local sleepers = {} -- {at, coroutine}, the next one last

local function go(co, ...)
  local fine, why = resume(co, ...)
  if not fine then
    error(debug.traceback(co, tostring(why)), 0)
  end
end

local function post(waiter)
  go(waiter.co)
end

--- Lets what can move move, waiting up to a time for it.
local function turn(seconds)
  local now = core.now()
  local next_one = sleepers[#sleepers]
  while next_one and next_one.at <= now do
    sleepers[#sleepers] = nil
    go(next_one.co)
    seconds, next_one = 0, sleepers[#sleepers]
  end
  if next_one then
    seconds = math.min(seconds, next_one.at - now)
  end
  local engine = core.engine()
  waiters.finished(engine, engine:wait(math.min(STEP, seconds * 1000)))
end

--- The coroutine that runs, when it was spawned here.
local function spawned()
  local co = running()
  return co and ours[co] and co
end

block.spawned = spawned

--- Waits until the call has finished.
function block.wait(_, call)
  local co = spawned()
  while not call:done() do
    if co then
      waiters.add(call, { co = co, post = post })
      yield()
    else
      turn(STEP)
    end
  end
end

--- Waits for a time.
-- @tparam number seconds
function block.sleep(_, seconds)
  local at = core.now() + seconds
  local co = spawned()
  if co then
    local place = #sleepers
    while place > 0 and sleepers[place].at < at do
      place = place - 1
    end
    table.insert(sleepers, place + 1, { at = at, co = co })
    return yield()
  end
  while seconds > 0 do
    turn(seconds)
    seconds = at - core.now()
  end
end

--- Runs a function beside the caller, until it first waits.
function block.spawn(run)
  local co = create(run)
  ours[co] = true
  go(co)
end

--- Whoever waits for the call looks again: it was cancelled.
block.wake = waiters.wake

--- Something to wait for: wait() returns once for every post().
function block.signal()
  local count, waiter = 0, nil
  return {
    post = function()
      count = count + 1
      if waiter then
        local co = waiter
        waiter = nil
        go(co)
      end
    end,
    wait = function()
      local co = spawned()
      while count == 0 do
        if co then
          waiter = co
          yield()
        else
          turn(STEP)
        end
      end
      count = count - 1
    end,
  }
end

return block
