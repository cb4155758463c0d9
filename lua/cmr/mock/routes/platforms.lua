-- Connected sending platforms.
local json = require "cmr.mock.json"
local random = require "cmr.util.random"
local answer = require "cmr.mock.answer"
local scope = require "cmr.mock.routes.scope"

local platforms = {}

function platforms.platforms(request)
  local apps = {}
  for _, credential in ipairs(request.user.credentials) do
    local app = apps[credential.app] or { connected = true, credentials = {} }
    apps[credential.app] = app
    table.insert(app.credentials, {
      credentialId = credential.credentialId,
      email = credential.email,
      connectedAt = credential.connectedAt,
      metadata = credential.metadata,
    })
  end
  local reply = answer.success(request, apps)
  -- assumed: an app without credentials is left out, not listed as unconnected
  return next(apps) and reply or answer.assume(reply, "no platform is an empty object")
end

function platforms.add_platform(request, world)
  local given = request.fields
  -- assumed: the trigger; the documents say only that bad credentials are answered with 400 and not stored
  if given.credentials.password == "wrong" then answer.refuse(400, "The credentials were rejected by the platform") end
  local id = random.id(16)
  table.insert(request.user.credentials, {
    app = given.app,
    credentialId = id,
    email = given.credentials.email,
    connectedAt = world:timestamp(),
    metadata = given.metadata or {},
    orgId = given.orgId,
  })
  return answer.success(request, { credentialId = id })
end

function platforms.update_platform(request, world)
  local given = request.fields
  local credential = scope.credential(world, request.user, given.credentialId)
  credential.orgId = given.orgId or credential.orgId
  return answer.success(
    request,
    { credentialId = credential.credentialId },
    "Platform credentials updated successfully"
  )
end

function platforms.remove_platform(request, world)
  local _, user, index = scope.credential(world, request.user, request.fields.credentialId)
  table.remove(user.credentials, index)
  return answer.success(request)
end

-- Documented: Instantly only. Assumed: how it is spelt, and that what is chosen here becomes the orgId.
function platforms.platform_workspaces(request, world)
  local credential = scope.credential(world, request.user, request.fields.credentialId)
  if credential.app:upper() ~= "INSTANTLY" then answer.refuse(422, "The platform has no workspaces.") end
  local data =
    json.array { { orgId = "org_1", name = "First workspace" }, { orgId = "org_2", name = "Second workspace" } }
  return answer.success(request, data, "Workspaces fetched successfully")
end

return platforms
