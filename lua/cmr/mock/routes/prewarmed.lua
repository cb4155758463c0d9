---The operations on domains with warm mailboxes: the inventory and the orders.

local account = require "cmr.mock.model.account"
local answer = require "cmr.mock.answer"
local Order = require "cmr.mock.model.order"
local prewarmed_pool = require "cmr.mock.model.prewarmed_pool"

local prewarmed = {}

-- Makes the data of the answer. Documented: the page numbers are directly in data, and not in data.pagination.
local function inventory(request, pool)
  local found = prewarmed_pool.find(pool, request.fields.serviceProvider, request.fields.contains)
  local items, page, pages = answer.page(request, found)
  local count = 0
  for _, item in ipairs(found) do
    count = count + #item.mailboxes
  end
  for index, item in ipairs(items) do
    items[index] = {
      domain = item.domain,
      preWarmedUpMailboxes = item.mailboxes,
      purchasePrice = account.PREWARMED_PRICE,
      renewalPrice = account.PREWARMED_RENEWAL_PRICE,
    }
  end
  return { inventory = items, currentPage = page, totalPages = pages, totalDomains = #found, totalMailboxes = count }
end

function prewarmed.prewarmed(request, state)
  return answer.success(request, inventory(request, state.pool))
end

function prewarmed.sandbox_prewarmed(request, state)
  return answer.success(request, inventory(request, state.sandbox_pool), "Pre-warmed up domains fetched successfully")
end

-- Creates an order. A little later, each domain is sold, or its sale fails. failure(index) returns the reason if the
-- sale of the domain at this index must fail. Otherwise failure(index) returns nil.
local function create(request, state, sandbox, failure)
  local fields = request.fields
  local provider = fields.serviceProvider
  local owner = { userId = request.user and request.user.userId, autoRenew = fields.autoRenew, sandbox = sandbox }
  local order = Order.add(state, owner)
  order:finish_later(function()
    local sold, failed = {}, {}
    for index, item in ipairs(fields.order) do
      local domain, reason = nil, failure and failure(index)
      if not reason then
        domain, reason = prewarmed_pool.sell(state, item.domain:lower(), provider, owner)
      end
      sold[#sold + 1] = domain
      if not domain then failed[#failed + 1] = { domain = item.domain, reason = reason } end
    end
    prewarmed_pool.emit_ordered(order, provider, sold, failed)
    return failed
  end, #fields.order)
  return answer.success(request, { orderId = order.orderId }, "Order created and queued for processing")
end

function prewarmed.order_prewarmed(request, state)
  return create(request, state)
end

-- Assumed: in the scenario partial_failure, only the sale of the last domain fails.
function prewarmed.sandbox_order_prewarmed(request, state)
  local scenario, count = request.fields.scenario, #request.fields.order
  return create(request, state, true, function(index)
    if scenario == "full_failure" or scenario == "partial_failure" and index == count then
      return "The scenario was " .. scenario .. "."
    end
  end)
end

function prewarmed.sandbox_reset_prewarmed(request, state)
  prewarmed_pool.clear_sandbox(state)
  return answer.success(request, nil, "Sandbox data deleted")
end

return prewarmed
