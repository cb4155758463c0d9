-- What a test can put into the world through the mock's own interface: for each kind its fields, as control.lua wants
-- them, and add(body, world) -> what is answered, or nil and why not.
local domains = require "cmr.mock.model.domain"
local mailboxes = require "cmr.mock.model.mailbox"
local subscriptions = require "cmr.mock.model.subscription"
local users = require "cmr.mock.model.users"

local seeding = {}

local NO_USER = "no such user: seed it first"

-- The domain of this name; a new one is registered for a year.
local function domain_of(world, name, body)
  return world.domains:get(name)
    or domains.register(
      world,
      domains.add(
        world,
        { domainName = name, userId = body.userId, domainId = body.domainId, autoRenew = body.autoRenew }
      ),
      body.expiresIn
    )
end

seeding.users = {
  fields = { userId = "string" },
  add = function(body, world)
    users.add(world, body.userId)
    return { userId = body.userId }
  end,
}

-- expiresIn: seconds, a year when left out; a negative one is over. One of the same name is replaced.
seeding.domains = {
  fields = {
    domainName = "string",
    userId = "string",
    domainId = "string?",
    expiresIn = "number?",
    autoRenew = "boolean?",
  },
  add = function(body, world)
    if not world.users:get(body.userId) then return nil, NO_USER end
    local name = body.domainName:lower()
    world.domains:remove(name)
    local domain = domain_of(world, name, body)
    return { domainName = domain.domainName, domainId = domain.domainId }
  end,
}

-- Its domain comes with it. It is ACTIVE for a month, whatever else the domain has.
seeding.subscriptions = {
  fields = {
    subscriptionId = "string",
    domain = "string",
    userId = "string",
    serviceProvider = "string?",
    autoRenew = "boolean?",
  },
  add = function(body, world)
    if not world.users:get(body.userId) then return nil, NO_USER end
    body.domain = body.domain:lower()
    domain_of(world, body.domain, { userId = body.userId })
    subscriptions.add(world, body)
    return { subscriptionId = body.subscriptionId }
  end,
}

-- Its domain and a subscription that renews itself come with it, unless they are there. One of the same id is replaced.
seeding.mailboxes = {
  fields = { mailboxId = "string", email = "string", userId = "string", status = "string?" },
  add = function(body, world)
    if not world.users:get(body.userId) then return nil, NO_USER end
    local name = body.email:match "@(.+)$"
    if not name then return nil, "'email' must be an address" end
    domain_of(world, name, { userId = body.userId })
    local subscription = subscriptions.of_domain(world, name)
      or subscriptions.add(world, { userId = body.userId, domain = name, autoRenew = true })
    body.subscriptionId = subscription.subscriptionId
    mailboxes.add(world, body)
    return { mailboxId = body.mailboxId }
  end,
}

return seeding
