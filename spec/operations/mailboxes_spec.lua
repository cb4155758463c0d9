-- The mailboxes: what each call sends.
local cmr = require "cmr"
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"

describe("the mailboxes", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("of a user are listed", function()
    client:mailboxes(USER)
    client:mailboxes{userId = USER}
    api:sent(2, {"GET", "/mailboxes/single", query = {userId = USER}})
    client:mailboxes(USER, {page = 2, limit = 100, status = "ACTIVE"})
    api:sent(1, {"GET", "/mailboxes/single", query = {userId = USER, page = "2", limit = "100", status = "ACTIVE"}})
    api:raises("cmr.mailboxes: missing required argument 'userId'", function() client:mailboxes() end)
  end)

  it("of all the partner's users are listed", function()
    client:all_mailboxes()
    api:sent(1, {"GET", "/mailboxes"})
    client:all_mailboxes{page = 1, limit = 20}
    api:sent(1, {"GET", "/mailboxes", query = {page = "1", limit = "20"}})
    client:all_mailboxes{userId = USER}
    api:sent(1, {"GET", "/mailboxes", query = {userId = USER}})
    api:raises("bad field 'userId' (string expected, got number", function() client:all_mailboxes{userId = 5} end)
    api:raises("cmr.all_mailboxes: it takes names only", function() client:all_mailboxes(USER) end)
  end)

  it("are looked up", function()
    client:mailbox(MAILBOX)
    client:mailbox{mailboxId = MAILBOX}
    api:sent(2, {"GET", "/mailboxes/mailbox", query = {mailboxId = MAILBOX}})
    api:raises("cmr.mailbox: missing required argument 'mailboxId'", function() client:mailbox() end)
  end)

  it("have an administrator", function()
    client:mailbox_admin(USER, MAILBOX)
    client:mailbox_admin(USER, {mailboxId = MAILBOX})
    client:mailbox_admin{userId = USER, mailboxId = MAILBOX}
    api:sent(3, {"GET", "/mailboxes/admin-mailbox-details", query = {userId = USER, mailboxId = MAILBOX}})
    api:requires({userId = USER, mailboxId = MAILBOX}, {"userId", "mailboxId"},
      function(rest) client:mailbox_admin(rest) end)
  end)

  describe("are changed:", function()
    it("one of them, as an object", function()
      local item = {mailboxId = MAILBOX, userName = "johnny", firstName = "John", lastName = "Doe",
        profilePicture = "https://example.com/john.jpg"}
      client:update_mailboxes(USER, {mailboxData = item})
      client:update_mailboxes{userId = USER, mailboxData = item}
      api:sent(2, {"PATCH", "/mailboxes/update-mailbox-details", query = {userId = USER}, body = [[
        {"mailboxData":{"mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR","userName":"johnny","firstName":"John",
         "lastName":"Doe","profilePicture":"https://example.com/john.jpg"}}]]})
    end)

    it("several of them, as a list", function()
      local items = {{mailboxId = MAILBOX, firstName = "John"}, {mailboxId = "OTHER", removeProfilePicture = true}}
      client:update_mailboxes(USER, {mailboxData = items})
      client:update_mailboxes{userId = USER, mailboxData = items}
      api:sent(2, {"PATCH", "/mailboxes/update-mailbox-details", query = {userId = USER}, body = [[
        {"mailboxData":[{"mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR","firstName":"John"},
                        {"mailboxId":"OTHER","removeProfilePicture":true}]}]]})
    end)

    it("one of them in a list, which stays a list", function()
      client:update_mailboxes(USER, {mailboxData = {{mailboxId = MAILBOX, lastName = "Doe"}}})
      api:sent(1, {"PATCH", "/mailboxes/update-mailbox-details", query = {userId = USER},
        body = '{"mailboxData":[{"mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR","lastName":"Doe"}]}'})
    end)

    it("but not without an id", function()
      local item = {mailboxId = MAILBOX, firstName = "John"}
      api:requires({userId = USER, mailboxData = item}, {"userId", "mailboxData"},
        function(rest) client:update_mailboxes(rest) end)
      api:raises("missing required argument 'mailboxData.mailboxId'", function()
        client:update_mailboxes(USER, {mailboxData = {firstName = "John"}})
      end)
      api:raises("missing required argument 'mailboxData[2].mailboxId'", function()
        client:update_mailboxes(USER, {mailboxData = {item, {firstName = "Jane"}}})
      end)
      api:refuses("'mailboxData' is empty", function() return client:update_mailboxes(USER, {mailboxData = {}}) end)
      api:raises("bad field 'mailboxData'", function() client:update_mailboxes(USER, {mailboxData = cmr.all}) end)
    end)

    it("but not with fields that only orders have, or with a password", function()
      api:raises("bad field 'mailboxData.username' (did you mean 'userName'?)", function()
        client:update_mailboxes(USER, {mailboxData = {mailboxId = MAILBOX, username = "johnny"}})
      end)
      api:raises("bad field 'mailboxData.password'", function()
        client:update_mailboxes(USER, {mailboxData = {mailboxId = MAILBOX, password = "x"}})
      end)
    end)
  end)

  it("are removed, with named arguments only, by a DELETE with a body", function()
    client:remove_mailbox{userId = USER, mailboxId = "JKFLDKDHSKTGITJAGFD"}
    api:sent(1, {"DELETE", "/mailboxes/remove", query = {userId = USER},
      body = '{"mailboxId":"JKFLDKDHSKTGITJAGFD"}'})
    local names_only = "cmr.remove_mailbox: it takes names only"
    api:raises(names_only, function() client:remove_mailbox(USER, MAILBOX) end)
    api:raises(names_only, function() client:remove_mailbox(USER, {mailboxId = MAILBOX}) end)
    api:raises(names_only, function() client:remove_mailbox(MAILBOX) end)
    api:requires({userId = USER, mailboxId = MAILBOX}, {"userId", "mailboxId"},
      function(rest) client:remove_mailbox(rest) end)
    api:refuses("'mailboxId' is empty", function() return client:remove_mailbox{userId = USER, mailboxId = ""} end)
  end)

  -- The names of the body's fields are not documented.
  it("are validated", function()
    client:validate_mailbox(USER, {mailboxId = MAILBOX})
    client:validate_mailbox{userId = USER, mailboxId = MAILBOX}
    api:sent(2, {"POST", "/mailboxes/validate-mailbox", query = {userId = USER},
      body = '{"mailboxId":"39XXMZ1SQMMWWPN2GCRB0Q78KZAR"}'})
    client:validate_mailbox(USER)
    api:sent(1, {"POST", "/mailboxes/validate-mailbox", query = {userId = USER}})
    api:raises("cmr.validate_mailbox: missing required argument 'userId'", function()
      client:validate_mailbox{mailboxId = MAILBOX}
    end)
  end)
end)
