---A limiter for one process. Its slots are evenly spaced. So no interval of one second has more requests than the
---rate, wherever the interval begins.

local core = require "cmr.core"
local expiring = require "cmr.util.expiring"

---@class cmr.limiter.Memory: cmr.Limiter
local Limiter = {}
Limiter.__index = Limiter
Limiter.__name = "cmr.limiter.memory"

---Makes a limiter.
---@param shares? integer The number of limiters, including this one, that share the rate evenly. Default: 1.
---@param clock? fun(): number A clock for specs, in seconds that never go back. Default: the machine's monotonic clock.
function Limiter.new(shares, clock)
  return setmetatable({ next_slots = expiring.new(), shares = shares or 1, clock = clock }, Limiter)
end

local function now_of(self)
  return (self.clock or core.now)()
end

---Reserves the key's next slot. See cmr.Limiter.
function Limiter:reserve(key, rate, max_wait)
  local now = now_of(self)
  local slot = math.max(now, self.next_slots:get(key) or now)
  local delay = slot - now
  if delay > max_wait then return nil, delay end
  local next_slot = slot + self.shares / rate
  self.next_slots:set(key, next_slot, next_slot, now)
  return delay
end

---Gives out no slot for some seconds.
function Limiter:pause(key, seconds)
  local now = now_of(self)
  local next_slot = math.max(self.next_slots:get(key) or now, now + seconds)
  self.next_slots:set(key, next_slot, next_slot, now)
end

return Limiter
