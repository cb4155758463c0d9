-- What the mock knows: the time, the limits, the requests it has seen, and the world of the API: users, domains,
-- subscriptions, mailboxes, orders and more, each with its rules in a file of world/.
local rate = require "cmr.mock.rate_limit"
local agenda = require "cmr.mock.model.agenda"
local money = require "cmr.mock.model.money"
local seed = require "cmr.mock.model.seed"
local shelf = require "cmr.mock.model.collection"
local webhooks = require "cmr.mock.deliveries"

local state = {}
state.__index = state

-- The last requests are kept, older ones forgotten.
local RECORDED = 10000

local SHELVES = { "users", "domains", "subscriptions", "mailboxes", "orders", "tests", "pool", "sandbox_pool" }

--- A new world in its seeded state.
-- @param settings {rate = requests per second, window = "bucket"|"fixed"|"sliding", webhook = destination or nil}
-- @param clock returns the time in seconds since 1970
function state.new(settings, clock)
  local world = setmetatable({ settings = settings, clock = clock }, state)
  world:reset {}
  return world
end

--- Back to the seed: nothing recorded, no faults, fresh limits, the true time, the settings the mock began with.
-- @param overrides {rate, window} to change settings until the next reset
function state:reset(overrides)
  self.rate = overrides.rate or self.settings.rate
  self.window = overrides.window or self.settings.window
  self.faults, self.limiters = {}, {}
  self.recorded, self.offset = { count = 0 }, 0
  self.speed, self.since = 1, self.clock()
  self.refused = {}
  self.webhooks = webhooks.new(function()
    return self:now()
  end)
  if self.settings.webhook then self.webhooks:add(self.settings.webhook) end
  self.agenda, self.balance = agenda.new(), money.BALANCE
  for _, name in ipairs(SHELVES) do
    self[name] = shelf.new()
  end
  seed(self)
end

--- The time in seconds since 1970, including what a test has advanced it by, and how fast it lets it pass.
function state:now()
  local now = self.clock()
  return self.moment or now + self.offset + (now - self.since) * (self.speed - 1)
end

--- Let time pass: some of it at once, and from now on so many times as fast.
function state:pass(seconds, speed)
  self.offset = self:now() - self.clock() + seconds
  self.speed, self.since = speed or self.speed, self.clock()
end

--- A time (default: now) as the API writes it: "2024-05-01T10:00:00.000Z".
function state:timestamp(time)
  return os.date("!%Y-%m-%dT%H:%M:%S.000Z", math.floor(time or self:now()))
end

--- Have something done at a time; while it is done, it is that time.
function state:at(time, action)
  self.agenda:add(time, action)
end

--- Have the call that is being served come to an end in some seconds: what is told then is its outcome.
function state:after(seconds, action)
  local ticket = self.ticket
  self:at(self:now() + seconds, function()
    self.ticket = ticket
    action()
    self.ticket = nil
  end)
end

--- Serve a call: what it answers names its outcome.
-- @return what the function returns, an answer
function state:call(handler, ...)
  self.ticket = {}
  local ticket, reply = self.ticket, handler(...)
  self.ticket = nil
  ticket.actionId = reply.envelope.actionId
  return reply
end

--- Something has happened that the documents have an event for; see cmr.mock.deliveries.
function state:tell(name, data)
  self.webhooks:tell(name, data, self.ticket)
end

--- Do what was due since the last time.
function state:catch_up()
  self.moment = nil
  for time, action in self.agenda:due(self:now()) do
    self.moment = time
    action()
  end
  self.moment = nil
end

--- May a request with this key pass? true, or false and the seconds to wait.
function state:take(key)
  self.limiters[key] = self.limiters[key] or rate.new(self.window, self.rate)
  return self.limiters[key](self.clock() + self.offset) -- not faster when all else is
end

--- Remember a request; fields may be added to `entry` afterwards.
function state:record(entry)
  local recorded = self.recorded
  recorded.count = recorded.count + 1
  recorded[(recorded.count - 1) % RECORDED + 1] = entry
end

--- The requests seen since the last reset, oldest first, at most the last 10,000.
function state:requests()
  local recorded, list = self.recorded, {}
  for index = math.max(1, recorded.count - RECORDED + 1), recorded.count do
    list[#list + 1] = recorded[(index - 1) % RECORDED + 1]
  end
  return list
end

return state
