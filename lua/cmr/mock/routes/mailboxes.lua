-- Mailboxes: lists, details, changes, removal.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"
local paging = require "cmr.mock.paging"
local scope = require "cmr.mock.routes.scope"
local world_mailboxes = require "cmr.mock.model.mailbox"
local subscriptions = require "cmr.mock.model.subscription"

local mailboxes = {}

-- Seconds until a change or a removal is done; assumed.
local SOON = 10

local CHANGEABLE = { "firstName", "lastName", "profilePicture" }

local function show(world, mailbox)
  local subscription = world.subscriptions:get(mailbox.subscriptionId)
  return {
    mailboxId = mailbox.mailboxId,
    email = mailbox.email,
    firstName = mailbox.firstName,
    lastName = mailbox.lastName,
    profilePicture = mailbox.profilePicture or json.null,
    status = mailbox.status,
    domain = mailbox.domain,
    subscriptionId = mailbox.subscriptionId,
    serviceProvider = subscription.serviceProvider,
    warmupStatus = mailbox.warmup and mailbox.warmup.status or json.null,
  }
end

local function list(request, world)
  local wanted = { userId = request.user and request.user.userId }
  local data = paging.data(request, "mailboxes", world.mailboxes:list(wanted), function(mailbox)
    return show(world, mailbox)
  end)
  return answer.success(request, data, "Mailboxes fetched successfully")
end

mailboxes.mailboxes, mailboxes.all_mailboxes = list, list

function mailboxes.mailbox(request, world)
  local mailbox = scope.mailbox(world, nil, request.fields.mailboxId)
  return answer.success(request, show(world, mailbox), "Mailbox fetched successfully")
end

-- Assumed: names as in the events that carry access.
function mailboxes.mailbox_admin(request, world)
  local mailbox = scope.mailbox(world, request.user, request.fields.mailboxId)
  local data = {
    mailboxId = mailbox.mailboxId,
    email = "admin@" .. mailbox.domain,
    password = "mock-password",
    authenticatorSecret = "MOCKSECRET",
    isAdmin = true,
  }
  return answer.success(request, data, "Admin details fetched successfully")
end

local function change(world, mailbox, given)
  world:after(SOON, function()
    local changed = {}
    if given.userName then
      mailbox.email = given.userName .. "@" .. mailbox.domain
      changed.userName = given.userName
    end
    for _, name in ipairs(CHANGEABLE) do
      mailbox[name], changed[name] = given[name] or mailbox[name], given[name]
    end
    if given.removeProfilePicture then
      mailbox.profilePicture, changed.profilePicture = nil, json.null
    end
    world:tell(
      "mailbox.updated",
      { userId = mailbox.userId, mailboxId = mailbox.mailboxId, email = mailbox.email, updatedFields = changed }
    )
  end)
end

-- Refuses a change that cannot be.
local function check_change(request, world, given)
  local mailbox = scope.mailbox(world, request.user, given.mailboxId)
  local email = given.userName and given.userName .. "@" .. mailbox.domain
  local other = email and world_mailboxes.by_email(world, email)
  if other and other ~= mailbox then answer.refuse(409, ("The mailbox %s exists already."):format(email)) end
  return mailbox
end

-- Several mailboxes: each fails by itself.
local function update_each(request, world, items)
  local data = json.array()
  for index, given in ipairs(items) do
    local mailbox = answer.of(check_change, request, world, given)
    local refused = mailbox.envelope
    local message = refused and refused.message or "Mailbox details will update shortly"
    data[index] = { mailboxId = given.mailboxId, success = not refused, message = message }
    if not refused then change(world, mailbox, given) end
  end
  return answer.assume(answer.success(request, data), "an item's message")
end

function mailboxes.update_mailboxes(request, world)
  local given = request.fields.mailboxData
  if #given > 0 then return update_each(request, world, given) end
  change(world, check_change(request, world, given), given)
  return answer.success(request)
end

function mailboxes.remove_mailbox(request, world)
  local mailbox = scope.mailbox(world, request.user, request.fields.mailboxId)
  if subscriptions.ends_soon(world, world.subscriptions:get(mailbox.subscriptionId)) then
    answer.refuse(422, "The subscription ends within 24 hours.", "status 422; message")
  end
  world:after(SOON, function()
    if world.mailboxes:get(mailbox.mailboxId) then subscriptions.remove_mailbox(world, mailbox) end
  end)
  return answer.success(request)
end

-- Assumed: the mailbox is named by mailboxId.
function mailboxes.validate_mailbox(request, world)
  local id = request.fields.mailboxId
  if type(id) ~= "string" then answer.refuse(400, "Please provide 'mailboxId'", "the body's names; message") end
  local mailbox = scope.mailbox(world, request.user, id)
  local data = { mailboxId = id, smtp = mailbox.status == "ACTIVE", dns = true }
  return answer.assume(answer.success(request, data, "Mailbox validated"), "the body's names")
end

return mailboxes
