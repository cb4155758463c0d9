--- When the next request may leave, for all workers of an nginx: the line of cmr.limiter.memory in a lua_shared_dict,
-- which survives a reload. The clock is the machine's monotonic one, the same for every worker.
--
-- A place in the line is taken by one atomic addition. Only to move its beginning on, when nobody stands in it, takes a
-- lock, because a dictionary has no compare-and-set.

local lock = require "cmr.util.shared_dict"

local Limiter = {}
Limiter.__index = Limiter

local ROUNDING = 1e-6 -- seconds

--- A limiter on a dictionary.
-- @tparam table dict as from ngx.shared.cmr
-- @treturn table limiter
function Limiter.new(dict)
  return setmetatable({ dict = dict }, Limiter)
end

-- Moves the beginning of the line on to a time; it never goes back.
local function advance(dict, key, time)
  local free, name = "cmr:free:" .. key, "cmr:lock:" .. key
  local mine = lock.take(dict, name)
  if (dict:get(free) or 0) < time and lock.holds(dict, name, mine) then dict:set(free, time) end
  lock.free(dict, name)
end

--- Takes the next place in the line. See cmr.limiter.memory.
function Limiter:reserve(key, rate, now, most)
  local dict, free = self.dict, "cmr:free:" .. key
  local delay = (dict:get(free) or 0) - now
  while delay <= most do
    if delay < 0 then advance(dict, key, now) end
    local after = dict:incr(free, 1 / rate, now) or now + 1 / rate -- there may be no memory left in it
    delay = after - 1 / rate - now
    if delay > -ROUNDING and delay <= most then return math.max(0, delay) end
  end
  return nil, delay
end

--- No place is within a time. See cmr.limiter.memory.
function Limiter:pause(key, now, seconds)
  advance(self.dict, key, now + seconds)
end

return Limiter
