--- Waiting for what became of an operation that was only accepted. The events are read from the store that the
-- webhooks' handler writes to, so it does not matter when they come, and to which worker or host.

local core = require "cmr.core"
local operations = require "cmr.operations"
local outcome = require "cmr.settlement"
local raise = require("cmr.util.errors").raise
local run = require "cmr.sender"

local FIRST, LONGEST, GROWTH = 0.05, 1, 1.5 -- seconds between two looks into the store
local PATIENCE = 10 -- seconds that asking for an order's status may take
local QUOTE = 200 -- bytes of a reason in a message

local defaults = {
  timeout = 180, -- seconds; orders usually take 10 to 90 (help)
  poll = 30, -- seconds between two requests for an order's status; false: none
}

local function options_of(given)
  local options = {}
  for name, value in pairs(given or {}) do
    if defaults[name] == nil then
      raise(("await: unknown option '%s' (timeout or poll expected)"):format(tostring(name)))
    end
    local number = type(value) == "number" and value >= 0.001 and value <= 1e6
    if not number and not (name == "poll" and value == false) then
      raise(("await: bad option '%s' (seconds expected)"):format(name))
    end
    options[name] = value
  end
  return setmetatable(options, { __index = defaults })
end

local function text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function decoded(percent)
  return (percent:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- What is awaited: its row, its ids, how many of which event.
local function plan_of(res)
  if type(res) ~= "table" then raise("await: an operation's answer expected, got " .. type(res)) end
  local info = run.info(res) or {}
  local name = info.operation or res.operation
  local row = type(name) == "string" and operations[name]
  if not row then
    raise "await: an operation's answer expected, or {operation = name, actionId = ..., orderId = ...}"
  elseif not row.settles then
    raise(("await: no document says which event settles '%s'"):format(name))
  end
  local data = type(res.data) == "table" and res.data or {}
  local request = run.sent(res)
  local expected = outcome.expected(row, request, info.partial)
  if type(res.count) == "number" then expected.count = res.count end
  local user = (info.url or ""):match "[?&]userId=([^&]+)"
  return {
    row = row,
    request = request,
    expected = expected,
    action = text(res.actionId) or text(data.actionId),
    order = text(data.orderId) or text(res.orderId),
    user = text(res.userId) or user and decoded(user),
  }
end

-- The events that came, each once, oldest first; or nil and why.
local function events_of(store, plan)
  local events, known = {}, {}
  for prefix, id in pairs { ["action:"] = plan.action or false, ["order:"] = plan.order or false } do
    local texts, why = {}, nil
    if id then
      texts, why = store:list(prefix .. id)
    end
    if not texts then return nil, why end
    for _, one in ipairs(texts) do
      local event = core.json_decode(one)
      local id_of = type(event) == "table" and (text(event.eventId) or one)
      if id_of and not known[id_of] then
        known[id_of] = true
        events[#events + 1] = event
      end
    end
  end
  return events
end

local function fail(self, kind, certainty, body, message, ...)
  local name = self.plan.row.name
  message = ("%s: %s"):format(name, message:format(...)):gsub("%c", " ")
  return nil,
    message,
    core.error {
      kind = kind,
      operation = name,
      message = message,
      outcome = certainty,
      attempts = 0,
      body = body,
      events = self.events,
    }
end

local function failed(self, certainty, body, what, data)
  local reason = type(data) == "table" and text(data.reason)
  what = reason and what .. ": " .. reason:sub(1, QUOTE) or what
  return fail(self, "operation_failed", certainty, body, "%s", what)
end

-- Looks into the store. Returns whether the outcome is known, and what to return then.
local function look(self)
  local plan = self.plan
  local events, why = events_of(self.store, plan)
  self.why = why
  if not events then return false end
  local said, found, failure = outcome.judge(plan.row, plan.expected, events)
  self.events, self.found = events, found
  if said == "failed" then
    local certainty = outcome.certainty(plan.row, plan.request, events, failure)
    return true, failed(self, certainty, failure, failure.event or failure.eventType, failure.data)
  end
  return said == "done", found
end

-- Asks for the order's status. What it says stands when it says so twice, or when no time is left: until then the
-- events may still come. Where the request itself is refused it is not made again.
local function ask(self, left)
  local plan, before = self.plan, self.verdict
  local client = self.client:with { timeout = math.max(0.001, math.min(PATIENCE, left)), retries = 0 }
  local res, _, err = client:order_status { orderId = plan.order, userId = plan.user }
  self.polls = self.polls + 1
  self.refused = not res and err.outcome == "rejected" and err.kind ~= "rate_limited"
  local data = res and type(res.data) == "table" and res.data or {}
  self.verdict = outcome.of_status(data.status)
  if not self.verdict or self.verdict ~= before and left > self.options.poll then
    return false
  elseif self.verdict == "failed" then -- a part of it may be done, for all that its words say
    return true, failed(self, "unknown", res, "the order is " .. data.status)
  end
  self.found.order = data
  return true, self.found
end

-- See Client:await.
return function(client, state, wait, res, given)
  local self = {
    client = client,
    store = state.store,
    plan = plan_of(res),
    options = options_of(given),
    events = {},
    found = {},
    polls = 1,
  }
  local plan, options = self.plan, self.options
  if not plan.action and not plan.order then
    return fail(self, "invalid_argument", "unknown", nil, "the answer names neither an action nor an order to wait for")
  end
  local begun, pause = wait.now(), FIRST
  while true do
    local known, events, message, err = look(self)
    local passed = wait.now() - begun
    local asks = plan.order and options.poll and not self.refused and passed >= self.polls * options.poll
    if not known and asks and passed < options.timeout then
      known, events, message, err = ask(self, options.timeout - passed)
    end
    if known then return events, message, err end
    local left = options.timeout - (wait.now() - begun)
    if left <= 0 then break end
    wait.sleep(core.engine(), math.min(pause, left))
    pause = math.min(pause * GROWTH, LONGEST)
  end
  return fail(
    self,
    "timeout",
    "unknown",
    nil,
    "no outcome after %g s: %d of %s %s%s",
    options.timeout,
    #self.found,
    plan.expected.count or "?",
    plan.expected.event,
    self.why and "; the store is unavailable: " .. self.why or ""
  )
end
