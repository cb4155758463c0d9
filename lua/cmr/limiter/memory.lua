---A limiter for one process. Its slots are evenly spaced. So no interval of one second has more requests than the
---rate, wherever the interval begins.

local core = require "cmr.core"

---@class cmr.limiter.Memory: cmr.Limiter
local Limiter = {}
Limiter.__index = Limiter
Limiter.__name = "cmr.limiter.memory"

---Makes a limiter. By default, all clients of a process share one.
---@param shares? integer The number of limiters, here and elsewhere, that share the rate evenly. Default: 1.
---@param clock? fun(): number A clock for specs, in seconds that never go back. Default: the machine's monotonic clock.
function Limiter.new(shares, clock)
  return setmetatable({ next_slots = {}, shares = shares or 1, clock = clock }, Limiter)
end

local function now_of(self)
  return (self.clock or core.now)()
end

---Reserves the key's next slot. See cmr.Limiter.
function Limiter:reserve(key, rate, max_wait)
  local now = now_of(self)
  local slot = math.max(now, self.next_slots[key] or now)
  local delay = slot - now
  if delay > max_wait then return nil, delay end
  self.next_slots[key] = slot + self.shares / rate
  return delay
end

---Gives out no slot for some seconds.
function Limiter:pause(key, seconds)
  local now = now_of(self)
  self.next_slots[key] = math.max(self.next_slots[key] or now, now + seconds)
end

return Limiter
