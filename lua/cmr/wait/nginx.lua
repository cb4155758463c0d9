--- Waiting in nginx: the request that asked waits, the worker does not.
--
-- One pump per worker steps the engine for every call in flight and is gone when there is none. It is a timer, because
-- a client that goes away takes its request's coroutine with it. For the same reason what requests share is in tables
-- of this module, and not in closures over a request's locals.

local core = require "cmr.core"
local semaphore = require "ngx.semaphore"
local waiters = require "cmr.wait.waiters"

local nginx = { now = core.now }

local PAUSE = 0.001 -- seconds between two steps; for 0 an nginx without OpenResty's patches logs a warning
local STALE = 0.05 -- seconds without a step after which a waiter steps for itself

local CAN_WAIT = {
  rewrite = true,
  server_rewrite = true,
  access = true,
  content = true,
  timer = true,
  preread = true,
  ssl_cert = true,
  ssl_client_hello = true,
  ssl_session_fetch = true,
}

local stepped = -1 -- when somebody last stepped the engine

--- One step for everybody. Returns whether calls are left in flight.
local function step()
  local engine = core.engine()
  local finished = engine:step()
  stepped = core.now()
  return waiters.finished(engine, finished)
end

local function pump()
  while step() do
    ngx.sleep(PAUSE)
  end
  stepped = -1
end

--- Why a call cannot wait here, or nil.
function nginx.refuse()
  local phase = ngx.get_phase()
  if not CAN_WAIT[phase] then
    return (
      "nothing can wait in nginx's %s phase: make the call from ngx.timer.at(0, ...), or give wait = 'block' to let "
      .. "the whole worker wait"
    ):format(phase)
  end
end

local function start_pump()
  stepped = core.now()
  return (ngx.timer.at(0, pump))
end

--- Suspends the request until the call has finished.
function nginx.wait(_, call)
  if call:done() then
    return
  end
  local request = semaphore.new()
  waiters.add(call, request)
  if stepped < 0 then
    start_pump()
  end
  local patience = STALE
  while not request:wait(patience) and not call:done() do
    patience = 1
    -- The timer could not be made or run: whoever waits steps, until one can.
    while core.now() - stepped > STALE and not call:done() do
      if start_pump() then
        patience = STALE
        break
      end
      step()
      ngx.sleep(PAUSE)
    end
  end
end

--- Suspends the request for a time.
-- @tparam number seconds
function nginx.sleep(_, seconds)
  ngx.sleep(math.max(PAUSE, seconds))
end

--- Runs a function beside the caller, in a light thread of its request.
function nginx.spawn(run)
  ngx.thread.spawn(run)
end

--- Whoever waits for the call looks again: it was cancelled.
nginx.wake = waiters.wake

--- Something to wait for: wait() returns once for every post().
function nginx.signal()
  local posts = semaphore.new()
  return {
    post = function()
      posts:post(1)
    end,
    wait = function()
      repeat
        local posted = posts:wait(60)
      until posted
    end,
  }
end

return nginx
