-- Placement tests.
local api_of = require "spec.support.mock_api"

local USER, MAILBOX = api_of.USER, api_of.MAILBOX
local TEST, REPORTS = "POST /placement", "GET /placement/reports"

describe("the mock's placement tests", function()
  local api

  local function test(body)
    body.mailboxIds = body.mailboxIds or {MAILBOX}
    return api:yes(TEST, {userId = USER}, body).orderId
  end

  local function reports(query)
    query.userId = query.userId or USER
    return api:yes(REPORTS, query).reports
  end

  before_each(function()
    api = api_of.new()
    api:seed("mailboxes", {mailboxId = "M2", email = "jane@doe.com", userId = USER})
  end)

  it("are answered as documented, and done later", function()
    local data, reply = api:yes(TEST, {userId = USER},
      {mailboxIds = {MAILBOX, "M2"}, spamassassin = true, aiInsight = true})
    assert.equal("Success", reply.body.message)
    api_of.assumed(false, reply)
    local report = reports{}[1]
    assert.same({orderId = data.orderId, status = "PENDING", spamassassin = true, blacklist = false, mailboxCount = 2,
      aiInsightRequested = true, mailboxes = report.mailboxes}, report)
    local first = report.mailboxes[1]
    assert.same({placementOrderId = first.placementOrderId, fromEmail = "john@doe.com", status = "PENDING",
      report = {inboxTest = {google = {}, microsoft365 = {}}, spamassassin = {}, blacklist = {}}}, first)
    assert.are_not.equal(first.placementOrderId, report.mailboxes[2].placementOrderId)
    api:advance(61)
    report = reports{}[1]
    assert.equal("COMPLETED", report.status)
    assert.is_table(report.aiInsight)
    first = report.mailboxes[1].report
    assert.equal(1, #first.inboxTest.google)
    assert.equal(1, #first.inboxTest.microsoft365)
    assert.is_not_nil(next(first.spamassassin))
    assert.is_nil(next(first.blacklist))
  end)

  it("are listed newest first, by order, by mailbox and in pages", function()
    local first, second, third = test{blacklist = true}, test{mailboxIds = {"M2"}}, test{mailboxIds = {MAILBOX, "M2"}}
    local function ids(query)
      local list = {}
      for index, item in ipairs(reports(query)) do list[index] = item.orderId end
      return list
    end
    assert.same({third, second, first}, ids{})
    assert.same({second}, ids{orderId = second})
    local report = reports{orderId = first}[1]
    assert.same({false, true, false}, {report.spamassassin, report.blacklist, report.aiInsightRequested})
    assert.same({third, first}, ids{mailboxId = MAILBOX})
    assert.same({third, second}, ids{mailboxId = "M2"})
    assert.same({second}, ids{limit = 1, page = 2})
    api:seed("users", {userId = "OTHER"})
    assert.same({}, ids{userId = "OTHER"})
    api_of.assumed("data", select(2, api:yes(REPORTS, {userId = USER})))
  end)

  it("are charged, for the analysis as well", function()
    local message = "Insufficient wallet balance to run placement test"
    api:wallet(1.5)
    local reply = api:no(402, message, TEST, {userId = USER}, {mailboxIds = {MAILBOX}, aiInsight = true})
    assert.equal(message, reply.body.message)
    api_of.assumed(false, reply)
    test{}
    api:no(402, message, TEST, {userId = USER}, {mailboxIds = {MAILBOX}})
    assert.equal(1, #reports{})
  end)

  it("need ACTIVE mailboxes of the user", function()
    api:seed("users", {userId = "OTHER"})
    api:seed("mailboxes", {mailboxId = "THEIRS", email = "a@theirs.com", userId = "OTHER"})
    api:seed("mailboxes", {mailboxId = "YOUNG", email = "young@doe.com", userId = USER, status = "IN_PROGRESS"})
    local function refused(status, message, ids)
      api:no(status, message, TEST, {userId = USER}, {mailboxIds = ids})
    end
    refused(400, "young@doe.com", {MAILBOX, "YOUNG"})
    refused(403, "does not belong", {MAILBOX, "THEIRS"})
    refused(404, "mailbox", {"NONE"})
    refused(400, "Please provide 'mailboxIds'")
    refused(400, "'mailboxIds' must be of type array", MAILBOX)
    assert.same({}, reports{})
  end)
end)
