--- When the next request may leave, for all workers of an nginx: the line of cmr.limiter.local in a lua_shared_dict,
-- which survives a reload. The clock is the machine's monotonic one, the same for every worker.

local core = require "cmr.core"

local Limiter = {}
Limiter.__index = Limiter

local LOCKED = 0.05 -- seconds after which the lock of a worker that was killed is ignored

--- A limiter on a dictionary.
-- @tparam table dict as from ngx.shared.cmr
-- @treturn table limiter
function Limiter.new(dict)
  return setmetatable({ dict = dict }, Limiter)
end

-- A dictionary has no compare-and-set. The lock is held for two of its operations, without a yield: spinning is short,
-- unless its holder is not running just then.
local function locked(dict, key, change)
  local lock, limit = "cmr:lock:" .. key, core.now() + LOCKED
  repeat
    local mine, why = dict:add(lock, true, LOCKED)
  until mine or why ~= "exists" or core.now() > limit
  local free = change(dict:get("cmr:free:" .. key) or 0)
  if free then
    dict:set("cmr:free:" .. key, free)
  end
  dict:delete(lock)
end

--- Takes the next place in the line. See cmr.limiter.local.
function Limiter:reserve(key, rate, now, most)
  local delay
  locked(self.dict, key, function(free)
    local at = math.max(now, free)
    delay = at - now
    return delay <= most and at + 1 / rate or nil
  end)
  if delay > most then
    return nil, delay
  end
  return delay
end

--- Nothing leaves for a time. See cmr.limiter.local.
function Limiter:pause(key, now, seconds)
  locked(self.dict, key, function(free)
    return math.max(free, now + seconds)
  end)
end

return Limiter
