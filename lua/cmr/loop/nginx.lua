---The adapter for nginx. The calling request waits; the worker does not.
---
---One stepper runs the engine for all calls in flight. Normally the stepper is the pump, a timer that ends when no call
---is left. A request cannot be the pump, because nginx kills its coroutine when the client disconnects. For the same
---reason, shared data is in tables of this module, never in a closure over the locals of one request. If the worker is
---exiting, or if nginx does not make or run the timer, a waiting request steps the engine in place of the pump.

local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local semaphore = require "ngx.semaphore"
local waiters = require "cmr.loop.waiters"

-- the pause between two steps; with 0, an nginx without OpenResty's patches would log a warning
local PAUSE_SECONDS = 0.001
local STALE_SECONDS = 0.05 -- after this time without a step, a waiting request steps the engine itself
local CHECK_INTERVAL_SECONDS = 1 -- how often a waiting request checks that the pump still steps
local WATCH_SECONDS = 0.02 -- how often a watch checks whether its coroutines have ended
local MAX_POST_WAIT_SECONDS = 60 -- nginx's semaphores need a time limit; after this time, the wait begins again

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

---@class cmr.loop.nginx: cmr.Loop
local nginx = { now = core.now, notify = waiters.notify }

function nginx.detected()
  return ngx.get_phase ~= nil
end

function nginx.unsupported()
  local phase = ngx.get_phase()
  if CAN_WAIT[phase] then
    if core.is_yieldable() then return nil end
    return coroutines.UNYIELDABLE
      .. ": make the call outside of that, or give loop = 'block' to let the whole worker wait"
  end
  local way_out = "give loop = 'block' to let the whole worker wait"
  if phase ~= "exit_worker" then -- nginx makes no timers in the phase exit_worker
    local where = phase == "init" and " in init_worker_by_lua" or ""
    way_out = ("make the call from ngx.timer.at(0, ...)%s, or %s"):format(where, way_out)
  end
  return ("nothing can wait in nginx's %s phase: %s"):format(phase, way_out)
end

local STARTING = { pump = true }

-- The stepper of the engine: the pump, or the semaphore of a request. Nil if nothing steps the engine. A stepper stops
-- when another one replaces it.
local stepper
local stepped_at = 0

-- Steps the engine for all calls. Returns whether calls are left in flight.
local function step()
  stepped_at = core.now()
  return waiters.step(core.engine())
end

local function pump()
  local this = { pump = true }
  stepper = this
  while stepper == this and step() do
    ngx.sleep(PAUSE_SECONDS)
  end
  if stepper == this then stepper = nil end
end

-- Starts a pump, unless the worker is exiting. A pump starts a timer, and nginx would report the first timer of an
-- exiting worker as an open socket.
local function start_pump()
  return not ngx.worker.exiting() and ngx.timer.at(0, pump)
end

-- Steps the engine in place of the pump, and tries to start a pump from time to time.
local function step_instead(request, now)
  if stepper ~= request then
    stepper, request.restarts_pump_at = request, now
  end
  if now >= request.restarts_pump_at then
    request.restarts_pump_at = now + CHECK_INTERVAL_SECONDS
    start_pump()
  end
  step()
end

function nginx.wait(_, call)
  if call:done() then return end
  local request = semaphore.new()
  waiters.add(call, request)
  if not stepper and start_pump() then
    stepper, stepped_at = STARTING, core.now()
  end
  local wait_seconds = stepper and STALE_SECONDS or PAUSE_SECONDS
  while not request:wait(wait_seconds) and not call:done() do
    local now = core.now()
    if stepper == request or now - stepped_at > STALE_SECONDS then
      step_instead(request, now)
      wait_seconds = PAUSE_SECONDS
    else
      wait_seconds = stepper and stepper.pump and CHECK_INTERVAL_SECONDS or STALE_SECONDS
    end
  end
  if stepper == request then stepper = nil end
end

---Suspends the request for some seconds. If a job is given, nginx.interrupt(job) ends the sleep early. For a cancelled
---job, returns at once.
function nginx.sleep(_, seconds, job)
  seconds = math.max(PAUSE_SECONDS, seconds)
  if not job then return ngx.sleep(seconds) end
  if job.cancelled then return end -- cancelled after the answer arrived, but before the sender read the answer
  job.alarm = semaphore.new()
  job.alarm:wait(seconds)
  job.alarm = nil
end

---Ends the sleep of a job.
function nginx.interrupt(job)
  if job.alarm then job.alarm:post(1) end
end

-- Runs a function in a light thread of the request.
function nginx.spawn(run)
  ngx.thread.spawn(run)
end

local function has_ended(co)
  local status = coroutine.status(co)
  return status == "dead" or status == "zombie"
end

---Watches two coroutines: the running coroutine, and the coroutine that last called watch.seen. Calls `act` when both
---have ended. Then `act` must end the light threads that still run. Until they end, nginx does not end the request.
---@param act fun()
---@return cmr.Watch watch
function nginx.watch(act)
  local creator, latest, stopped = coroutine.running(), nil, semaphore.new()
  ngx.thread.spawn(function()
    while not stopped:wait(WATCH_SECONDS) do
      if has_ended(creator) and (not latest or has_ended(latest)) then return act() end
    end
  end)
  return {
    seen = function()
      latest = coroutine.running()
    end,
    stop = function()
      stopped:post(1)
    end,
  }
end

---Makes a cmr.Semaphore.
function nginx.semaphore()
  local posts = semaphore.new()
  return {
    post = function()
      posts:post(1)
    end,
    wait = function()
      repeat
        local posted = posts:wait(MAX_POST_WAIT_SECONDS)
      until posted
    end,
  }
end

return nginx
