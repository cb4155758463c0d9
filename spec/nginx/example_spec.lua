-- The example: an API in front of the vendor's.
local cjson = require "cjson"
local example = require "spec.support.example"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"

local PLATFORMS = "/users/" .. example.USER .. "/platforms"
local REEXPORT = ("/users/%s/mailboxes/%s/reexport"):format(example.USER, example.MAILBOX)

describe("the nginx example #nginx", function()
  local upstream, server

  before_each(function()
    upstream = mock.shared("tls")
    server = example.start(upstream, {settings = "rate = false, retries = 0"})
  end)

  after_each(function() server:stop() end)

  local function ask(path, options)
    options = options or {}
    options.headers = options.headers or example.AUTHORIZATION
    local answer = server:get(path, options)
    assert.equal("application/json", answer.headers["content-type"])
    return answer.status, cjson.decode(answer.body), answer.headers
  end

  local function post(path, body)
    return ask(path, {method = "POST", body = body})
  end

  it("answers with a user's platforms", function()
    local status, body = ask(PLATFORMS)
    assert.equal(200, status)
    assert.is_true(body.EMAILBISON.connected)
    assert.equal("A1B2C3D4E5F6G7H8", body.EMAILBISON.credentials[1].credentialId)
  end)

  it("tells a customer nothing about a key that is missing: that is the operator's mistake", function()
    server:stop()
    server = example.start(upstream, {settings = "rate = false, retries = 0", env = {CMR_API_KEY = ""}})
    local status, body = ask(PLATFORMS)
    assert.same({502, "not possible just now"}, {status, body.error})
    assert.matches("no API key", server:log(), 1, true)
  end)

  it("exports a mailbox again, with the customer's fields", function()
    local status, body = post(REEXPORT, '{"google": {"clientId": "id", "appName": "Outreach App"}}')
    assert.equal(202, status)
    assert.matches("^ACT_", body.actionId)
    local request = upstream:requests()[1]
    assert.same({mailboxId = example.MAILBOX, google = {clientId = "id", appName = "Outreach App"}},
      cjson.decode(request.body))
    assert.equal(example.USER, request.query.userId)
    assert.equal(202, (post(REEXPORT)))
    assert.equal(202, (post(REEXPORT, "{}")))
    status, body = post(REEXPORT)
    assert.equal(429, status)
    assert.matches("3 times per mailbox per week", body.error)
  end)

  describe("orders", function()
    local ORDERS = "/users/" .. example.USER .. "/orders"
    local ORDER = [[{"domains": [{"domain": "new-one.com", "years": 1}], "mailboxes": {"new-one.com": [
      {"username": "ann", "firstName": "Ann", "lastName": "Doe"},
      {"username": "bob", "firstName": "Bob", "lastName": "Doe"}]}}]]

    before_each(function()
      upstream:control("POST", "clock", {speed = 60})
      upstream:control("POST", "webhooks", {url = ("http://127.0.0.1:%d/webhook"):format(server.port)})
    end)

    it("mailboxes, and answers when they exist", function()
      local status, body = post(ORDERS, ORDER)
      assert.equal(200, status)
      local emails = {body.mailboxes[1].email, body.mailboxes[2].email}
      table.sort(emails)
      assert.same({"ann@new-one.com", "bob@new-one.com"}, emails)
      assert.is_string(body.orderId)
      assert.matches("ready: ann@new-one.com", server:log(), 1, true)
      assert.is_nil(server:log():find "mock%-password")
    end)

    it("and says when the order failed or was refused", function()
      upstream:control("POST", "failures", {domain = "new-one.com", reason = "taken"})
      local status, body = post(ORDERS, ORDER)
      assert.equal(422, status)
      assert.same({"the order failed", "rejected"}, {body.error, body.outcome})
      assert.equal(400, (post(ORDERS, '{"domain": "x"}')))
      assert.equal(404, (post("/users/ANOTHER/orders", ORDER)))
    end)

    it("and lets no stranger deliver webhooks", function()
      local answer = server:get("/webhook", {method = "POST", body = '{"event":"mailbox.created","eventId":"E"}'})
      assert.equal(401, answer.status)
      assert.equal("", answer.body)
    end)
  end)

  it("lets no customer in without a token, and each one only to its own users", function()
    for _, headers in ipairs{{}, {Authorization = "Bearer x"}, {Authorization = example.TOKEN}} do
      local status, _, answered = ask(PLATFORMS, {headers = headers})
      assert.equal(401, status)
      assert.equal("Bearer", answered["www-authenticate"])
    end
    assert.equal(404, (ask "/users/ANOTHER/platforms"))
    assert.equal(404, (post("/users/ANOTHER/mailboxes/" .. example.MAILBOX .. "/reexport")))
    assert.equal(0, #upstream:requests())
  end)

  it("tells the customer its own mistakes", function()
    for body, expected in pairs{
      ["{"] = "a JSON object is expected", ["[]"] = "a JSON object is expected", ["5"] = "a JSON object is expected",
      ['{"google": {"clientid": "x"}}'] = "bad field 'google.clientid' (did you mean 'clientId'?)",
      ['{"google": 5}'] = "bad field 'google' (object expected, got number)",
    } do
      local status, told = post(REEXPORT, body)
      assert.equal(400, status)
      assert.equal(expected, told.error)
    end
    assert.equal(0, #upstream:requests())
    assert.equal(404, (post(("/users/%s/mailboxes/NONE/reexport"):format(example.USER))))
  end)

  it("does not let a customer use another one's mailbox", function()
    upstream:add_user "OTHER"
    upstream:add_mailbox{mailboxId = "M2", email = "x@y.z", userId = "OTHER"}
    local body = '{"mailboxId": "M2", "email": "x@y.z", "userId": "OTHER"}'
    assert.equal(202, (post(REEXPORT, body)))
    assert.same({mailboxId = example.MAILBOX}, cjson.decode(upstream:requests()[1].body))
    local status = post(("/users/%s/mailboxes/M2/reexport"):format(example.USER))
    assert.equal(502, status) -- the vendor refuses it, and the customer does not learn why
  end)

  it("tells the customer only the outcome of failures that the customer did not cause", function()
    for _, case in ipairs{
      {{status = 401}, 502, "rejected"}, {{status = 402}, 502, "rejected"}, {{status = 500}, 502, "unknown"},
      {{close = true}, 502, "unknown"}, {{body = "garbage"}, 502, "unknown"},
      {{status = 429, headers = {["Retry-After"] = "7"}}, 503, "rejected"},
    } do
      upstream:fault(case[1])
      local status, body, headers = post(REEXPORT)
      assert.equal(case[2], status)
      assert.equal(case[3], body.outcome)
      assert.equal(status == 503 and "7" or nil, headers["retry-after"])
    end
    assert.is_nil(server:log():find(upstream.key, 1, true))
  end)

  it("refuses other addresses and other methods", function()
    assert.equal(404, (ask "/"))
    assert.equal(404, (ask "/users"))
    local status, _, headers = ask(REEXPORT)
    assert.equal(405, status)
    assert.equal("POST", headers.allow)
    assert.equal(405, (post(PLATFORMS)))
    assert.equal(413, server:get(REEXPORT, {method = "POST", body = ("x"):rep(20000)}).status)
  end)

  it("does not start without a key, and says why", function()
    local fine, why = pcall(example.start, {})
    assert.is_false(fine)
    assert.matches("CMR_API_KEY is not set", why)
  end)

  it("waits for many at once", function()
    upstream:fault{delay = 0.5, times = 50}
    local requests = {}
    for index = 1, 50 do requests[index] = server:send(PLATFORMS, {headers = example.AUTHORIZATION}) end
    for _, request in ipairs(require("spec.support.http").collect(requests)) do
      assert.equal(200, request.status)
      assert.is_true(request.took < 3, request.took)
    end
  end)

  it("passes nginx's own check of the configuration", function()
    assert.equal("", server:file "output")
    assert.is_nil(nginx.read("examples/nginx/nginx.conf"):find "\t")
  end)
end)
