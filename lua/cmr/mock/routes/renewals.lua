-- The renewal of domains: prices, renewing, renewing by itself. What does not qualify is an error within data.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"
local scope = require "cmr.mock.routes.scope"
local domains = require "cmr.mock.model.domain"
local money = require "cmr.mock.model.money"

local renewals = {}

-- An item for each domain asked for, and how many are in order.
-- @param item function(domain) -> what is said of it, or nil and why it does not qualify
-- @param quiet true when nothing is said of those that do not
local function each(request, world, item, quiet)
  local data, good = json.array(), 0
  for _, domain in ipairs(scope.domains(world, request.user, request.fields.domains)) do
    local said, why = item(domain)
    if said then
      good = good + 1
      said.domainName, said.domainId = domain.domainName, domain.domainId
    elseif not quiet then
      said = { domainName = domain.domainName, success = false, message = why }
    end
    data[#data + 1] = said
  end
  return data, good
end

local function finish(reply, data, good)
  return good < #data and answer.assume(reply, "how a domain's error is shown") or reply
end

local function price(world, domain, years)
  return {
    years = years,
    renewalPrice = ("%.2f"):format(money.RENEWAL * years),
    expireOn = world:timestamp(domain.expireOn),
    autoRenew = domain.autoRenew,
  }
end

function renewals.domain_renewal_prices(request, world)
  local years = request.fields.years or 1
  local data, good = each(request, world, function(domain)
    local renewable, why = domains.renewable(world, domain)
    if not renewable then return nil, why end
    return price(world, domain, years)
  end)
  return finish(answer.success(request, data), data, good)
end

-- Documented: without names, every eligible domain. Assumed: that an empty wallet shows later, not here.
function renewals.renew_domains(request, world)
  local years, names = request.fields.years or 1, request.fields.domains
  local data, good = each(request, world, function(domain)
    local renewable, why = domains.renewable(world, domain)
    if not renewable then return nil, why end
    domains.renew(world, domain, years)
    return price(world, domain, years)
  end, not names or #names == 0)
  return finish(answer.success(request, data, "Domains added for renewal."), data, good)
end

function renewals.set_domain_auto_renew(request, world)
  local on = request.fields.autoRenew
  local data, good = each(request, world, function(domain)
    -- Documented: turning it off is always possible. Assumed: turning it on is not when it would be too late.
    if on and domains.status(world, domain) == "EXPIRED" then return nil, "The domain is EXPIRED." end
    domain.autoRenew = on
    return { autoRenew = on }
  end)
  local message = ("Auto-renew toggled %s for %d domain%s."):format(on and "on" or "off", good, good == 1 and "" or "s")
  return finish(answer.success(request, data, message), data, good)
end

return renewals
