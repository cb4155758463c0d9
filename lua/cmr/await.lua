---Waits until an accepted operation has finished. Reads the events from the store, where the webhook handler writes
---them. So it does not matter when the events arrive, or at which worker or host.

local core = require "cmr.core"
local coroutines = require "cmr.loop.coroutines"
local errors = require "cmr.util.errors"
local event_id = require("cmr.webhook.events").event_id
local operations = require "cmr.operations"
local poller = require "cmr.order_poller"
local sender = require "cmr.sender"
local settlement = require "cmr.settlement"
local stores = require "cmr.store"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"
local validate = require "cmr.util.validate"

---The first argument of client:await if another process sent the request. It has the plan, or the operation and an id.
---@class cmr.Accepted
---@field plan? cmr.Plan The plan from cmr.info in the process that sent the request.
---
---The request's number in the client's ledger, in which client:await records how the request ended.
---@field ledger_id? integer
---@field operation? string
---@field actionId? string
---@field orderId? string
---@field userId? string
---@field count? integer The number of events that must arrive.

---@class cmr.AwaitOptions
---@field timeout? number Seconds to wait. Default: 180.
---@field poll? number|false Seconds between two requests for an order's status. False sends none. Default: 30.
---@field count? integer The number of events that must arrive, if cmr cannot know it.
---@field done_statuses? string[] More statuses that mean "the order is done". Whole statuses only. Default: {}.
---@field failed_statuses? string[] More statuses that mean "the order has failed". Whole statuses only. Default: {}.
---@field cancelled? fun(): boolean Called about once a second, but not during a poll. True ends the wait.

local WORDS = {
  expected = "a list of words",
  test = function(value)
    if type(value) ~= "table" then return false end
    for _, word in pairs(value) do
      if type(word) ~= "string" then return false end
    end
    return true
  end,
}
local SPEC = {
  timeout = validate.number(0.001, 1e6, "seconds"),
  poll = validate.either(validate.number(0.001, 1e6, "seconds"), validate.one_of(false)),
  count = validate.integer(1),
  done_statuses = WORDS,
  failed_statuses = WORDS,
  cancelled = "function",
}
local DEFAULTS = { timeout = 180, poll = 30 } -- the vendor's help page says that orders usually take 10 to 90 seconds

local MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS, PAUSE_GROWTH = 0.05, 1, 1.5 -- between two reads of the store
local PAUSE_JITTER = 0.25
local MAX_LISTS_PER_READ = 20 -- does not count the lists of actions and orders: see lists_to_read
local MAX_REASON_BYTES = 200 -- a message cuts the vendor's reason to this length

local NO_RECEIVER = "no event can arrive here: this process receives no webhooks, and no other one reaches its store. "
  .. "Start cmr.webhook.receiver in it, or give the client and the receiver the same store (cmr.store.sqlite, "
  .. "cmr.store.redis)"

local await = {}

-- Returns the value if it is a text that is not empty, otherwise nil.
local function nonempty(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function fail(self, kind, outcome, body, message)
  message = ("%s: %s"):format(self.name, message):gsub("%c", " ")
  local err = { kind = kind, operation = self.name, message = message, outcome = outcome, attempts = 0, body = body }
  err.events = self.events
  return nil, message, core.error(err)
end

-- Reports a mistake in the arguments. Normally raises an error. But if the first argument is the answer of a call,
-- returns the error, because a raised error would lose that answer.
local function refuse(self, message)
  if not self.has_left then errors.raise("await: " .. message) end
  return fail(self, "invalid_argument", "unknown", nil, message)
end

local function is_plan(plan)
  return type(plan) == "table"
    and operations[plan.operation]
    and type(plan.ids) == "table"
    and type(plan.steps) == "table"
    and type(plan.steps[1]) == "table"
    and type(plan.failure_events) == "table"
end

-- Returns the plan of a wait; or nil and a message.
local function plan_of(self, res, info)
  if not info and res.plan ~= nil then
    if is_plan(res.plan) then return res.plan end
    return nil, "bad plan: one from cmr.info expected"
  end
  local operation = type(self.name) == "string" and operations[self.name]
  if not operation then
    if info then return nil, "no event reports the outcome of a request that is none of the API's operations" end
    return nil, "an operation's answer expected, or {operation = name, actionId = ..., orderId = ...}"
  end
  if not info then return settlement.plan(operation, nil, res) end
  if info.plan then return info.plan end
  local _, message = settlement.awaitable(operation)
  return nil, message or ("'%s' is done when it is answered"):format(operation.name)
end

-- Returns true if no event can arrive: no other process reaches the store, and this process receives no webhooks.
local function is_deaf(state)
  return stores.is_of_process(state.store) and not package.loaded.ngx and not package.loaded["cmr.webhook.receiver"]
end

-- Returns the store's lists for this plan in two sets: first the lists of actions and orders, as {name, origin}; then
-- the other lists, as {name}.
local function lists_of(plan)
  local own, others = {}, {}
  for _, entry in ipairs(plan.ids) do
    local name, is_own = entry[1] .. ":" .. entry[2], entry[1] == "action" or entry[1] == "order"
    if is_own then
      own[#own + 1] = { name = name, origin = entry[3] and "new" or "old" }
    else
      others[#others + 1] = { name = name }
    end
  end
  return own, others
end

-- Decodes an event of the store. Also returns a text that identifies the event. For an event with an id, the text is
-- the content without the time of receipt, so all copies of the event have the same text. For an event without an id,
-- the text is `stored`, because different events without an id may have the same content.
local function decode(stored)
  local event = core.json_decode(stored)
  if type(event) ~= "table" then return nil end
  if not event_id(event) then return event, stored end
  local received_at = event.receivedAt
  event.receivedAt = nil
  local key = tables.canonical(event)
  event.receivedAt = received_at
  return event, key
end

-- Returns what decode returns, but decodes each text only once: each read of the store returns the old texts too.
local function decoded(self, stored)
  local known = self.decoded[stored]
  if not known then
    known = { decode(stored) }
    self.decoded[stored] = known
  end
  return known[1], known[2]
end

-- Adds the events of a list to `read`. Keeps the order of `read`, and inserts a new event after the events that precede
-- it in the list.
local function merge(self, read, texts, origin)
  local position = 1
  for _, stored in ipairs(texts) do
    local event, key = decoded(self, stored)
    local known = event and read.positions[key]
    if known then
      position = math.max(position, known + 1)
    elseif event then
      table.insert(read, position, { event = event, key = key, origin = origin })
      for index = position, #read do
        read.positions[read[index].key] = index
      end
      position = position + 1
    end
  end
end

-- Returns the lists to read now. Every read takes the lists of actions and orders, and the next few of the other lists.
-- The first and the last read take all lists.
local function lists_to_read(self, reads_all)
  local lists = {}
  for index, list in ipairs(self.own_lists) do
    lists[index] = list
  end
  local others = self.other_lists
  for _ = 1, reads_all and #others or math.min(MAX_LISTS_PER_READ, #others) do
    self.next_list = self.next_list % #others + 1
    lists[#lists + 1] = others[self.next_list]
  end
  return lists
end

-- Adds the new events to the events of earlier reads, because the store may have dropped the earlier events. Returns
-- all events, sorted by their time of receipt. An event without this time gets the time of the event before it.
local function keep(self, read)
  local kept = self.kept
  local latest = kept.latest or -math.huge
  for _, entry in ipairs(read) do
    if not kept.keys[entry.key] then
      kept.keys[entry.key] = true
      local received_at = entry.event.receivedAt
      latest = type(received_at) == "number" and received_at or latest
      kept[#kept + 1] = { event = entry.event, at = latest, number = #kept }
      kept.origins[entry.event] = entry.origin
    end
  end
  kept.latest = latest
  table.sort(kept, function(a, b)
    if a.at == b.at then return a.number < b.number end
    return a.at < b.at
  end)
  local events = {}
  for index, entry in ipairs(kept) do
    events[index] = entry.event
  end
  return events
end

-- Reads the lists that lists_to_read returns. Returns the events of this read and of earlier reads, oldest first.
local function read_events(self, reads_all)
  local read = { positions = {} }
  self.store_message = nil
  for _, list in ipairs(lists_to_read(self, reads_all)) do
    local ok, texts, message = coroutines.protect(self.store.list, self.store, list.name)
    if not ok then
      texts, message = nil, tostring(texts)
    end
    if texts then
      merge(self, read, texts, list.origin)
    else
      self.store_message = message or "no list"
      break
    end
  end
  return keep(self, read)
end

local function fail_operation(self, outcome, body, message, data)
  local reason = nonempty(tables.at(data, "reason"))
  message = reason and message .. ": " .. text.cut(reason, MAX_REASON_BYTES) or message
  return fail(self, "operation_failed", outcome, body, message)
end

local function fail_items(self, outcome)
  local failed = self.plan.items_failed
  return fail_operation(self, outcome, failed, settlement.failures_in_words(failed))
end

-- Reads the store. If the operation is settled, returns true and the results of await.run. Otherwise returns false.
local function read_store(self, reads_all)
  local result = settlement.judge(self.plan, read_events(self, reads_all), self.kept.origins)
  self.events, self.found, self.result = result.events, result.found, result
  if not result.verdict then return false end
  if result.verdict == "done" then return true, result.found end
  local failure = result.failure
  if not failure then return true, fail_items(self, result.outcome) end
  return true, fail_operation(self, result.outcome, failure, failure.event or failure.eventType, failure.data)
end

-- Polls the order's status. A status counts only when two polls in a row agree. The reason: events with more details
-- may arrive before the second poll. If the timeout leaves no time for a second poll, one poll is enough. If the API
-- refuses a poll with a status other than 429, no other poll follows.
local function poll_status(self, now, left)
  local is_new, res, err = self.watch:poll(now, left)
  if not is_new then return false end
  self.is_refused = err ~= nil and err.outcome == "rejected" and err.kind ~= "rate_limited"
  local data, previous = res and type(res.data) == "table" and res.data or {}, self.verdict
  self.verdict = settlement.verdict_of_status(data.status, self.status_verdicts)
  if not self.verdict or self.verdict ~= previous and left > self.opts.poll then
    return false
  elseif self.verdict == "failed" then -- a part may be done even if the status says "failed"
    return true, fail_operation(self, "unknown", res, "the order is " .. data.status)
  elseif self.plan.items_failed then
    return true, fail_items(self, "unknown")
  end
  self.found.order = data
  return true, self.found
end

local function time_out(self)
  local result, parts = self.result, {}
  parts[1] = ("no outcome after %g s: %s"):format(self.opts.timeout, result.missing or "no event")
  if result.is_uncounted then parts[2] = "how many must come is not known here: give count, or the plan of cmr.info" end
  if self.plan.items_failed then parts[#parts + 1] = settlement.failures_in_words(self.plan.items_failed) end
  if self.store_message then parts[#parts + 1] = "the store is unavailable: " .. self.store_message end
  return fail(self, "timeout", "unknown", nil, table.concat(parts, "; "))
end

-- Waits until the operation is settled, or time is up.
local function wait(self)
  local loop, timeout, pause = self.loop, self.opts.timeout, MIN_PAUSE_SECONDS
  local started_at = loop.now()
  local settled, events, message, err = read_store(self, true)
  while not settled do
    local now = loop.now()
    local left = timeout - (now - started_at)
    local may_poll = self.watch ~= nil and not self.is_refused
    if left <= 0 then return time_out(self) end
    local cancelled = self.opts.cancelled
    if cancelled and cancelled() then return fail(self, "cancelled", "unknown", nil, "cancelled") end
    if self.is_deaf and not may_poll then return fail(self, "invalid_argument", "unknown", nil, NO_RECEIVER) end
    if may_poll then
      settled, events, message, err = poll_status(self, now, left)
      left = timeout - (loop.now() - started_at)
    end
    if not settled then
      -- a random pause: waits that began together do not all read the store at the same time
      local jittered = pause * (1 - PAUSE_JITTER * self.jitter())
      local made, engine = pcall(core.engine)
      if not made then return fail(self, "network", "unknown", nil, engine) end
      if left > 0 then loop.sleep(engine, math.min(jittered, left)) end
      pause = math.min(pause * PAUSE_GROWTH, MAX_PAUSE_SECONDS)
      settled, events, message, err = read_store(self, left <= pause)
    end
  end
  return events, message, err
end

---Returns whether client:await could learn how an operation ends. See client:awaitable.
function await.check(state, operation)
  local ok, message = settlement.awaitable(operation)
  if not ok then return nil, message end
  if is_deaf(state) then return nil, NO_RECEIVER end
  return true
end

-- Adds the data of the wait to self, and waits.
local function begin(self, plan, state, opts)
  self.plan, self.opts, self.jitter = plan, opts, state.options.jitter or sender.jitter
  self.status_verdicts = settlement.status_verdicts(opts.done_statuses, opts.failed_statuses)
  self.own_lists, self.other_lists = lists_of(plan)
  self.kept, self.decoded, self.is_deaf = { keys = {}, origins = {} }, {}, is_deaf(state)
  if plan.ids[1] == nil and not plan.items_failed then
    return fail(self, "invalid_argument", "unknown", nil, "the answer names neither an action nor an order to wait for")
  end
  if plan.order and opts.poll then
    self.watch = poller.watch(self.client, plan.order, plan.user, opts.poll, self.loop.now())
  end
  return wait(self)
end

-- Ends the wait, and writes into the ledger how the request ended.
local function leave(self, ...)
  if self.watch then self.watch:leave() end
  local id = self.ledger_id
  if id and self.ledger then require("cmr.ledger.entry").settle(self.ledger, id, self.plan, select(3, ...)) end
  return ...
end

---Waits until an accepted operation has finished. See client:await.
---@param client cmr.Client
---@param state table the client's state
---@param loop cmr.Loop
---@param res any
---@param opts any
function await.run(client, state, loop, res, opts)
  if type(res) ~= "table" then errors.raise("await: an operation's answer expected, got " .. type(res)) end
  local info = sender.info(res)
  local self = { client = client, store = state.store, loop = loop, has_left = info ~= nil, events = {}, next_list = 0 }
  self.name = info and info.operation or res.operation or type(res.plan) == "table" and res.plan.operation
  local plan, message = plan_of(self, res, info)
  if not plan then return refuse(self, message) end
  self.name, self.ledger, self.ledger_id = plan.operation, state.ledger, info and info.ledger_id or res.ledger_id
  local reason = loop.unsupported and loop.unsupported "caller"
  if reason then return refuse(self, reason) end
  local ok
  ok, message = validate.check(SPEC, opts == nil and {} or opts)
  if not ok then return refuse(self, message) end
  local all = setmetatable({}, { __index = DEFAULTS })
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  local count = all.count or not info and res.count
  if type(count) == "number" then plan = settlement.with_count(plan, count) end
  return leave(self, begin(self, plan, state, all))
end

return await
