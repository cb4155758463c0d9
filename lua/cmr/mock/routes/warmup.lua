-- Warmup of mailboxes: PENDING, ACTIVE, PAUSED, and STOPPED for good.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"
local examples = require "cmr.samples"
local scope = require "cmr.mock.routes.scope"
local mailboxes = require "cmr.mock.model.mailbox"
local money = require "cmr.mock.model.money"
local subscriptions = require "cmr.mock.model.subscription"

local warmup = {}

-- What is said when a warmup gets there; the second is assumed.
local MESSAGES = { PAUSED = "Warmup paused", ACTIVE = "Warmup resumed" }

-- The warmup of the mailbox, which must not have been STOPPED, and the mailbox.
local function enrolled(request, world)
  local mailbox = scope.mailbox(world, nil, request.fields.mailboxId)
  local current = mailbox.warmup
  if not current or current.status == "STOPPED" then answer.refuse(422, "The mailbox is not in warmup.") end
  return current, mailbox
end

-- Documented: charged for the rest of the time, price x (days left / 30).
function warmup.start_warmup(request, world)
  local mailbox = scope.mailbox(world, nil, request.fields.mailboxId)
  if mailbox.status ~= "ACTIVE" then answer.refuse(422, "The mailbox is not ACTIVE.") end
  if mailbox.warmup and mailbox.warmup.status ~= "STOPPED" then answer.refuse(409, "The mailbox is in warmup.") end
  local days = subscriptions.days_left(world, world.subscriptions:get(mailbox.subscriptionId))
  if not money.pay(world, money.WARMUP * days / 30) then
    answer.refuse(402, "Insufficient wallet balance", "status 402; message")
  end
  mailboxes.warm_up(world, mailbox)
  return answer.success(request, { status = mailbox.warmup.status }, "Warmup enabled")
end

local function set(request, current, status)
  if current.status == "PENDING" then answer.refuse(422, "The warmup is PENDING.") end
  current.status = status
  return answer.success(request, { status = status }, MESSAGES[status])
end

function warmup.toggle_warmup(request, world)
  local current = enrolled(request, world)
  return set(request, current, current.status == "ACTIVE" and "PAUSED" or "ACTIVE")
end

function warmup.set_warmup_status(request, world)
  local current = enrolled(request, world)
  local status = request.fields.status
  if not MESSAGES[status] then answer.refuse(400, "'status' must be one of ACTIVE, PAUSED", "the statuses; message") end
  return set(request, current, status)
end

function warmup.stop_warmup(request, world)
  local _, mailbox = enrolled(request, world)
  mailboxes.cool_down(world, mailbox)
  return answer.success(request)
end

-- Assumed: the documented sample has the defaults.
function warmup.set_warmup_settings(request, world)
  local current = enrolled(request, world)
  current.settings = current.settings or json.decode(examples.set_warmup_settings.request)
  for name in pairs(current.settings) do
    local value = request.fields[name]
    if value ~= nil then current.settings[name] = value end
  end
  return answer.success(request, current.settings, "Warmup settings updated")
end

return warmup
