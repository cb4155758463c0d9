---The operations on mailboxes and their warmup. A warmup is PENDING, ACTIVE, PAUSED, or permanently STOPPED.

local account = require "cmr.mock.model.account"
local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"
local Mailbox = require "cmr.mock.model.mailbox"
local samples = require "cmr.samples"
local scope = require "cmr.mock.routes.scope"
local Subscription = require "cmr.mock.model.subscription"

local mailboxes = {}

local CHANGE_SECONDS = 10 -- how long a change or a removal takes; assumed

local CHANGEABLE = { "firstName", "lastName", "profilePicture" }

-- A warmup's new status -> the answer's message. The message for ACTIVE is assumed.
local WARMUP_MESSAGES = { PAUSED = "Warmup paused", ACTIVE = "Warmup resumed" }

local function show(mailbox)
  local subscription = mailbox.state.subscriptions:get(mailbox.subscriptionId)
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

function mailboxes.mailboxes(request, state)
  local list = state.mailboxes:list { userId = request.user and request.user.userId }
  return answer.success(request, answer.list(request, "mailboxes", list, show), "Mailboxes fetched successfully")
end

mailboxes.all_mailboxes = mailboxes.mailboxes

function mailboxes.mailbox(request, state)
  local mailbox = scope.mailbox(state, nil, request.fields.mailboxId)
  return answer.success(request, show(mailbox), "Mailbox fetched successfully")
end

-- Assumed: the fields of the credentials have the same names as in the event mailbox.created.
function mailboxes.mailbox_admin(request, state)
  local mailbox = scope.mailbox(state, request.user, request.fields.mailboxId)
  local access = mailbox:access()
  local data = {
    mailboxId = mailbox.mailboxId,
    email = "admin@" .. mailbox.domain,
    password = access.password,
    authenticatorSecret = access.authenticatorSecret,
    isAdmin = true,
  }
  return answer.success(request, data, "Admin details fetched successfully")
end

local function change_later(mailbox, fields)
  mailbox.state:after(CHANGE_SECONDS, function()
    local changed = {}
    if fields.userName then
      mailbox.email = fields.userName .. "@" .. mailbox.domain
      changed.userName = fields.userName
    end
    for _, name in ipairs(CHANGEABLE) do
      mailbox[name], changed[name] = fields[name] or mailbox[name], fields[name]
    end
    if fields.removeProfilePicture then
      mailbox.profilePicture, changed.profilePicture = nil, json.null
    end
    mailbox.state:emit(
      "mailbox.updated",
      { userId = mailbox.userId, mailboxId = mailbox.mailboxId, email = mailbox.email, updatedFields = changed }
    )
  end)
end

-- Returns the mailbox that the request changes. Refuses a new address that another mailbox already has.
local function changeable(request, state, fields)
  local mailbox = scope.mailbox(state, request.user, fields.mailboxId)
  local email = fields.userName and fields.userName .. "@" .. mailbox.domain
  local other = email and Mailbox.by_email(state, email)
  if other and other ~= mailbox then answer.refuse(409, ("The mailbox %s exists already."):format(email)) end
  return mailbox
end

-- Changes the mailboxes of a list. If the change of one mailbox is refused, the other mailboxes are still changed.
local function update_each(request, state, list)
  local data = json.array()
  for index, fields in ipairs(list) do
    local mailbox = answer.of(changeable, request, state, fields)
    local refused = mailbox.envelope
    local message = refused and refused.message or "Mailbox details will update shortly"
    data[index] = { mailboxId = fields.mailboxId, success = not refused, message = message }
    if not refused then change_later(mailbox, fields) end
  end
  return answer.assume(answer.success(request, data), "an item's message")
end

function mailboxes.update_mailboxes(request, state)
  local fields = request.fields.mailboxData
  if #fields > 0 then return update_each(request, state, fields) end
  change_later(changeable(request, state, fields), fields)
  return answer.success(request)
end

function mailboxes.remove_mailbox(request, state)
  local mailbox = scope.mailbox(state, request.user, request.fields.mailboxId)
  if state.subscriptions:get(mailbox.subscriptionId):days_left() < 1 then
    answer.refuse(422, "The subscription ends within 24 hours.", "status 422; message")
  end
  state:after(CHANGE_SECONDS, function()
    if state.mailboxes:get(mailbox.mailboxId) then Subscription.remove_mailbox(mailbox) end
  end)
  return answer.success(request)
end

-- Assumed: the body has the mailbox's id in the field mailboxId.
function mailboxes.validate_mailbox(request, state)
  local id = request.fields.mailboxId
  if type(id) ~= "string" then answer.refuse(400, "Please provide 'mailboxId'", "the body's names; message") end
  local mailbox = scope.mailbox(state, request.user, id)
  local data = { mailboxId = id, smtp = mailbox.status == "ACTIVE", dns = true }
  return answer.assume(answer.success(request, data, "Mailbox validated"), "the body's names")
end

-- Returns the request's mailbox. Refuses the request when the mailbox has no warmup, or when its warmup is STOPPED.
local function warming(request, state)
  local mailbox = scope.mailbox(state, nil, request.fields.mailboxId)
  if not mailbox.warmup or mailbox.warmup.status == "STOPPED" then
    answer.refuse(422, "The mailbox is not in warmup.")
  end
  return mailbox
end

-- Documented: the partner pays for the days that are left in the subscription's period. Each of these days costs 1/30
-- of the price for 30 days.
function mailboxes.start_warmup(request, state)
  local mailbox = scope.mailbox(state, nil, request.fields.mailboxId)
  if mailbox.status ~= "ACTIVE" then answer.refuse(422, "The mailbox is not ACTIVE.") end
  if mailbox.warmup and mailbox.warmup.status ~= "STOPPED" then answer.refuse(409, "The mailbox is in warmup.") end
  local days = state.subscriptions:get(mailbox.subscriptionId):days_left()
  if not account.pay(state, account.WARMUP_PRICE * days / 30) then
    answer.refuse(402, "Insufficient wallet balance", "status 402; message")
  end
  mailbox:start_warmup()
  return answer.success(request, { status = mailbox.warmup.status }, "Warmup enabled")
end

local function set_warmup(request, warmup, status)
  if warmup.status == "PENDING" then answer.refuse(422, "The warmup is PENDING.") end
  warmup.status = status
  return answer.success(request, { status = status }, WARMUP_MESSAGES[status])
end

function mailboxes.toggle_warmup(request, state)
  local warmup = warming(request, state).warmup
  return set_warmup(request, warmup, warmup.status == "ACTIVE" and "PAUSED" or "ACTIVE")
end

function mailboxes.set_warmup_status(request, state)
  local warmup = warming(request, state).warmup
  local status = request.fields.status
  if not WARMUP_MESSAGES[status] then
    answer.refuse(400, "'status' must be one of ACTIVE, PAUSED", "the statuses; message")
  end
  return set_warmup(request, warmup, status)
end

function mailboxes.stop_warmup(request, state)
  warming(request, state):stop_warmup()
  return answer.success(request)
end

-- Assumed: the default settings are the values in the documented sample.
function mailboxes.set_warmup_settings(request, state)
  local warmup = warming(request, state).warmup
  warmup.settings = warmup.settings or json.decode(samples.set_warmup_settings.request)
  for name in pairs(warmup.settings) do
    local value = request.fields[name]
    if value ~= nil then warmup.settings[name] = value end
  end
  return answer.success(request, warmup.settings, "Warmup settings updated")
end

return mailboxes
