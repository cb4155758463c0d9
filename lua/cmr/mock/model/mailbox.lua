-- Mailboxes and how they are warmed up.
local random = require "cmr.util.random"
local users = require "cmr.mock.model.users"

local mailboxes = {}

-- The minutes until a warmup that was started is ACTIVE; assumed how many.
local STARTING = 120

--- A new mailbox; one of the same id is replaced.
-- @param given {email, userId, mailboxId, subscriptionId, status = "ACTIVE", firstName, lastName, profilePicture}
function mailboxes.add(world, given)
  local id = given.mailboxId or random.id(28)
  return world.mailboxes:put(id, {
    mailboxId = id,
    email = given.email,
    domain = given.email:match "@(.*)$",
    userId = given.userId,
    subscriptionId = given.subscriptionId,
    status = given.status or "ACTIVE",
    firstName = given.firstName or "John",
    lastName = given.lastName or "Doe",
    profilePicture = given.profilePicture,
    reexports = {}, -- when it was re-exported
  })
end

--- The mailbox with this address, or nil.
function mailboxes.by_email(world, email)
  return world.mailboxes:list({ email = email })[1]
end

--- What takes a mailbox's place in another subscription: the same person under a new id, nothing else.
function mailboxes.successor(mailbox, subscription_id)
  return {
    email = mailbox.email,
    userId = mailbox.userId,
    subscriptionId = subscription_id,
    status = mailbox.status,
    firstName = mailbox.firstName,
    lastName = mailbox.lastName,
    profilePicture = mailbox.profilePicture,
  }
end

--- Say that it is there, with what one needs to use it.
function mailboxes.tell_created(world, mailbox, order)
  world:tell("mailbox.created", {
    userId = mailbox.userId,
    orderId = order.orderId,
    mailboxId = mailbox.mailboxId,
    email = mailbox.email,
    firstName = mailbox.firstName,
    lastName = mailbox.lastName,
    password = "mock-password",
    appPassword = "mock-app-password",
    authenticatorSecret = "MOCKSECRET",
  })
end

-- What an event of its warmup says.
local function of_warmup(world, mailbox)
  local subscription = world.subscriptions:get(mailbox.subscriptionId)
  return {
    mailboxId = mailbox.mailboxId,
    email = mailbox.email,
    domain = mailbox.domain,
    workspaceType = subscription and subscription.serviceProvider,
  }
end

--- Enrol a mailbox in warmup: PENDING, and ACTIVE some minutes later.
function mailboxes.warm_up(world, mailbox)
  local warmup = { status = "PENDING", settings = mailbox.warmup and mailbox.warmup.settings }
  mailbox.warmup = warmup
  world:after(STARTING, function()
    if warmup.status ~= "PENDING" then return end
    warmup.status = "ACTIVE"
    local told = of_warmup(world, mailbox)
    for name, value in pairs(users.told(world, mailbox.userId)) do
      told[name] = value
    end
    world:tell("mailbox.warmup.started", told)
  end)
end

--- End a mailbox's warmup, for good.
function mailboxes.cool_down(world, mailbox)
  mailbox.warmup.status = "STOPPED"
  world:tell("mailbox.warmup.removed", of_warmup(world, mailbox))
end

return mailboxes
