---A limiter for one process. Its slots are evenly spaced, so that no second, wherever it begins, has more requests than
---the rate.

---@class cmr.limiter.Memory: cmr.Limiter
local Limiter = {}
Limiter.__index = Limiter
Limiter.__name = "cmr.limiter.memory"

---Makes a limiter. Clients share one unless they get another.
---@param shares? integer how many limiters, here and elsewhere, share the rate evenly: 1
function Limiter.new(shares)
  return setmetatable({ next_slots = {}, shares = shares or 1 }, Limiter)
end

---Reserves the key's next slot. See cmr.Limiter.
function Limiter:reserve(key, rate, now, max_wait)
  local slot = math.max(now, self.next_slots[key] or now)
  local delay = slot - now
  if delay > max_wait then return nil, delay end
  self.next_slots[key] = slot + self.shares / rate
  return delay
end

---Gives out no slot for some seconds.
function Limiter:pause(key, now, seconds)
  self.next_slots[key] = math.max(self.next_slots[key] or now, now + seconds)
end

return Limiter
