-- The failures that a test can order.
local support = require "spec.support.mock"

local MAILBOX = support.MAILBOX
local PLATFORMS = "/exports/platform-credentials?userId=" .. support.USER
local REEXPORT = "/mailboxes/oauth"

describe("the mock's faults", function()
  local server

  before_each(function() server = support.shared("http") end)

  it("apply to the matching requests in the given order, as often as ordered", function()
    server:fault{match = {operation = "reexport"}, status = 500}
    server:fault{match = {method = "GET"}, times = 2, status = 503, headers = {["Retry-After"] = "7"}}
    assert.equal(405, server:call("POST", PLATFORMS).status)
    server:fault{match = {path = "/exports/platform-credentials"}, status = 504}
    server:fault{match = {path = "/api/v1/integration/exports/platform-credentials"}, status = 502}
    local statuses = {}
    for _ = 1, 5 do
      local reply = server:call("GET", PLATFORMS)
      table.insert(statuses, reply.status)
      assert.equal(reply.status == 503 and "7" or nil, reply.headers["retry-after"])
    end
    assert.same({503, 503, 504, 502, 200}, statuses)
    assert.equal(500, server:call("POST", REEXPORT, {body = {mailboxId = MAILBOX}}).status)
    assert.equal(200, server:call("POST", REEXPORT, {body = {mailboxId = MAILBOX}}).status)
    assert.same({405, 503, 503, 504, 502, 200, 500, 200}, (function()
      local seen = {}
      for index, request in ipairs(server:requests()) do seen[index] = request.status end
      return seen
    end)())
  end)

  it("answer with any body and header", function()
    server:fault{status = 200, body = "<html>", headers = {["Content-Type"] = "text/html"}}
    server:fault{body = {status = 200, data = {1, 2}}}
    local reply = server:request("GET", PLATFORMS)
    assert.equal("<html>", reply.text)
    assert.equal("text/html", reply.headers["content-type"])
    assert.same({status = 200, data = {1, 2}}, server:request("GET", PLATFORMS).body)
  end)

  it("can add a header to the usual answer", function()
    server:fault{headers = {["X-Extra"] = "1"}}
    local reply = server:call("GET", PLATFORMS)
    assert.equal("1", reply.headers["x-extra"])
    assert.is_true(reply.body.data.EMAILBISON.connected)
  end)

  it("delay the usual answer", function()
    server:fault{delay = 0.2}
    local reply = server:request("GET", PLATFORMS, {lines = {'write-out = "\\n%{time_total}"'}})
    local seconds = tonumber((reply.text:match("\n([%d%.,]+)$"):gsub(",", ".")))
    assert.equal(200, reply.status)
    assert.is_true(seconds >= 0.19 and seconds < 10, reply.text)

    server:fault{delay = 60}
    local nothing, why = server:request("GET", PLATFORMS, {timeout = 0.3})
    assert.is_nil(nothing)
    assert.matches("%(28%)", why)
  end)

  it("close the connection without an answer, before or after the request is carried out", function()
    server:fault{close = true}
    server:fault{close = "after"}
    for _ = 1, 2 do
      local nothing, why = server:request("POST", REEXPORT, {body = {mailboxId = MAILBOX}})
      assert.is_nil(nothing)
      assert.matches("%(5[26]%)", why)
    end
    local seen = server:requests()
    assert.equal(2, #seen)
    assert.same({444, ""}, {seen[1].status, seen[1].body})
    assert.equal('{"mailboxId":"' .. MAILBOX .. '"}', seen[2].body)
    assert.equal(200, seen[2].status)
    for _ = 1, 2 do server:call("POST", REEXPORT, {body = {mailboxId = MAILBOX}}) end
    assert.equal(429, server:call("POST", REEXPORT, {body = {mailboxId = MAILBOX}}).status)
  end)

  it("are refused when misspelt", function()
    for _, order in ipairs{{statuses = 500}, {match = {operatoin = "x"}}, {times = 0}, {status = 99}, {close = 1},
      {close = "after", status = 500}, {close = "after", body = ""},
      {delay = -1}, {headers = "x"}, {headers = {A = 1}}} do
      assert.has_error(function() server:fault(order) end)
    end
  end)

  it("name an operation as the library or as the command does, and a method in any case", function()
    server:fault{match = {operation = "order-status", method = "get"}, status = 500}
    server:fault{match = {operation = "platforms"}, status = 501}
    assert.equal(501, server:call("GET", PLATFORMS).status)
    assert.equal(500, server:call("GET", "/orders/status?orderId=x").status)
  end)

  it("are refused when no request can match them", function()
    for _, match in ipairs{{operation = "creat_order"}, {operation = "nonsense"}, {operation = "request"},
      {method = "P OST"}, {path = "orders/json"}, {path = PLATFORMS}} do
      assert.has_error(function() server:fault{match = match, status = 500} end)
    end
    assert.equal(200, server:call("GET", PLATFORMS).status)
  end)

  it("are gone with a reset", function()
    server:fault{status = 503, times = 100}
    server:reset()
    assert.equal(200, server:call("GET", PLATFORMS).status)
  end)
end)
