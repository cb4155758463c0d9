---Reads requests from the ledger, to show them to the user or to wait for them.

local ascii = require "cmr.util.ascii"
local core = require "cmr.core"
local runs = require "cmr.ledger.runs"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"
local validate = require "cmr.util.validate"

---A filter: the requests to list.
---@class cmr.HistoryFilter
---@field operation? string
---@field user? string The request's userId.
---@field id? string The id of an order, an action, a subscription, a domain or a mailbox in the request or its answer.
---@field run? string The name of a bulk run.
---@field since? number Seconds since 1970.
---@field unknown? true Only the requests in the state "unknown".
---@field accepted? true Only the accepted requests that have not ended yet.

---A request in the ledger.
---@class cmr.SentRequest
---@field ledger_id integer
---@field operation string The operation's name, or "request" for a raw request.
---@field state cmr.RequestState
---@field sent_at number Seconds since 1970.
---@field ended_at? number
---@field ids table<string, string[]> The ids, by kind: "order", "action", "subscription", "domain", "mailbox".
---@field user? string
---@field run? string The name of its bulk run.
---@field row? integer The number of the row in that run.
---@field status? integer The answer's HTTP status.
---@field kind? cmr.Kind The kind of the failure.
---@field outcome? cmr.Outcome
---@field message? string
---@field failed_items? integer The number of items that failed although the answer is a success.
---@field retry_at? number The earliest time to send the request again.
---@field account string A text such as "DIGEST_OF_KEY https://host".

local history = {}

local TRUE = validate.one_of(true)
local SPEC = {
  operation = "string",
  user = "string",
  id = "string",
  run = "string",
  since = validate.number(0),
  unknown = TRUE,
  accepted = TRUE,
}

local COPIED = {
  "operation",
  "state",
  "sent_at",
  "ended_at",
  "user",
  "row",
  "status",
  "kind",
  "outcome",
  "message",
  "failed_items",
  "retry_at",
  "account",
}

---Checks the user's filter, and returns a filter for Ledger:find. For a bad filter, raises at the caller's line.
function history.filter(filter)
  local checked, copy = validate.options("history", SPEC, nil, filter), {}
  for name, value in pairs(checked) do
    copy[name] = value
  end
  local is_name = copy.id and copy.id:find "[@.]" -- the id is a domain or a mailbox's address
  if is_name then copy.id = ascii.lower(copy.id) end
  return copy
end

---Makes the function that turns a request of Ledger:find into a cmr.SentRequest.
---@param ledger cmr.Ledger
---@return fun(request: table): table?, string?
function history.reader(ledger)
  local names = {} -- the names of runs, by id
  return function(request)
    local pairs_of_ids, message = ledger:ids(request.id)
    if not pairs_of_ids then return nil, message end
    local item = { ledger_id = request.id, ids = {} }
    for _, name in ipairs(COPIED) do
      item[name] = request[name]
    end
    for _, pair in ipairs(pairs_of_ids) do
      local list = item.ids[pair[1]] or {}
      item.ids[pair[1]] = list
      list[#list + 1] = pair[2]
    end
    if request.run then
      names[request.run] = names[request.run] or runs.name(ledger, request.run)
      item.run = names[request.run]
    end
    if item.state == "unknown" and not item.ended_at then
      item.message = "the process ended before the answer was written down"
    end
    return item
  end
end

---Returns a copy of a request for JSON. Its times are texts such as 2026-03-31T17:30:00Z.
---@param item cmr.SentRequest
---@return table
function history.encodable(item)
  local copy = tables.copy(item)
  copy.sent_at, copy.ended_at, copy.retry_at = text.utc(item.sent_at), text.utc(item.ended_at), text.utc(item.retry_at)
  return copy
end

-- Returns the request's fields that a wait needs. An accepted request has a plan if a documented event reports how
-- the request ends. Other requests have none.
local function to_await(found)
  local plan = found.state == "accepted" and found.plan and core.json_decode(found.plan) or nil
  return {
    id = found.id,
    account = found.account,
    operation = found.operation,
    state = found.state,
    kind = found.kind,
    plan = plan,
  }
end

---Returns the accepted requests that match a filter, with the fields that a wait needs.
---@param ledger cmr.Ledger
---@param filter table a filter as for Ledger:find
---@return table[]? items {id, account, operation, state, kind, plan}
---@return string? message
function history.accepted(ledger, filter)
  local items, open = {}, tables.copy(filter)
  open.accepted = true
  for found, message in ledger:each(open) do
    if not found then return nil, message end
    items[#items + 1] = to_await(found)
  end
  return items
end

---Returns the requests to wait for, newest first:
---    for an id          the newest request with this id, and the older accepted requests that were not superseded
---    for a run's name   the last request of each row in the last round, and the accepted requests of earlier rounds
---                       that were not superseded
---@param ledger cmr.Ledger
---@param id string An id, or the name of a run.
---@return table[]? items The same fields as the items of history.accepted.
---@return string? message
function history.awaited(ledger, id)
  local is_run, round_after = id:find "^RUN_" ~= nil, nil
  if is_run then
    local run, message = runs.named(ledger, id)
    if not run then return not message and {} or nil, message end
    round_after = run.round_after
  end
  local items, is_newest = {}, true
  for found, message in ledger:each(is_run and { run = id } or { id = id }) do
    if not found then return nil, message end
    local is_last, counts = found.superseded == nil, is_newest
    if is_run then counts = is_last and found.id > round_after end
    if counts or is_last and found.state == "accepted" then items[#items + 1] = to_await(found) end
    is_newest = false
  end
  return items
end

---Iterates over the requests that match a filter, newest first.
---@param ledger cmr.Ledger
---@param filter table a filter as for Ledger:find
---@return fun(): cmr.SentRequest|false|nil, string? iterator Gives each request; a failure gives false and a message.
function history.each(ledger, filter)
  local next_request, read = ledger:each(filter), history.reader(ledger)
  local is_over = false
  return function()
    if is_over then return nil end
    local request, message = next_request()
    if not request then return request, message end
    local item
    item, message = read(request)
    is_over = not item
    return item or false, message
  end
end

return history
