-- The mock's interface for tests.
local support = require "spec.support.mock"

local PLATFORMS = "/exports/platform-credentials?userId=" .. support.USER

describe("the mock's control", function()
  local server

  before_each(function() server = support.shared("http") end)

  it("needs its token", function()
    local url = server.control_url .. "requests"
    assert.equal(403, server:request("GET", url).status)
    assert.equal(403, server:request("GET", url, {headers = {["x-mock-token"] = "0"}}).status)
    assert.equal(0, #server:requests())
  end)

  it("refuses wrong calls", function()
    assert.has_error(function() server:reset{rate = -1} end)
    assert.has_error(function() server:reset{window = "leap"} end)
    assert.has_error(function() server:reset{rates = 1} end)
    assert.has_error(function() server:advance(-1) end)
    assert.has_error(function() server:add_user("") end)
    assert.has_error(function() server:add_mailbox{mailboxId = "M", email = "x@y.z", userId = "NOBODY"} end)
    assert.has_error(function() server:control("GET", "reset") end)
  end)

  it("speeds up the clock, but not the rate limit", function()
    server:reset{rate = 0.001}
    server:call("GET", PLATFORMS)
    server:control("POST", "clock", {speed = 1e9})
    assert.equal(429, server:call("GET", PLATFORMS).status)
    server:control("POST", "clock", {speed = 1})
    assert.equal(429, server:call("GET", PLATFORMS).status)
    server:advance(1000)
    assert.equal(200, server:call("GET", PLATFORMS).status)
  end)

  it("serves an operation at a path, with the userId in the query or the body, and refuses every other form", function()
    for _, form in ipairs{"GET /a", "POST /a/b userId in query", "PUT /a userId in body"} do
      server:control("POST", "endpoints", {wallet = form})
    end
    for _, form in ipairs{"", "/a", "get /a", "GET a", "GET /a userId", "GET /a userId in path", "GET /a in body"} do
      assert.has_error(function() server:control("POST", "endpoints", {wallet = form}) end)
    end
    assert.has_error(function() server:control("POST", "endpoints", {wallet = 1}) end)
  end)

  it("restores the settings of the start with a reset", function()
    server:reset{rate = 0.001}
    server:call("GET", PLATFORMS)
    assert.equal(429, server:call("GET", PLATFORMS).status)
    server:reset()
    for _ = 1, 20 do assert.equal(200, server:call("GET", PLATFORMS).status) end
  end)
end)
