--- How to wait: one strategy for each place a call can be made in. A strategy has
--
--   wait(engine, call)      until the call has finished
--   sleep(engine, seconds)
--   now()                   seconds
--   spawn(run)              runs a function beside the caller, until it first waits
--   signal()                {post, wait}: wait() returns once for every post()
--   wake(call)              whoever waits for the call looks again
--   refuse()                where waiting is not possible everywhere: why not here, or nil
--
-- One of the user's own needs the first three; without the others client:start and client:map raise.

local wait = {}

--- The strategies by name.
wait.names = { block = true, nginx = true, luv = true, cqueues = true }

-- Lua 5.1 cannot yield across an iterator: there a loop over pages or results waits in place.
local can_iterate = _VERSION ~= "Lua 5.1" or package.loaded.jit ~= nil

local function in_coroutine()
  local co, main = coroutine.running()
  return co ~= nil and not main
end

--- The strategy for the place the caller runs in.
-- @tparam[opt] boolean iterating whether it is called from an iterator
-- @treturn table strategy
function wait.detect(iterating)
  local ngx = package.loaded.ngx
  if ngx and ngx.get_phase then
    return require "cmr.wait.nginx"
  end
  if can_iterate or not iterating then
    local cqueues = package.loaded.cqueues
    if cqueues and cqueues.running() then
      return require "cmr.wait.cqueues"
    end
    if package.loaded.luv and in_coroutine() and not require("cmr.wait.block").spawned() then
      return require "cmr.wait.luv"
    end
  end
  return require "cmr.wait.block"
end

--- The strategy of a name.
-- @tparam string name
-- @treturn table strategy
function wait.named(name)
  return require("cmr.wait." .. name)
end

return wait
