---A limiter for all workers of an nginx, in a lua_shared_dict that survives a reload. The clock is the machine's
---monotonic one, the same for every worker.
---
---A slot is reserved by one atomic addition. Only moving the start of an empty queue takes a lock, because a dictionary
---has no compare-and-set.

local lock = require "cmr.util.shared_dict"

local ROUNDING_SECONDS = 1e-6

local SharedDictLimiter = {}
SharedDictLimiter.__index = SharedDictLimiter
SharedDictLimiter.__name = "cmr.limiter.shdict"

---Makes a limiter on a dictionary.
---@param dict table as from ngx.shared.cmr
---@return cmr.Limiter limiter
function SharedDictLimiter.new(dict)
  return setmetatable({ dict = dict }, SharedDictLimiter)
end

-- Moves the next slot to a time, never back.
local function advance(dict, key, time)
  local free, name = "cmr:free:" .. key, "cmr:lock:" .. key
  local lock_token = lock.take(dict, name)
  if (dict:get(free) or 0) < time and lock.holds(dict, name, lock_token) then dict:set(free, time) end
  lock.free(dict, name)
end

function SharedDictLimiter:reserve(key, rate, now, max_wait)
  local dict, free = self.dict, "cmr:free:" .. key
  local delay = (dict:get(free) or 0) - now
  while delay <= max_wait do
    if delay < 0 then advance(dict, key, now) end
    local after = dict:incr(free, 1 / rate, now) or now + 1 / rate -- the dictionary may be full
    delay = after - 1 / rate - now
    if delay > -ROUNDING_SECONDS and delay <= max_wait then return math.max(0, delay) end
  end
  return nil, delay
end

function SharedDictLimiter:pause(key, now, seconds)
  advance(self.dict, key, now + seconds)
end

return SharedDictLimiter
