-- Domains whose mailboxes are warm already: the pool, a pool of the sandbox, and how one leaves it.
local json = require "cmr.mock.json"
local examples = require "cmr.samples"
local domains = require "cmr.mock.model.domain"
local mailboxes = require "cmr.mock.model.mailbox"
local money = require "cmr.mock.model.money"
local subscriptions = require "cmr.mock.model.subscription"
local users = require "cmr.mock.model.users"

local prewarmed = {}

local PROVIDERS = { "GOOGLE", "MICROSOFT" }

-- The documented ones of the sandbox.
local SANDBOX = {
  GOOGLE = { "sandbox.nexora-tech.com", "mail-sandbox.brightplathlabs.com" },
  MICROSOFT = { "sandbox-mail.corevista.io", "sandbox.stratospherehq.com" },
}

-- The first person is of the documented sample.
local PEOPLE = { { "jwilson", "James", "Wilson" }, { "mlopez", "Maria", "Lopez" }, { "achen", "Amy", "Chen" } }

local function put(pool, name, provider)
  local people = json.array()
  for index, person in ipairs(PEOPLE) do
    people[index] = {
      email = person[1] .. "@" .. name,
      firstName = person[2],
      lastName = person[3],
      createdAt = "2025-01-15T10:00:00.000Z",
    }
  end
  pool:put(name, { domain = name, serviceProvider = provider, mailboxes = people })
end

--- Fill both pools: as many domains and mailboxes as the documented answer counts, the documented domain first.
function prewarmed.fill(world)
  local sample = json.decode(examples.prewarmed.answer).data
  put(world.pool, sample.inventory[1].domain, "GOOGLE")
  for number = 2, sample.totalDomains do
    put(world.pool, ("prewarm-%02d.com"):format(number), PROVIDERS[(number - 1) % #PROVIDERS + 1])
  end
  for _, provider in ipairs(PROVIDERS) do
    for _, name in ipairs(SANDBOX[provider]) do
      put(world.sandbox_pool, name, provider)
    end
  end
end

--- The domains of a pool at a provider with a text in their names; nil for all.
function prewarmed.find(pool, provider, contains)
  local found = {}
  for _, item in ipairs(pool:list { serviceProvider = provider }) do
    if item.domain:find(contains or "", 1, true) then found[#found + 1] = item end
  end
  return found
end

-- Deletes subscriptions with all of their mailboxes, also those that were added later.
local function clear(world, wanted)
  for _, subscription in ipairs(world.subscriptions:list(wanted)) do
    subscriptions.cancel(world, subscription)
    world.subscriptions:remove(subscription.subscriptionId)
  end
end

-- A mailbox as the event shows it.
local function show(world, mailbox, index, subscription)
  return {
    mailboxId = mailbox.mailboxId,
    email = mailbox.email,
    firstName = mailbox.firstName,
    lastName = mailbox.lastName,
    profilePicture = json.null,
    password = "mock-password",
    appPassword = "mock-app-password",
    authenticatorSecret = "MOCKSECRET",
    isAdmin = index == 1,
    warmingUpFrom = world:timestamp(),
    expiryDate = world:timestamp(subscription.periodEnd),
  }
end

-- Gives a domain with its mailboxes to a user; returns what the event says of it.
local function assign(world, item, given)
  local userId, sandbox = given.userId, given.sandbox
  domains.register(world, domains.add(world, { domainName = item.domain, userId = userId, sandbox = sandbox }))
  local subscription = subscriptions.add(world, {
    userId = userId,
    domain = item.domain,
    serviceProvider = item.serviceProvider,
    autoRenew = given.autoRenew,
    sandbox = sandbox,
  })
  local shown = json.array()
  for index, person in ipairs(item.mailboxes) do
    local mailbox = mailboxes.add(world, {
      userId = userId,
      subscriptionId = subscription.subscriptionId,
      email = person.email,
      firstName = person.firstName,
      lastName = person.lastName,
    })
    mailbox.warmup = { status = "ACTIVE" }
    shown[index] = show(world, mailbox, index, subscription)
  end
  return { domain = item.domain, subscriptionId = subscription.subscriptionId, preWarmedUpMailboxes = shown }
end

--- Give a domain of a pool, with its mailboxes, to a user. What comes from the sandbox costs nothing and stays there.
-- @param given {userId, autoRenew, sandbox = true for the sandbox's pool}
-- @return what the event says of the domain, or nil and the documented reason of a failure
function prewarmed.sell(world, name, provider, given)
  local pool = given.sandbox and world.sandbox_pool or world.pool
  local item = pool:get(name)
  if not item or item.serviceProvider ~= provider then return nil, "The domain is not in the pool." end
  if given.sandbox then
    clear(world, { sandbox = true, domain = name }) -- what an earlier order left; the domain itself is replaced
  else
    if not money.pay(world, money.PREWARMED) then return nil, "Insufficient wallet balance" end
    pool:remove(name)
  end
  return assign(world, item, given)
end

--- Say how an order ended: what was had and what was not, each in an event of its own.
-- @param sold array of what sell returned
-- @param failed [{domain, reason}]
function prewarmed.tell(world, order, provider, sold, failed)
  local function told(more)
    local data = users.told(world, order.userId)
    data.orderId, data.serviceProvider = order.orderId, provider
    for name, value in pairs(more) do
      data[name] = value
    end
    return data
  end
  if #sold > 0 then world:tell("prewarmup.order.success", told { mailboxDetails = json.array(sold) }) end
  if #failed > 0 then
    world:tell("prewarmup.order.failed", told { reason = failed[1].reason, failedDomains = json.array(failed) })
  end
end

--- Delete all that came from the sandbox.
function prewarmed.clear_sandbox(world)
  clear(world, { sandbox = true })
  world.domains:clear { sandbox = true }
  world.orders:clear { sandbox = true }
end

return prewarmed
