---A mailbox and its warmup.

local account = require "cmr.mock.model.account"
local random = require "cmr.util.random"
local text = require "cmr.util.text"

local Mailbox = {}
Mailbox.__index = Mailbox
Mailbox.__name = "cmr.mock.mailbox"

---How many re-exports of a mailbox are possible in 7 days.
Mailbox.MAX_REEXPORTS_PER_WEEK = 3

local WARMUP_START_SECONDS = 120 -- documented: a warmup is ACTIVE after "minutes"; assumed: 2 minutes

---Adds a mailbox, or replaces the mailbox that already has this id.
---@param state table
---@param fields table {email, userId, mailboxId, subscriptionId, status = "ACTIVE", firstName, lastName,
---  profilePicture}
---@return table mailbox
function Mailbox.add(state, fields)
  local id = fields.mailboxId or random.id(28)
  local mailbox = setmetatable({
    state = state,
    mailboxId = id,
    email = fields.email,
    domain = fields.email:match "@(.*)$",
    userId = fields.userId,
    subscriptionId = fields.subscriptionId,
    status = fields.status or "ACTIVE",
    firstName = fields.firstName or "John",
    lastName = fields.lastName or "Doe",
    profilePicture = fields.profilePicture,
    reexports = {}, -- the times of the re-exports
  }, Mailbox)
  return state.mailboxes:put(id, mailbox)
end

---@param state table
---@param email string
---@return table? mailbox
function Mailbox.by_email(state, email)
  return state.mailboxes:list({ email = email })[1]
end

---Replaces the mailbox. The new mailbox has the same person and address, but another id.
---@param subscription_id string The subscription of the new mailbox.
function Mailbox:replace(subscription_id)
  self.state.mailboxes:remove(self.mailboxId)
  Mailbox.add(self.state, {
    email = self.email,
    userId = self.userId,
    subscriptionId = subscription_id,
    status = self.status,
    firstName = self.firstName,
    lastName = self.lastName,
    profilePicture = self.profilePicture,
  })
end

---Returns the times of the re-exports that count against the quota, oldest first. Assumed: the week is the last 7 days.
---@return number[] times
function Mailbox:recent_reexports()
  local recent, now = {}, self.state:now()
  for _, time in ipairs(self.reexports) do
    if now - time < text.WEEK then recent[#recent + 1] = time end
  end
  return recent
end

---Returns the data of an event about a new mailbox: the person and the credentials.
---@return table fields
function Mailbox:access()
  return {
    mailboxId = self.mailboxId,
    email = self.email,
    firstName = self.firstName,
    lastName = self.lastName,
    password = "mock-password",
    appPassword = "mock-app-password",
    authenticatorSecret = "MOCKSECRET",
  }
end

---Emits the event mailbox.created for this mailbox of an order.
---@param order table
function Mailbox:emit_created(order)
  local data = self:access()
  data.userId, data.orderId = self.userId, order.orderId
  self.state:emit("mailbox.created", data)
end

local function emit_warmup(mailbox, event, data)
  data.mailboxId, data.email, data.domain = mailbox.mailboxId, mailbox.email, mailbox.domain
  data.workspaceType = mailbox.state.subscriptions:get(mailbox.subscriptionId).serviceProvider
  mailbox.state:emit(event, data)
end

---Starts the warmup. The warmup is PENDING, and some minutes later ACTIVE.
function Mailbox:start_warmup()
  local warmup = { status = "PENDING", settings = self.warmup and self.warmup.settings }
  self.warmup = warmup
  self.state:after(WARMUP_START_SECONDS, function()
    if warmup.status ~= "PENDING" or self.state.mailboxes:get(self.mailboxId) ~= self then return end
    warmup.status = "ACTIVE"
    emit_warmup(self, "mailbox.warmup.started", account.event_data(self.state, self.userId))
  end)
end

---Stops the warmup permanently.
function Mailbox:stop_warmup()
  self.warmup.status = "STOPPED"
  emit_warmup(self, "mailbox.warmup.removed", {})
end

return Mailbox
