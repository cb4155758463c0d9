---A subscription has the mailboxes of one domain. The partner pays for each month.

local account = require "cmr.mock.model.account"
local random = require "cmr.util.random"
local text = require "cmr.util.text"

local Subscription = {}
Subscription.__index = Subscription
Subscription.__name = "cmr.mock.subscription"

local MONTH_SECONDS = 30 * text.DAY -- assumed
local GRACE_SECONDS = 7 * text.DAY
local RETRY_SECONDS = text.DAY -- between two attempts to renew an unpaid subscription; assumed
local CHANGE_SECONDS = 30 -- how long renewing and recreating take; assumed

local watch_period -- defined below, because this function and `renew` call each other

local function is_alive(subscription)
  return subscription.state.subscriptions:get(subscription.subscriptionId) == subscription
    and subscription.status ~= "CANCELLED"
end

local function set_mailboxes(subscription, from, to)
  local filter = { subscriptionId = subscription.subscriptionId, status = from }
  for _, mailbox in ipairs(subscription.state.mailboxes:list(filter)) do
    mailbox.status = to
  end
end

-- Emits an event about a subscription. All these events have the same fields. Only a failed renewal also has a reason.
local function emit(subscription, event, reason)
  local state = subscription.state
  local domain = state.domains:get(subscription.domain)
  local data = account.event_data(state, subscription.userId)
  data.subscriptionId, data.domain = subscription.subscriptionId, subscription.domain
  data.domainId = domain and domain.domainId
  data.workspaceType, data.autoRenew = subscription.serviceProvider, subscription.autoRenew
  data.quantity = subscription:quantity()
  data.periodStart = state:timestamp(subscription.periodStart)
  data.periodEnd = state:timestamp(subscription.periodEnd)
  data.description, data.subscriptionStatus = "", subscription.status
  data.reason = reason
  state:emit("subscription." .. event, data)
end

-- Pays for the next month. Returns true, or nil and the problem: "domain" or "payment".
local function renew(subscription)
  local state = subscription.state
  local domain = state.domains:get(subscription.domain)
  local status = domain and domain:status()
  if status == "GRACE_PERIOD" or status == "EXPIRED" then
    emit(subscription, "renewal.failed", "The domain is " .. status .. ".")
    return nil, "domain"
  end
  local now, price, start = state:now(), subscription.pricePerMailbox, subscription.periodEnd
  if now - subscription.created_at >= 12 * MONTH_SECONDS then price = account.OLD_MAILBOX_PRICE end
  if not account.pay(state, price * subscription:quantity()) then return nil, "payment" end
  if start + MONTH_SECONDS <= now then start = now end -- the period ended a month ago or earlier
  local price_rose = price ~= subscription.pricePerMailbox
  subscription.pricePerMailbox = price
  subscription.periodStart, subscription.periodEnd = start, start + MONTH_SECONDS
  subscription.status = "ACTIVE"
  set_mailboxes(subscription, "EXPIRED", "ACTIVE")
  emit(subscription, "renewal.success")
  if price_rose then emit(subscription, "updated") end
  watch_period(subscription)
  return true
end

-- Sets an unpaid subscription to PAST_DUE. With auto-renewal, the mock tries the renewal again every day. Without
-- auto-renewal, the subscription becomes EXPIRED 7 days after `since`.
local function set_past_due(subscription, since)
  local state, debt, is_new = subscription.state, {}, subscription.status ~= "PAST_DUE"
  subscription.status, subscription.debt = "PAST_DUE", debt
  if is_new then emit(subscription, "past_due") end
  state:at(state:now() + RETRY_SECONDS, function()
    if not is_alive(subscription) or subscription.status ~= "PAST_DUE" or subscription.debt ~= debt then return end
    if subscription.autoRenew then
      if not renew(subscription) then set_past_due(subscription, since) end
    elseif state:now() < since + GRACE_SECONDS then
      set_past_due(subscription, since)
    else
      subscription.status = "EXPIRED"
      set_mailboxes(subscription, "ACTIVE", "EXPIRED")
      emit(subscription, "expired")
    end
  end)
end

function watch_period(subscription)
  local period_end = subscription.periodEnd
  subscription.state:at(period_end, function()
    if not is_alive(subscription) or subscription.periodEnd ~= period_end then return end
    if subscription.status ~= "ACTIVE" or subscription.autoRenew and renew(subscription) then return end
    set_past_due(subscription, period_end)
  end)
end

---Adds a subscription that is ACTIVE and paid for a month.
---@param state table
---@param fields table {userId, domain = name, subscriptionId, serviceProvider = "GOOGLE", autoRenew = false, sandbox}
---@return table subscription
function Subscription.add(state, fields)
  local now = state:now()
  local subscription = setmetatable({
    state = state,
    subscriptionId = fields.subscriptionId or random.id(28),
    userId = fields.userId,
    domain = fields.domain,
    serviceProvider = fields.serviceProvider or "GOOGLE",
    billingCycle = "MONTHLY",
    pricePerMailbox = account.MAILBOX_PRICE,
    autoRenew = fields.autoRenew or false,
    sandbox = fields.sandbox,
    status = "ACTIVE",
    created_at = now,
    periodStart = now,
    periodEnd = now + MONTH_SECONDS,
  }, Subscription)
  watch_period(subscription)
  return state.subscriptions:put(subscription.subscriptionId, subscription)
end

---Returns a domain's subscription that is not CANCELLED, or nil. A domain with such a subscription has a workspace.
---@param state table
---@param name string
---@return table? subscription
function Subscription.of_domain(state, name)
  for _, subscription in ipairs(state.subscriptions:list { domain = name }) do
    if subscription.status ~= "CANCELLED" then return subscription end
  end
end

---Removes a mailbox. Removing the last mailbox cancels the subscription.
---@param mailbox table
function Subscription.remove_mailbox(mailbox)
  local state = mailbox.state
  state.mailboxes:remove(mailbox.mailboxId)
  local subscription = state.subscriptions:get(mailbox.subscriptionId)
  if subscription and subscription:quantity() == 0 then subscription:cancel() end
end

---@return integer mailboxes
function Subscription:quantity()
  return #self.state.mailboxes:list { subscriptionId = self.subscriptionId }
end

---Cancels the subscription and deletes its mailboxes, at once and without an event.
function Subscription:cancel()
  self.status = "CANCELLED"
  self.state.mailboxes:clear { subscriptionId = self.subscriptionId }
end

---Cancels the subscription for an API call, and emits the event subscription.cancelled.
function Subscription:cancel_by_call()
  self:cancel()
  emit(self, "cancelled")
end

---@return number days The days that are still paid for, with a fraction.
function Subscription:days_left()
  return math.max(0, self.periodEnd - self.state:now()) / text.DAY
end

---Makes the subscription RENEWING, and renews it a little later. If the wallet has too little money for the renewal,
---the subscription becomes PAST_DUE, or EXPIRED if it was EXPIRED before.
function Subscription:renew()
  local before = self.status
  self.status = "RENEWING"
  if before == "ACTIVE" then emit(self, "renewing") end
  self.state:after(CHANGE_SECONDS, function()
    if not is_alive(self) then return end
    local renewed, problem = renew(self)
    if renewed then return end
    self.status = before
    local now = self.state:now()
    if before ~= "EXPIRED" and (problem == "payment" or now >= self.periodEnd) then set_past_due(self, now) end
  end)
end

---A little later, gives the subscription a new id and replaces its mailboxes. The paid period stays the same. The
---sources disagree on whether the mailboxes are replaced; the mock follows the newer source.
function Subscription:recreate()
  local state = self.state
  state:after(CHANGE_SECONDS, function()
    if not is_alive(self) then return end
    local old_id = self.subscriptionId
    self.subscriptionId = random.id(28)
    state.subscriptions:remove(old_id)
    state.subscriptions:put(self.subscriptionId, self)
    for _, mailbox in ipairs(state.mailboxes:list { subscriptionId = old_id }) do
      mailbox:replace(self.subscriptionId)
    end
  end)
end

return Subscription
