-- Exporting mailboxes to connected platforms, and again over OAuth.
local answer = require "cmr.mock.answer"
local scope = require "cmr.mock.routes.scope"
local mailboxes = require "cmr.mock.model.mailbox"

local export = {}

local WEEK, REEXPORTS_A_WEEK = 7 * 24 * 60 * 60, 3
local SOON = 10 -- seconds until an export is done; assumed

function export.export_mailboxes(request, world)
  local given = request.fields
  -- The user named or, the parameter being assumed, whoever owns the credential.
  local _, user = scope.credential(world, request.user, given.credentialId)
  local ids = given.componentMailboxIds or given.mailboxIds -- the sources disagree on the name
  for _, mailbox in ipairs(scope.mailboxes(world, user, ids)) do
    if mailbox.status ~= "ACTIVE" then answer.refuse(422, "The mailbox is not ACTIVE.") end
  end
  return answer.success(request, nil, "Mailboxes queued for export")
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
  local given = request.fields
  local id = given.mailboxId
  if not id then -- assumed: with both, the id decides
    local found = mailboxes.by_email(world, given.email)
    id = found and found.mailboxId or ""
  end
  local mailbox = scope.mailbox(world, request.user, id)
  if not quota_left(mailbox, world:now()) then
    -- assumed: the documents say that the request is rejected, not how
    answer.refuse(429, "Re-export limit exceeded: 3 times per mailbox per week", "status 429; message; no Retry-After")
  end
  table.insert(mailbox.reexports, world:now())
  world:after(SOON, function()
    world:tell("mailbox.exported", { userId = mailbox.userId, mailboxId = mailbox.mailboxId, email = mailbox.email })
  end)
  return answer.success(request)
end

return export
