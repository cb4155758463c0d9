---Decides from an order's status how the order ended. Pure.

local ascii = require "cmr.util.ascii"

local status = {}

---A status settles an order if the whole status is one of these words. The statuses are undocumented, so by default no
---other word settles an order, not even a compound such as PAYMENT_COMPLETED or COMPLETED_WITH_ERRORS.
status.VERDICTS = {}
for verdict, list in pairs {
  done = "COMPLETED COMPLETE DONE SUCCESS SUCCESSFUL SUCCEEDED",
  failed = "FAILED FAILURE UNSUCCESSFUL CANCELLED CANCELED REJECTED",
} do
  for word in list:gmatch "%S+" do
    status.VERDICTS[word] = verdict
  end
end

---Returns a table from words to verdicts: the words of status.VERDICTS and the user's words.
---@param done? string[]
---@param failed? string[]
function status.verdicts(done, failed)
  local verdicts = setmetatable({}, { __index = status.VERDICTS })
  for _, word in ipairs(done or {}) do
    verdicts[ascii.upper(word)] = "done"
  end
  for _, word in ipairs(failed or {}) do
    verdicts[ascii.upper(word)] = "failed"
  end
  return verdicts
end

---Returns the verdict of an order's status: "done", "failed", or nil.
---@param word any
---@param verdicts? table the result of status.verdicts
function status.verdict(word, verdicts)
  if type(word) ~= "string" then return nil end
  return (verdicts or status.VERDICTS)[ascii.upper(word:match "^%s*(.-)%s*$")]
end

return status
