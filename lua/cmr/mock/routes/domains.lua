---The operations on domains, their workspaces and their renewal.

local account = require "cmr.mock.model.account"
local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"
local scope = require "cmr.mock.routes.scope"
local Subscription = require "cmr.mock.model.subscription"

local domains = {}

function domains.domains(request, state)
  local list = request.user and state.domains:list { userId = request.user.userId } or {}
  local data = answer.list(request, "domains", list, function(domain)
    local subscription = Subscription.of_domain(state, domain.domainName)
    return {
      domainName = domain.domainName,
      domainId = domain.domainId,
      status = domain:status(),
      serviceProvider = subscription and subscription.serviceProvider or json.null,
      expireOn = domain.expireOn and state:timestamp(domain.expireOn) or json.null,
      autoRenew = domain.autoRenew,
    }
  end)
  return answer.success(request, data, "Domains fetched successfully")
end

-- Returns the provider of a domain's workspace. Returns nil if the domain has no workspace, or if the request names
-- another provider.
local function workspace(state, wanted)
  local subscription = Subscription.of_domain(state, wanted.domainName:lower())
  local provider = subscription and subscription.serviceProvider
  return (not wanted.serviceProvider or wanted.serviceProvider == provider) and provider or nil
end

function domains.check_workspace(request, state)
  local wanted = request.fields
  if wanted.domains then
    local data = json.array()
    for index, item in ipairs(wanted.domains) do
      data[index] = { domainName = item.domainName, hasWorkspace = workspace(state, item) ~= nil }
    end
    return answer.assume(answer.success(request, data, "Workspaces checked"), "data")
  end
  local provider = workspace(state, wanted)
  if not provider then return answer.success(request) end
  local data = { domainName = wanted.domainName, serviceProvider = provider }
  return answer.assume(answer.success(request, data, "Workspace exists"), "status 200; data")
end

function domains.add_google_client_id(request, state)
  scope.domains(state, request.user, request.fields.domains)
  -- documented: the API checks clientId; assumed: the rule, the status and the message
  if not request.fields.clientId:find "%.apps%.googleusercontent%.com$" then
    answer.refuse(422, "The clientId is not one of Google.", "status 422; message")
  end
  return answer.success(request, nil, "Client id will be added shortly")
end

-- Answers with an item for each domain of the request.
--   item(domain)     returns the domain's item, or nil and a reason if the domain does not qualify
--   skip_errors      true: the answer omits the domains that do not qualify; otherwise their items show the reason
--   message(count)   returns the answer's message, for `count` domains that qualify. Without this function, the answer
--                    has the documented message
local function answer_each(request, state, item, skip_errors, message)
  local data, count = json.array(), 0
  for _, domain in ipairs(scope.domains(state, request.user, request.fields.domains)) do
    local shown, problem = item(domain)
    if shown then
      count = count + 1
      shown.domainName, shown.domainId = domain.domainName, domain.domainId
    elseif not skip_errors then
      shown = { domainName = domain.domainName, success = false, message = problem }
    end
    data[#data + 1] = shown
  end
  local reply = answer.success(request, data, message and message(count))
  return count < #data and answer.assume(reply, "how a domain's error is shown") or reply
end

local function price(state, domain, years)
  return {
    years = years,
    renewalPrice = ("%.2f"):format(account.RENEWAL_PRICE * years),
    expireOn = state:timestamp(domain.expireOn),
    autoRenew = domain.autoRenew,
  }
end

function domains.domain_renewal_prices(request, state)
  return answer_each(request, state, function(domain)
    local ok, message = domain:check_renewable()
    if not ok then return nil, message end
    return price(state, domain, request.fields.years or 1)
  end)
end

-- Documented: a request without names renews every domain that qualifies. Assumed: if the wallet has too little money,
-- this call succeeds and the renewal fails later.
function domains.renew_domains(request, state)
  local years, names = request.fields.years or 1, request.fields.domains
  return answer_each(
    request,
    state,
    function(domain)
      local ok, message = domain:check_renewable()
      if not ok then return nil, message end
      domain:renew(years)
      return price(state, domain, years)
    end,
    not names or #names == 0,
    function()
      return "Domains added for renewal."
    end
  )
end

-- Documented: auto-renewal can always be turned off. Assumed: auto-renewal of an EXPIRED domain cannot be turned on.
function domains.set_domain_auto_renew(request, state)
  local on = request.fields.autoRenew
  return answer_each(
    request,
    state,
    function(domain)
      if on and domain:status() == "EXPIRED" then return nil, "The domain is EXPIRED." end
      domain.autoRenew = on
      return { autoRenew = on }
    end,
    false,
    function(count)
      return ("Auto-renew toggled %s for %d domain%s."):format(on and "on" or "off", count, count == 1 and "" or "s")
    end
  )
end

return domains
