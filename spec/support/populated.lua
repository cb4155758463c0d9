-- A mock with enough data that every list has a second page.
local mock = require "spec.support.mock"

local USER = mock.USER

---Adds the data to a mock that has its initial data.
return function(server)
  server:add_user("SECONDUSER0000000000000000AB")
  server:add_mailbox{mailboxId = "SECONDMAILBOX000000000000XYZ", email = "jane@second.example", userId = USER}
  for _ = 1, 2 do
    server:call("POST", "/placement?userId=" .. USER, {body = {mailboxIds = {mock.MAILBOX}}})
  end
  for _, domain in ipairs{"doe.com", "second.example"} do
    server:call("POST", "/dns?userId=" .. USER, {body = {domain = domain,
      records = {{host = "smtp-host", value = "192.0.2.10", recordType = "A"}}}})
  end
end
