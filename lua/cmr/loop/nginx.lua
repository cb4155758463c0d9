--- Waiting in nginx: the request that asked waits, the worker does not.
--
-- One steps the engine for every call in flight: a timer, the pump, which is gone when there is none. It is a timer,
-- because a client that goes away takes its request's coroutine with it. For the same reason what requests share is in
-- tables of this module, and not in closures over a request's locals. Where no timer can be made or run, and in a
-- worker that leaves, a request that waits steps in the pump's place.

local core = require "cmr.core"
local semaphore = require "ngx.semaphore"
local waiters = require "cmr.loop.waiters"

local nginx = { now = core.now }

local PAUSE = 0.001 -- seconds between two steps; for 0 an nginx without OpenResty's patches logs a warning
local STALE = 0.05 -- seconds without a step after which whoever waits steps
local LOOK = 1 -- seconds after which a request looks whether the pump still steps

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

--- Why a call cannot wait here, or nil.
function nginx.refuse()
  local phase = ngx.get_phase()
  if CAN_WAIT[phase] then return nil end
  local way_out = "give loop = 'block' to let the whole worker wait"
  if phase ~= "exit_worker" then -- which has no timers, nor has init
    local where = phase == "init" and " in init_worker_by_lua" or ""
    way_out = ("make the call from ngx.timer.at(0, ...)%s, or %s"):format(where, way_out)
  end
  return ("nothing can wait in nginx's %s phase: %s"):format(phase, way_out)
end

local STARTING = { pump = true }

local stepper -- a pump, a request's semaphore, or nobody; who finds another in its place stops
local stepped = 0 -- when it last did

-- One step for everybody. Returns whether calls are left in flight.
local function step()
  stepped = core.now()
  return waiters.step(core.engine())
end

local function pump()
  local me = { pump = true }
  stepper = me
  while stepper == me and step() do
    ngx.sleep(PAUSE)
  end
  if stepper == me then stepper = nil end
end

-- The first timer of a worker that leaves would be reported as a socket left open.
local function start_pump()
  return not ngx.worker.exiting() and ngx.timer.at(0, pump)
end

-- Takes the pump's place, and goes on trying to start one.
local function step_instead(request, now)
  if stepper ~= request then
    stepper, request.tries_at = request, now
  end
  if now >= request.tries_at then
    request.tries_at = now + LOOK
    start_pump()
  end
  step()
end

--- Suspends the request until the call has finished.
function nginx.wait(_, call)
  if call:done() then return end
  local request = semaphore.new()
  waiters.add(call, request)
  if not stepper and start_pump() then
    stepper, stepped = STARTING, core.now()
  end
  local patience = stepper and STALE or PAUSE
  while not request:wait(patience) and not call:done() do
    local now = core.now()
    if stepper == request or now - stepped > STALE then
      step_instead(request, now)
      patience = PAUSE
    else
      patience = stepper and stepper.pump and LOOK or STALE
    end
  end
  if stepper == request then stepper = nil end
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
