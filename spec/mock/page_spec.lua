-- The mock's page: what a browser gets, and what the control calls behind the page show and change.
local api = require "spec.support.mock_api"
local cjson = require "cjson"
local http = require "spec.support.http"
local receiver = require "spec.support.receiver"
local signature_formats = require "cmr.webhook.signature_formats"
local socket = require "socket"

local USER, MAILBOX = api.USER, api.MAILBOX
local HTML = {accept = "text/html,application/xhtml+xml,*/*;q=0.8"}

local mock, server

before_each(function()
  mock = api.new()
  server = mock.server
end)

-- Requests a path below /_mock/, with or without the token.
local function get(path, headers)
  return http.send(server.control_url:match ":(%d+)/", "/_mock/" .. path, {headers = headers}):answer()
end

local function refused(method, name, body)
  local reply = assert(server:request(method, server.control_url .. name,
    {key = false, headers = {["x-mock-token"] = server.token}, body = body}))
  assert.equal(400, reply.status, reply.text)
  return reply.body.error
end

-- Returns one field of each item, such as the numbers of requests.
local function each(list, name)
  local values = {}
  for index, item in ipairs(list) do values[index] = item[name] end
  return values
end

describe("the mock's page", function()
  it("is sent to a browser with the token, at the address that the mock prints", function()
    local url = server.control_url .. "?token=" .. server.token
    assert.equal("export CMR_MOCK_PAGE=" .. url, server.lines[#server.lines - 3])
    local reply = get("?token=" .. server.token, HTML)
    assert.equal(200, reply.status)
    assert.equal("text/html; charset=utf-8", reply.headers["content-type"])
    assert.matches("<title>cmr mock</title>", reply.body, 1, true)
  end)

  it("tells a browser without the token only where the token is", function()
    for _, query in ipairs{"", "?token=", "?token=0", "?token=" .. server.token .. "0", "?x=" .. server.token,
      "index.html", "index.html?token=0"} do
      local reply = get(query, HTML)
      assert.equal(403, reply.status, query)
      assert.equal("text/html; charset=utf-8", reply.headers["content-type"])
      assert.matches("CMR_MOCK_PAGE", reply.body, 1, true)
      assert.is_nil(reply.body:find("<script", 1, true))
    end
    assert.equal(403, get("", {accept = "application/json"}).status)
    assert.equal(403, get("?token=" .. server.token, {accept = "application/json"}).status)
    assert.equal(403, get("status?token=" .. server.token, HTML).status)
  end)

  it("loads only its own files, and runs no inline scripts", function()
    local page = get("?token=" .. server.token, HTML)
    local files = {["index.html"] = page}
    for name in page.body:gmatch '%f[%w][hs]re?[fc]="([^"#]+)"' do files[name] = get(name) end
    assert.same({"icon.svg", "index.html", "page.css", "page.js"}, (function()
      local names = {}
      for name in pairs(files) do names[#names + 1] = name end
      table.sort(names)
      return names
    end)())
    for name, file in pairs(files) do
      assert.equal(200, file.status, name)
      local policy = file.headers["content-security-policy"]
      for _, rule in ipairs{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
        "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"} do
        assert.matches(rule, policy, 1, true)
      end
      assert.is_nil(policy:find "unsafe")
      assert.is_nil(policy:find "%*")
      assert.equal("nosniff", file.headers["x-content-type-options"])
      assert.equal("no-referrer", file.headers["referrer-policy"])
      assert.equal("no-store", file.headers["cache-control"])
      assert.equal("DENY", file.headers["x-frame-options"])
      assert.is_nil(file.body:find(server.key, 1, true))
      assert.is_nil(file.body:find(server.token, 1, true))
      for address in file.body:gmatch "https?://[%w.]+" do
        assert.is_truthy(address == "http://www.w3.org" or address == "http://127.0.0.1", name)
      end
    end
    assert.is_nil(page.body:find " style=")
    assert.is_nil(page.body:find " on%l+=")
    assert.is_nil(page.body:find "<script[^>]*>[^<]")
    assert.is_nil(files["page.js"].body:find "innerHTML")
    assert.equal("text/javascript; charset=utf-8", files["page.js"].headers["content-type"])
    assert.equal("text/css; charset=utf-8", files["page.css"].headers["content-type"])
    assert.equal("image/svg+xml", files["icon.svg"].headers["content-type"])
  end)

  it("has no other files", function()
    for _, name in ipairs{"page.lua", "../control.lua", "%2e%2e/control.lua", "page/index.html", "index.htm",
      "page.js/"} do
      assert.equal(403, get(name).status, name)
    end
    local reply = http.send(server.control_url:match ":(%d+)/", "/_mock/page.js", {method = "POST"}):answer()
    assert.equal(403, reply.status)
  end)
end)

describe("the list of control calls", function()
  it("has each call with its fields, for programs", function()
    local calls = server:control("GET", "")
    local seen = {}
    for _, call in ipairs(calls) do
      assert.matches("^/_mock/%l*$", call.path)
      assert.is_true(#call.effect > 0)
      assert.is_table(call.fields)
      seen[call.method .. " " .. call.path:match "[^/]*$"] = call
    end
    assert.same({
      {name = "mailboxId", type = "string", required = true},
      {name = "used", type = "number", required = true},
    }, seen["POST quotas"].fields)
    assert.same({"bucket", "fixed", "sliding"}, seen["POST reset"].fields[2].values)
    assert.same({name = "limit", type = "count", required = false}, seen["GET users"].fields[1])
  end)

  it("is the same as the table in docs", function()
    local file = assert(io.open "docs/mock.md")
    local text = file:read "*a"
    file:close()
    local documented = {}
    for call, fields in text:gmatch "\n| `(%u+ ?%l*)` | ([^\n]*)" do documented[call] = fields end
    for _, call in ipairs(server:control("GET", "")) do
      local name = (call.method .. " " .. call.path:match "[^/]*$"):gsub(" $", "")
      local fields = documented[name]
      assert.is_string(fields, name .. " is not in docs/mock.md")
      documented[name] = nil
      if name ~= "POST faults" then -- docs/mock.md has a separate table for its fields
        for _, field in ipairs(call.fields) do
          assert.is_truthy(fields:find("`" .. field.name .. "`", 1, true), name .. ": " .. field.name)
        end
      end
    end
    assert.is_nil(next(documented), "docs/mock.md has a call that does not exist: " .. tostring(next(documented)))
  end)

  it("refuses fields that a call does not know, also in a query", function()
    assert.equal("unknown field 'limits'", refused("GET", "users?limits=1"))
    for _, value in ipairs{"-1", "1.5", "x", "1e9", "0x1", "inf"} do
      assert.equal("'limit' must be a count", refused("GET", "users?limit=" .. value))
    end
    assert.equal("'masked' must be a boolean", refused("GET", "requests?masked=1"))
    assert.equal("'after' must be a count", refused("GET", "requests?after="))
  end)
end)

describe("the requests as the page shows them", function()
  local function requests(query) return server:control("GET", "requests?" .. query) end

  it("have consecutive numbers, and an answer", function()
    local first = server:control("GET", "status").requests.last + 1
    mock:yes("GET /exports/platform-credentials", {userId = USER})
    mock:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})
    mock:yes("GET /exports/platform-credentials", {userId = USER})
    local all = requests ""
    assert.same({first, first + 1, first + 2}, each(all, "number"))
    assert.equal(cjson.decode(all[2].answer.body).status, 200)
    assert.equal("an app without credentials is left out", all[1].answer.headers["x-mock-assumed"])
    assert.is_true(math.abs(all[1].at - os.time()) < 60)
    assert.same({first + 2}, each(requests(("after=%d"):format(first + 1)), "number"))
    assert.same({first + 1, first + 2}, each(requests "limit=2", "number"))
    assert.same({first = first, last = first + 2, finished = 3}, server:control("GET", "status").requests)
    server:reset()
    mock:yes("GET /exports/platform-credentials", {userId = USER})
    assert.same({first + 3}, each(requests "", "number"))
  end)

  it("have masks in place of secrets, everywhere", function()
    local key = server.key
    mock:no(400, "", "POST /exports/platform-credential?token=geheim-1&a=1", nil, {app = "INSTANTLY",
      credentials = {email = "j@x.com", password = "geheim-2"}})
    http.send(server.base_url:match ":(%d+)/", "/api/v1/integration/" .. key .. "?" .. key .. "=1&q=" .. key, {
      method = "POST", headers = {["x-secret"] = "geheim-3", ["x-other"] = "a " .. key, ["x-" .. key] = "1"},
      body = '{"note": "' .. key .. '", "pin": 12345, "appPassword": "geheim-4'}):answer()
    http.send(server.base_url:match ":(%d+)/", "/api/v1/integration/x", {method = "POST",
      body = "a=1&password=geheim-5"}):answer()
    http.send(server.base_url:match ":(%d+)/", "/api/v1/integration/x", {method = "POST",
      headers = {["content-type"] = "multipart/form-data; boundary=B"},
      body = '--B\r\ncontent-disposition: form-data; name="password"\r\n\r\ngeheim-6\r\n--B\r\n'
        .. 'content-disposition: form-data; name="json"\r\n\r\n{"token":"geheim-7","email":"e"}\r\n--B--\r\n'}):answer()
    local reply = get("requests?masked=true", {["x-mock-token"] = server.token})
    assert.is_nil(reply.body:find "geheim")
    assert.is_nil(reply.body:find "12345")
    assert.is_nil(reply.body:find(key, 1, true))
    local shown = cjson.decode(reply.body)
    assert.same({"***", "1"}, {shown[1].query.token, shown[1].query.a})
    assert.equal("token=***&a=1", shown[1].raw_query)
    assert.matches('"password":"***"', shown[1].body, 1, true)
    assert.matches('"email":"j@x.com"', shown[1].body, 1, true)
    assert.equal("***", shown[1].headers["cmr-x-api-key"])
    assert.equal("/api/v1/integration/***", shown[2].path)
    assert.same({"***", "a ***"}, {shown[2].headers["x-secret"], shown[2].headers["x-other"]})
    assert.equal('{"note": "***", "pin": "***", "appPassword": "***"', shown[2].body)
    assert.equal("a=1&password=***", shown[3].body)
    assert.same({"", "***", '{"token":"***","email":"e"}'},
      {shown[4].body, shown[4].parts[1].value, shown[4].parts[2].value})
    -- server:requests() masks nothing
    assert.matches("geheim-2", server:requests()[1].body, 1, true)
  end)

  it("have the first 16 KiB of a body, and no part of the key at its end", function()
    local text = ("x"):rep(16384 - 4) .. server.key .. ("y"):rep(100)
    mock:no(400, "", "POST /mailboxes/oauth", nil, text)
    local shown = requests("masked=true")[1]
    assert.equal(("x"):rep(16384 - 4) .. "***y", shown.body)
    assert.equal(#text, shown.bodyBytes)
  end)

  it("name the fault that hit them", function()
    server:fault{status = 503, body = "down"}
    server:fault{close = true}
    mock.server:request("GET", "/users/list")
    mock.server:request("GET", "/users/list")
    mock.server:request("GET", "/users/list")
    local all = requests "masked=true"
    assert.same({true, true, nil}, {all[1].fault, all[2].fault, all[3].fault})
    assert.same({503, "down", 4}, {all[1].status, all[1].answer.body, all[1].answer.bodyBytes})
    assert.is_nil(all[2].answer)
  end)
end)

describe("the data as the page shows it", function()
  local function list(name) return server:control("GET", name) end

  it("has users, domains, mailboxes, subscriptions and orders", function()
    server:add_user "U2"
    server:add_mailbox{mailboxId = "M2", email = "a@two.com", userId = "U2"}
    assert.same({USER, "U2"}, each(list "users", "userId"))
    assert.equal("EMAILBISON", list("users")[1].credentials[1].app)
    assert.equal("johndoe@company.com", list("users")[2].profile.email)
    assert.same({{"doe.com", "two.com"}, {"ACTIVE", "ACTIVE"}},
      {each(list "domains", "domainName"), each(list "domains", "status")})
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT", list("domains")[2].expireOn)
    assert.same({MAILBOX, "M2"}, each(list "mailboxes", "mailboxId"))
    local subscription = list("subscriptions")[2]
    assert.same({"two.com", "GOOGLE", "ACTIVE", 1, true}, {subscription.domain, subscription.serviceProvider,
      subscription.status, subscription.mailboxes, subscription.autoRenew})
    assert.same({}, list "orders")
    assert.same({"M2"}, each(list "mailboxes?limit=1", "mailboxId"))
    assert.same({}, list "mailboxes?limit=0")
  end)

  it("masks secrets in it", function()
    mock:yes("POST /exports/platform-credential", {userId = USER}, {app = "INSTANTLY",
      credentials = {email = server.key .. "@x.com", password = "geheim"}})
    local text = get("users", {["x-mock-token"] = server.token}).body
    assert.is_nil(text:find "geheim")
    assert.is_nil(text:find(server.key, 1, true))
    assert.equal("***@x.com", cjson.decode(text)[1].credentials[2].email)
  end)

  it("has the quota of each mailbox, which can be used up and given back", function()
    assert.same({{mailboxId = MAILBOX, email = "john@doe.com", used = 0, left = 3}}, list "quotas")
    server:control("POST", "quotas", {mailboxId = MAILBOX, used = 2})
    mock:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})
    mock:no(429, "", "POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})
    local quota = list("quotas")[1]
    assert.same({3, 0}, {quota.used, quota.left})
    assert.is_true(math.abs(api.time(quota.nextAt) - os.time() - 7 * 86400) < 60)
    server:advance(7 * 86400)
    assert.equal(3, list("quotas")[1].left)
    server:control("POST", "quotas", {mailboxId = MAILBOX, used = 3})
    server:control("POST", "quotas", {mailboxId = MAILBOX, used = 0})
    mock:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})
    for _, used in ipairs{-1, 4, 0.5} do
      assert.equal("'used' must be a whole number from 0 to 3",
        refused("POST", "quotas", {mailboxId = MAILBOX, used = used}))
    end
    assert.equal("no such mailbox", refused("POST", "quotas", {mailboxId = "M", used = 0}))
  end)

  it("has the clock, the wallet and the rate limit", function()
    local before = server:control("GET", "status")
    assert.same({1, 100000, 0, "bucket", 0}, {before.speed, before.balance, before.rate, before.window, before.faults})
    server:control("POST", "clock", {advance = 100000, speed = 50})
    server:control("POST", "wallet", {balance = 1.5})
    local after = server:control("GET", "status")
    assert.same({50, 1.5}, {after.speed, after.balance})
    assert.is_true(after.now - before.now >= 100000 and after.now - before.now < 101000)
    server:reset{rate = 7, window = "fixed"}
    local reset = server:control("GET", "status")
    assert.same({7, "fixed", before.resets + 1}, {reset.rate, reset.window, reset.resets})
  end)

  it("has the ordered faults, until they are removed", function()
    server:fault{match = {operation = "platforms"}, times = 3, status = 503, headers = {["x-token"] = "geheim"},
      body = {password = "geheim", n = 1}}
    server:fault{close = true, body = '{"password":"geheim"}'}
    mock.server:request("GET", "/exports/platform-credentials")
    local faults = list "faults"
    assert.same({match = {operation = "platforms"}, times = 2, status = 503, headers = {["x-token"] = "***"},
      body = {password = "***", n = 1}, delay = 0}, faults[1])
    assert.same({true, '{"password":"***"}'}, {faults[2].close, faults[2].body})
    assert.equal(2, server:control("GET", "status").faults)
    assert.same({removed = 2}, server:control("DELETE", "faults"))
    assert.same({}, list "faults")
    mock:yes("GET /exports/platform-credentials", {userId = USER})
  end)
end)

describe("the mock's deliveries, under control #nginx", function()
  local hook

  before_each(function()
    hook = receiver.new()
    server:control("POST", "webhooks", {url = hook.url})
  end)

  after_each(function()
    server:reset()
    hook:close()
  end)

  local function deliveries(query) return server:control("GET", "deliveries" .. (query or "")) end

  local function until_state(id, state)
    local limit = socket.gettime() + 5
    repeat
      for _, delivery in ipairs(deliveries()) do
        if delivery.id == id and delivery.state == state then return delivery end
      end
      socket.sleep(0.01)
    until socket.gettime() > limit
    error("not in time: " .. cjson.encode(deliveries()))
  end

  local function reexport()
    mock:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})
    server:advance(10)
  end

  it("are repeated in another signature format, or in the destination's new one", function()
    reexport()
    local first = hook:next()
    for id, format in ipairs(signature_formats.NAMES) do
      server:control("POST", "deliveries", {id = 1, signatureFormat = format})
      local again = hook:next()
      assert.equal(first.body, again.body)
      assert.equal(format, deliveries()[id + 1].signatureFormat)
    end
    assert.matches("^'signatureFormat' must be", refused("POST", "deliveries", {id = 1, signatureFormat = "x"}))
    server:control("POST", "webhooks", {id = 1, signatureFormat = "body-base64-seconds"})
    assert.same({{id = 1, url = hook.url, signatureFormat = "body-base64-seconds", actionId = true, fail = 0}},
      server:control("GET", "webhooks"))
    reexport()
    assert.matches("=$", hook:next().headers["cmr-x-signature"])
    local newest = deliveries "?limit=1"
    assert.equal(1, #newest)
    assert.equal(#signature_formats.NAMES + 2, newest[1].id)
  end)

  it("fail as often as ordered, without being sent", function()
    server:control("POST", "webhooks", {id = 1, fail = 2})
    reexport()
    local limit = socket.gettime() + 5
    repeat until #deliveries()[1].attempts == 1 or socket.gettime() > limit
    local pending = deliveries()[1]
    assert.same({"pending", nil}, {pending.state, pending.attempts[1].status})
    assert.equal("the mock was told to fail this attempt, and sent nothing", pending.attempts[1].error)
    assert.is_true(pending.dueAt > pending.attempts[1].at)
    assert.equal(1, server:control("GET", "webhooks")[1].fail)
    local revision = server:control("GET", "status").deliveries
    server:advance(30)
    repeat until #deliveries()[1].attempts == 2 or socket.gettime() > limit
    assert.is_true(server:control("GET", "status").deliveries > revision)
    assert.is_nil(hook:next(200, 0.06))
    server:advance(300)
    hook:next()
    assert.equal(3, #until_state(1, "delivered").attempts)
  end)

  it("are failed when they are given up", function()
    server:control("POST", "webhooks", {url = hook.url, fail = 1})
    reexport()
    local limit = socket.gettime() + 5
    repeat until #deliveries()[1].attempts == 1 or socket.gettime() > limit
    server:control("POST", "deliveries", {id = 1, fail = true})
    assert.equal("failed", deliveries()[1].state)
    server:advance(1000)
    assert.is_nil(hook:next(200, 0.1))
    assert.equal("the delivery is failed", refused("POST", "deliveries", {id = 1, fail = true}))
    assert.equal("no such delivery", refused("POST", "deliveries", {id = 9, fail = true}))
    assert.equal("'fail' goes with no other field than 'id'",
      refused("POST", "deliveries", {id = 1, fail = true, times = 1}))
    server:control("POST", "deliveries", {id = 1, fail = false})
    hook:next()
  end)

  it("stop when their destination is removed", function()
    assert.same({id = 1}, server:control("DELETE", "webhooks", {id = 1}))
    assert.same({}, server:control("GET", "webhooks"))
    reexport()
    assert.same({}, deliveries())
    assert.equal("no such destination", refused("DELETE", "webhooks", {id = 1}))
    assert.equal("no such destination", refused("POST", "webhooks", {id = 1}))
    assert.matches("not both", refused("POST", "webhooks", {}))
    assert.matches("not both", refused("POST", "webhooks", {id = 1, url = hook.url}))
    assert.matches("'fail'", refused("POST", "webhooks", {url = hook.url, fail = -1}))
  end)

  it("keep the settings that a change does not name, and mask secrets", function()
    server:control("POST", "webhooks", {url = hook.url .. "&token=geheim&k=" .. server.key,
      signatureFormat = "body-base64-seconds", actionId = false, fail = 7})
    assert.is_nil(server:control("POST", "webhooks", {id = 2}).url)
    local changed = server:control("GET", "webhooks")[2]
    assert.same({2, "body-base64-seconds", false, 7},
      {changed.id, changed.signatureFormat, changed.actionId, changed.fail})
    mock:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})
    server:advance(10)
    hook:next()
    for _, call in ipairs{"webhooks", "deliveries?masked=true"} do
      local text = get(call, {["x-mock-token"] = server.token}).body
      assert.is_nil(text:find "geheim")
      assert.is_nil(text:find(server.key, 1, true))
    end
  end)
end)
