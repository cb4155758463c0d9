-- What the mock records of each request.
local http = require "spec.support.http"
local support = require "spec.support.mock"

local USER = support.USER
local MAILBOX = support.MAILBOX
local PLATFORMS = "/exports/platform-credentials?userId=" .. support.USER
local REEXPORT = "/mailboxes/oauth"

describe("the mock's record", function()
  local server

  before_each(function() server = support.shared("http") end)

  it("has every request in order, whatever its answer was", function()
    assert.matches("^%[%]$", server:request("GET", server.control_url .. "requests",
      {key = false, headers = {["x-mock-token"] = server.token}}).text)
    server:call("GET", PLATFORMS .. "&q=a%20b&flag", {headers = {["X-Thing"] = "One"}})
    server:call("POST", REEXPORT, {body = '{ "mailboxId": "é" }'})
    server:call("GET", "/nowhere")
    server:call("GET", PLATFORMS, {key = false})
    local seen = server:requests()
    assert.equal(4, #seen)

    local first = seen[1]
    assert.equal("GET", first.method)
    assert.equal("/api/v1/integration/exports/platform-credentials", first.path)
    assert.same({userId = USER, q = "a b", flag = ""}, first.query)
    assert.equal("userId=" .. USER .. "&q=a%20b&flag", first.raw_query)
    assert.equal("One", first.headers["x-thing"])
    assert.equal(server.key, first.headers["cmr-x-api-key"])
    assert.equal("", first.body)
    assert.equal("platforms", first.operation)
    assert.equal(400, first.status) -- for the unknown members of the query
    assert.equal("1.1", first.http)
    assert.equal(1, first.connection_requests)

    assert.equal('{ "mailboxId": "é" }', seen[2].body)
    assert.equal("reexport", seen[2].operation)
    assert.same({404, 404, 401}, {seen[2].status, seen[3].status, seen[4].status})
    assert.is_nil(seen[3].operation)
    assert.are_not.equal(seen[1].connection, seen[2].connection)
  end)

  it("has bodies that are too large for memory, up to 1 MiB", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write((" "):rep(1500000), '{"mailboxId":"', MAILBOX, '"}')
    file:close()
    local reply = server:call("POST", REEXPORT, {lines = {'header = "Content-Type: application/json"',
      'data-binary = "@' .. path .. '"'}})
    os.remove(path)
    assert.equal(200, reply.status)
    assert.equal(1024 * 1024, #server:requests()[1].body)
  end)

  it("has the last value of a repeated parameter, and all values of a repeated header", function()
    server:call("GET", PLATFORMS .. "&q=1&q=2&q=3", {lines = {'header = "X-Thing: One"', 'header = "X-Thing: Two"'}})
    local seen = server:requests()[1]
    assert.same({"3", "One, Two"}, {seen.query.q, seen.headers["x-thing"]})
  end)

  it("forgets the oldest requests when their headers and paths take more than 64 MiB", function()
    local headers = {}
    for index = 1, 6 do headers[("x"):rep(30000) .. index] = ("x"):rep(30000) end
    local port, path = server.base_url:match ":(%d+)", "/api/v1/integration/" .. ("x"):rep(60000)
    for _ = 1, 164 do
      assert.equal(401, http.send(port, path, {headers = headers}):answer().status)
    end
    local seen = server:control("GET", "status").requests
    local kept = seen.last - seen.first + 1
    assert.is_true(kept == 158 or kept == 159, kept) -- each request takes 420 kB and some bytes
  end)

  it("distinguishes connections", function()
    local url = 'url = "' .. server.base_url .. '/nowhere"'
    server:curl{url, url, "next", url}
    local seen = server:requests()
    assert.equal(3, #seen)
    assert.equal(seen[1].connection, seen[3].connection)
    assert.same({1, 2, 3}, {seen[1].connection_requests, seen[2].connection_requests, seen[3].connection_requests})
  end)

  it("is empty after a reset", function()
    server:call("GET", PLATFORMS)
    server:reset()
    assert.equal(0, #server:requests())
  end)
end)
