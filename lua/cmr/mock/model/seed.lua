---The mock's initial data, and the kinds of data that a test can add. The initial data comes from the vendor's samples.

local account = require "cmr.mock.model.account"
local Domain = require "cmr.mock.model.domain"
local json = require "cmr.mock.json"
local Mailbox = require "cmr.mock.model.mailbox"
local Order = require "cmr.mock.model.order"
local prewarmed_pool = require "cmr.mock.model.prewarmed_pool"
local samples = require "cmr.samples"
local Subscription = require "cmr.mock.model.subscription"
local text = require "cmr.util.text"

local seed = {
  ---The kinds of data that a test can add: name -> {fields, add}. control.lua checks a body against `fields`. The
  ---function add(body, state) returns the answer, or nil and a message.
  kinds = {},
}

local RENEWABLE_SECONDS = 30 * text.DAY -- from now to the expiry of the domain that the examples renew

local USER_ID = json.decode(samples.platforms.request).userId
local MAILBOX = json.decode(samples.reexport.request)

local function ensure_domain(state, name, user_id)
  return state.domains:get(name) or Domain.add(state, { domainName = name, userId = user_id }):register()
end

-- Adds a kind of data to seed.kinds. Data of this kind must belong to an existing user.
local function kind_of_user(name, fields, add)
  fields.userId = "string"
  seed.kinds[name] = {
    fields = fields,
    add = function(body, state)
      if not state.users:get(body.userId) then return nil, "no such user: add the user first" end
      return add(body, state)
    end,
  }
end

seed.kinds.users = {
  fields = { userId = "string" },
  add = function(body, state)
    account.add_user(state, body.userId)
    return { userId = body.userId }
  end,
}

-- The kind "domains" adds a domain, in place of an existing domain with the same name.
kind_of_user(
  "domains",
  { domainName = "string", domainId = "string?", expiresIn = "number?", autoRenew = "boolean?" },
  function(body, state)
    body.domainName = body.domainName:lower()
    state.domains:remove(body.domainName)
    local domain = Domain.add(state, body):register(body.expiresIn)
    return { domainName = domain.domainName, domainId = domain.domainId }
  end
)

-- The kind "subscriptions" adds a subscription that is ACTIVE for a month. If the domain is missing, adds the domain
-- too. The domain may already have another subscription.
kind_of_user(
  "subscriptions",
  { subscriptionId = "string", domain = "string", serviceProvider = "string?", autoRenew = "boolean?" },
  function(body, state)
    body.domain = body.domain:lower()
    ensure_domain(state, body.domain, body.userId)
    Subscription.add(state, body)
    return { subscriptionId = body.subscriptionId }
  end
)

-- Adds a mailbox, in place of an existing mailbox of the same id. If the domain is missing, adds the domain. If the
-- domain has no subscription, adds a subscription with auto-renewal.
kind_of_user("mailboxes", { mailboxId = "string", email = "string", status = "string?" }, function(body, state)
  local name = body.email:lower():match "@(.+)$"
  if not name then return nil, "'email' must be an address" end
  ensure_domain(state, name, body.userId)
  local subscription = Subscription.of_domain(state, name)
    or Subscription.add(state, { userId = body.userId, domain = name, autoRenew = true })
  body.subscriptionId = subscription.subscriptionId
  Mailbox.add(state, body)
  return { mailboxId = body.mailboxId }
end)

---Adds the initial data to an empty state.
---@param state table
function seed.fill(state)
  local user = account.add_user(state, USER_ID)
  for app, platform in pairs(json.decode(samples.platforms.answer).data) do
    for _, credential in ipairs(platform.credentials) do
      credential.app = app
      table.insert(user.credentials, credential)
    end
  end

  local name = MAILBOX.email:match "@(.*)$"
  local domain = json.decode(samples.domain_renewal_prices.answer).data[1]
  Domain.add(state, { domainName = name, domainId = domain.domainId, userId = USER_ID }):register()
  local subscription = json.decode(samples.subscriptions.answer).data.subscriptions[1]
  Subscription.add(state, {
    subscriptionId = subscription.subscriptionId,
    domain = name,
    userId = USER_ID,
    serviceProvider = subscription.serviceProvider,
    autoRenew = subscription.autoRenew,
  })
  Mailbox.add(state, {
    mailboxId = MAILBOX.mailboxId,
    email = MAILBOX.email,
    userId = USER_ID,
    subscriptionId = subscription.subscriptionId,
  })

  prewarmed_pool.fill(state)
end

---Adds the data that cmr.examples needs in addition to the initial data. One user has a domain that can be renewed, a
---mailbox in warmup, an order and an Instantly credential. Another user has nothing and can be deleted.
---@param state table
function seed.fill_examples(state)
  local user_id = json.decode(samples.subscriptions.answer).data.subscriptions[1].userId
  account.add_user(state, json.decode(samples.create_user.answer).data.id)
  local user = account.add_user(state, user_id)
  table.insert(user.credentials, {
    app = "INSTANTLY", -- the spelling is assumed
    credentialId = "H7G6F5E4D3C2B1A0",
    email = "jane@acme.com",
    connectedAt = state:timestamp(),
    metadata = {},
  })
  local name = json.decode(samples.domain_renewal_prices.answer).data[1].domainName
  local domain = Domain.add(state, { domainName = name, userId = user_id })
  domain:register(RENEWABLE_SECONDS)
  local record = { recordId = "record_123", host = "mail", value = "192.0.2.10", recordType = "A", priority = "" }
  domain.records:put(record.recordId, record)
  local subscription_id = json.decode(samples.renew_subscriptions.request).subscriptionIds[1]
  Subscription.add(state, { subscriptionId = subscription_id, domain = name, userId = user_id, autoRenew = true })
  local mailbox = Mailbox.add(state, {
    mailboxId = json.decode(samples.remove_mailbox.request).mailboxId,
    email = "jane@" .. name,
    userId = user_id,
    subscriptionId = subscription_id,
    firstName = "Jane",
  })
  mailbox.warmup = { status = "ACTIVE" }
  local order = Order.add(state, { userId = user_id, orderId = json.decode(samples.create_order.answer).data.orderId })
  order.status, order.failed = "COMPLETED", {}
end

return seed
