---Decides what the ledger records about the end of a request. Pure.

local core = require "cmr.core"
local ids = require "cmr.ledger.ids"
local redact = require "cmr.util.redact"
local settlement = require "cmr.settlement"
local text = require "cmr.util.text"

local endings = {}

local MAX_MESSAGE_BYTES = 300
local MAX_DEFERRED_SECONDS = text.WEEK -- the API's longest limit is weekly; a longer wait is a mistake of the server

-- Refusals for a temporary reason: the same request can be sent again later.
local TRANSIENT_KINDS = { quota_exceeded = true, rate_limited = true, unauthorized = true, payment_required = true }

-- Returns how many items the request named. Nil if this is unknown, for example if the request was about all domains.
local function count_named(operation, args)
  if not operation or not args then return nil end
  local count, has_lists = 0, false
  for _, param in ipairs(operation.params) do
    if param.type == "array" and not param.name:find "[.%[]" then -- not a list within another parameter
      local list = args[param.name]
      count, has_lists = count + (type(list) == "table" and #list or 0), true
    end
  end
  if not has_lists then return 1 end
  return count > 0 and count or nil
end

-- Returns true if the API certainly refused every item of the request. An answer that lists only refused items is no
-- proof, because the answer may omit the items that were done.
local function all_failed(operation, args, answer, failed)
  local data = answer.data
  local is_list = type(data) == "table" and data[1] ~= nil
  if is_list and #failed < #data then return false end
  local expected = operation and operation.success_events and settlement.expected(operation, args, failed)
  if expected and expected.count then return expected.count == 0 end
  return is_list and #failed >= (count_named(operation, args) or math.huge)
end

-- Returns the failed items of an answer, with their names and reasons. Masks secrets in the reasons.
local function describe(failed, args, answer)
  local items, secrets = settlement.describe_failures(failed), redact.secrets { args, answer }
  for _, item in ipairs(items) do
    item.reason = item.reason and redact.mask(item.reason, secrets)
  end
  return items
end

local function in_words(items)
  return text.printable(settlement.failures_in_words(items))
end

local function bounded(message)
  return (text.cut(text.printable(message), MAX_MESSAGE_BYTES))
end

---Returns the end of a request that the API answered with a success.
---@param operation table? A row of cmr.operations; nil for a raw request.
---@param args table? The arguments by name.
---@param answer table
---@param sent_at number? Seconds since 1970. Nil makes an ending without a plan.
---@return table ending the argument of Ledger:finish
function endings.of_answer(operation, args, answer, sent_at)
  local failed = settlement.failed_items(operation, answer)
  local items = failed and describe(failed, args, answer)
  local ending = { state = "done", status = answer.status, ids = ids.of(answer), failed_items = failed and #failed }
  ending.message = items and in_words(items)
  if operation and operation.flags.async then ending.state = "accepted" end
  if failed and all_failed(operation, args, answer, failed) then
    ending.state, ending.kind, ending.outcome = "failed", "operation_failed", "rejected"
  elseif failed and ending.state == "done" then
    ending.state = "partial"
  end
  if ending.state == "accepted" and sent_at then
    local plan = settlement.plan(operation, args, answer, sent_at)
    if plan then
      plan.items_failed = items
      ending.plan = core.json_encode(plan)
    end
  end
  return ending
end

local function set_of(steps)
  local events = {}
  for _, step in ipairs(steps) do
    events[step.event] = true
  end
  return events
end

-- Returns the ledger's new message about an accepted request that failed. The old message named any items that the
-- answer refused. So the new message names these items too.
local function message_of_wait(plan, err)
  local items = plan.items_failed and settlement.failures_in_words(plan.items_failed)
  if not items then return bounded(err.message) end
  local first = err.message:find(items, 1, true)
  return bounded(first and err.message:sub(1, first - 1) or err.message .. "; ") .. in_words(plan.items_failed)
end

---Returns how an accepted request ended, after client:await has waited for the request.
---@param plan cmr.Plan
---@param err cmr.Error? The error of client:await; nil when everything was done.
---@return table? ending For Ledger:settle; nil when the outcome is still open.
function endings.of_wait(plan, err)
  if not err then return { state = "done" } end
  if err.kind ~= "operation_failed" then return nil end
  local is_success, is_part = set_of(plan.steps), false
  for _, event in ipairs(err.events or {}) do
    is_part = is_part or is_success[event.event or event.eventType] or false
  end
  local state = is_part and "partial" or err.outcome == "unknown" and "unknown" or "failed"
  local ending = { state = state, kind = err.kind, outcome = err.outcome }
  ending.message = message_of_wait(plan, err)
  return ending
end

---Returns the end of a request that failed.
---@param err cmr.Error
---@param now number seconds since 1970
---@return table ending the argument of Ledger:finish
function endings.of_failure(err, now)
  local ending = { kind = err.kind, outcome = err.outcome, status = err.status }
  ending.message = bounded(err.message)
  if err.outcome == "unknown" then
    ending.state = "unknown"
  elseif TRANSIENT_KINDS[err.kind] then
    ending.state = "deferred"
    ending.retry_at = err.retry_after and now + math.min(MAX_DEFERRED_SECONDS, err.retry_after)
  else
    ending.state = "failed"
  end
  return ending
end

return endings
