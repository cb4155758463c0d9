-- Warmup: from PENDING to STOPPED.
local api_of = require "spec.support.mock_api"

local MAILBOX = api_of.MAILBOX
local THIS = {mailboxId = MAILBOX}
local START, TOGGLE, SET = "POST /mailboxes/warmup", "POST /mailboxes/warmup/toggle", "PATCH /mailboxes/warmup/status"
local STOP, SETTINGS = "DELETE /mailboxes/warmup", "PATCH /mailboxes/warmup/settings"

describe("the mock's warmup", function()
  local api

  local function status()
    return api:yes("GET /mailboxes/mailbox", THIS).warmupStatus
  end

  local function start()
    api:yes(START, THIS)
    api:advance(180)
  end

  before_each(function() api = api_of.new() end)

  it("starts in minutes, on a mailbox that is ACTIVE", function()
    local _, reply = api:yes(START, THIS)
    assert.matches("^ACT_", reply.body.actionId)
    assert.equal("PENDING", reply.body.data.status)
    assert.equal("PENDING", status())
    api:no(422, "PENDING", TOGGLE, THIS)
    api:no(422, "PENDING", SET, THIS, {status = "PAUSED"})
    api:advance(60)
    assert.equal("PENDING", status())
    api:advance(120)
    assert.equal("ACTIVE", status())
    api:no(409, "in warmup", START, THIS)

    api:seed("mailboxes", {mailboxId = "YOUNG", email = "young@doe.com", userId = api_of.USER, status = "IN_PROGRESS"})
    api:no(422, "not ACTIVE", START, {mailboxId = "YOUNG"})
    api:no(404, "mailbox", START, {mailboxId = "NONE"})
    api:no(400, "Please provide 'mailboxId'", START)
  end)

  it("is charged for the remaining days", function()
    api:advance(20 * 24 * 3600 + 60)
    api:wallet(0.99) -- 10 of 30 days, less one minute, cost almost 3 x 10 / 30 = 1
    api_of.assumed("status 402", api:no(402, "Insufficient wallet balance", START, THIS))
    assert.equal(api_of.null, status())
    api:wallet(1)
    api:yes(START, THIS)
  end)

  it("is toggled as documented", function()
    start()
    local data, reply = api:yes(TOGGLE, THIS)
    assert.same({"Warmup paused", "PAUSED"}, {reply.body.message, data.status})
    assert.matches("^ACT_", reply.body.actionId)
    api_of.assumed(false, reply)
    assert.equal("PAUSED", status())
    data, reply = api:yes(TOGGLE, THIS)
    assert.same({"Warmup resumed", "ACTIVE"}, {reply.body.message, data.status})
    api_of.assumed("message", reply)
    assert.equal("ACTIVE", status())
  end)

  it("is set to a known state, any number of times", function()
    start()
    for _, wanted in ipairs{"PAUSED", "PAUSED", "ACTIVE", "ACTIVE"} do
      assert.equal(wanted, api:yes(SET, THIS, {status = wanted}).status)
      assert.equal(wanted, status())
    end
    api:no(400, "must be one of ACTIVE, PAUSED", SET, THIS, {status = "STOPPED"})
    api:no(400, "Please provide 'status'", SET, THIS)
  end)

  it("is stopped, and started again for a new charge", function()
    start()
    local data, reply = api:yes(STOP, THIS)
    assert.same({"Warmup disabled", api_of.null}, {reply.body.message, data})
    assert.matches("^ACT_", reply.body.actionId)
    assert.equal("STOPPED", status())
    for what, body in pairs{[TOGGLE] = {}, [SET] = {status = "ACTIVE"}, [STOP] = {}, [SETTINGS] = {warmupLimit = 3}} do
      api:no(422, "not in warmup", what, THIS, body)
    end
    api:wallet(2)
    api:no(402, "Insufficient", START, THIS)
    api:wallet(3)
    api:yes(START, THIS)
    assert.equal("PENDING", status())
  end)

  it("does not begin if it is stopped early", function()
    api:yes(START, THIS)
    api:yes(STOP, THIS)
    api:advance(180)
    assert.equal("STOPPED", status())
  end)

  it("stores its settings", function()
    start()
    local data = api:yes(SETTINGS, THIS, {warmupLimit = 30, warmupOnWeekdays = false})
    assert.same({warmupLimit = 30, minimumWarmupLimit = 5, warmupReplyRate = 0.3, warmupOpenRate = 0.8,
      warmupSpamProtectionRate = 0.2, warmupOnWeekdays = false, increasePerDay = 2, warmupDisableSlow = false,
      minimumDelayBetweenWarmupEmails = 60, maximumDelayBetweenWarmupEmails = 300}, data)
    assert.equal(30, api:yes(SETTINGS, THIS, {increasePerDay = 1.5}).warmupLimit)
    api:no(400, "'warmupLimit' must be of type number", SETTINGS, THIS, {warmupLimit = "30"})
  end)
end)
