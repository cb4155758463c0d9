---What the status of an order says about its end. Pure.

local status = {}

---The whole words of a status that settle an order. Every other word, and every compound such as PAYMENT_COMPLETED or
---COMPLETED_WITH_ERRORS, settles nothing: the statuses are undocumented.
status.VERDICTS = {}
for verdict, list in pairs {
  done = "COMPLETED COMPLETE DONE SUCCESS SUCCESSFUL SUCCEEDED",
  failed = "FAILED FAILURE UNSUCCESSFUL CANCELLED CANCELED REJECTED",
} do
  for word in list:gmatch "%S+" do
    status.VERDICTS[word] = verdict
  end
end

---Returns the words that settle an order, with those of the user.
---@param done? string[]
---@param failed? string[]
function status.verdicts(done, failed)
  local verdicts = setmetatable({}, { __index = status.VERDICTS })
  for _, word in ipairs(done or {}) do
    verdicts[word:upper()] = "done"
  end
  for _, word in ipairs(failed or {}) do
    verdicts[word:upper()] = "failed"
  end
  return verdicts
end

---Returns the verdict of an order's status: "done", "failed", or nil.
---@param word any
---@param verdicts? table from status.verdicts
function status.verdict(word, verdicts)
  if type(word) ~= "string" then return nil end
  return (verdicts or status.VERDICTS)[word:match("^%s*(.-)%s*$"):upper()]
end

return status
