--- A short lock in a lua_shared_dict, for what its atomic operations cannot do: it has no compare-and-set. To be held
-- for a few operations, without a yield, so that spinning is short.

local core = require "cmr.core"

local lock = {}

local LOCKED = 0.05 -- seconds after which the lock of a worker that was killed is nobody's

--- Waits for it. It has the time it was taken at, and not a time to live, which would count from when its holder last
-- looked at the clock.
-- @tparam table dict
-- @tparam string name
-- @treturn number what lock.holds wants; false where the dictionary has no memory for it: then nobody is kept out
function lock.take(dict, name)
  local now, mine, why
  repeat
    now = core.now()
    mine, why = dict:add(name, now)
    local since = not mine and dict:get(name)
    if since and now - since > LOCKED then dict:delete(name) end
  until mine or why ~= "exists"
  return mine and now
end

--- Whether it is still ours: who was away for too long has lost it, and changes nothing any more.
function lock.holds(dict, name, mine)
  return not mine or dict:get(name) == mine
end

--- Gives it back.
function lock.free(dict, name)
  dict:delete(name)
end

return lock
