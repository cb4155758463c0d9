---Suspends coroutines until a waiter is posted. The adapters block and luv are built on this module.

local core = require "cmr.core"
local waiters = require "cmr.loop.waiters"

local coroutines = {}

local MAX_IDLE = 64 -- the maximum number of idle coroutines

-- Returns a function of Lua's own library `coroutine`. nginx replaces this library: the new functions use nginx's
-- scheduler, and raise in the log phase.
local function native(name)
  return coroutine["_" .. name] or coroutine[name]
end
local create, resume, running, yield = native "create", native "resume", native "running", native "yield"

---Whether this Lua can suspend a coroutine inside an iterator, a metamethod or pcall. Lua 5.1 cannot: a call in such a
---place blocks the whole process, or is refused if the option `loop` names an event loop.
coroutines.anywhere = _VERSION ~= "Lua 5.1" or package.loaded.jit ~= nil

coroutines.UNYIELDABLE = "nothing can wait in a function that C calls back, such as string.gsub's or table.sort's or a "
  .. "module's top level under require"

---Like pcall. On Lua 5.1, where no coroutine can yield inside pcall, calls the task directly, and errors pass through.
coroutines.pcall = coroutines.anywhere and pcall or function(task, ...)
  return true, task(...)
end

---Returns whether the running coroutine can be suspended here. It cannot be suspended inside a function that C code
---calls.
---@param context cmr.LoopContext? "iterator" if the call will run in an iterator. Lua 5.1 cannot suspend an iterator.
function coroutines.can_suspend(context)
  return core.is_yieldable() and (coroutines.anywhere or context ~= "iterator")
end

---Returns whether the caller runs in a coroutine.
function coroutines.inside()
  local co, is_main = running()
  return co ~= nil and not is_main
end

---Like pcall, with one exception: in a coroutine on Lua 5.1, errors pass through, because the task could not yield
---inside pcall.
function coroutines.protect(task, ...)
  return (coroutines.inside() and coroutines.pcall or pcall)(task, ...)
end

---Returns the reason why the running coroutine cannot be suspended here, or nil. Call this function before sending,
---because a request whose coroutine cannot be suspended would have an unknown outcome.
function coroutines.unsupported(context)
  if context == "background" then
    return nil
  elseif not coroutines.inside() then
    return "outside a coroutine nothing can wait for the loop; without the option loop the whole process waits"
  elseif not coroutines.anywhere and not coroutines.can_suspend(context) then
    return "Lua 5.1 suspends no coroutine in pcall or an iterator, a metamethod or a function that C calls back; "
      .. "without the option loop the whole process waits"
  elseif not core.is_yieldable() then
    return coroutines.UNYIELDABLE
      .. "; call it outside of that, or without the option loop: then the whole process waits"
  end
end

local suspended_for = setmetatable({}, { __mode = "k" }) -- coroutine -> the waiter that it waits for
local serving = setmetatable({}, { __mode = "k" }) -- the coroutines that run this library's tasks
local state, deferred = { is_deferring = false }, {} -- see coroutines.defer

local function continue(co)
  local ok, message = resume(co)
  if not ok then error(debug.traceback(co, tostring(message)), 0) end
end

local function post(waiter)
  if state.is_deferring and not serving[waiter.co] then
    deferred[#deferred + 1] = waiter
    return
  end
  waiter.posted = true
  local co = waiter.co
  if co and suspended_for[co] == waiter then
    suspended_for[co] = nil
    continue(co)
  end
end

-- A waiter is closed after its wait, and also when its suspended coroutine is closed.
local Waiter = {}
function Waiter:__close()
  if self.posted then return end
  self.posted = true
  suspended_for[self.co] = nil
  if self.call then
    waiters.remove(self.call)
    self.call:cancel()
  end
  if self.abandoned then self.abandoned() end
end

---Makes a waiter for the running coroutine. waiter:post() ends the wait.
---@param abandoned fun()? Called when the coroutine is closed before waiter:post().
function coroutines.waiter(abandoned)
  return setmetatable({ co = running(), post = post, abandoned = abandoned }, Waiter)
end

local function once()
  return true
end

---Calls a function that waits without a yield. Returns true and the function's first result, or false and the error.
---While the function runs, this library's tasks go on. The program's coroutines stay suspended until
---coroutines.post_deferred, for two reasons: an error in such a coroutine would end the wait, and a wait in such a
---coroutine would take more of the C stack.
function coroutines.defer(run, ...)
  return core.call_with(state, "is_deferring", true, run, ...)
end

---Returns whether coroutines.defer is running.
function coroutines.is_deferring()
  return state.is_deferring
end

---Returns whether a coroutine of the program waits for coroutines.post_deferred.
function coroutines.has_deferred()
  return deferred[1] ~= nil
end

---Resumes the coroutines whose waiters were posted during coroutines.defer. The loop calls this function. If a
---coroutine raises an error, the function raises the error again. The next call resumes the coroutines that are left.
function coroutines.post_deferred()
  for _ = 1, #deferred do
    local waiter = table.remove(deferred, 1)
    if not waiter then return end
    local ok, message = core.call_with(state, "is_deferring", false, waiter.post, waiter)
    if not ok then error(message, 0) end
  end
end

---Suspends the running coroutine until the waiter is posted. If other code resumes the coroutine earlier, the coroutine
---yields again.
function coroutines.suspend(waiter)
  -- From Lua 5.4 on, Lua closes the waiter when this loop ends or the coroutine is closed.
  for _ in once, nil, nil, waiter do -- luacheck: ignore 512
    while not waiter.posted do
      suspended_for[waiter.co] = waiter
      yield()
    end
    break
  end
end

---Suspends the running coroutine until the call has finished. If the coroutine is closed, the call is cancelled.
---@param abandoned fun()? Called when the coroutine is closed.
function coroutines.wait(call, abandoned)
  if call:done() then return end
  local waiter = coroutines.waiter(abandoned)
  waiters.add(call, waiter)
  coroutines.suspend(waiter)
end

local idle, tasks = {}, {} -- coroutines without a task; coroutine -> its next task

-- Runs one task after another in the same coroutine. If each task had a new coroutine, the coroutines would be a third
-- of the garbage of client:map.
local function serve()
  local co = running()
  while true do
    local task = tasks[co]
    if task then -- if there is no task, other code has resumed the coroutine
      tasks[co] = nil
      task()
      if #idle >= MAX_IDLE then return end
      idle[#idle + 1] = co
      task = nil -- luacheck: ignore 311 (`task` would keep the last answer alive)
    end
    yield()
  end
end

---Runs a function in another coroutine. Returns when the function first waits or ends.
function coroutines.spawn(run)
  local co = table.remove(idle) or create(serve)
  serving[co], tasks[co] = true, run
  continue(co)
end

---Makes a cmr.Semaphore. A wait suspends the caller until a post. If the caller cannot be suspended, the wait runs the
---loop with in_place() until a post.
---@param in_place? fun(): boolean Returns false if the caller can be suspended. Otherwise runs the loop, returns true.
function coroutines.semaphore(in_place)
  local count, queue, first, last = 0, {}, 1, 0

  local function next_waiter()
    while first <= last do
      local waiter = queue[first]
      queue[first], first = nil, first + 1
      -- When a coroutine is closed, its waiter counts as posted. Such a waiter is skipped.
      if not waiter.posted then return waiter end
    end
  end

  return {
    post = function()
      count = count + 1
      local waiter = next_waiter()
      if waiter then waiter:post() end
    end,
    wait = function()
      while count == 0 do
        if not (in_place and in_place()) then
          local waiter = coroutines.waiter()
          last = last + 1
          queue[last] = waiter
          coroutines.suspend(waiter)
        end
      end
      count = count - 1
    end,
  }
end

return coroutines
