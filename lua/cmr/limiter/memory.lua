--- When the next request may leave, for one process: evenly spaced, so that no window of a second, however the vendor
-- draws it, sees more than the rate. What every limiter offers: reserve and pause.

local Limiter = {}
Limiter.__index = Limiter

--- A limiter of its own. Clients share one unless they are given another.
-- @tparam[opt] number parts how many limiters, here and elsewhere, share the rate evenly; 1
-- @treturn table limiter
function Limiter.new(parts)
  return setmetatable({ free = {}, parts = parts or 1 }, Limiter)
end

--- Takes the next place in the line.
-- @tparam string key whose rate it is
-- @tparam number rate requests per second
-- @tparam number now seconds
-- @tparam number most the longest acceptable wait, seconds
-- @treturn[1] number how long to wait, seconds
-- @treturn[2] nil when that is more than most; no place is taken
-- @treturn[2] number how long it would be
function Limiter:reserve(key, rate, now, most)
  local at = math.max(now, self.free[key] or now)
  local delay = at - now
  if delay > most then return nil, delay end
  self.free[key] = at + self.parts / rate
  return delay
end

--- The server said to wait: no place is before that.
-- @tparam string key whose rate it is
-- @tparam number now seconds
-- @tparam number seconds
function Limiter:pause(key, now, seconds)
  self.free[key] = math.max(self.free[key] or now, now + seconds)
end

return Limiter
