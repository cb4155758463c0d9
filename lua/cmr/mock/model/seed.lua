-- What there is at the beginning: what the vendor's own examples show.
local json = require "cmr.mock.json"
local examples = require "cmr.samples"
local domains = require "cmr.mock.model.domain"
local mailboxes = require "cmr.mock.model.mailbox"
local prewarmed = require "cmr.mock.model.prewarmed_pool"
local subscriptions = require "cmr.mock.model.subscription"
local users = require "cmr.mock.model.users"

local USER = json.decode(examples.platforms.request).userId
local MAILBOX = json.decode(examples.reexport.request)

--- Put the seed into an empty world.
return function(world)
  local user = users.add(world, USER)
  for app, connected in pairs(json.decode(examples.platforms.answer).data) do
    for _, credential in ipairs(connected.credentials) do
      credential.app = app
      table.insert(user.credentials, credential)
    end
  end

  local priced = json.decode(examples.domain_renewal_prices.answer).data[1]
  local sample = json.decode(examples.subscriptions.answer).data.subscriptions[1]
  local name = MAILBOX.email:match "@(.*)$"
  domains.register(world, domains.add(world, { domainName = name, domainId = priced.domainId, userId = USER }))
  subscriptions.add(world, {
    subscriptionId = sample.subscriptionId,
    domain = name,
    userId = USER,
    serviceProvider = sample.serviceProvider,
    autoRenew = sample.autoRenew,
  })
  mailboxes.add(
    world,
    { mailboxId = MAILBOX.mailboxId, email = MAILBOX.email, userId = USER, subscriptionId = sample.subscriptionId }
  )

  prewarmed.fill(world)
end
