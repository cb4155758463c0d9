-- Subscriptions: the mailboxes of a domain, paid by the month.
local random = require "cmr.util.random"
local money = require "cmr.mock.model.money"
local domains = require "cmr.mock.model.domain"
local mailboxes = require "cmr.mock.model.mailbox"
local users = require "cmr.mock.model.users"

local subscriptions = {}

local DAY = 24 * 60 * 60
local MONTH, GRACE = 30 * DAY, 7 * DAY -- a month has 30 days here; assumed
local QUEUED = 30 -- seconds that renewing or recreating takes; assumed

local watch -- defined below: a renewed period is watched like the first one

local function alive(world, subscription)
  return world.subscriptions:get(subscription.subscriptionId) == subscription and subscription.status ~= "CANCELLED"
end

local function set_mailboxes(world, subscription, from, to)
  for _, mailbox in ipairs(world.mailboxes:list { subscriptionId = subscription.subscriptionId, status = from }) do
    mailbox.status = to
  end
end

-- Say what the documents have an event for; all of them say the same.
local function tell(world, name, subscription, reason)
  local domain = world.domains:get(subscription.domain)
  local data = users.told(world, subscription.userId)
  data.subscriptionId, data.domain = subscription.subscriptionId, subscription.domain
  data.domainId = domain and domain.domainId
  data.workspaceType, data.autoRenew = subscription.serviceProvider, subscription.autoRenew
  data.quantity = subscriptions.quantity(world, subscription)
  data.periodStart = world:timestamp(subscription.periodStart)
  data.periodEnd = world:timestamp(subscription.periodEnd)
  data.description, data.subscriptionStatus = "", subscription.status
  data.reason = reason
  world:tell("subscription." .. name, data)
end

-- Pays for the next month: true, or false and why not.
local function renew(world, subscription)
  local domain = world.domains:get(subscription.domain)
  local lapsed = domain and domains.status(world, domain)
  if lapsed == "GRACE_PERIOD" or lapsed == "EXPIRED" then
    tell(world, "renewal.failed", subscription, "The domain is " .. lapsed .. ".")
    return false, "domain"
  end
  local now, price, begin = world:now(), subscription.pricePerMailbox, subscription.periodEnd
  if now - subscription.created >= 12 * MONTH then price = money.OLD_MAILBOX end
  if not money.pay(world, price * subscriptions.quantity(world, subscription)) then return false, "payment" end
  if begin + MONTH <= now then begin = now end -- had been EXPIRED for long
  local dearer = price ~= subscription.pricePerMailbox
  subscription.pricePerMailbox = price
  subscription.periodStart, subscription.periodEnd = begin, begin + MONTH
  subscription.status = "ACTIVE"
  set_mailboxes(world, subscription, "EXPIRED", "ACTIVE")
  tell(world, "renewal.success", subscription)
  if dearer then tell(world, "updated", subscription) end
  watch(world, subscription)
  return true
end

-- Not paid since a time: with auto-renewal it is tried again every day (assumed: how often), without it ends after a
-- grace of 7 days.
local function owe(world, subscription, since)
  local debt, new = {}, subscription.status ~= "PAST_DUE"
  subscription.status, subscription.debt = "PAST_DUE", debt
  if new then tell(world, "past_due", subscription) end
  world:at(world:now() + DAY, function()
    if not alive(world, subscription) or subscription.status ~= "PAST_DUE" or subscription.debt ~= debt then return end
    if subscription.autoRenew then
      if not renew(world, subscription) then owe(world, subscription, since) end
    elseif world:now() < since + GRACE then
      owe(world, subscription, since)
    else
      subscription.status = "EXPIRED"
      set_mailboxes(world, subscription, "ACTIVE", "EXPIRED")
      tell(world, "expired", subscription)
    end
  end)
end

function watch(world, subscription)
  local period_end = subscription.periodEnd
  world:at(period_end, function()
    if not alive(world, subscription) or subscription.periodEnd ~= period_end then return end
    if subscription.status ~= "ACTIVE" or subscription.autoRenew and renew(world, subscription) then return end
    owe(world, subscription, period_end)
  end)
end

--- A new subscription, ACTIVE from now on and paid for a month.
-- @param given {userId, domain = name, subscriptionId, serviceProvider = "GOOGLE", autoRenew = false, sandbox}
function subscriptions.add(world, given)
  local now = world:now()
  local subscription = {
    subscriptionId = given.subscriptionId or random.id(28),
    userId = given.userId,
    domain = given.domain,
    serviceProvider = given.serviceProvider or "GOOGLE",
    billingCycle = "MONTHLY",
    pricePerMailbox = money.MAILBOX,
    autoRenew = given.autoRenew or false,
    sandbox = given.sandbox,
    status = "ACTIVE",
    created = now,
    periodStart = now,
    periodEnd = now + MONTH,
  }
  watch(world, subscription)
  return world.subscriptions:put(subscription.subscriptionId, subscription)
end

--- How many mailboxes it has.
function subscriptions.quantity(world, subscription)
  return #world.mailboxes:list { subscriptionId = subscription.subscriptionId }
end

--- The subscription a domain has, and with it a workspace: the one that is not CANCELLED; or nil.
function subscriptions.of_domain(world, name)
  for _, subscription in ipairs(world.subscriptions:list { domain = name }) do
    if subscription.status ~= "CANCELLED" then return subscription end
  end
end

--- End it and delete its mailboxes, at once, as a call wants it.
function subscriptions.cancel_by_call(world, subscription)
  subscriptions.cancel(world, subscription)
  tell(world, "cancelled", subscription)
end

--- End it and delete its mailboxes, at once.
function subscriptions.cancel(world, subscription)
  subscription.status = "CANCELLED"
  world.mailboxes:clear { subscriptionId = subscription.subscriptionId }
end

--- Take a mailbox away, and the subscription with the last one.
function subscriptions.remove_mailbox(world, mailbox)
  world.mailboxes:remove(mailbox.mailboxId)
  local subscription = world.subscriptions:get(mailbox.subscriptionId)
  if subscription and subscriptions.quantity(world, subscription) == 0 then
    subscriptions.cancel(world, subscription)
  end
end

--- Is it less than a day to the end of what is paid?
function subscriptions.ends_soon(world, subscription)
  return subscription.periodEnd - world:now() < DAY
end

--- How many days are paid for, whole or not.
function subscriptions.days_left(world, subscription)
  return math.max(0, subscription.periodEnd - world:now()) / DAY
end

--- Renew it: done a little later, or PAST_DUE when the wallet does not cover it by then.
function subscriptions.renew(world, subscription)
  local before = subscription.status
  subscription.status = "RENEWING"
  if before == "ACTIVE" then tell(world, "renewing", subscription) end
  world:after(QUEUED, function()
    if not alive(world, subscription) then return end
    local renewed, why = renew(world, subscription)
    if renewed then return end
    subscription.status = before
    local ended = world:now() >= subscription.periodEnd
    if before ~= "EXPIRED" and (why == "payment" or ended) then owe(world, subscription, world:now()) end
  end)
end

--- Give it a new id, and its mailboxes as well, a little later; what is paid stays paid. The sources disagree on
-- whether accounts are kept or replaced: as in the newer one, they are replaced.
function subscriptions.recreate(world, subscription)
  world:after(QUEUED, function()
    if not alive(world, subscription) then return end
    local old, new = subscription.subscriptionId, random.id(28)
    world.subscriptions:remove(old)
    subscription.subscriptionId = new
    world.subscriptions:put(new, subscription)
    for _, mailbox in ipairs(world.mailboxes:list { subscriptionId = old }) do
      world.mailboxes:remove(mailbox.mailboxId)
      mailboxes.add(world, mailboxes.successor(mailbox, new))
    end
  end)
end

return subscriptions
