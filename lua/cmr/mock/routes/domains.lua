-- Domains and their workspaces.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"
local paging = require "cmr.mock.paging"
local scope = require "cmr.mock.routes.scope"
local world_domains = require "cmr.mock.model.domain"
local subscriptions = require "cmr.mock.model.subscription"

local domains = {}

function domains.domains(request, world)
  local list = request.user and world.domains:list { userId = request.user.userId } or {}
  local data = paging.data(request, "domains", list, function(domain)
    local subscription = subscriptions.of_domain(world, domain.domainName)
    return {
      domainName = domain.domainName,
      domainId = domain.domainId,
      status = world_domains.status(world, domain),
      serviceProvider = subscription and subscription.serviceProvider or json.null,
      expireOn = domain.expireOn and world:timestamp(domain.expireOn) or json.null,
      autoRenew = domain.autoRenew,
    }
  end)
  return answer.success(request, data, "Domains fetched successfully")
end

-- The provider that has a workspace for the domain, or nil.
local function workspace(world, wanted)
  local subscription = subscriptions.of_domain(world, wanted.domainName:lower())
  local provider = subscription and subscription.serviceProvider
  return (not wanted.serviceProvider or wanted.serviceProvider == provider) and provider or nil
end

function domains.check_workspace(request, world)
  local given = request.fields
  if given.domains then
    local data = json.array()
    for index, wanted in ipairs(given.domains) do
      data[index] = { domainName = wanted.domainName, hasWorkspace = workspace(world, wanted) ~= nil }
    end
    return answer.assume(answer.success(request, data, "Workspaces checked"), "data")
  end
  local provider = workspace(world, given)
  if not provider then return answer.success(request) end
  local data = { domainName = given.domainName, serviceProvider = provider }
  return answer.assume(answer.success(request, data, "Workspace exists"), "status 200; data")
end

function domains.add_google_client_id(request, world)
  local given = request.fields
  scope.domains(world, request.user, given.domains)
  -- assumed: how it is checked; the documents say only that it is
  if not given.clientId:find "%.apps%.googleusercontent%.com$" then
    answer.refuse(422, "The clientId is not one of Google.", "status 422; message")
  end
  return answer.success(request, nil, "Client id will be added shortly")
end

return domains
