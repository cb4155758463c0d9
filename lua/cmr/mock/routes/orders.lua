---The operations on orders of domains and mailboxes.

local account = require "cmr.mock.model.account"
local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"
local Mailbox = require "cmr.mock.model.mailbox"
local Order = require "cmr.mock.model.order"
local scope = require "cmr.mock.routes.scope"
local Subscription = require "cmr.mock.model.subscription"

local orders = {}

-- Returns the requested mailboxes: the name of a domain in lower case -> the list of its mailboxes.
local function mailboxes_by_domain(fields)
  local mailboxes = {}
  for name, list in pairs(fields.mailboxes or {}) do
    mailboxes[name:lower()] = list
  end
  return mailboxes
end

local function check_addresses(state, part)
  local seen = {}
  for _, mailbox in ipairs(part.mailboxes) do
    local email = mailbox.username .. "@" .. part.domain
    if seen[email] or Mailbox.by_email(state, email) then
      answer.refuse(409, ("The mailbox %s exists already."):format(email))
    end
    seen[email] = true
  end
end

-- Creates an order of these parts. A confirmed order is paid and processed; any other order is only stored. Adds the
-- order's id to the answer's data.
local function create(request, state, parts, data)
  local cost, fields = 0, request.fields
  for _, part in ipairs(parts) do
    check_addresses(state, part)
    cost = cost + (part.years or 0) * account.DOMAIN_PRICE + #part.mailboxes * account.MAILBOX_PRICE
  end
  -- assumed: the wallet pays for the order at once; the status of the refusal is also assumed
  if fields.confirm and not account.pay(state, cost) then
    answer.refuse(402, "Insufficient wallet balance", "status 402; message")
  end
  local user_id = request.user.userId
  local order = Order.add(state, { userId = user_id })
  data.orderId = order.orderId
  if not fields.confirm then
    return answer.assume(answer.success(request, data, "Order created"), "the answer to an order that is not confirmed")
  end
  order:process {
    userId = user_id,
    parts = parts,
    serviceProvider = fields.serviceProvider,
    autoRenew = fields.autoRenew,
  }
  return answer.success(request, data, request.operation.name ~= "create_order" and "Order created" or nil)
end

-- Splits the requested domains into two lists. The first has the parts of the order, the second the domains that are
-- unavailable. Also returns the set of all requested names.
local function split_available(state, requested, mailboxes)
  local parts, unavailable, seen = {}, json.array(), {}
  for _, item in ipairs(requested or {}) do
    local name = item.domain:lower()
    if state.domains:get(name) or state.pool:get(name) or seen[name] then
      unavailable[#unavailable + 1] = item.domain
    else
      parts[#parts + 1] = { domain = name, years = item.years, mailboxes = mailboxes[name] or {} }
    end
    seen[name] = true
  end
  return parts, unavailable, seen
end

-- Assumed: a request may also order mailboxes for a domain that the user already has. Such a domain must have no
-- workspace.
local function add_existing_domains(request, state, parts, mailboxes, ordered)
  local names = {}
  for name in pairs(mailboxes) do
    if not ordered[name] then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    scope.domain(state, request.user, name)
    if Subscription.of_domain(state, name) then answer.refuse(409, ("%s has a workspace already."):format(name)) end
    parts[#parts + 1] = { domain = name, mailboxes = mailboxes[name] }
  end
end

function orders.create_order(request, state)
  local mailboxes = mailboxes_by_domain(request.fields)
  local parts, unavailable, ordered = split_available(state, request.fields.domains, mailboxes)
  add_existing_domains(request, state, parts, mailboxes, ordered)
  if #parts == 0 then
    -- assumed: the API refuses an empty order with 422, the documented status for an unavailable domain
    local message = #unavailable > 0 and "None of the domains is available." or "Please provide domains or mailboxes"
    answer.refuse(422, message, "status 422; message")
  end
  local reply = create(request, state, parts, { unavailableDomains = unavailable })
  return #unavailable > 0 and answer.assume(reply, "what unavailableDomains has inside") or reply
end

-- An order of mailboxes has one part. Returns this part; the caller adds the mailboxes. If the request names a
-- subscription, the part has the subscription's id and domain. Otherwise the part has only a domain, and the order
-- makes a subscription for the domain.
local function target(request, state)
  local fields = request.fields
  if fields.subscriptionId then
    local subscription = scope.subscription(state, request.user, fields.subscriptionId)
    if subscription.status ~= "ACTIVE" then answer.refuse(422, "The subscription is not ACTIVE.") end
    return { domain = subscription.domain, subscriptionId = subscription.subscriptionId }
  end
  local found = state.domains:list({ domainId = fields.domainId })[1]
  local domain = scope.domain(state, request.user, found and found.domainName or "")
  if Subscription.of_domain(state, domain.domainName) then answer.refuse(409, "The domain has a subscription.") end
  return { domain = domain.domainName }
end

function orders.order_mailboxes(request, state)
  local part = target(request, state)
  local mailboxes = mailboxes_by_domain(request.fields)
  part.mailboxes = mailboxes[part.domain] or {}
  mailboxes[part.domain] = nil
  -- assumed: all mailboxes of the order must be in the part's domain
  if next(mailboxes) then answer.refuse(422, "'mailboxes' must be of " .. part.domain) end
  if #part.mailboxes == 0 then answer.refuse(422, "Please provide mailboxes", "status 422; message") end
  return create(request, state, { part }, {})
end

-- Turns a handler for orders in JSON into a handler for orders in form data. A request in form data needs a userId.
-- Assumed: the two formats have the same effect. The mock checks the pictures in the form, but does not use them.
local function of_user(handler)
  return function(request, state)
    if not request.user then answer.refuse(422, "Please provide a userId", "status 422") end
    return handler(request, state)
  end
end

orders.create_order_form = of_user(orders.create_order)
orders.add_subscription_mailboxes = of_user(orders.order_mailboxes)

-- Assumed: the query has the order's id in the field orderId.
function orders.order_status(request, state)
  local id = request.fields.orderId
  if not id or id == "" then answer.refuse(400, "Please provide 'orderId'", "the query's names; message") end
  local order = scope.order(state, request.user, id)
  local data = { orderId = order.orderId, status = order.status, failedDomains = json.array(order.failed) }
  return answer.assume(answer.success(request, data, "Order status fetched successfully"), "the query's names")
end

return orders
