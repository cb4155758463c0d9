-- Orders: they are PENDING until everything is there. The documents say that this takes 10 to 90 s; when within them
-- each step comes, and the statuses of orders, are assumed.
local random = require "cmr.util.random"
local domains = require "cmr.mock.model.domain"
local mailboxes = require "cmr.mock.model.mailbox"
local subscriptions = require "cmr.mock.model.subscription"
local users = require "cmr.mock.model.users"

local orders = {}

-- Seconds from the order on.
local REGISTERED, PASSWORDS, DONE = 10, 20, 30

--- A new order that is not processed yet.
-- @param given {userId, sandbox}
function orders.add(world, given)
  local order = { orderId = random.id(28), userId = given.userId, sandbox = given.sandbox, status = "CREATED" }
  return world.orders:put(order.orderId, order)
end

--- It is PENDING now, and finished later.
-- @param work function() that does it and returns the domains it failed for, [{domain, reason}]
-- @param count how many domains there are, to tell a part from all of them
function orders.finish_later(world, order, work, count)
  order.status = "PENDING"
  world:after(DONE, function()
    order.failed = work()
    order.status = "COMPLETED"
    if #order.failed > 0 then order.status = #order.failed < count and "PARTIALLY_COMPLETED" or "FAILED" end
  end)
end

-- The subscription for a domain's new mailboxes: the one that was asked for or a new one; or nil and why not.
local function subscription_for(world, part, given)
  local current = subscriptions.of_domain(world, part.domain)
  if not part.subscriptionId then
    if current then return nil, "Workspace validation failed" end -- the documented reason
    return subscriptions.add(world, {
      userId = given.userId,
      domain = part.domain,
      serviceProvider = given.serviceProvider,
      autoRenew = given.autoRenew,
    })
  end
  if not current or current.subscriptionId ~= part.subscriptionId or current.status ~= "ACTIVE" then
    return nil, "The subscription is not ACTIVE."
  end
  return current
end

-- The mailboxes of one domain, or nil and why not.
local function create_mailboxes(world, part, given)
  local created = {}
  if #part.mailboxes == 0 then return created end
  local subscription, why = subscription_for(world, part, given)
  if not subscription then return nil, why end
  for index, wanted in ipairs(part.mailboxes) do
    created[index] = mailboxes.add(world, {
      userId = given.userId,
      subscriptionId = subscription.subscriptionId,
      email = wanted.username .. "@" .. part.domain,
      firstName = wanted.firstName,
      lastName = wanted.lastName,
      profilePicture = wanted.profilePicture,
      status = "IN_PROGRESS",
    })
    created[index].wants_warmup = wanted.onWarmup == true
  end
  return created
end

-- Say that the provider has confirmed the mailboxes of one domain.
local function tell_mailboxes(world, part, order, created)
  if #created == 0 then return end
  local domain = world.domains:get(part.domain)
  local subscription = world.subscriptions:get(created[1].subscriptionId)
  local data = users.told(world, order.userId)
  data.domainId, data.domainName, data.orderId = domain and domain.domainId, part.domain, order.orderId
  data.subscriptionId, data.workspaceType = subscription.subscriptionId, subscription.serviceProvider
  data.creationTime, data.expiryDate = world:timestamp(), world:timestamp(subscription.periodEnd)
  data.price, data.quantity = subscription.pricePerMailbox * #created, #created
  world:tell("mailbox.order.success", data)
end

-- Say that a domain, or mailboxes for it, could not be had.
local function tell_failed(world, part, order, why)
  local data = users.told(world, order.userId)
  data.orderId, data.domainName, data.reason = order.orderId, part.domain, why
  world:tell(part.years and "domain.order.failed" or "mailbox.order.failed", data)
end

-- One domain of an order: registered, and its mailboxes there; or nil and why not.
local function fulfil(world, part, order, given)
  local why = world.refused[part.domain]
  if why then
    if part.years then world.domains:remove(part.domain) end
    return nil, why
  end
  if part.years then
    local domain = domains.register(world, world.domains:get(part.domain), domains.years(part.years))
    domains.tell_ordered(world, domain, order)
  end
  return create_mailboxes(world, part, given)
end

--- Process an order: its domains are registered, then its mailboxes made, in the documented states.
-- @param given {userId, serviceProvider, autoRenew,
--   parts = [{domain = name, years = to register it, subscriptionId = to add to it, mailboxes = [...]}]}
function orders.process(world, order, given)
  local created, failed = {}, {}
  for _, part in ipairs(given.parts) do
    if part.years then domains.add(world, { domainName = part.domain, userId = given.userId }) end
  end
  world:after(REGISTERED, function()
    for _, part in ipairs(given.parts) do
      local some, why = fulfil(world, part, order, given)
      if some then
        tell_mailboxes(world, part, order, some)
      else
        failed[#failed + 1] = { domain = part.domain, reason = why }
        tell_failed(world, part, order, why)
      end
      for _, mailbox in ipairs(some or {}) do
        created[#created + 1] = mailbox
      end
    end
  end)
  world:after(PASSWORDS, function()
    for _, mailbox in ipairs(created) do
      mailbox.status = "CREATING_PASSWORD"
    end
  end)
  orders.finish_later(world, order, function()
    for _, mailbox in ipairs(created) do
      mailbox.status = "ACTIVE"
      mailboxes.tell_created(world, mailbox, order)
      if mailbox.wants_warmup then mailboxes.warm_up(world, mailbox) end
    end
    return failed
  end, #given.parts)
end

return orders
