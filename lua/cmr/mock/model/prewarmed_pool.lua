---The pool of domains with warm mailboxes, and a second pool for the sandbox. Sells domains from both pools.

local account = require "cmr.mock.model.account"
local Domain = require "cmr.mock.model.domain"
local json = require "cmr.mock.json"
local Mailbox = require "cmr.mock.model.mailbox"
local samples = require "cmr.samples"
local Subscription = require "cmr.mock.model.subscription"

local prewarmed_pool = {}

local PROVIDERS = { "GOOGLE", "MICROSOFT" }

-- The documented names of the sandbox's domains.
local SANDBOX = {
  GOOGLE = { "sandbox.nexora-tech.com", "mail-sandbox.brightplathlabs.com" },
  MICROSOFT = { "sandbox-mail.corevista.io", "sandbox.stratospherehq.com" },
}

-- The persons who own the mailboxes. The first person comes from the documented sample.
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

---Fills both pools. state.pool gets the first domain of the documented answer. Made-up domains follow, up to the
---number in the answer's totalDomains. state.sandbox_pool gets the documented domains of the sandbox.
---@param state table
function prewarmed_pool.fill(state)
  local sample = json.decode(samples.prewarmed.answer).data
  put(state.pool, sample.inventory[1].domain, "GOOGLE")
  for number = 2, sample.totalDomains do
    put(state.pool, ("prewarm-%02d.com"):format(number), PROVIDERS[(number - 1) % #PROVIDERS + 1])
  end
  for _, provider in ipairs(PROVIDERS) do
    for _, name in ipairs(SANDBOX[provider]) do
      put(state.sandbox_pool, name, provider)
    end
  end
end

---Lists the domains of a pool.
---@param pool table
---@param provider string? Nil for any provider.
---@param contains string? A part of the domain's name.
---@return table[] items
function prewarmed_pool.find(pool, provider, contains)
  local found = {}
  for _, item in ipairs(pool:list { serviceProvider = provider }) do
    if item.domain:find(contains or "", 1, true) then found[#found + 1] = item end
  end
  return found
end

-- Deletes the subscriptions that match `filter`, with all their mailboxes.
local function clear_subscriptions(state, filter)
  for _, subscription in ipairs(state.subscriptions:list(filter)) do
    subscription:cancel()
    state.subscriptions:remove(subscription.subscriptionId)
  end
end

-- Gives a domain with its mailboxes to a user. Returns what the event prewarmup.order.success says about the domain.
local function assign(state, item, fields)
  local user_id, sandbox = fields.userId, fields.sandbox
  Domain.add(state, { domainName = item.domain, userId = user_id, sandbox = sandbox }):register()
  local subscription = Subscription.add(state, {
    userId = user_id,
    domain = item.domain,
    serviceProvider = item.serviceProvider,
    autoRenew = fields.autoRenew,
    sandbox = sandbox,
  })
  local shown = json.array()
  for index, person in ipairs(item.mailboxes) do
    local mailbox = Mailbox.add(state, {
      userId = user_id,
      subscriptionId = subscription.subscriptionId,
      email = person.email,
      firstName = person.firstName,
      lastName = person.lastName,
    })
    mailbox.warmup = { status = "ACTIVE" }
    local details = mailbox:access()
    details.profilePicture, details.isAdmin = json.null, index == 1
    details.warmingUpFrom, details.expiryDate = state:timestamp(), state:timestamp(subscription.periodEnd)
    shown[index] = details
  end
  return { domain = item.domain, subscriptionId = subscription.subscriptionId, preWarmedUpMailboxes = shown }
end

---Sells a domain of a pool, with its mailboxes, to a user. A sandbox domain costs nothing and stays in the pool.
---@param state table
---@param name string
---@param provider string
---@param fields table {userId, autoRenew, sandbox = true for the sandbox's pool}
---@return table? sold What the event prewarmup.order.success says about the domain.
---@return string? message The reason of the failure.
function prewarmed_pool.sell(state, name, provider, fields)
  local pool = fields.sandbox and state.sandbox_pool or state.pool
  local item = pool:get(name)
  if not item or item.serviceProvider ~= provider then return nil, "The domain is not in the pool." end
  if fields.sandbox then
    -- removes the subscriptions of an earlier order; `assign` replaces the domain itself
    clear_subscriptions(state, { sandbox = true, domain = name })
  else
    if not account.pay(state, account.PREWARMED_PRICE) then return nil, "Insufficient wallet balance" end
    pool:remove(name)
  end
  return assign(state, item, fields)
end

---Emits the events at the end of an order: one for the sold domains, and one for the failed domains.
---@param order table
---@param provider string
---@param sold table[] The results of prewarmed_pool.sell.
---@param failed table[] [{domain, reason}]
function prewarmed_pool.emit_ordered(order, provider, sold, failed)
  local state = order.state
  local function data()
    local fields = account.event_data(state, order.userId)
    fields.orderId, fields.serviceProvider = order.orderId, provider
    return fields
  end
  if #sold > 0 then
    local success = data()
    success.mailboxDetails = json.array(sold)
    state:emit("prewarmup.order.success", success)
  end
  if #failed > 0 then
    local failure = data()
    failure.reason, failure.failedDomains = failed[1].reason, json.array(failed)
    state:emit("prewarmup.order.failed", failure)
  end
end

---Deletes all sandbox orders. Also deletes the sold sandbox domains, with their subscriptions and mailboxes.
---@param state table
function prewarmed_pool.clear_sandbox(state)
  clear_subscriptions(state, { sandbox = true })
  state.domains:clear { sandbox = true }
  state.orders:clear { sandbox = true }
end

return prewarmed_pool
