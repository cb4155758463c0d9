---An order. Its status is CREATED, then PENDING, and at the end COMPLETED, PARTIALLY_COMPLETED or FAILED. The
---documentation says that an order takes 10 to 90 s. The time of each step and the statuses are assumed.

local account = require "cmr.mock.model.account"
local Domain = require "cmr.mock.model.domain"
local Mailbox = require "cmr.mock.model.mailbox"
local random = require "cmr.util.random"
local Subscription = require "cmr.mock.model.subscription"

local Order = {}
Order.__index = Order
Order.__name = "cmr.mock.order"

-- The seconds from the order to each step.
local REGISTRATION_SECONDS, PASSWORD_SECONDS, DONE_SECONDS = 10, 20, 30

---Adds an order that is not processed yet.
---@param state table
---@param fields table {userId, orderId, sandbox}
---@return table order
function Order.add(state, fields)
  local id = fields.orderId or random.id(28)
  local order = { state = state, orderId = id, userId = fields.userId, sandbox = fields.sandbox, status = "CREATED" }
  return state.orders:put(id, setmetatable(order, Order))
end

---Sets the order to PENDING and finishes it later.
---@param work function Does the work. Returns the domains that failed, as [{domain, reason}].
---@param count integer The number of domains in the order, to tell whether all of them failed.
function Order:finish_later(work, count)
  self.status = "PENDING"
  self.state:after(DONE_SECONDS, function()
    self.failed = work()
    self.status = "COMPLETED"
    if #self.failed > 0 then self.status = #self.failed < count and "PARTIALLY_COMPLETED" or "FAILED" end
  end)
end

-- Returns the subscription that new mailboxes go into: the requested subscription, or a new subscription.
local function subscription_for(order, part, fields)
  local current = Subscription.of_domain(order.state, part.domain)
  if not part.subscriptionId then
    if current then return nil, "Workspace validation failed" end -- this reason is documented
    return Subscription.add(order.state, {
      userId = fields.userId,
      domain = part.domain,
      serviceProvider = fields.serviceProvider,
      autoRenew = fields.autoRenew,
    })
  end
  if not current or current.subscriptionId ~= part.subscriptionId or current.status ~= "ACTIVE" then
    return nil, "The subscription is not ACTIVE."
  end
  return current
end

local function emit_mailboxes(order, part, subscription, created)
  local state = order.state
  local domain = state.domains:get(part.domain)
  local data = account.event_data(state, order.userId)
  data.domainId, data.domainName, data.orderId = domain and domain.domainId, part.domain, order.orderId
  data.subscriptionId, data.workspaceType = subscription.subscriptionId, subscription.serviceProvider
  data.creationTime, data.expiryDate = state:timestamp(), state:timestamp(subscription.periodEnd)
  data.price, data.quantity = subscription.pricePerMailbox * #created, #created
  state:emit("mailbox.order.success", data)
end

local function create_mailboxes(order, part, fields)
  local created = {}
  if #part.mailboxes == 0 then return created end
  local subscription, message = subscription_for(order, part, fields)
  if not subscription then return nil, message end
  for index, wanted in ipairs(part.mailboxes) do
    created[index] = Mailbox.add(order.state, {
      userId = fields.userId,
      subscriptionId = subscription.subscriptionId,
      email = wanted.username .. "@" .. part.domain,
      firstName = wanted.firstName,
      lastName = wanted.lastName,
      profilePicture = wanted.profilePicture,
      status = "IN_PROGRESS",
    })
    created[index].wants_warmup = wanted.onWarmup == true
  end
  emit_mailboxes(order, part, subscription, created)
  return created
end

-- Carries out a part of an order. If the part has the field `years`, registers the domain. Then creates the mailboxes.
-- Returns the mailboxes, or nil and the reason of the failure.
local function fulfil(order, part, fields)
  local state = order.state
  local reason = state.failures[part.domain]
  if reason then
    if part.years then state.domains:remove(part.domain) end
    return nil, reason
  end
  if part.years then state.domains:get(part.domain):register_for(part.years, order) end
  return create_mailboxes(order, part, fields)
end

local function emit_failed(order, part, reason)
  local data = account.event_data(order.state, order.userId)
  data.orderId, data.domainName, data.reason = order.orderId, part.domain, reason
  order.state:emit(part.years and "domain.order.failed" or "mailbox.order.failed", data)
end

---Processes the order in the documented steps: registers the ordered domains, creates the mailboxes, gives them
---passwords, and makes them ACTIVE.
---@param fields table {userId, serviceProvider, autoRenew, parts = [{domain = name, years, subscriptionId, mailboxes}]}
---  `years` is the length of the registration, or nil if the user already has the domain. `subscriptionId` is the id of
---  an existing subscription, or nil.
function Order:process(fields)
  local state, created, failed = self.state, {}, {}
  for _, part in ipairs(fields.parts) do
    if part.years then Domain.add(state, { domainName = part.domain, userId = fields.userId }) end
  end
  state:after(REGISTRATION_SECONDS, function()
    for _, part in ipairs(fields.parts) do
      local mailboxes, reason = fulfil(self, part, fields)
      if not mailboxes then
        failed[#failed + 1] = { domain = part.domain, reason = reason }
        emit_failed(self, part, reason)
      end
      for _, mailbox in ipairs(mailboxes or {}) do
        created[#created + 1] = mailbox
      end
    end
  end)
  state:after(PASSWORD_SECONDS, function()
    for _, mailbox in ipairs(created) do
      mailbox.status = "CREATING_PASSWORD"
    end
  end)
  self:finish_later(function()
    for _, mailbox in ipairs(created) do
      mailbox.status = "ACTIVE"
      mailbox:emit_created(self)
      if mailbox.wants_warmup then mailbox:start_warmup() end
    end
    return failed
  end, #fields.parts)
end

return Order
