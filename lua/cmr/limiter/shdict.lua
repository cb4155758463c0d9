---The limiter of all workers of an nginx. It spaces slots like cmr.limiter.memory, but stores each key's next slot in a
---lua_shared_dict, which survives a reload. It uses the machine's monotonic clock, which is the same for every worker.
---
---One atomic addition reserves a slot. Only an empty queue or a pause needs the dictionary's lock.

local core = require "cmr.core"
local shared_dict = require "cmr.util.shared_dict"

---@class cmr.limiter.Shdict: cmr.Limiter
local Limiter = {}
Limiter.__index = Limiter
Limiter.__name = "cmr.limiter.shdict"

local ROUNDING_SECONDS = 1e-6
-- A margin: the TTL of a queue is at least this much longer than the time until its last slot. nginx counts a TTL from
-- a clock that may be behind. Without the margin, a queue may expire before its last slot.
local IDLE_SECONDS = 60

---Makes a limiter on a dictionary, such as ngx.shared.cmr.
function Limiter.new(dict)
  return setmetatable({ dict = dict }, Limiter)
end

-- Sets the next slot to a time, unless the slot is already later.
local function advance(dict, queue, time)
  shared_dict.update(dict, queue, function(next_slot)
    if (next_slot or 0) < time then return time, time - core.now() + 2 * IDLE_SECONDS end
  end)
end

-- Keeps a queue for at least the given seconds. Never shortens its TTL, because another worker may have added slots.
local function stay(dict, queue, seconds)
  if (dict:ttl(queue) or math.huge) < seconds then dict:expire(queue, seconds + IDLE_SECONDS) end
end

---Reserves the key's next slot. See cmr.Limiter.
function Limiter:reserve(key, rate, max_wait)
  local dict, queue, now = self.dict, "cmr:queue:" .. key, core.now()
  local delay = (dict:get(queue) or 0) - now
  while math.max(0, delay) <= max_wait do
    if delay < 0 then advance(dict, queue, now) end
    local next_slot = dict:incr(queue, 1 / rate, now) or now + 1 / rate -- incr returns nil when the dictionary is full
    delay = next_slot - 1 / rate - now
    stay(dict, queue, math.max(0, delay) + 1 / rate + IDLE_SECONDS)
    if delay > -ROUNDING_SECONDS and delay <= max_wait + ROUNDING_SECONDS then return math.max(0, delay) end
  end
  return nil, math.max(0, delay)
end

---Gives out no slot for some seconds.
function Limiter:pause(key, seconds)
  advance(self.dict, "cmr:queue:" .. key, core.now() + seconds)
end

return Limiter
