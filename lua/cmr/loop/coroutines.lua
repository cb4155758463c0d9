--- Coroutines that wait until something is posted: what block and luv are made of.

local waiters = require "cmr.loop.waiters"

local threads = {}

-- nginx puts its own in the place of Lua's, which go through its scheduler, and are refused in its log phase.
local function plain(name)
  return coroutine["_" .. name] or coroutine[name]
end
local create, resume, running, yield = plain "create", plain "resume", plain "running", plain "yield"

--- Whether a coroutine can be suspended wherever it is. Lua 5.1 cannot inside an iterator, pcall or any other function
-- of C: there a call waits in place.
threads.anywhere = _VERSION ~= "Lua 5.1" or package.loaded.jit ~= nil

--- pcall, where it can be yielded across; elsewhere what it raises goes through.
threads.protected = threads.anywhere and pcall or function(act, ...)
  return true, act(...)
end

--- Whether the running coroutine can be suspended here.
-- @tparam[opt] boolean iterating whether the caller is an iterator, which the stack does not show
function threads.can_suspend(iterating)
  if threads.anywhere or iterating then return threads.anywhere end
  local level = 2
  local info = debug.getinfo(level, "S")
  while info and info.what ~= "C" do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  return info == nil
end

--- Why the running coroutine cannot be suspended here, or nil. It is asked before anything is sent: of what cannot be
-- waited for nobody would learn what became of it.
-- @tparam[opt] boolean iterating as above; false: the caller itself does not wait
function threads.refuse(iterating)
  local co, main = running()
  if iterating == false then
    return nil
  elseif not co or main then
    return "outside a coroutine nothing can wait for the loop; without the option loop the whole process waits"
  elseif not threads.can_suspend(iterating) then
    return "Lua 5.1 suspends no coroutine in pcall or an iterator; without the option loop the whole process waits"
  end
end

local waits_for = setmetatable({}, { __mode = "k" }) -- coroutine -> the waiter it is suspended for

local function go(co)
  local fine, why = resume(co)
  if not fine then error(debug.traceback(co, tostring(why)), 0) end
end

local function post(waiter)
  waiter.posted = true
  local co = waiter.co
  if co and waits_for[co] == waiter then
    waits_for[co] = nil
    go(co)
  end
end

--- Something the running coroutine can wait for: waiter:post() ends it.
function threads.waiter()
  return { co = running(), post = post }
end

--- Suspends the running coroutine until the waiter is posted, whoever else resumes it.
function threads.suspend(waiter)
  while not waiter.posted do
    waits_for[waiter.co] = waiter
    yield()
  end
end

--- Suspends the running coroutine until the call has finished.
function threads.wait(call)
  if not call:done() then
    local waiter = threads.waiter()
    waiters.add(call, waiter)
    threads.suspend(waiter)
  end
end

local MOST_IDLE = 64
local idle, tasks = {}, {} -- coroutines that have nothing to run; coroutine -> what it is to run next

-- A coroutine is used again: new ones would be a third of what map leaves to the collector.
local function serve()
  local co = running()
  while true do
    local run = tasks[co]
    if run then -- somebody else may have resumed it
      tasks[co] = nil
      run()
      if #idle >= MOST_IDLE then return end
      idle[#idle + 1] = co
      run = nil -- luacheck: ignore 311 (it would keep the last answer)
    end
    yield()
  end
end

--- Runs a function in a coroutine that nobody else uses, until it first waits.
function threads.spawn(run)
  local co = table.remove(idle) or create(serve)
  tasks[co] = run
  go(co)
end

--- Something to wait for: wait() returns once for every post().
-- @tparam[opt] function in_place for who is not to be suspended: does something else, and returns true
function threads.signal(in_place)
  local count, queue = 0, {}
  return {
    post = function()
      count = count + 1
      if queue[1] then table.remove(queue, 1):post() end
    end,
    wait = function()
      while count == 0 do
        if not (in_place and in_place()) then
          local waiter = threads.waiter()
          queue[#queue + 1] = waiter
          threads.suspend(waiter)
        end
      end
      count = count - 1
    end,
  }
end

return threads
