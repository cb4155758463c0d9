-- Domains: their lives from registration to expiry.
local random = require "cmr.util.random"
local shelf = require "cmr.mock.model.collection"
local money = require "cmr.mock.model.money"
local users = require "cmr.mock.model.users"

local domains = {}

local DAY = 24 * 60 * 60
local YEAR = 365 * DAY
local WINDOW, GRACE = 45 * DAY, 7 * DAY
local QUEUED = 30 -- seconds that renewing takes; assumed

-- What an event of a domain says, with more.
local function told(world, domain, more)
  local data = users.told(world, domain.userId)
  data.domainId, data.domainName = domain.domainId, domain.domainName
  data.expiryDate = domain.expireOn and world:timestamp(domain.expireOn)
  for name, value in pairs(more or {}) do
    data[name] = value
  end
  return data
end

-- Renewed, or not when the wallet does not cover it.
local function pay_and_extend(world, domain, years)
  if not money.pay(world, money.RENEWAL * years) then
    world:tell("domain.renewal.failed", told(world, domain, { reason = "Insufficient wallet balance" }))
    return false
  end
  domain.expireOn = domain.expireOn + years * YEAR
  world:tell("domain.renewal.success", told(world, domain))
  return true
end

-- A domain that renews itself does so when it expires; assumed.
local function watch(world, domain)
  local expiry = domain.expireOn
  local function lapsed()
    return world.domains:get(domain.domainName) == domain and domain.expireOn == expiry
  end
  world:at(expiry, function()
    if not lapsed() then return end
    if domain.autoRenew and pay_and_extend(world, domain, 1) then return watch(world, domain) end
    world:tell("domain.grace_period", told(world, domain))
    world:at(expiry + GRACE, function()
      if lapsed() then world:tell("domain.expired", told(world, domain)) end
    end)
  end)
end

--- A new domain, not registered yet: it is PENDING until domains.register.
-- @param given {domainName, userId, domainId, autoRenew = false, sandbox}
function domains.add(world, given)
  return world.domains:put(given.domainName, {
    domainId = given.domainId or random.id(28),
    domainName = given.domainName,
    userId = given.userId,
    autoRenew = given.autoRenew or false,
    sandbox = given.sandbox,
    records = shelf.new(),
  })
end

--- It is registered, from now on. Returns it.
-- @param seconds for how long; a year when left out
function domains.register(world, domain, seconds)
  domain.expireOn = world:now() + (seconds or YEAR)
  watch(world, domain)
  return domain
end

--- Say that an order has had it registered.
function domains.tell_ordered(world, domain, order)
  world:tell(
    "domain.order.success",
    told(world, domain, { orderId = order.orderId, creationTime = world:timestamp(), price = money.DOMAIN })
  )
end

--- So many years, in seconds.
function domains.years(count)
  return count * YEAR
end

--- The documented status of a domain.
function domains.status(world, domain)
  local now = world:now()
  if not domain.expireOn then return "PENDING" end
  if domain.renewing then return "RENEWING" end
  if now < domain.expireOn then return "ACTIVE" end
  return now < domain.expireOn + GRACE and "GRACE_PERIOD" or "EXPIRED"
end

--- May it be renewed now? true, or false and why not.
function domains.renewable(world, domain)
  local status = domains.status(world, domain)
  if status ~= "ACTIVE" and status ~= "GRACE_PERIOD" then return false, "The domain is " .. status .. "." end
  if domain.expireOn - world:now() > WINDOW then return false, "The domain is not within 45 days of its expiry." end
  return true
end

--- Renew a domain: charged and done a little later, or not at all when the wallet does not cover it by then.
function domains.renew(world, domain, years)
  domain.renewing = true
  world:after(QUEUED, function()
    domain.renewing = nil
    if pay_and_extend(world, domain, years) then watch(world, domain) end
  end)
end

return domains
