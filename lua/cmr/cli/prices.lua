---Asks the API what an operation will cost. The command shows the price when it asks the user to confirm the operation.
---The prices come from documented reads only. No documented read gives the balance of the wallet.

local core = require "cmr.core"
local messages = require "cmr.cli.messages"
local tables = require "cmr.util.tables"
local tabulate = require "cmr.cli.tabulate"

local prices = {}

local TIMEOUT_SECONDS = 5
local MAX_ITEMS = 10

local function amount(value)
  return (type(value) == "string" or type(value) == "number") and tonumber(value) or nil
end

local function counted(count, one, many)
  return tabulate.cell(count) .. " " .. (count == 1 and one or many)
end

-- Returns the only item of a list, or nil if the list has more items or none.
local function only(list)
  return #list == 1 and list[1] or nil
end

-- Functions that say where an operation's price is. Each takes the operation's arguments. The price comes from a read,
-- which is an operation that changes nothing. If there is no such read, the function returns nil. Otherwise it returns
-- this table:
--   read     the name of the read
--   args     the read's arguments
--   list     the path of the list in the read's answer
--   ids      the ids of the things that the user pays for
--   id       the name of the field that has such an id in an item of the list
--   price    function(item): returns the price as text, or nil if the price is unknown. If prices can be added, also
--            returns the price as a number.
local sources = {}

function sources.renew_domains(args)
  if args.domains == core.all then return nil end
  return {
    read = "domain_renewal_prices",
    args = { userId = args.userId, domains = args.domains, years = args.years },
    list = "data",
    ids = args.domains,
    id = "domainName",
    price = function(item)
      local number, years = amount(item.renewalPrice), amount(item.years)
      return number and item.renewalPrice .. (years and " for " .. counted(years, "year", "years") or ""), number
    end,
  }
end

local function subscription_source(ids, price)
  return {
    read = "subscriptions",
    args = { componentSubscriptionId = only(ids) },
    list = "data.subscriptions",
    ids = ids,
    id = "subscriptionId",
    price = price,
  }
end

function sources.renew_subscriptions(args)
  return subscription_source(args.subscriptionIds, function(item)
    local each, count = amount(item.pricePerMailbox), amount(item.totalMailboxQuantity)
    if not each or not count then return nil end
    return ("%s for each of %s"):format(tabulate.cell(each), counted(count, "mailbox", "mailboxes")), each * count
  end)
end

function sources.order_mailboxes(args)
  if not args.subscriptionId then return nil end
  return subscription_source({ args.subscriptionId }, function(item)
    local each = amount(item.pricePerMailbox)
    return each and tabulate.cell(each) .. " for each mailbox"
  end)
end

function sources.order_prewarmed(args)
  local ids = {}
  for index, item in ipairs(args.order) do
    ids[index] = item.domain
  end
  return {
    read = "prewarmed",
    args = { serviceProvider = args.serviceProvider, contains = only(ids) },
    list = "data.inventory",
    ids = ids,
    id = "domain",
    price = function(item)
      local number, renewal = amount(item.purchasePrice), amount(item.renewalPrice)
      return number and tabulate.cell(number) .. (renewal and ", its renewal " .. tabulate.cell(renewal) or ""), number
    end,
  }
end

-- Returns a table of the answer's items: id in lower case -> item.
local function items_of(answer, source)
  local items, list = {}, tables.at(answer, source.list)
  for _, item in ipairs(type(list) == "table" and list or {}) do
    local id = type(item) == "table" and item[source.id]
    if type(id) == "string" then items[id:lower()] = item end
  end
  return items
end

---Returns lines with the prices of the things that an operation charges for. Sends one read. If the answer lacks a
---price, the line says "not known". Returns no lines if no read gives the price for `args`.
---@param operation cmr.Operation
---@param args table
---@return string[]
function prices.lines(client, operation, args)
  local given = {}
  for name, value in pairs(args) do
    if value ~= core.null then given[name] = value end
  end
  local source = sources[operation.name] and sources[operation.name](given)
  if not source then return {} end
  client = client:with { timeout = TIMEOUT_SECONDS, retries = 0 }
  local answer, message = client[source.read](client, source.args)
  if not answer then
    message = messages.with_command(message, { name = source.read })
    return { ("price: not known (%s)"):format(message) }
  end
  local items, lines, sum = items_of(answer, source), {}, 0
  for index, id in ipairs(source.ids) do
    local item, text, number = items[id:lower()], nil, nil
    if item then
      text, number = source.price(item)
    end
    if index <= MAX_ITEMS then lines[index] = ("price of %s: %s"):format(id, text or "not known") end
    sum = sum and number and sum + number
  end
  local count = #source.ids
  if count > MAX_ITEMS then lines[#lines + 1] = ("and %d more"):format(count - MAX_ITEMS) end
  if count > 1 and sum then lines[#lines + 1] = ("price of all: %.2f"):format(sum) end
  return lines
end

return prices
