---The operations on subscriptions. The requests name no user, so a request can reach every subscription of the partner.

local answer = require "cmr.mock.answer"
local scope = require "cmr.mock.routes.scope"

local subscriptions = {}

local PAGE_ITEMS = 50 -- documented for this list

local function show(subscription)
  local state = subscription.state
  return {
    subscriptionId = subscription.subscriptionId,
    subscriptionStatus = subscription.status,
    totalMailboxQuantity = subscription:quantity(),
    billingCycle = subscription.billingCycle,
    pricePerMailbox = subscription.pricePerMailbox,
    periodStart = state:timestamp(subscription.periodStart),
    periodEnd = state:timestamp(subscription.periodEnd),
    serviceProvider = subscription.serviceProvider,
    autoRenew = subscription.autoRenew,
    userId = subscription.userId,
    domain = subscription.domain,
  }
end

-- Assumed: a filter compares whole values, and the API ignores an empty filter.
local function filter(text)
  return text ~= "" and text or nil
end

function subscriptions.subscriptions(request, state)
  local fields = request.fields
  local list = state.subscriptions:list {
    status = filter(fields.status),
    subscriptionId = filter(fields.componentSubscriptionId),
    domain = filter(fields.domain),
  }
  return answer.success(request, answer.list(request, "subscriptions", list, show, PAGE_ITEMS))
end

-- Documented: a CANCELLED subscription stays cancelled.
local function refuse_cancelled(list)
  for _, subscription in ipairs(list) do
    if subscription.status == "CANCELLED" then answer.refuse(422, "The subscription is CANCELLED.") end
  end
end

function subscriptions.renew_subscriptions(request, state)
  local list = scope.all(scope.subscription, state, nil, request.fields.subscriptionIds)
  refuse_cancelled(list)
  for _, subscription in ipairs(list) do
    subscription:renew()
  end
  return answer.success(request)
end

-- Assumed: the field subscriptionId has the subscription's id, and autoRenew has the new state. A call without
-- autoRenew toggles the state.
function subscriptions.toggle_subscription_auto_renew(request, state)
  local fields = request.fields
  local assumed = "the body's names; whether it sets or flips"
  if type(fields.subscriptionId) ~= "string" then answer.refuse(400, "Please provide 'subscriptionId'", assumed) end
  local subscription = scope.subscription(state, nil, fields.subscriptionId)
  refuse_cancelled { subscription }
  local on = fields.autoRenew
  if type(on) ~= "boolean" then on = not subscription.autoRenew end
  subscription.autoRenew = on
  local data = { subscriptionId = subscription.subscriptionId, autoRenew = on }
  local reply = answer.success(request, data, ("Auto-renewal turned %s"):format(on and "on" or "off"))
  return answer.assume(reply, assumed)
end

function subscriptions.cancel_subscription(request, state)
  local fields = request.fields
  local subscription = fields.subscriptionId and scope.subscription(state, nil, fields.subscriptionId)
    or scope.subscription_of_domain(state, nil, fields.domain)
  refuse_cancelled { subscription }
  subscription:cancel_by_call()
  return answer.success(request)
end

function subscriptions.recreate_subscriptions(request, state)
  local fields = request.fields
  local list = fields.subscriptionIds and scope.all(scope.subscription, state, nil, fields.subscriptionIds)
    or scope.all(scope.subscription_of_domain, state, nil, fields.domainNames)
  refuse_cancelled(list)
  for _, subscription in ipairs(list) do
    subscription:recreate()
  end
  return answer.success(request, nil, "Subscriptions will be recreated shortly")
end

return subscriptions
