-- Domains with warm mailboxes: what there is, and ordering them.
local answer = require "cmr.mock.answer"
local paging = require "cmr.mock.paging"
local money = require "cmr.mock.model.money"
local orders = require "cmr.mock.model.order"
local world_prewarmed = require "cmr.mock.model.prewarmed_pool"

local prewarmed = {}

-- An inventory: the documented page, its numbers in data itself.
local function inventory(request, pool)
  local given = request.fields
  local found = world_prewarmed.find(pool, given.serviceProvider, given.contains)
  local items, page, pages = paging.cut(request, found)
  local mailboxes = 0
  for _, item in ipairs(found) do
    mailboxes = mailboxes + #item.mailboxes
  end
  for index, item in ipairs(items) do
    items[index] = {
      domain = item.domain,
      preWarmedUpMailboxes = item.mailboxes,
      purchasePrice = money.PREWARMED,
      renewalPrice = money.PREWARMED_RENEWAL,
    }
  end
  return { inventory = items, currentPage = page, totalPages = pages, totalDomains = #found, totalMailboxes = mailboxes }
end

function prewarmed.prewarmed(request, world)
  return answer.success(request, inventory(request, world.pool))
end

function prewarmed.sandbox_prewarmed(request, world)
  return answer.success(request, inventory(request, world.sandbox_pool), "Pre-warmed up domains fetched successfully")
end

-- An order in which each domain succeeds or fails by itself, later.
-- @param sandbox true, or nil for the real ones
-- @param sell function(index, name, given) -> what the event says of it, or nil and the reason
local function place(request, world, sandbox, sell)
  local given = request.fields
  local to = { userId = request.user and request.user.userId, autoRenew = given.autoRenew, sandbox = sandbox }
  local order = orders.add(world, to)
  orders.finish_later(world, order, function()
    local failed, had = {}, {}
    for index, item in ipairs(given.order) do
      local sold, why = sell(index, item.domain:lower(), to)
      had[#had + 1] = sold
      if not sold then failed[#failed + 1] = { domain = item.domain, reason = why } end
    end
    world_prewarmed.tell(world, order, given.serviceProvider, had, failed)
    return failed
  end, #given.order)
  return answer.success(request, { orderId = order.orderId }, "Order created and queued for processing")
end

function prewarmed.order_prewarmed(request, world)
  return place(request, world, nil, function(_, name, to)
    return world_prewarmed.sell(world, name, request.fields.serviceProvider, to)
  end)
end

function prewarmed.sandbox_order_prewarmed(request, world)
  local given = request.fields
  local count = #given.order
  return place(request, world, true, function(index, name, to)
    -- assumed: in a partial failure the last one fails
    if given.scenario == "full_failure" or given.scenario == "partial_failure" and index == count then
      return nil, "The scenario was " .. given.scenario .. "."
    end
    return world_prewarmed.sell(world, name, given.serviceProvider, to)
  end)
end

function prewarmed.sandbox_reset_prewarmed(request, world)
  world_prewarmed.clear_sandbox(world)
  return answer.success(request, nil, "Sandbox data deleted")
end

return prewarmed
