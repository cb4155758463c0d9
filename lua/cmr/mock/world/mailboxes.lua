-- Mailboxes and how they are warmed up.
local random = require "cmr.mock.random"

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
    domain = given.email:match("@(.*)$"),
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
  return world.mailboxes:list{email = email}[1]
end

--- What takes a mailbox's place in another subscription: the same person under a new id, nothing else.
function mailboxes.successor(mailbox, subscription_id)
  return {email = mailbox.email, userId = mailbox.userId, subscriptionId = subscription_id, status = mailbox.status,
    firstName = mailbox.firstName, lastName = mailbox.lastName, profilePicture = mailbox.profilePicture}
end

--- Enrol a mailbox in warmup: PENDING, and ACTIVE some minutes later.
function mailboxes.warm_up(world, mailbox)
  local warmup = {status = "PENDING", settings = mailbox.warmup and mailbox.warmup.settings}
  mailbox.warmup = warmup
  world:at(world:now() + STARTING, function()
    if warmup.status == "PENDING" then warmup.status = "ACTIVE" end
  end)
end

return mailboxes
