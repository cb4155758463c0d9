-- Orders of domains and mailboxes.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"
local scope = require "cmr.mock.routes.scope"
local mailboxes = require "cmr.mock.model.mailbox"
local money = require "cmr.mock.model.money"
local subscriptions = require "cmr.mock.model.subscription"
local world_orders = require "cmr.mock.model.order"

local orders = {}

-- The mailboxes wanted for each domain, names in lower case.
local function wanted_mailboxes(given)
  local wanted = {}
  for name, list in pairs(given.mailboxes or {}) do
    wanted[name:lower()] = list
  end
  return wanted
end

local function check_addresses(world, part)
  local seen = {}
  for _, mailbox in ipairs(part.mailboxes) do
    local email = mailbox.username .. "@" .. part.domain
    if seen[email] or mailboxes.by_email(world, email) then
      answer.refuse(409, ("The mailbox %s exists already."):format(email))
    end
    seen[email] = true
  end
end

-- The order of these parts, processed and paid when it is confirmed, else only stored.
-- @param data further members of the answer's data
local function place(request, world, parts, data)
  local cost, given = 0, request.fields
  for _, part in ipairs(parts) do
    check_addresses(world, part)
    cost = cost + (part.years or 0) * money.DOMAIN + #part.mailboxes * money.MAILBOX
  end
  -- assumed: charged at once, and the status of the refusal
  if given.confirm and not money.pay(world, cost) then
    answer.refuse(402, "Insufficient wallet balance", "status 402; message")
  end
  local userId = request.user.userId
  local order = world_orders.add(world, { userId = userId })
  data.orderId = order.orderId
  if not given.confirm then
    return answer.assume(answer.success(request, data, "Order created"), "the answer to an order that is not confirmed")
  end
  world_orders.process(
    world,
    order,
    { userId = userId, parts = parts, serviceProvider = given.serviceProvider, autoRenew = given.autoRenew }
  )
  return answer.success(request, data, request.operation.name ~= "create_order" and "Order created" or nil)
end

-- Splits the domains wanted into those that can be had, as parts of an order, and the others.
local function available(world, wanted, boxes)
  local parts, taken, seen = {}, json.array(), {}
  for _, item in ipairs(wanted or {}) do
    local name = item.domain:lower()
    if world.domains:get(name) or world.pool:get(name) or seen[name] then
      taken[#taken + 1] = item.domain
    else
      parts[#parts + 1] = { domain = name, years = item.years, mailboxes = boxes[name] or {} }
    end
    seen[name] = true
  end
  return parts, taken, seen
end

-- Assumed: that mailboxes may also be ordered for a domain the user has, while it has no workspace.
local function add_own_domains(request, world, parts, boxes, ordered)
  local names = {}
  for name in pairs(boxes) do
    if not ordered[name] then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    scope.domain(world, request.user, name)
    if subscriptions.of_domain(world, name) then answer.refuse(409, ("%s has a workspace already."):format(name)) end
    parts[#parts + 1] = { domain = name, mailboxes = boxes[name] }
  end
end

function orders.create_order(request, world)
  local boxes = wanted_mailboxes(request.fields)
  local parts, taken, ordered = available(world, request.fields.domains, boxes)
  add_own_domains(request, world, parts, boxes, ordered)
  if #parts == 0 then
    -- assumed: an order of which nothing is left is refused; 422 is documented for an unavailable domain
    local message = #taken > 0 and "None of the domains is available." or "Please provide domains or mailboxes"
    answer.refuse(422, message, "status 422; message")
  end
  local reply = place(request, world, parts, { unavailableDomains = taken })
  return #taken > 0 and answer.assume(reply, "what unavailableDomains has inside") or reply
end

-- The subscription to add to, or the domain that gets a new one.
local function target(request, world)
  local given = request.fields
  if given.subscriptionId then
    local subscription = scope.subscription(world, request.user, given.subscriptionId)
    if subscription.status ~= "ACTIVE" then answer.refuse(422, "The subscription is not ACTIVE.") end
    return { domain = subscription.domain, subscriptionId = subscription.subscriptionId }
  end
  local found = world.domains:list({ domainId = given.domainId })[1]
  local domain = scope.domain(world, request.user, found and found.domainName or "")
  if subscriptions.of_domain(world, domain.domainName) then answer.refuse(409, "The domain has a subscription.") end
  return { domain = domain.domainName }
end

function orders.order_mailboxes(request, world)
  local part = target(request, world)
  local boxes = wanted_mailboxes(request.fields)
  part.mailboxes = boxes[part.domain] or {}
  boxes[part.domain] = nil
  -- assumed: nothing but mailboxes of that one domain
  if next(boxes) then answer.refuse(422, "'mailboxes' must be of " .. part.domain) end
  if #part.mailboxes == 0 then answer.refuse(422, "Please provide mailboxes", "status 422; message") end
  return place(request, world, { part }, {})
end

-- Assumed: the order is named by orderId.
function orders.order_status(request, world)
  local id = request.fields.orderId
  if not id or id == "" then answer.refuse(400, "Please provide 'orderId'", "the query's names; message") end
  local order = scope.order(world, request.user, id)
  local data = { orderId = order.orderId, status = order.status, failedDomains = json.array(order.failed) }
  return answer.assume(answer.success(request, data, "Order status fetched successfully"), "the query's names")
end

return orders
