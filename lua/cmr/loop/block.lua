--- Waiting in a plain script: the process waits, and everything in flight goes on meanwhile. What was spawned runs in
-- coroutines of ours, and moves whenever somebody waits.

local core = require "cmr.core"
local threads = require "cmr.loop.coroutines"
local waiters = require "cmr.loop.waiters"

local block = { now = core.now }

local STEP = 1 -- seconds; bounds how long one poll lasts

local ours = setmetatable({}, { __mode = "k" }) -- the coroutines that were spawned here
local sleepers = {} -- waiters with the time they sleep until, the next one last

--- Lets what can move move, waiting up to a time for it.
local function turn(seconds)
  local now = core.now()
  local next_one = sleepers[#sleepers]
  while next_one and next_one.at <= now do
    sleepers[#sleepers] = nil
    next_one:post()
    seconds, next_one = 0, sleepers[#sleepers]
  end
  if next_one then seconds = math.min(seconds, next_one.at - now) end
  waiters.step(core.engine(), math.min(STEP, seconds) * 1000)
end

--- Whether the coroutine that runs was spawned here.
function block.spawned()
  local co = coroutine.running()
  return co ~= nil and ours[co] == true
end

local function can_suspend()
  return block.spawned() and threads.can_suspend()
end

--- Waits until the call has finished.
function block.wait(_, call)
  if can_suspend() then return threads.wait(call) end
  while not call:done() do
    turn(STEP)
  end
end

local function sleep_among_others(seconds)
  local waiter, place = threads.waiter(), #sleepers
  waiter.at = core.now() + seconds
  while place > 0 and sleepers[place].at < waiter.at do
    place = place - 1
  end
  table.insert(sleepers, place + 1, waiter)
  threads.suspend(waiter)
end

--- Waits for a time.
-- @tparam number seconds
function block.sleep(_, seconds)
  if can_suspend() then return sleep_among_others(seconds) end
  local at = core.now() + seconds
  while seconds > 0 do
    turn(seconds)
    seconds = at - core.now()
  end
end

--- Runs a function beside the caller, until it first waits.
function block.spawn(run)
  threads.spawn(function()
    local co = coroutine.running()
    ours[co] = true
    run()
    ours[co] = nil
  end)
end

--- Whoever waits for the call looks again: it was cancelled.
block.wake = waiters.wake

local function in_place()
  if not can_suspend() then
    turn(STEP)
    return true
  end
end

--- Something to wait for: wait() returns once for every post().
function block.signal()
  return threads.signal(in_place)
end

return block
