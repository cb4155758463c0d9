-- Warmup: what each call sends.
local recorded = require "spec.support.recorded"

local MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"

describe("warmup", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("is started", function()
    client:start_warmup(MAILBOX)
    client:start_warmup{mailboxId = MAILBOX}
    api:sent(2, {"POST", "/mailboxes/warmup", query = {mailboxId = MAILBOX}})
    api:raises("cmr.start_warmup: missing required argument 'mailboxId'", function() client:start_warmup() end)
  end)

  it("is started with other fields, which become the body", function()
    client:start_warmup(MAILBOX, {warmupLimit = 40})
    client:start_warmup{mailboxId = MAILBOX, warmupLimit = 40}
    api:sent(2, {"POST", "/mailboxes/warmup", query = {mailboxId = MAILBOX}, body = '{"warmupLimit":40}'})
  end)

  it("is toggled", function()
    client:toggle_warmup(MAILBOX)
    client:toggle_warmup{mailboxId = MAILBOX}
    api:sent(2, {"POST", "/mailboxes/warmup/toggle", query = {mailboxId = MAILBOX}})
    api:raises("cmr.toggle_warmup: missing required argument 'mailboxId'", function() client:toggle_warmup() end)
  end)

  it("gets a status", function()
    client:set_warmup_status(MAILBOX, "ACTIVE")
    client:set_warmup_status(MAILBOX, {status = "ACTIVE"})
    client:set_warmup_status{mailboxId = MAILBOX, status = "ACTIVE"}
    api:sent(3, {"PATCH", "/mailboxes/warmup/status", query = {mailboxId = MAILBOX}, body = '{"status":"ACTIVE"}'})
    api:requires({mailboxId = MAILBOX, status = "ACTIVE"}, {"mailboxId", "status"},
      function(rest) client:set_warmup_status(rest) end)
  end)

  it("gets any status, because the accepted ones are not documented", function()
    client:set_warmup_status(MAILBOX, "PAUSED")
    api:sent(1, {"PATCH", "/mailboxes/warmup/status", query = {mailboxId = MAILBOX}, body = '{"status":"PAUSED"}'})
  end)

  it("is stopped", function()
    client:stop_warmup(MAILBOX)
    client:stop_warmup{mailboxId = MAILBOX}
    api:sent(2, {"DELETE", "/mailboxes/warmup", query = {mailboxId = MAILBOX}})
    api:raises("cmr.stop_warmup: missing required argument 'mailboxId'", function() client:stop_warmup{} end)
    api:refuses("stop_warmup: 'mailboxId' is empty", function() return client:stop_warmup("") end)
  end)

  it("has settings", function()
    local settings = {
      warmupLimit = 40,
      minimumWarmupLimit = 5,
      warmupReplyRate = 0.30,
      warmupOpenRate = 0.80,
      warmupSpamProtectionRate = 0.20,
      warmupOnWeekdays = true,
      increasePerDay = 2,
      warmupDisableSlow = false,
      minimumDelayBetweenWarmupEmails = 60,
      maximumDelayBetweenWarmupEmails = 300,
    }
    client:set_warmup_settings(MAILBOX, settings)
    settings.mailboxId = MAILBOX
    client:set_warmup_settings(settings)
    local last = api:sent(2, {"PATCH", "/mailboxes/warmup/settings", query = {mailboxId = MAILBOX}, body = [[
      {"warmupLimit":40,"minimumWarmupLimit":5,"warmupReplyRate":0.30,"warmupOpenRate":0.80,
       "warmupSpamProtectionRate":0.20,"warmupOnWeekdays":true,"increasePerDay":2,"warmupDisableSlow":false,
       "minimumDelayBetweenWarmupEmails":60,"maximumDelayBetweenWarmupEmails":300}]]})
    assert.matches('"warmupReplyRate":0.3,', last.body:gsub("}$", ","), 1, true) -- not 0.29999999999999999
  end)

  it("has settings that are changed one by one", function()
    client:set_warmup_settings(MAILBOX, {warmupOnWeekdays = false})
    api:sent(1, {"PATCH", "/mailboxes/warmup/settings", query = {mailboxId = MAILBOX},
      body = '{"warmupOnWeekdays":false}'})
    api:raises("cmr.set_warmup_settings: missing required argument 'mailboxId'", function()
      client:set_warmup_settings{warmupLimit = 40}
    end)
    api:raises("bad field 'warmupLimit' (number expected, got string)", function()
      client:set_warmup_settings(MAILBOX, {warmupLimit = "40"})
    end)
  end)
end)
