---The mock's state: the clock, the schedule, the rate limits, the recorded requests, the faults, the deliveries, and
---the collections of items such as users. The files of model/ have the rules for most kinds of items.

local account = require "cmr.mock.model.account"
local Collection = require "cmr.mock.model.collection"
local Deliveries = require "cmr.mock.deliveries"
local rate_limit = require "cmr.mock.rate_limit"
local Recorder = require "cmr.mock.recorder"
local seed = require "cmr.mock.model.seed"

local State = {}
State.__index = State
State.__name = "cmr.mock.state"

local COLLECTIONS =
  { "users", "domains", "subscriptions", "mailboxes", "orders", "placement_tests", "pool", "sandbox_pool" }

---Makes a state that holds the initial data.
---@param settings table {rate = requests per second, window = "bucket"|"fixed"|"sliding", webhook = destination?,
---  endpoints = {operation = "METHOD /path"}?, examples = boolean?}
---@param clock function returns seconds since 1970
---@return table state
function State.new(settings, clock)
  local state = setmetatable({ settings = settings, clock = clock, resets = -1 }, State)
  state:reset {}
  return state
end

---Resets the data, the records, the faults, the rate limits and the clock. Restores the initial settings.
---@param overrides table {rate, window}. These values replace the initial settings until the next reset.
function State:reset(overrides)
  self.rate = overrides.rate or self.settings.rate
  self.window = overrides.window or self.settings.window
  self.endpoints = {}
  for operation, endpoint in pairs(self.settings.endpoints or {}) do
    self:supply(operation, endpoint)
  end
  self.faults, self.limiters, self.failures, self.schedule = {}, {}, {}, {}
  self.resets = self.resets + 1
  self.recorder = Recorder.new(self.recorder and self.recorder.last or 0) -- request numbers go on after a reset
  self.offset, self.speed, self.speed_since = 0, 1, self.clock()
  -- the seconds that State:advance skipped; the rate limits use the real time plus these seconds, and ignore `speed`
  self.skipped = 0
  self.deliveries = Deliveries.new(function()
    return self:now()
  end)
  if self.settings.webhook then self.deliveries:add(self.settings.webhook) end
  self.balance = account.INITIAL_BALANCE
  for _, name in ipairs(COLLECTIONS) do
    self[name] = Collection.new()
  end
  seed.fill(self)
  if self.settings.examples then seed.fill_examples(self) end
end

---Serves an operation at a path that the user supplies.
---@param operation string
---@param endpoint string "METHOD /path", perhaps with " userId in body" or " userId in query" after the path.
---@return boolean? ok Nil when the endpoint has another form.
function State:supply(operation, endpoint)
  local route, user = endpoint:match "^(%u+ /%S*)(.*)$"
  local user_in = user and user:match "^ userId in (%l+)$"
  if not route or user ~= "" and user_in ~= "body" and user_in ~= "query" then return nil end
  self.endpoints[route] = { operation = operation, user_in = user_in }
  return true
end

---Returns the mock's time. While a scheduled function runs, this is the time for which the function was scheduled.
---@return number seconds since 1970
function State:now()
  local now = self.clock()
  return self.virtual_now or now + self.offset + (now - self.speed_since) * (self.speed - 1)
end

---Advances the clock.
---@param seconds number The seconds to skip at once.
---@param speed number? The new speed of the clock; nil keeps the old speed.
function State:advance(seconds, speed)
  self.offset = self:now() - self.clock() + seconds
  self.skipped = self.skipped + seconds
  self.speed, self.speed_since = speed or self.speed, self.clock()
end

---Returns a time in the API's format.
---@param time number? default: now
---@return string timestamp "2024-05-01T10:00:00.000Z"
function State:timestamp(time)
  return os.date("!%Y-%m-%dT%H:%M:%S.000Z", math.floor(time or self:now()))
end

---Schedules a function. Functions with the same time run in the order in which they were scheduled.
---@param time number seconds since 1970
---@param run function
function State:at(time, run)
  local schedule = self.schedule
  local index = #schedule
  while index > 0 and schedule[index].time > time do
    index = index - 1
  end
  table.insert(schedule, index + 1, { time = time, run = run })
end

---Schedules a function that belongs to the current call. The events from this function get the call's actionId.
---@param seconds number from now
---@param run function
function State:after(seconds, run)
  local action = self.action
  self:at(self:now() + seconds, function()
    self.action = action
    run()
    self.action = nil
  end)
end

---Runs scheduled functions until no function is due. A function may schedule other functions.
function State:catch_up()
  local schedule = self.schedule
  self.virtual_now = nil
  local now = self:now()
  while schedule[1] and schedule[1].time <= now do
    local entry = table.remove(schedule, 1)
    self.virtual_now = entry.time
    entry.run()
  end
  self.virtual_now = nil
end

---Runs the handler of a call. The events that the call causes get the actionId of its answer.
---@param handler function Returns an answer.
---@param ... any its arguments
---@return table answer
function State:handle(handler, ...)
  local action = {}
  self.action = action
  local reply = handler(...)
  self.action = nil
  action.actionId = reply.envelope.actionId
  return reply
end

---Emits an event. See cmr.mock.deliveries.
---@param name string
---@param data table
function State:emit(name, data)
  self.deliveries:emit(name, data, self.action)
end

---Counts a request against the rate limit of its key. The speed of the mock's clock makes no difference.
---@param key string
---@return boolean passes
---@return number? seconds The time to wait, when the request does not pass.
function State:take(key)
  self.limiters[key] = self.limiters[key] or rate_limit.new(self.window, self.rate)
  return self.limiters[key](self.clock() + self.skipped)
end

return State
