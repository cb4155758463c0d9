---Ends the retries of an API key's calls when too many retries have failed. So an outage does not multiply the
---requests.
---
---Each retry after an outage takes one unit from the budget. An outage is a failure without a refusal, such as a 5xx or
---no answer. If the call then succeeds or is refused, the budget gets one unit back. If a call that took no unit
---succeeds or is refused, the budget gets 0.2 units. A 429 of the rate limit changes nothing. The standard mode of the
---AWS SDKs uses the same ratios.

local core = require "cmr.core"
local expiring = require "cmr.util.expiring"

local EARNED_WITHOUT_RETRY = 0.2
local IDLE_SECONDS = 3600 -- the budget forgets a key after this time without a retry, success or refusal

local Budget = {}
Budget.__index = Budget
Budget.__name = "cmr.retry_budget"

local budget = {}

---Makes the budget of a process. A key without failed retries takes no memory.
---@param clock? fun(): number For specs. Default: core.now.
function budget.new(clock)
  return setmetatable({ spent = expiring.new(), clock = clock or core.now }, Budget)
end

local function set(self, key, spent)
  local now = self.clock()
  self.spent:set(key, spent, now + IDLE_SECONDS, now)
end

---Takes one unit from a key's budget, for a retry.
---@param key string
---@param capacity number The maximum of failed retries for the key.
---@return boolean ok False if the budget is used up. In this case, takes nothing.
function Budget:take(key, capacity)
  local spent = self.spent:get(key) or 0
  local ok = spent + 1 <= capacity
  set(self, key, ok and spent + 1 or spent)
  return ok
end

local function earn(self, key, amount)
  local spent = self.spent:get(key)
  if not spent then return end
  if spent > amount then return set(self, key, spent - amount) end
  self.spent:remove(key)
end

---Puts a retry's unit back into a key's budget. Call this function after a success or a refusal, or if the retry did
---not take place.
function Budget:give_back(key)
  earn(self, key, 1)
end

---Adds 0.2 units to a key's budget. Call this function when the server has answered a call that took no unit.
function Budget:answered(key)
  earn(self, key, EARNED_WITHOUT_RETRY)
end

return budget
