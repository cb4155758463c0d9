---Limits how many retries of a key may fail, so that an outage does not multiply the key's calls.
---
---A retry costs 1. An answer of the server gives back the last retry of its call, or a fifth of a retry when it came at
---the first attempt. The numbers have the same ratios as in the standard mode of the AWS SDKs.

local EARNED_WITHOUT_RETRY = 0.2

local Budget = {}
Budget.__index = Budget
Budget.__name = "cmr.retry_budget"

local budget = {}

---Makes the budget of a process. A key without failed retries takes no memory.
function budget.new()
  return setmetatable({ spent = {} }, Budget)
end

---Takes a retry.
---@param key string
---@param capacity number The maximum of failed retries for the key.
---@return boolean ok False when the budget is used up; then nothing was taken.
function Budget:take(key, capacity)
  local spent = (self.spent[key] or 0) + 1
  if spent > capacity then return false end
  self.spent[key] = spent
  return true
end

local function earn(self, key, amount)
  local spent = self.spent[key]
  if not spent then return end
  self.spent[key] = spent > amount and spent - amount or nil
end

---Gives back a retry that was answered or was not made.
function Budget:give_back(key)
  earn(self, key, 1)
end

---Counts an answer at the first attempt.
function Budget:answered(key)
  earn(self, key, EARNED_WITHOUT_RETRY)
end

return budget
