-- Placement tests: what each call sends.
local cmr = require "cmr"
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"
local ORDER = "7K2M9P4Q1R8S5T3U6V0W2X4Y8Z1A"

describe("placement", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("tests are made", function()
    local fields = {mailboxIds = {MAILBOX, "OTHER"}, spamassassin = true, blacklist = true, aiInsight = false}
    client:create_placement_test(USER, fields)
    fields.userId = USER
    client:create_placement_test(fields)
    api:sent(2, {"POST", "/placement", query = {userId = USER}, body = [[
      {"mailboxIds":["39XXMZ1SQMMWWPN2GCRB0Q78KZAR","OTHER"],"spamassassin":true,"blacklist":true,
       "aiInsight":false}]]})
    api:requires(fields, {"userId", "mailboxIds"}, function(rest) client:create_placement_test(rest) end)
  end)

  it("tests need a list of mailboxes", function()
    client:create_placement_test(USER, {mailboxIds = {MAILBOX}})
    api:sent(1, {"POST", "/placement", query = {userId = USER},
      body = '{"mailboxIds":["39XXMZ1SQMMWWPN2GCRB0Q78KZAR"]}'})
    api:refuses("'mailboxIds' is empty", function() return client:create_placement_test(USER, {mailboxIds = {}}) end)
    api:raises("bad field 'mailboxIds'", function() client:create_placement_test(USER, {mailboxIds = cmr.all}) end)
  end)

  it("reports are listed", function()
    client:placement_reports(USER)
    client:placement_reports{userId = USER}
    api:sent(2, {"GET", "/placement/reports", query = {userId = USER}})
    client:placement_reports(USER, {orderId = ORDER, mailboxId = MAILBOX, page = 2, limit = 20})
    client:placement_reports{userId = USER, orderId = ORDER, mailboxId = MAILBOX, page = 2, limit = 20}
    api:sent(2, {"GET", "/placement/reports",
      query = {userId = USER, orderId = ORDER, mailboxId = MAILBOX, page = "2", limit = "20"}})
    api:raises("cmr.placement_reports: missing required argument 'userId'", function()
      client:placement_reports{orderId = ORDER}
    end)
  end)
end)
