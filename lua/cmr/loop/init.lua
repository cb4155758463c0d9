---The loop adapters. Each adapter lets a call wait in its kind of event loop.

local loaded = package.loaded

local loop = {}

---A loop adapter lets calls wait in an event loop. A user's adapter needs wait, sleep and now. client:start, client:map
---and client:bulk also need spawn, semaphore and notify, and raise without them. Some functions exist in the library's
---adapters only: `detected`, `attend`, `leave`, `forget`, `interrupt` and `watch`.
---@class cmr.Loop
---@field wait fun(engine: any, call: any) Returns when the call has finished.
---
---Sleeps for the given seconds. If the adapter has `interrupt`, interrupt(job) ends the sleep early.
---@field sleep fun(engine: any, seconds: number, job: cmr.Job?)
---@field now fun(): number Returns the seconds of a clock that never goes back.
---@field spawn? fun(run: fun()) Starts a function. When the function first waits or ends, spawn returns.
---@field semaphore? fun(): cmr.Semaphore
---@field notify? fun(call: any) Wakes the waiter of a call that was cancelled.
---@field unsupported? fun(context: cmr.LoopContext): string? The reason why a call cannot wait here, or nil.
---@field detected? fun(context: cmr.LoopContext): boolean Whether the caller runs in this loop, and can wait in it.
---@field forget? fun(engine: any) Called before an engine is closed.
---@field attend? fun(call: any, waiter: table) Calls waiter:post() when the call has finished. Needs no coroutine.
---@field leave? fun() Called by waiter:post(), once for each call of `attend`.
---@field interrupt? fun(job: cmr.Job) Ends the sleep of a job that was cancelled.
---@field watch? fun(act: fun()): cmr.Watch Calls `act` when the coroutines that use the watch have ended.

---Counts posts.
---@class cmr.Semaphore
---@field post fun()
---@field wait fun() Waits for a post. Each post ends one wait.

---Watches two coroutines: the coroutine that made the watch, and the coroutine that last called `seen`.
---@class cmr.Watch
---@field seen fun() Makes the running coroutine the second watched coroutine.
---@field stop fun() Ends the watch.

---The place where a call waits: in the caller, in the iterator of a `for ... in` loop, or in a background task.
---@alias cmr.LoopContext "caller"|"iterator"|"background"

-- The adapters in the order of detection, each with the library that it needs. `luv` accepts every coroutine that can
-- be suspended, except generators and the coroutines that `block` started. `block` accepts everything else.
local ADAPTERS = {
  { name = "nginx", library = "ngx" },
  { name = "cqueues", library = "cqueues" },
  { name = "luv", library = "luv" },
  { name = "block" },
}

---The names that the option `loop` accepts. Annotations use cmr.LoopName, which `make docs` replaces by these names.
loop.NAMES = {}
for index, adapter in ipairs(ADAPTERS) do
  adapter.module = "cmr.loop." .. adapter.name
  loop.NAMES[index] = adapter.name
end

---Returns the adapter for the loop that the caller runs in.
function loop.detect(context)
  for index = 1, #ADAPTERS do
    local entry = ADAPTERS[index]
    local library = entry.library == nil or loaded[entry.library]
    -- a table `ngx` without get_phase is a stub in a user's tests
    if library and (entry.library ~= "ngx" or library.get_phase) then
      local adapter = loaded[entry.module] or require(entry.module)
      if adapter.detected(context) then return adapter end
    end
  end
end

---Returns the adapter of a name; or nil and a message.
function loop.named(name)
  local ok, adapter = pcall(require, "cmr.loop." .. name)
  if ok then return adapter end
  return nil, ("'%s' does not work here"):format(name)
end

---Tells every loop that an engine is about to be closed, because a loop may still be polling the engine's descriptor.
function loop.forget(engine)
  for _, entry in ipairs(ADAPTERS) do
    local adapter = loaded[entry.module]
    if adapter and adapter.forget then adapter.forget(engine) end
  end
end

return loop
