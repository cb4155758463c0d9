---What the ledger writes down about a request's end. Pure.

local ids = require "cmr.ledger.ids"
local settlement = require "cmr.settlement"
local text = require "cmr.util.text"

local endings = {}

local MAX_MESSAGE_BYTES = 300

-- Refusals that pass: the same request can be sent later.
local TRANSIENT_KINDS = { quota_exceeded = true, rate_limited = true, unauthorized = true, payment_required = true }

-- Whether every item that the request named was refused.
local function all_failed(operation, args, answer, failed)
  local data = answer.data
  if type(data) == "table" and data[1] ~= nil then return #failed >= #data end
  local expected = operation.success_events and settlement.expected(operation, args, failed)
  return expected and expected.count == 0
end

---The end of a request that the API answered with a success.
---@param operation table? a row of cmr.operations; nil: a raw request
---@param args table? by name
---@param answer table
---@return table ending for Ledger:finish
function endings.of_answer(operation, args, answer)
  local failed = settlement.failed_items(operation, answer)
  local ending = { state = "done", status = answer.status, ids = ids.of(answer), failed_items = failed and #failed }
  if operation and operation.flags.async then ending.state = "accepted" end
  if failed and all_failed(operation, args, answer, failed) then
    ending.state, ending.kind, ending.outcome = "failed", "operation_failed", "rejected"
  elseif failed and ending.state == "done" then
    ending.state = "partial"
  end
  return ending
end

---The end of a request that failed.
---@param err cmr.Error
---@param now number seconds since 1970
---@return table ending for Ledger:finish
function endings.of_failure(err, now)
  local ending = { kind = err.kind, outcome = err.outcome, status = err.status }
  ending.message = text.printable(err.message):sub(1, MAX_MESSAGE_BYTES)
  if err.outcome == "unknown" then
    ending.state = "unknown"
  elseif TRANSIENT_KINDS[err.kind] then
    ending.state = "deferred"
    ending.retry_at = err.retry_after and now + err.retry_after
  else
    ending.state = "failed"
  end
  return ending
end

return endings
