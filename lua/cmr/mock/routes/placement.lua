-- Placement tests: in which folders mail lands.
local json = require "cmr.mock.json"
local random = require "cmr.util.random"
local answer = require "cmr.mock.answer"
local paging = require "cmr.mock.paging"
local scope = require "cmr.mock.routes.scope"
local money = require "cmr.mock.model.money"

local placement = {}

-- Seconds until a test is done, and what its status is then; both assumed.
local DURATION, DONE = 60, "COMPLETED"

function placement.create_placement_test(request, world)
  local given = request.fields
  local tested = scope.mailboxes(world, request.user, given.mailboxIds)
  for _, mailbox in ipairs(tested) do
    if mailbox.status ~= "ACTIVE" then answer.refuse(400, ("The mailbox %s is not ACTIVE."):format(mailbox.email)) end
  end
  if not money.pay(world, #tested * money.PLACEMENT + (given.aiInsight and money.INSIGHT or 0)) then
    answer.refuse(402, "Insufficient wallet balance to run placement test", false)
  end
  local test = {
    orderId = random.id(29), -- as long as the sample's
    userId = request.user.userId,
    spamassassin = given.spamassassin or false,
    blacklist = given.blacklist or false,
    aiInsight = given.aiInsight or false,
    done_at = world:now() + DURATION,
    mailboxes = {},
  }
  for index, mailbox in ipairs(tested) do
    test.mailboxes[index] =
      { placementOrderId = random.id(28), mailboxId = mailbox.mailboxId, fromEmail = mailbox.email }
  end
  world.tests:put(test.orderId, test)
  return answer.success(request, { orderId = test.orderId })
end

-- Assumed: what is inside; without results everything is empty.
local function report(test, done)
  local landed = done and { { folder = "INBOX" } } or {}
  return {
    inboxTest = { google = json.array(landed), microsoft365 = json.array(landed) },
    spamassassin = done and test.spamassassin and { score = 0 } or {},
    blacklist = done and test.blacklist and { listed = false } or {},
  }
end

local function show(world, test)
  local done = world:now() >= test.done_at
  local shown = {
    orderId = test.orderId,
    status = done and DONE or "PENDING",
    spamassassin = test.spamassassin,
    blacklist = test.blacklist,
    mailboxCount = #test.mailboxes,
    aiInsightRequested = test.aiInsight,
    mailboxes = json.array(),
  }
  if done and test.aiInsight then shown.aiInsight = { summary = "mock" } end
  for index, mailbox in ipairs(test.mailboxes) do
    shown.mailboxes[index] = {
      placementOrderId = mailbox.placementOrderId,
      fromEmail = mailbox.fromEmail,
      status = shown.status,
      report = report(test, done),
    }
  end
  return shown
end

local function has(test, id)
  for _, mailbox in ipairs(test.mailboxes) do
    if mailbox.mailboxId == id then return true end
  end
  return false
end

function placement.placement_reports(request, world)
  local given, found = request.fields, {}
  for _, test in ipairs(world.tests:list { userId = request.user.userId, orderId = given.orderId }) do
    if not given.mailboxId or has(test, given.mailboxId) then table.insert(found, 1, test) end -- newest first
  end
  local data = paging.data(request, "reports", found, function(test)
    return show(world, test)
  end)
  return answer.success(request, data, "Placement reports fetched successfully")
end

return placement
