-- The lines that cmr listen prints on a terminal, word for word.
local lines = require "cmr.listen.lines"

local function line(report) return lines.of(report, "17:30:05") end

describe("a line of cmr listen", function()
  it("says where it listens", function()
    assert.equal("listening at http://127.0.0.1:1/ (pid 2); Ctrl-C ends it", line{url = "http://127.0.0.1:1/", pid = 2})
  end)

  it("says what an accepted delivery is about", function()
    local function told(event, more)
      local report = {delivery = 7, accepted = true, event = event}
      for name, value in pairs(more or {}) do report[name] = value end
      return (line(report):gsub("^17:30:05  #7  accepted  ", ""))
    end
    local data = {email = "a@b.c", domain = "d.e", domainName = "f.g", mailboxId = "M", orderId = "O",
      subscriptionId = "S"}
    for _, name in ipairs{"email", "domain", "domainName", "mailboxId", "orderId", "subscriptionId"} do
      assert.equal("x.y  " .. data[name], told{event = "x.y", data = data})
      data[name] = name == "domain" and 5 or nil -- a number does not name the subject
    end
    assert.equal("x.y", told{event = "x.y", data = data})
    assert.equal("x.y  id E", told({event = "x.y", data = {}}, {id = "E"}))
    assert.equal("x.y  M  id E", told({eventType = "x.y", mailboxId = "M"}, {id = "E"}))
    assert.equal("x.y  M", told{event = "x.y", eventType = "z", data = "text", mailboxId = "M"})
    assert.equal("an event without a name", told{data = {}})
    assert.equal("an event without a name", told "text")
  end)

  it("says why a delivery was refused", function()
    assert.equal("17:30:05  #7  refused   bad_signature: it is wrong  answered 401",
      line{delivery = 7, accepted = false, kind = "bad_signature", message = "it is wrong", status = 401})
  end)

  it("says what went wrong with an accepted delivery", function()
    local event = {event = "x.y"}
    for text, more in pairs{
      [""] = {status = 200, exit = 0},
      ["  could not be stored: x  answered 503"] = {problem = "could not be stored: x", status = 503},
      ["  the command ended with 7  answered 500"] = {exit = 7, status = 500},
      ["  the command ended with 1"] = {exit = 1},
    } do
      more.delivery, more.accepted, more.event = 7, true, event
      assert.equal("17:30:05  #7  accepted  x.y" .. text, line(more))
    end
  end)

  it("says how a forwarded delivery was answered", function()
    assert.equal("17:30:05  #7  forwarded; the answer was 418", line{delivery = 7, forwarded = 418})
  end)

  it("has only printable characters", function()
    local shown = line{delivery = 7, accepted = true, event = {event = "x\27[1m\ny"}}
    assert.is_nil(shown:find "%c")
  end)
end)
