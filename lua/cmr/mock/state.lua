-- What the mock knows: users, their credentials and mailboxes, the time, and the requests it has seen.
local random = require "cmr.mock.random"
local rate = require "cmr.mock.rate"

local state = {}
state.__index = state

-- The last requests are kept, older ones forgotten.
local RECORDED = 10000

-- The seed is what the vendor's own examples show.
local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"

local function seed(world)
  world:add_user(USER)
  world:add_mailbox{mailboxId = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR", email = "john@doe.com", userId = USER}
  table.insert(world.users[USER].credentials, {
    app = "EMAILBISON",
    credentialId = "A1B2C3D4E5F6G7H8",
    email = "john@agency.com",
    connectedAt = "2024-05-01T10:00:00.000Z",
    metadata = {appBaseUrl = "https://app.emailbison.com", appName = "EmailBison", workspace = "my-workspace"},
  })
end

--- A new world in its seeded state.
-- @param settings {rate = requests per second, window = "bucket"|"fixed"|"sliding"}
-- @param clock returns the time in seconds since 1970
function state.new(settings, clock)
  local world = setmetatable({settings = settings, clock = clock}, state)
  world:reset{}
  return world
end

--- Back to the seed: nothing recorded, no faults, fresh limits, the true time, the settings the mock began with.
-- @param overrides {rate, window} to change settings until the next reset
function state:reset(overrides)
  self.rate = overrides.rate or self.settings.rate
  self.window = overrides.window or self.settings.window
  self.users, self.mailboxes = {}, {}
  self.faults, self.limiters = {}, {}
  self.recorded, self.offset = {count = 0}, 0
  seed(self)
end

--- The time in seconds since 1970, including what a test has advanced it by.
function state:now()
  return self.clock() + self.offset
end

--- The time as the API writes it: "2024-05-01T10:00:00.000Z".
function state:timestamp()
  return os.date("!%Y-%m-%dT%H:%M:%S.000Z", math.floor(self:now()))
end

--- May a request with this key pass? true, or false and the seconds to wait.
function state:take(key)
  self.limiters[key] = self.limiters[key] or rate.new(self.window, self.rate)
  return self.limiters[key](self:now())
end

--- A new user without anything; one that exists stays as it is.
function state:add_user(id)
  self.users[id] = self.users[id] or {userId = id, credentials = {}}
end

--- A mailbox {mailboxId, email, userId, status = "ACTIVE"}; one of the same id is replaced.
function state:add_mailbox(mailbox)
  self.mailboxes[mailbox.mailboxId] = {
    mailboxId = mailbox.mailboxId,
    email = mailbox.email,
    userId = mailbox.userId,
    status = mailbox.status or "ACTIVE",
    reexports = {}, -- when it was re-exported
  }
end

--- The mailbox with this address, or nil.
function state:mailbox_by_email(email)
  for _, mailbox in pairs(self.mailboxes) do
    if mailbox.email == email then return mailbox end
  end
end

--- The id of a new asynchronous action.
function state.action_id()
  return "ACT_" .. random.uuid()
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
