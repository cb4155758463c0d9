---The loop adapters: how a call waits in each event loop.

local loop = {}

---How calls wait in an event loop. A user's adapter needs wait, sleep and now. Without spawn, semaphore and notify
---client:start and client:map raise. Only the library's adapters have detected, forget, interrupt and watch.
---@class cmr.Loop
---@field wait fun(engine: any, call: any) Returns when the call has finished.
---@field sleep fun(engine: any, seconds: number, job: cmr.Job?) With a job, it ends early when interrupt gets that job.
---@field now fun(): number Seconds of a clock that never goes back.
---@field spawn? fun(run: fun()) Runs a function in the background; returns when it first waits.
---@field semaphore? fun(): cmr.Semaphore
---@field notify? fun(call: any) Makes the waiter of a call check it again: it was cancelled.
---@field unsupported? fun(context: cmr.LoopContext): string? The reason why a call cannot wait here, or nil.
---@field detected? fun(context: cmr.LoopContext): boolean Whether the caller runs in this loop, and can wait in it.
---@field forget? fun(engine: any) Called before an engine is closed.
---@field interrupt? fun(job: cmr.Job) Ends a job's sleep: it was cancelled.
---@field watch? fun(act: fun()): cmr.Watch Calls act when the coroutines that use the watch have ended.

---Counts posts.
---@class cmr.Semaphore
---@field post fun()
---@field wait fun() Returns once for every post.

---Watches coroutines: the one that made the watch, and the latest one that called seen.
---@class cmr.Watch
---@field seen fun() Watches the running coroutine too.
---@field stop fun() Ends the watch.

---Where a call waits: in the caller, in the iterator of a generic for, or in a background task.
---@alias cmr.LoopContext "caller"|"iterator"|"background"

-- The adapters in the order of detection, each with the library it needs. luv takes every coroutine; block takes
-- everything else.
local ADAPTERS = {
  { name = "nginx", library = "ngx" },
  { name = "cqueues", library = "cqueues" },
  { name = "luv", library = "luv" },
  { name = "block" },
}

---The names that the option `loop` takes. Annotations say cmr.LoopName, and `make docs` replaces that name by these.
loop.NAMES = {}
for index, adapter in ipairs(ADAPTERS) do
  adapter.module = "cmr.loop." .. adapter.name
  loop.NAMES[index] = adapter.name
end

---Returns the adapter for the loop that the caller runs in.
function loop.detect(context)
  for _, entry in ipairs(ADAPTERS) do
    local loaded = not entry.library or package.loaded[entry.library]
    -- a table named ngx without get_phase is a stub of somebody's tests
    if loaded and (entry.library ~= "ngx" or loaded.get_phase) then
      local adapter = require(entry.module)
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
    local adapter = package.loaded[entry.module]
    if adapter and adapter.forget then adapter.forget(engine) end
  end
end

return loop
