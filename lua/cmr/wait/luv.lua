--- Waiting in a luv loop: the coroutine that called waits, the loop goes on.

local core = require "cmr.core"
local uv = require "luv"
local waiters = require "cmr.wait.waiters"

local luv = { now = core.now }

local polls = setmetatable({}, { __mode = "k" }) -- engine -> the handle that watches its descriptor
local watching = 0 -- coroutines that wait

local function go(co)
  local fine, why = coroutine.resume(co)
  if not fine then
    error(debug.traceback(co, tostring(why)), 0)
  end
end

local function post(waiter)
  go(waiter.co)
end

-- The handle keeps the loop alive, so it is active only while somebody waits.
local function watch(engine)
  local poll = polls[engine]
  if not poll then
    poll = assert(uv.new_poll(engine:fd()))
    polls[engine] = poll
  end
  if watching == 0 then
    poll:start("r", function()
      waiters.finished(engine, engine:step())
    end)
  end
  watching = watching + 1
  return poll
end

--- Suspends the coroutine until the call has finished.
function luv.wait(engine, call)
  while not call:done() do
    waiters.add(call, { co = coroutine.running(), post = post })
    local poll = watch(engine)
    coroutine.yield()
    watching = watching - 1
    if watching == 0 then
      poll:stop()
    end
  end
end

--- Suspends the coroutine for a time.
-- @tparam number seconds
function luv.sleep(_, seconds)
  local co, timer = coroutine.running(), uv.new_timer()
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    go(co)
  end)
  coroutine.yield()
end

--- Runs a function beside the caller, until it first waits.
function luv.spawn(run)
  go(coroutine.create(run))
end

--- Whoever waits for the call looks again: it was cancelled.
luv.wake = waiters.wake

--- Something to wait for: wait() returns once for every post().
function luv.signal()
  local count, waiter = 0, nil
  return {
    post = function()
      count = count + 1
      local co = waiter
      waiter = nil
      if co then
        go(co)
      end
    end,
    wait = function()
      while count == 0 do
        waiter = coroutine.running()
        coroutine.yield()
      end
      count = count - 1
    end,
  }
end

return luv
