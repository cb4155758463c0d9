-- Subscriptions. None of these names a user: all of the partner are in reach.
local answer = require "cmr.mock.answer"
local paging = require "cmr.mock.paging"
local scope = require "cmr.mock.routes.scope"
local world_subscriptions = require "cmr.mock.model.subscription"

local subscriptions = {}

-- Documented for this list; elsewhere it is 20.
local PAGE = 50

local function show(world, subscription)
  return {
    subscriptionId = subscription.subscriptionId,
    subscriptionStatus = subscription.status,
    totalMailboxQuantity = world_subscriptions.quantity(world, subscription),
    billingCycle = subscription.billingCycle,
    pricePerMailbox = subscription.pricePerMailbox,
    periodStart = world:timestamp(subscription.periodStart),
    periodEnd = world:timestamp(subscription.periodEnd),
    serviceProvider = subscription.serviceProvider,
    autoRenew = subscription.autoRenew,
    userId = subscription.userId,
    domain = subscription.domain,
  }
end

-- Assumed: filters match whole values, and an empty one does not filter.
local function filter(text)
  return text ~= "" and text or nil
end

function subscriptions.subscriptions(request, world)
  local given = request.fields
  local list = world.subscriptions:list {
    status = filter(given.status),
    subscriptionId = filter(given.componentSubscriptionId),
    domain = filter(given.domain),
  }
  return answer.success(
    request,
    paging.data(request, "subscriptions", list, function(subscription)
      return show(world, subscription)
    end, PAGE)
  )
end

local function by_ids(world, ids)
  local list = {}
  for index, id in ipairs(ids) do
    list[index] = scope.subscription(world, nil, id)
  end
  return list
end

-- Documented: CANCELLED is permanent.
local function refuse_cancelled(list)
  for _, subscription in ipairs(list) do
    if subscription.status == "CANCELLED" then answer.refuse(422, "The subscription is CANCELLED.") end
  end
end

function subscriptions.renew_subscriptions(request, world)
  local list = by_ids(world, request.fields.subscriptionIds)
  refuse_cancelled(list)
  for _, subscription in ipairs(list) do
    world_subscriptions.renew(world, subscription)
  end
  return answer.success(request)
end

-- Assumed: subscriptionId says which, autoRenew sets, and without it this flips.
function subscriptions.toggle_subscription_auto_renew(request, world)
  local given = request.fields
  local names = "the body's names; whether it sets or flips"
  if type(given.subscriptionId) ~= "string" then answer.refuse(400, "Please provide 'subscriptionId'", names) end
  local subscription = scope.subscription(world, nil, given.subscriptionId)
  refuse_cancelled { subscription }
  local on = given.autoRenew
  if type(on) ~= "boolean" then on = not subscription.autoRenew end
  subscription.autoRenew = on
  local data = { subscriptionId = subscription.subscriptionId, autoRenew = on }
  local reply = answer.success(request, data, ("Auto-renewal turned %s"):format(on and "on" or "off"))
  return answer.assume(reply, names)
end

function subscriptions.cancel_subscription(request, world)
  local given = request.fields
  local subscription = given.subscriptionId and scope.subscription(world, nil, given.subscriptionId)
    or scope.subscription_of_domain(world, nil, given.domain)
  refuse_cancelled { subscription }
  world_subscriptions.cancel_by_call(world, subscription)
  return answer.success(request)
end

function subscriptions.recreate_subscriptions(request, world)
  local given, list = request.fields, {}
  if given.subscriptionIds then
    list = by_ids(world, given.subscriptionIds)
  else
    for index, name in ipairs(given.domainNames) do
      list[index] = scope.subscription_of_domain(world, nil, name)
    end
  end
  refuse_cancelled(list)
  for _, subscription in ipairs(list) do
    world_subscriptions.recreate(world, subscription)
  end
  return answer.success(request, nil, "Subscriptions will be recreated shortly")
end

return subscriptions
