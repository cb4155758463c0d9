--- How to wait: one strategy for each place a call can be made in. A strategy has
--
--   wait(engine, call)      until the call has finished
--   sleep(engine, seconds)
--   now()                   seconds
--   spawn(run)              runs a function beside the caller, until it first waits
--   signal()                {post, wait}: wait() returns once for every post()
--   wake(call)              whoever waits for the call looks again
--   refuse(iterating)       where waiting is not possible everywhere: why not here, or nil; iterating as of detect
--
-- One of the user's own needs the first three; without the others client:start and client:map raise.

local threads = require "cmr.loop.coroutines"

local wait = {}

--- The strategies by name.
wait.names = { block = true, nginx = true, luv = true, cqueues = true }

-- Whether the caller is a coroutine that cqueues runs, and not one of the caller's own inside it.
local function in_cqueues()
  local cqueues = package.loaded.cqueues
  return cqueues and select(2, cqueues.running())
end

local function in_coroutine()
  local co, main = coroutine.running()
  return co ~= nil and not main
end

local function in_luv()
  return package.loaded.luv and in_coroutine() and not require("cmr.loop.block").spawned()
end

--- The strategy for the place the caller runs in.
-- @tparam[opt] boolean iterating whether it is called from an iterator; false: who calls does not wait itself
-- @treturn table strategy
function wait.detect(iterating)
  local ngx = package.loaded.ngx
  if ngx and ngx.get_phase then return require "cmr.loop.nginx" end
  if in_cqueues() and threads.can_suspend(iterating) then return require "cmr.loop.cqueues" end
  if in_luv() and threads.can_suspend(iterating) then return require "cmr.loop.luv" end
  return require "cmr.loop.block"
end

--- Before an engine is closed: a loop may still look at its descriptor, and wants to know.
-- @param engine
function wait.forget(engine)
  local cqueues, fd = package.loaded.cqueues, engine:fd()
  if cqueues and fd then cqueues.cancel(fd) end
end

--- The strategy of a name.
-- @tparam string name
-- @treturn table strategy
function wait.named(name)
  return require("cmr.loop." .. name)
end

return wait
