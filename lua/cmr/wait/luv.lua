--- Waiting in a luv loop: the coroutine that called waits, the loop goes on.

local core = require "cmr.core"
local uv = require "luv"

local luv = { now = core.now }

local waiting = {} -- call -> the coroutine that waits for it
local polls = setmetatable({}, { __mode = "k" }) -- engine -> the handle that watches its descriptor

local function go(co)
  local fine, why = coroutine.resume(co)
  if not fine then
    error(debug.traceback(co, tostring(why)), 0)
  end
end

local function wake(call)
  local co = waiting[call]
  waiting[call] = nil
  if co then
    go(co)
  end
end

local function watch(engine)
  local poll = polls[engine]
  if not poll then
    poll = assert(uv.new_poll(engine:fd()))
    polls[engine] = poll
  end
  if poll:is_active() then
    return
  end
  poll:start("r", function()
    local finished = engine:step()
    if engine:count() == 0 then -- nothing keeps the loop alive for us
      poll:stop()
    end
    for _, call in ipairs(finished or {}) do
      wake(call)
    end
  end)
end

--- Suspends the coroutine until the call has finished.
function luv.wait(engine, call)
  while not call:done() do
    waiting[call] = coroutine.running()
    watch(engine)
    coroutine.yield()
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
luv.wake = wake

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
