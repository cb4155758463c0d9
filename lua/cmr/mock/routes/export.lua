-- Exports: connected platforms, exporting mailboxes to them, re-exporting over OAuth.
local json = require "cmr.mock.json"
local random = require "cmr.mock.random"
local answer = require "cmr.mock.answer"
local scope = require "cmr.mock.routes.scope"

local export = {}

local refuse = scope.refuse

local WEEK, REEXPORTS_A_WEEK = 7 * 24 * 60 * 60, 3

local function text(value)
  return type(value) == "string" and value ~= ""
end

function export.platforms(request, world)
  local user, refusal = scope.user(request, world)
  if not user then return refusal end
  local apps = {}
  for _, credential in ipairs(user.credentials) do
    local app = apps[credential.app] or {connected = true, credentials = {}}
    apps[credential.app] = app
    table.insert(app.credentials, {
      credentialId = credential.credentialId,
      email = credential.email,
      connectedAt = credential.connectedAt,
      metadata = credential.metadata,
    })
  end
  local reply = answer.ok("Fetched connected accounts successfully", apps)
  -- assumed: an app without credentials is left out, not listed as unconnected
  if next(apps) == nil then answer.assume(reply, "no platform is an empty object") end
  return reply
end

function export.add_platform(request, world)
  local user, refusal = scope.user(request, world)
  if not user then return refusal end
  local body = request.body
  if not text(body.app) then return refuse(400, "Please provide an app") end
  local credentials = type(body.credentials) == "table" and body.credentials or {}
  if not text(credentials.email) then return refuse(400, "Please provide credentials.email") end
  if not text(credentials.password) then return refuse(400, "Please provide credentials.password") end
  -- assumed: the trigger; the documents say only that bad credentials are answered with 400 and not stored
  if credentials.password == "wrong" then return refuse(400, "The credentials were rejected by the platform") end
  local id = random.id(16)
  table.insert(user.credentials, {
    app = body.app,
    credentialId = id,
    email = credentials.email,
    connectedAt = world:timestamp(),
    metadata = type(body.metadata) == "table" and body.metadata or {},
  })
  return answer.ok("Platform credentials added successfully", {credentialId = id})
end

local function find_credential(user, id)
  for index, credential in ipairs(user.credentials) do
    if credential.credentialId == id then return index end
  end
end

function export.remove_platform(request, world)
  local user, refusal = scope.user(request, world)
  if not user then return refusal end
  local id = request.query.credentialId
  if not text(id) then return refuse(400, "Please provide a credentialId") end
  local index = find_credential(user, id)
  if not index then return refuse(404, "The requested credential does not exist.") end
  table.remove(user.credentials, index)
  return answer.ok("Platform credentials removed successfully")
end

-- Who may use the credential: the user named or, the parameter being assumed, whoever owns it.
local function owner(world, user, credential_id)
  for _, candidate in pairs(user and {user} or world.users) do
    if find_credential(candidate, credential_id) then return candidate end
  end
end

-- assumed: one unfit mailbox refuses the whole request
local function unfit(world, user, ids)
  for _, id in ipairs(ids) do
    local mailbox = world.mailboxes[id]
    if not mailbox then return refuse(404, "The requested mailbox does not exist.") end
    if mailbox.userId ~= user.userId then return refuse(403, "The mailbox does not belong to the user.") end
    if mailbox.status ~= "ACTIVE" then return refuse(422, "The mailbox is not ACTIVE.") end
  end
end

function export.export_mailboxes(request, world)
  local user, refusal = scope.optional_user(request, world)
  if refusal then return refusal end
  local body = request.body
  if not text(body.credentialId) then return refuse(400, "Please provide a credentialId") end
  local ids = body.componentMailboxIds or body.mailboxIds -- the sources disagree on the name
  if type(ids) ~= "table" or #ids == 0 then return refuse(400, "Please provide mailboxIds") end
  user = owner(world, user, body.credentialId)
  if not user then return refuse(404, "The requested credential does not exist.") end
  refusal = unfit(world, user, ids)
  if refusal then return refusal end
  local reply = answer.ok("Mailboxes queued for export", nil, {actionId = world.action_id()})
  return answer.assume(reply, "everything but the status")
end

-- assumed: the week is the last 7 days, and a refused request does not count
local function quota_left(mailbox, now)
  local recent = {}
  for _, time in ipairs(mailbox.reexports) do
    if now - time < WEEK then recent[#recent + 1] = time end
  end
  mailbox.reexports = recent
  return #recent < REEXPORTS_A_WEEK
end

function export.reexport(request, world)
  local user, refusal = scope.optional_user(request, world)
  if refusal then return refusal end
  local body = request.body
  local mailbox
  if text(body.mailboxId) then -- assumed: with both, the id decides
    mailbox = world.mailboxes[body.mailboxId]
  elseif text(body.email) then
    mailbox = world:mailbox_by_email(body.email)
  else
    return answer.assume(answer.new(422, "Please provide a mailboxId or an email"), "status 422; message")
  end
  if not mailbox then return refuse(404, "The requested mailbox does not exist.") end
  if user and mailbox.userId ~= user.userId then return refuse(403, "The mailbox does not belong to the user.") end
  local now = world:now()
  if not quota_left(mailbox, now) then
    -- assumed: the documents say that the request is rejected, not how
    local message = "Re-export limit exceeded: 3 times per mailbox per week"
    return answer.assume(answer.new(429, message), "status 429; message; no Retry-After")
  end
  table.insert(mailbox.reexports, now)
  return answer.ok("OAuth wil be performed performed shortly", json.null, {actionId = world.action_id()})
end

return export
