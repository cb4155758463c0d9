---The operations on placement tests. Such a test shows the folder in which mail arrives.

local account = require "cmr.mock.model.account"
local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"
local random = require "cmr.util.random"
local scope = require "cmr.mock.routes.scope"

local placement = {}

local TEST_SECONDS = 60 -- how long a test takes; assumed
local DONE_STATUS = "COMPLETED" -- assumed

function placement.create_placement_test(request, state)
  local fields = request.fields
  local mailboxes = scope.all(scope.mailbox, state, request.user, fields.mailboxIds)
  for _, mailbox in ipairs(mailboxes) do
    if mailbox.status ~= "ACTIVE" then answer.refuse(400, ("The mailbox %s is not ACTIVE."):format(mailbox.email)) end
  end
  if
    not account.pay(state, #mailboxes * account.PLACEMENT_PRICE + (fields.aiInsight and account.INSIGHT_PRICE or 0))
  then
    answer.refuse(402, "Insufficient wallet balance to run placement test", false)
  end
  local test = {
    orderId = random.id(28), -- the length of the sample's id
    userId = request.user.userId,
    spamassassin = fields.spamassassin or false,
    blacklist = fields.blacklist or false,
    aiInsight = fields.aiInsight or false,
    done_at = state:now() + TEST_SECONDS,
    mailboxes = {},
  }
  for index, mailbox in ipairs(mailboxes) do
    test.mailboxes[index] =
      { placementOrderId = random.id(28), mailboxId = mailbox.mailboxId, fromEmail = mailbox.email }
  end
  state.placement_tests:put(test.orderId, test)
  return answer.success(request, { orderId = test.orderId })
end

-- Makes a test's report. Assumed: the report has these members, and they are empty until the test is done.
local function report(test, done)
  local folders = done and { { folder = "INBOX" } } or {}
  return {
    inboxTest = { google = json.array(folders), microsoft365 = json.array(folders) },
    spamassassin = done and test.spamassassin and { score = 0 } or {},
    blacklist = done and test.blacklist and { listed = false } or {},
  }
end

local function show(state, test)
  local done = state:now() >= test.done_at
  local shown = {
    orderId = test.orderId,
    status = done and DONE_STATUS or "PENDING",
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

local function has_mailbox(test, id)
  for _, mailbox in ipairs(test.mailboxes) do
    if mailbox.mailboxId == id then return true end
  end
  return false
end

function placement.placement_reports(request, state)
  local fields, found = request.fields, {}
  local filter = { userId = request.user.userId, orderId = fields.orderId }
  for _, test in ipairs(state.placement_tests:list(filter)) do
    -- the newest test comes first
    if not fields.mailboxId or has_mailbox(test, fields.mailboxId) then table.insert(found, 1, test) end
  end
  local data = answer.list(request, "reports", found, function(test)
    return show(state, test)
  end)
  return answer.success(request, data, "Placement reports fetched successfully")
end

return placement
