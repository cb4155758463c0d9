---Waits until an accepted operation has finished. The events are read from the store that the webhooks' handler writes
---to: it does not matter when they arrive, and at which worker or host.

local core = require "cmr.core"
local errors = require "cmr.util.errors"
local operations = require "cmr.operations"
local sender = require "cmr.sender"
local settlement = require "cmr.settlement"
local tables = require "cmr.util.tables"
local validate = require "cmr.util.validate"

---What another process was answered, for client:await.
---@class cmr.Accepted
---@field operation string
---@field actionId? string
---@field orderId? string
---@field userId? string
---@field count? integer How many events must arrive.

---@class cmr.AwaitOptions
---@field timeout? number Seconds. Default: 180.
---@field poll? number|false Seconds between two requests for an order's status; false: no requests. Default: 30.

local SPEC = {
  timeout = validate.number(0.001, 1e6, "seconds"),
  poll = validate.either(validate.number(0.001, 1e6, "seconds"), validate.one_of(false)),
}
local DEFAULTS = { timeout = 180, poll = 30 } -- orders usually take 10 to 90 seconds (help)

local MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS, PAUSE_GROWTH = 0.05, 1, 1.5 -- between two reads of the store
local MAX_STATUS_SECONDS = 10 -- of a request for an order's status
local MAX_REASON_BYTES = 200 -- of the vendor's, in a message

local await = {}

-- A text, or nil.
local function nonempty(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- The plan of a wait: the operation, its ids, the expected events.
local function plan_of(res)
  if type(res) ~= "table" then errors.raise("await: an operation's answer expected, got " .. type(res)) end
  local info = sender.info(res) or {}
  local name = info.operation or res.operation
  local operation = type(name) == "string" and operations[name]
  if not operation then
    errors.raise "await: an operation's answer expected, or {operation = name, actionId = ..., orderId = ...}"
  elseif not operation.success_events then
    errors.raise(("await: no event is documented to report the success of '%s'"):format(name))
  end
  local args = sender.arguments(res)
  local expected = settlement.expected(operation, args, info.partial)
  if type(res.count) == "number" then expected.count = res.count end
  return {
    operation = operation,
    args = args,
    expected = expected,
    action = nonempty(res.actionId) or nonempty(tables.at(res, "data.actionId")),
    order = nonempty(tables.at(res, "data.orderId")) or nonempty(res.orderId),
    user = nonempty(res.userId) or nonempty(tables.at(args, "userId")),
  }
end

-- The events that arrived, each once, oldest first; or nil and a message.
local function read_events(store, plan)
  local events, seen = {}, {}
  for prefix, id in pairs { ["action:"] = plan.action or false, ["order:"] = plan.order or false } do
    local texts, message = {}, nil
    if id then
      texts, message = store:list(prefix .. id)
    end
    if not texts then return nil, message end
    for _, text in ipairs(texts) do
      local event = core.json_decode(text)
      local id_of_event = type(event) == "table" and (nonempty(event.eventId) or text)
      if id_of_event and not seen[id_of_event] then
        seen[id_of_event] = true
        events[#events + 1] = event
      end
    end
  end
  return events
end

local function fail(self, kind, outcome, body, message)
  local name = self.plan.operation.name
  message = ("%s: %s"):format(name, message):gsub("%c", " ")
  local err = { kind = kind, operation = name, message = message, outcome = outcome, attempts = 0, body = body }
  err.events = self.events
  return nil, message, core.error(err)
end

local function fail_operation(self, outcome, body, message, data)
  local reason = nonempty(tables.at(data, "reason"))
  message = reason and message .. ": " .. reason:sub(1, MAX_REASON_BYTES) or message
  return fail(self, "operation_failed", outcome, body, message)
end

-- Reads the store. Returns whether the operation is settled, and the results of await.run then.
local function poll_store(self)
  local plan = self.plan
  local events, message = read_events(self.store, plan)
  self.store_message = message
  if not events then return false end
  local verdict, found, failure = settlement.verdict(plan.operation, plan.expected, events)
  self.events, self.found = events, found
  if verdict == "failed" then
    local outcome = settlement.outcome_of_failure(plan.operation, plan.args, events, failure)
    return true, fail_operation(self, outcome, failure, failure.event or failure.eventType, failure.data)
  end
  return verdict == "done", found
end

-- Requests the order's status. A status counts only when two polls agree, or when time is up: the events may still
-- arrive and carry more. A request that is refused is not repeated.
local function poll_status(self, left)
  local plan, previous = self.plan, self.verdict
  local client = self.client:with { timeout = math.max(0.001, math.min(MAX_STATUS_SECONDS, left)), retries = 0 }
  local res, _, err = client:order_status { orderId = plan.order, userId = plan.user }
  self.polls = self.polls + 1
  self.refused = not res and err.outcome == "rejected" and err.kind ~= "rate_limited"
  local data = res and type(res.data) == "table" and res.data or {}
  self.verdict = settlement.verdict_of_status(data.status)
  if not self.verdict or self.verdict ~= previous and left > self.opts.poll then
    return false
  elseif self.verdict == "failed" then -- a part may be done, whatever the status says
    return true, fail_operation(self, "unknown", res, "the order is " .. data.status)
  end
  self.found.order = data
  return true, self.found
end

---Waits until an accepted operation has finished. See client:await.
function await.run(client, store, loop, res, opts)
  opts = validate.options("await", SPEC, DEFAULTS, opts)
  local plan = plan_of(res)
  local self = { client = client, store = store, plan = plan, opts = opts, events = {}, found = {}, polls = 1 }
  if not plan.action and not plan.order then
    return fail(self, "invalid_argument", "unknown", nil, "the answer names neither an action nor an order to wait for")
  end
  local started_at, pause = loop.now(), MIN_PAUSE_SECONDS
  while true do
    local settled, events, message, err = poll_store(self)
    local elapsed = loop.now() - started_at
    local poll_is_due = plan.order and opts.poll and not self.refused and elapsed >= self.polls * opts.poll
    if not settled and poll_is_due and elapsed < opts.timeout then
      settled, events, message, err = poll_status(self, opts.timeout - elapsed)
    end
    if settled then return events, message, err end
    local left = opts.timeout - (loop.now() - started_at)
    if left <= 0 then break end
    loop.sleep(core.engine(), math.min(pause, left))
    pause = math.min(pause * PAUSE_GROWTH, MAX_PAUSE_SECONDS)
  end
  local found = ("%d of %s %s"):format(#self.found, plan.expected.count or "?", plan.expected.event)
  local message = ("no outcome after %g s: %s"):format(opts.timeout, found)
  if self.store_message then message = message .. "; the store is unavailable: " .. self.store_message end
  return fail(self, "timeout", "unknown", nil, message)
end

return await
