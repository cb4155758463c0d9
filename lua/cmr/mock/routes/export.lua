---The operations on sending platforms: credentials for the platforms, exports of mailboxes, and re-exports over OAuth.

local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"
local Mailbox = require "cmr.mock.model.mailbox"
local random = require "cmr.util.random"
local scope = require "cmr.mock.routes.scope"

local export = {}

local EXPORT_SECONDS = 10 -- how long an export takes; assumed

function export.platforms(request)
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
  -- assumed: the answer omits an app without credentials, so `connected` is never false
  return answer.assume(answer.success(request, apps), "an app without credentials is left out")
end

function export.add_platform(request, state)
  local fields = request.fields
  -- documented: the API answers bad credentials with 400 and does not store them; assumed: the password "wrong" is bad
  if fields.credentials.password == "wrong" then answer.refuse(400, "The credentials were rejected by the platform") end
  local id = random.id(16)
  table.insert(request.user.credentials, {
    app = fields.app,
    credentialId = id,
    email = fields.credentials.email,
    connectedAt = state:timestamp(),
    metadata = fields.metadata or {},
    orgId = fields.orgId,
  })
  return answer.success(request, { credentialId = id })
end

function export.update_platform(request, state)
  local credential = scope.credential(state, request.user, request.fields.credentialId)
  credential.orgId = request.fields.orgId or credential.orgId
  local data = { credentialId = credential.credentialId }
  return answer.success(request, data, "Platform credentials updated successfully")
end

function export.remove_platform(request, state)
  local _, owner, index = scope.credential(state, request.user, request.fields.credentialId)
  table.remove(owner.credentials, index)
  return answer.success(request)
end

-- Documented: only a credential of Instantly has workspaces. Assumed: the app of such a credential is INSTANTLY, in
-- capital or small letters. Also assumed: each workspace has an orgId, and the user chooses a workspace by storing
-- its orgId in the credential.
function export.platform_workspaces(request, state)
  local credential = scope.credential(state, request.user, request.fields.credentialId)
  if credential.app:upper() ~= "INSTANTLY" then answer.refuse(422, "The platform has no workspaces.") end
  local data =
    json.array { { orgId = "org_1", name = "First workspace" }, { orgId = "org_2", name = "Second workspace" } }
  return answer.success(request, data, "Workspaces fetched successfully")
end

-- Schedules the event that reports the end of a mailbox's export.
local function finish_export(state, mailbox)
  state:after(EXPORT_SECONDS, function()
    state:emit("mailbox.exported", { userId = mailbox.userId, mailboxId = mailbox.mailboxId, email = mailbox.email })
  end)
end

function export.export_mailboxes(request, state)
  local fields = request.fields
  -- assumed: without userId, the mailboxes must belong to the credential's owner
  local _, owner = scope.credential(state, request.user, fields.credentialId)
  local ids = fields.componentMailboxIds or fields.mailboxIds -- the sources disagree on the field's name
  local mailboxes = scope.all(scope.mailbox, state, owner, ids)
  for _, mailbox in ipairs(mailboxes) do
    if mailbox.status ~= "ACTIVE" then answer.refuse(422, "The mailbox is not ACTIVE.") end
  end
  -- documented: the event mailbox.exported reports exports over OAuth; assumed: the event reports other exports too
  for _, mailbox in ipairs(mailboxes) do
    finish_export(state, mailbox)
  end
  return answer.success(request, nil, "Mailboxes queued for export")
end

function export.reexport(request, state)
  local id = request.fields.mailboxId
  if not id then -- assumed: if the request has an id and an email address, the id decides
    local found = Mailbox.by_email(state, request.fields.email)
    id = found and found.mailboxId or ""
  end
  local mailbox = scope.mailbox(state, request.user, id)
  -- assumed: a refused re-export does not use up the quota
  if #mailbox:recent_reexports() >= Mailbox.MAX_REEXPORTS_PER_WEEK then
    -- documented: the API rejects the request; assumed: the status and the message
    answer.refuse(429, "Re-export limit exceeded: 3 times per mailbox per week", "status 429; message; no Retry-After")
  end
  table.insert(mailbox.reexports, state:now())
  finish_export(state, mailbox)
  return answer.success(request)
end

return export
