---Coroutines that are suspended until a waiter is posted: the adapters block and luv are made of them.

local waiters = require "cmr.loop.waiters"

local coroutines = {}

local MAX_IDLE = 64 -- coroutines

-- nginx replaces Lua's functions. The replacements use nginx's scheduler, and raise in its log phase.
local function native(name)
  return coroutine["_" .. name] or coroutine[name]
end
local create, resume, running, yield = native "create", native "resume", native "running", native "yield"

---Whether a coroutine can be suspended anywhere. On Lua 5.1 it cannot inside an iterator, pcall or any other C
---function: there a call waits in place.
coroutines.anywhere = _VERSION ~= "Lua 5.1" or package.loaded.jit ~= nil

---pcall where it can be yielded across; elsewhere errors pass through.
coroutines.pcall = coroutines.anywhere and pcall or function(task, ...)
  return true, task(...)
end

---Whether the running coroutine can be suspended here.
---@param context cmr.LoopContext? the stack does not show an iterator
function coroutines.can_suspend(context)
  if coroutines.anywhere or context == "iterator" then return coroutines.anywhere end
  local level = 2
  local info = debug.getinfo(level, "S")
  while info and info.what ~= "C" do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  return info == nil
end

---Whether the caller runs in a coroutine.
function coroutines.inside()
  local co, is_main = running()
  return co ~= nil and not is_main
end

---pcall wherever nothing has to be yielded across it: outside coroutines on Lua 5.1 too.
function coroutines.protect(task, ...)
  return (coroutines.inside() and coroutines.pcall or pcall)(task, ...)
end

---The reason why the running coroutine cannot be suspended here, or nil. Checked before sending: a request whose
---coroutine cannot be suspended would have an unknown outcome.
function coroutines.unsupported(context)
  if context == "background" then
    return nil
  elseif not coroutines.inside() then
    return "outside a coroutine nothing can wait for the loop; without the option loop the whole process waits"
  elseif not coroutines.can_suspend(context) then
    return "Lua 5.1 suspends no coroutine in pcall or an iterator; without the option loop the whole process waits"
  end
end

local suspended_for = setmetatable({}, { __mode = "k" }) -- coroutine -> the waiter it is suspended for

local function continue(co)
  local ok, message = resume(co)
  if not ok then error(debug.traceback(co, tostring(message)), 0) end
end

local function post(waiter)
  waiter.posted = true
  local co = waiter.co
  if co and suspended_for[co] == waiter then
    suspended_for[co] = nil
    continue(co)
  end
end

---A waiter of the running coroutine: waiter:post() ends its wait.
function coroutines.waiter()
  return { co = running(), post = post }
end

---Suspends the running coroutine until the waiter is posted. Other code may resume it earlier: then it yields again.
function coroutines.suspend(waiter)
  while not waiter.posted do
    suspended_for[waiter.co] = waiter
    yield()
  end
end

---Suspends the running coroutine until the call has finished.
function coroutines.wait(call)
  if not call:done() then
    local waiter = coroutines.waiter()
    waiters.add(call, waiter)
    coroutines.suspend(waiter)
  end
end

local idle, tasks = {}, {} -- coroutines without a task; coroutine -> its next task

-- Coroutines are reused: new ones would be a third of the garbage that map makes.
local function serve()
  local co = running()
  while true do
    local task = tasks[co]
    if task then -- else other code has resumed it
      tasks[co] = nil
      task()
      if #idle >= MAX_IDLE then return end
      idle[#idle + 1] = co
      task = nil -- luacheck: ignore 311 (it would keep the last answer alive)
    end
    yield()
  end
end

---Runs a function in another coroutine; returns when the function first waits.
function coroutines.spawn(run)
  local co = table.remove(idle) or create(serve)
  tasks[co] = run
  continue(co)
end

---Makes a cmr.Semaphore. in_place, if there is one, is called instead of suspending: it runs the loop once and returns
---true, or returns false to suspend.
function coroutines.semaphore(in_place)
  local count, queue = 0, {}
  return {
    post = function()
      count = count + 1
      if queue[1] then table.remove(queue, 1):post() end
    end,
    wait = function()
      while count == 0 do
        if not (in_place and in_place()) then
          local waiter = coroutines.waiter()
          queue[#queue + 1] = waiter
          coroutines.suspend(waiter)
        end
      end
      count = count - 1
    end,
  }
end

return coroutines
