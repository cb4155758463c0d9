---A domain, from its registration to its expiry.

local account = require "cmr.mock.model.account"
local Collection = require "cmr.mock.model.collection"
local random = require "cmr.util.random"
local text = require "cmr.util.text"

local Domain = {}
Domain.__index = Domain
Domain.__name = "cmr.mock.domain"

local YEAR_SECONDS = 365 * text.DAY
local RENEWABLE_SECONDS = 45 * text.DAY -- how long before the expiry a renewal is possible
local GRACE_SECONDS = 7 * text.DAY
local RENEWAL_SECONDS = 30 -- how long a renewal takes; assumed

local function emit(domain, event, fields)
  local data = account.event_data(domain.state, domain.userId)
  data.domainId, data.domainName = domain.domainId, domain.domainName
  data.expiryDate = domain.expireOn and domain.state:timestamp(domain.expireOn)
  for name, value in pairs(fields or {}) do
    data[name] = value
  end
  domain.state:emit(event, data)
end

local function pay_and_extend(domain, years)
  if not account.pay(domain.state, account.RENEWAL_PRICE * years) then
    emit(domain, "domain.renewal.failed", { reason = "Insufficient wallet balance" })
    return false
  end
  domain.expireOn = domain.expireOn + years * YEAR_SECONDS
  emit(domain, "domain.renewal.success")
  return true
end

-- Schedules what happens at the domain's expiry: auto-renewal, or the grace period and its end. Assumed: auto-renewal
-- happens at the expiry itself.
local function watch_expiry(domain)
  local state, expiry = domain.state, domain.expireOn
  local function lapsed()
    return state.domains:get(domain.domainName) == domain and domain.expireOn == expiry
  end
  state:at(expiry, function()
    if not lapsed() then return end
    if domain.autoRenew and pay_and_extend(domain, 1) then return watch_expiry(domain) end
    emit(domain, "domain.grace_period")
    state:at(expiry + GRACE_SECONDS, function()
      if lapsed() then emit(domain, "domain.expired") end
    end)
  end)
end

---Adds a domain that is PENDING until it is registered.
---@param state table
---@param fields table {domainName, userId, domainId, autoRenew = false, sandbox}
---@return table domain
function Domain.add(state, fields)
  local domain = setmetatable({
    state = state,
    domainId = fields.domainId or random.id(28),
    domainName = fields.domainName,
    userId = fields.userId,
    autoRenew = fields.autoRenew or false,
    sandbox = fields.sandbox,
    records = Collection.new(),
  }, Domain)
  return state.domains:put(fields.domainName, domain)
end

---Registers the domain, starting now.
---@param seconds number? How long the registration lasts. Default: a year.
---@return table domain
function Domain:register(seconds)
  self.expireOn = self.state:now() + (seconds or YEAR_SECONDS)
  watch_expiry(self)
  return self
end

---Registers the domain for an order.
---@param years number
---@param order table
function Domain:register_for(years, order)
  self:register(years * YEAR_SECONDS)
  emit(self, "domain.order.success", {
    orderId = order.orderId,
    creationTime = self.state:timestamp(),
    price = account.DOMAIN_PRICE,
  })
end

---@return string status the documented status
function Domain:status()
  local now = self.state:now()
  if not self.expireOn then return "PENDING" end
  if self.renewing then return "RENEWING" end
  if now < self.expireOn then return "ACTIVE" end
  return now < self.expireOn + GRACE_SECONDS and "GRACE_PERIOD" or "EXPIRED"
end

---Returns whether the domain may be renewed now.
---@return boolean? ok
---@return string? message
function Domain:check_renewable()
  local status = self:status()
  if status ~= "ACTIVE" and status ~= "GRACE_PERIOD" then return nil, "The domain is " .. status .. "." end
  if self.expireOn - self.state:now() > RENEWABLE_SECONDS then
    return nil, "The domain is not within 45 days of its expiry."
  end
  return true
end

---Renews the domain after RENEWAL_SECONDS, if the wallet has enough money at the end of this time.
---@param years number
function Domain:renew(years)
  self.renewing = true
  self.state:after(RENEWAL_SECONDS, function()
    self.renewing = nil
    if pay_and_extend(self, years) then watch_expiry(self) end
  end)
end

return Domain
