---A table with entries that expire. The table removes expired entries by itself, so that a process that works for many
---API keys needs memory only for the keys in use.

local Expiring = {}
Expiring.__index = Expiring
Expiring.__name = "cmr.util.expiring"

local expiring = {}

local MIN_SWEEP_ENTRIES = 1000

---Makes an empty table.
function expiring.new()
  return setmetatable({ values = {}, ends = {}, count = 0, sweep_at = MIN_SWEEP_ENTRIES }, Expiring)
end

-- Removes expired entries. Expiring:set calls sweep before it adds a key, if the table has at least MIN_SWEEP_ENTRIES
-- entries and has at least doubled since the last sweep.
local function sweep(self, now)
  local values, ends, left = self.values, self.ends, 0
  for key, time in pairs(ends) do
    if time <= now then
      values[key], ends[key] = nil, nil
    else
      left = left + 1
    end
  end
  self.count, self.sweep_at = left, math.max(MIN_SWEEP_ENTRIES, 2 * left)
end

---Returns the value of a key. The value may have expired.
---@param key string
---@return any value
function Expiring:get(key)
  return self.values[key]
end

---Stores a value.
---@param key string
---@param value any not nil
---@param time number the time at which the value expires
---@param now number the present time on the same clock
function Expiring:set(key, value, time, now)
  if self.ends[key] == nil then
    if self.count >= self.sweep_at then sweep(self, now) end
    self.count = self.count + 1
  end
  self.values[key], self.ends[key] = value, time
end

---Removes the value of a key.
function Expiring:remove(key)
  if self.ends[key] ~= nil then self.count = self.count - 1 end
  self.values[key], self.ends[key] = nil, nil
end

return expiring
