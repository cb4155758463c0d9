-- The mock's control calls in full: what they accept, refuse and answer.
local control = require "cmr.mock.control"
local faults = require "cmr.mock.faults"
local operations = require "cmr.operations"
local State = require "cmr.mock.state"
local still = require "spec.support.still_mock"

local USER, MAILBOX, START, null = still.USER, still.MAILBOX, still.START, still.null
local SUBSCRIPTION = "1BNTZJG2Q041JWGS3NY9E1BZ9APA"
local URL = "http://127.0.0.1:1/x"

describe("a control call", function()
  local api

  before_each(function() api = still.new{rate = 5} end)

  it("needs the token, and must exist", function()
    local function ask(method, path, token)
      local request = {method = method, path = path, query = {}, headers = {["x-mock-token"] = token}, raw_body = ""}
      local reply = control.answer(request, api.state, {token = "T", key = "K"})
      return {reply.status, reply.body}
    end
    assert.same({403, '{"error":"the header x-mock-token is wrong"}'}, ask("GET", "/_mock/status", "t"))
    assert.same({404, [[{"error":"no such control call: PUT \/_mock\/status"}]]}, ask("PUT", "/_mock/status", "T"))
    assert.equal(200, ask("GET", "/_mock/status", "T")[1])
    assert.same({true, true, false, false}, {control.owns "/_mock/", control.owns "/_mock/x", control.owns "/_mock",
      control.owns "/x/_mock/"})
  end)

  it("has fields of the right names and types", function()
    api:refuses("unknown field 'x'", "POST", "wallet", {balance = 1, x = 1})
    api:refuses("'balance' must be a number", "POST", "wallet", {})
    api:refuses("'balance' must be a number", "POST", "wallet", {balance = "1"})
    api:refuses("'reason' must be a string", "POST", "failures", {domain = "a.com", reason = ""})
    api:refuses("'window' must be a string", "POST", "reset", {window = ""})
    api:refuses("'match' must be a table", "POST", "faults", {match = "x"})
    api:refuses("bad JSON: not an object", "POST", "wallet", "[1]")
    local status, body = api:call("POST", "wallet", "{")
    assert.equal(400, status)
    assert.matches("^bad JSON: Expected ", body.error)
    api:refuses("'limit' must be a count", "GET", "users", {limit = "1x"})
    api:refuses("'masked' must be a boolean", "GET", "requests", {masked = "yes"})
  end)

  it("is listed with its required fields first, each group by name", function()
    local by_name = {}
    for _, call in ipairs(api:get "") do by_name[call.method .. " " .. call.path] = call end
    local function field(name, kind, required, values)
      return {name = name, type = kind, required = required, values = values}
    end
    assert.same({method = "POST", path = "/_mock/subscriptions", effect = "adds a subscription", fields = {
      field("domain", "string", true), field("subscriptionId", "string", true), field("userId", "string", true),
      field("autoRenew", "boolean", false), field("serviceProvider", "string", false, {"GOOGLE", "MICROSOFT"}),
    }}, by_name["POST /_mock/subscriptions"])
    assert.same({field("body", "any", false), field("close", "any", false), field("delay", "number", false),
      field("headers", "table", false), field("match", "table", false), field("status", "number", false),
      field("times", "number", false)}, by_name["POST /_mock/faults"].fields)
    assert.equal("lists the domains", by_name["GET /_mock/domains"].effect)
    assert.same({}, by_name["POST /_mock/endpoints"].fields)
    assert.equal(#require("cmr.webhook.signature_formats").NAMES,
      #by_name["POST /_mock/webhooks"].fields[4].values)
  end)

  it("to reset changes the rate limit until the next reset", function()
    api:refuses("'rate' must be requests per second, 0 for no limit", "POST", "reset", {rate = -0.1})
    api:refuses("'window' must be bucket, fixed or sliding", "POST", "reset", {window = "leap"})
    assert.same({rate = 0, window = "fixed"}, api:control("reset", {rate = 0, window = "fixed"}))
    local status = api:get "status"
    assert.same({0, "fixed", 1}, {status.rate, status.window, status.resets})
    assert.same({rate = 5, window = "bucket"}, api:control "reset")
    assert.equal(2, api:get("status").resets)
  end)

  it("to reset forgets every change", function()
    api:control("wallet", {balance = 1})
    api:control("clock", {advance = 100, speed = 9})
    api:control("faults", {status = 500})
    api:control("failures", {domain = "new.com", reason = "x"})
    api:control("webhooks", {url = URL})
    api:control("endpoints", {wallet = "GET /my/wallet"})
    api:seed("mailboxes", {mailboxId = "M2", email = "a@two.com", userId = USER})
    api:control "reset"
    assert.same({now = START, speed = 1, balance = 100000, rate = 5, window = "bucket", resets = 1, deliveries = 0,
      faults = 0, requests = {first = 1, last = 0, finished = 0}}, api:get "status")
    assert.same({{}, {}, 1}, {api:get "webhooks", api:get "faults", #api:get "mailboxes"})
    assert.equal(404, api:ask("GET /my/wallet").status)
    local id = api:yes("POST /orders/json", {userId = USER}, {confirm = true,
      domains = {{domain = "new.com", years = 1}}}).orderId
    api:advance(30)
    assert.equal("COMPLETED", api:yes("GET /orders/status", {orderId = id}).status)
  end)

  it("of the clock skips seconds, and sets the speed", function()
    api:refuses("'advance' must be seconds, 0 or more", "POST", "clock", {advance = -0.1})
    api:refuses("'speed' must be 1 or more", "POST", "clock", {speed = 0.9})
    assert.same({now = START, speed = 1}, api:control("clock", {advance = 0, speed = 1}))
    assert.same({now = START + 100, speed = 3}, api:control("clock", {advance = 100, speed = 3}))
    api:advance(10)
    assert.same({now = START + 130, speed = 3}, api:control "clock")
    assert.same({now = START + 135, speed = 3}, api:control("clock", {advance = 5}))
    assert.same({now = START + 135, speed = 1}, api:control("clock", {speed = 1}))
    api:advance(10)
    assert.same({now = START + 145, speed = 1}, {now = api:get("status").now, speed = api:get("status").speed})
  end)

  it("of the quota takes whole numbers from 0 to 3", function()
    for used = 0, 3 do
      local fields = {mailboxId = MAILBOX, used = used}
      assert.same(fields, api:control("quotas", fields))
      local quota = api:get("quotas")[1]
      assert.same({used, 3 - used}, {quota.used, quota.left})
      assert.equal(used > 0 and api.state:timestamp(START + 7 * 86400) or nil, quota.nextAt)
    end
    for _, used in ipairs{-1, 4, 1.5} do
      api:refuses("'used' must be a whole number from 0 to 3", "POST", "quotas", {mailboxId = MAILBOX, used = used})
    end
    api:refuses("no such mailbox", "POST", "quotas", {mailboxId = "NONE", used = 1})
  end)

  it("of the wallet, of a failure and of a fault answers with what it did", function()
    assert.same({balance = 2.5}, api:control("wallet", {balance = 2.5}))
    assert.same({domain = "A.com", reason = "x"}, api:control("failures", {domain = "A.com", reason = "x"}))
    assert.same({queued = 1}, api:control("faults", {status = 500}))
    assert.same({queued = 2}, api:control("faults", {status = 501}))
    assert.same({removed = 2}, api:control("faults", {}, "DELETE"))
    assert.same({removed = 0}, api:control("faults", {}, "DELETE"))
    assert.same({wallet = "GET /my/wallet"}, api:control("endpoints", {wallet = "GET /my/wallet"}))
    api:refuses("'wallet' must be METHOD /path", "POST", "endpoints", {wallet = "x"})
    api:refuses("'wallet' must be METHOD /path", "POST", "endpoints", {wallet = 5})
    api:refuses("there is no operation 'walet'", "POST", "endpoints", {walet = "GET /my/wallet"})
    api:refuses("'status' must be 200 to 599", "POST", "faults", {status = 1})
  end)

  it("that adds data answers with its ids", function()
    assert.same({userId = "U"}, api:seed("users", {userId = "U"}))
    assert.same({mailboxId = "M"}, api:seed("mailboxes", {mailboxId = "M", email = "A@Two.com", userId = "U"}))
    assert.same({subscriptionId = "S"}, api:seed("subscriptions", {subscriptionId = "S", domain = "Two.com",
      userId = "U"}))
    assert.same({domainName = "two.com", domainId = "D"}, api:seed("domains", {domainName = "TWO.com", domainId = "D",
      userId = "U"}))
    for name, fields in pairs{domains = {domainName = "a.com"}, mailboxes = {mailboxId = "M", email = "a@b.com"},
      subscriptions = {subscriptionId = "S", domain = "a.com"}} do
      fields.userId = "NOBODY"
      api:refuses("no such user: add the user first", "POST", name, fields)
    end
    api:refuses("'email' must be an address", "POST", "mailboxes", {mailboxId = "M", email = "a@", userId = "U"})
  end)

  describe("of webhooks", function()
    it("adds a destination, or changes the one with an id", function()
      assert.same({id = 1, url = URL, signatureFormat = "body-hex-seconds"}, api:control("webhooks", {url = URL}))
      assert.same({id = 1, signatureFormat = "body-base64-seconds"},
        api:control("webhooks", {id = 1, signatureFormat = "body-base64-seconds", fail = 2, actionId = false}))
      local shown = {id = 1, url = URL, signatureFormat = "body-base64-seconds", actionId = false, fail = 2}
      assert.same({shown}, api:get "webhooks")
      api:control("webhooks", {id = 1}) -- changes nothing
      assert.same({shown}, api:get "webhooks")
      api:control("webhooks", {id = 1, actionId = true, fail = 0})
      assert.same({true, 0}, {api:get("webhooks")[1].actionId, api:get("webhooks")[1].fail})
      api:control("webhooks", {url = URL, fail = 3})
      api:control("webhooks", {url = URL}) -- replaces the destination, and keeps its id
      assert.same({{id = 1, url = URL, signatureFormat = "body-hex-seconds", actionId = true, fail = 0}},
        api:get "webhooks")
      assert.same({id = 1}, api:control("webhooks", {id = 1}, "DELETE"))
    end)

    it("refuses a wrong one", function()
      api:refuses("'url' or 'id' is needed, and not both", "POST", "webhooks", {})
      api:refuses("'url' or 'id' is needed, and not both", "POST", "webhooks", {url = URL, id = 1})
      api:refuses("no such destination", "POST", "webhooks", {id = 1})
      api:refuses("no such destination", "DELETE", "webhooks", {id = 1})
      api:refuses("'fail' must be a number of attempts, 0 or more", "POST", "webhooks", {url = URL, fail = -1})
      api:refuses("'signatureFormat' must be a name like body-hex-seconds", "POST", "webhooks",
        {url = URL, signatureFormat = "x"})
    end)
  end)

  describe("of deliveries", function()
    before_each(function()
      api:control("webhooks", {url = URL})
      api:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})
      api:advance(10)
    end)

    it("repeats one, 1 to 10,000 times", function()
      assert.same({times = 1}, api:control("deliveries", {id = 1}))
      assert.equal(2, #api:get "deliveries")
      assert.same({times = 3}, api:control("deliveries", {id = 1, times = 3, fail = false}))
      assert.equal(5, #api:get "deliveries")
      assert.same({times = 1}, api:control("deliveries", {id = 1, signatureFormat = "body-base64-seconds"}))
      assert.equal("body-base64-seconds", api:get("deliveries", {limit = 1})[1].signatureFormat)
      assert.same({times = 10000}, api:control("deliveries", {id = 1, times = 10000}))
      for _, times in ipairs{0, 10001} do
        api:refuses("'times' must be 1 to 10000", "POST", "deliveries", {id = 1, times = times})
      end
      api:refuses("no such delivery", "POST", "deliveries", {id = 1}) -- it was dropped
      api:refuses("'signatureFormat' must be a name like body-hex-seconds", "POST", "deliveries",
        {id = 2, signatureFormat = "x"})
    end)

    it("ends one as failed", function()
      for _, more in ipairs{{times = 1}, {signatureFormat = "body-hex-seconds"}} do
        more.id, more.fail = 1, true
        api:refuses("'fail' goes with no other field than 'id'", "POST", "deliveries", more)
      end
      assert.same({id = 1, fail = true}, api:control("deliveries", {id = 1, fail = true}))
      assert.equal("failed", api:get("deliveries")[1].state)
      api:refuses("the delivery is failed", "POST", "deliveries", {id = 1, fail = true})
    end)

    it("lists them, with masks only if asked", function()
      api:control("webhooks", {url = URL .. "?token=abc"})
      api:control("reset")
      api:control("webhooks", {url = URL .. "?token=abc"})
      api:yes("POST /orders/json", {userId = USER}, {confirm = true, domains = {{domain = "new.com", years = 1}},
        mailboxes = {["new.com"] = {{username = "a", firstName = "the-key", lastName = "B"}}}})
      api:advance(30)
      local plain, masked = api:get "deliveries", api:get("deliveries", {masked = true})
      assert.same({3, 3}, {#plain, #masked})
      assert.same(plain, api:get("deliveries", {masked = false}))
      assert.same({URL .. "?token=abc", URL .. "?token=***"}, {plain[3].url, masked[3].url})
      assert.matches('"password":"mock-password"', plain[3].body, 1, true)
      assert.matches('"password":"***"', masked[3].body, 1, true)
      assert.matches('"firstName":"the-key"', plain[3].body, 1, true)
      assert.matches('"firstName":"***"', masked[3].body, 1, true)
      assert.equal(1, #api:get("deliveries", {masked = true, limit = 1}))
    end)
  end)

  it("lists the items of each kind with all of their members", function()
    api:yes("POST /sandbox/pre-warmup/order", nil,
      {serviceProvider = "MICROSOFT", order = {{domain = "sandbox-mail.corevista.io"}}})
    api:advance(30)
    local order = api:get("orders")[1]
    assert.same({orderId = order.orderId, status = "COMPLETED", sandbox = true}, order)
    local domain = api:get("domains")[2]
    assert.same({domainName = "sandbox-mail.corevista.io", domainId = domain.domainId, status = "ACTIVE",
      expireOn = api.state:timestamp(START + 30 + 365 * 86400), autoRenew = false, sandbox = true}, domain)
    local subscription = api:get("subscriptions")[2]
    assert.same({subscriptionId = subscription.subscriptionId, domain = "sandbox-mail.corevista.io",
      serviceProvider = "MICROSOFT", status = "ACTIVE", mailboxes = 3, pricePerMailbox = 3,
      periodEnd = api.state:timestamp(START + 30 + 30 * 86400), autoRenew = false, sandbox = true}, subscription)
    local mailbox = api:get("mailboxes")[2]
    assert.same({mailboxId = mailbox.mailboxId, email = "jwilson@sandbox-mail.corevista.io", firstName = "James",
      lastName = "Wilson", subscriptionId = subscription.subscriptionId, status = "ACTIVE", warmup = "ACTIVE"}, mailbox)
    assert.same({mailboxId = MAILBOX, email = "john@doe.com", firstName = "John", lastName = "Doe", userId = USER,
      subscriptionId = SUBSCRIPTION, status = "ACTIVE"}, api:get("mailboxes")[1])
    assert.same({4, 3, 1}, {#api:get "mailboxes", #api:get("mailboxes", {limit = 3}),
      #api:get("mailboxes", {limit = 1})})
    assert.equal(4, #api:get("mailboxes", {limit = 5}))
    api:yes("POST /orders/json", {userId = USER}, {confirm = true, domains = {{domain = "new.com", years = 1}}})
    local pending = api:get("domains", {limit = 1})[1]
    assert.same({domainName = "new.com", domainId = pending.domainId, userId = USER, status = "PENDING",
      autoRenew = false}, pending)
    local user = api:get("users")[1]
    assert.same({USER, "johndoe@company.com", "EMAILBISON", "john@agency.com"}, {user.userId, user.profile.email,
      user.credentials[1].app, user.credentials[1].email})
  end)

  it("lists the faults, with masked names, headers and bodies", function()
    api:control("faults", {match = {method = "GET"}, times = 2, headers = {["x-the-key"] = "1", ["X-Token"] = "a"},
      body = '{"password":"abc","note":"the-key"}', delay = 1.5})
    api:control("faults", {close = true})
    assert.same({{match = {method = "GET"}, times = 2, headers = {["x-***"] = "1", ["X-Token"] = "***"}, delay = 1.5,
      body = '{"password":"***","note":"***"}'}, {match = {}, times = 1, headers = {}, delay = 0, close = true}},
      api:get "faults")
  end)

  it("lists the recorded requests, with masks only if asked", function()
    local function add(entry)
      entry.headers, entry.query, entry.raw_query = entry.headers or {}, entry.query or {}, entry.raw_query or ""
      local body = entry.body or ""
      api.state.recorder:add(entry, 0)
      api.state.recorder:set_body(entry, body, entry.parts)
      api.state.recorder:finish(entry, 200, {["X-Token"] = "abc"}, entry.reply or "")
    end
    add{headers = {["x-a-the-key"] = "1"}, query = {["the-key"] = "the-key"}, raw_query = "token=abc&x=the-key",
      body = "password=abc&a=1", reply = ' {"token":"abc","a":["the-key"]}'}
    add{body = "x", parts = {{name = "password", value = "abc"}, {name = "a", value = "token=abc"}, {name = "file"}}}
    local plain, masked = api:get "requests", api:get("requests", {masked = true})
    assert.same({"password=abc&a=1", "abc"}, {plain[1].body, plain[1].answer.headers["X-Token"]})
    assert.same({number = 1, status = 200, headers = {["x-a-***"] = "***"}, query = {["***"] = "***"},
      raw_query = "token=***&x=***", body = "password=***&a=1", bodyBytes = 16,
      reply = ' {"token":"***","a":["***"]}', answer = {headers = {["X-Token"] = "***"},
      body = ' {"token":"***","a":["***"]}', bodyBytes = 32}}, (function(entry)
        entry.reply = entry.answer.body
        return entry
      end)(masked[1]))
    assert.same({"", 1}, {masked[2].body, masked[2].bodyBytes})
    assert.same({{name = "password", value = "***"}, {name = "a", value = "token=***"}, {name = "file"}},
      masked[2].parts)
    assert.same({2}, {api:get("requests", {after = 1})[1].number})
    assert.same({2, 1}, {api:get("requests", {limit = 1})[1].number, #api:get("requests", {limit = 1})})
  end)

  it("shows the key in none of its spellings", function()
    local key = 'a b"c'
    local entry = {headers = {}, query = {}, raw_query = "q=a%20b%22c", path = 'x' .. key, body = '{"a":"a b\\"c"}'}
    api.state.recorder:add(entry, 0)
    local shown = require("cmr.mock.view").requests({entry}, key)[1]
    assert.same({"q=***", "x***", '{"a":"***"}'}, {shown.raw_query, shown.path, shown.body})
  end)

  it("shows the first 16 KiB of a body", function()
    local function shown(body)
      local entry = {headers = {}, query = {}, raw_query = "", body = body, answer = {headers = {}, body = body}}
      local found = require("cmr.mock.view").requests({entry}, "the-key")[1]
      assert.equal(found.body, found.answer.body)
      assert.same({#body, #body}, {found.bodyBytes, found.answer.bodyBytes})
      return #found.body
    end
    assert.same({16383, 16384, 16384}, {shown(("x"):rep(16383)), shown(("x"):rep(16384)), shown(("x"):rep(16385))})
  end)
end)

describe("a fault of the mock", function()
  local function new(order) return faults.new(order, operations) end

  it("is checked", function()
    for message, orders in pairs{
      ["'match.x' is unknown or not a string"] = {{match = {x = "y"}}},
      ["'match.path' is unknown or not a string"] = {{match = {path = 1}}},
      ["there is no operation 'Users'; 'cmr operations' lists them"] = {{match = {operation = "Users"}}},
      ["'match.method' must be a method such as POST"] = {{match = {method = "/"}}, {match = {method = "GET "}}},
      ["'match.path' must begin with / and have no query"] = {{match = {path = "users"}}, {match = {path = "/a?b"}}},
      ["'headers.A' must be a string"] = {{headers = {A = 1}}},
      ["'close' must be true, false or \"after\""] = {{close = 1}, {close = "before"}},
      ["'close' = \"after\" sends no answer, so 'status' and 'body' have no use"] =
        {{close = "after", status = 500}, {close = "after", body = false}},
      ["'status' must be 200 to 599"] = {{status = 199}, {status = 600}, {status = 200.5}},
      ["'times' must be a whole number from 1"] = {{times = 0}, {times = 1.5}, {times = -1}},
      ["'delay' must be seconds, 0 or more"] = {{delay = -0.1}},
    } do
      for _, order in ipairs(orders) do assert.same({nil, message}, {new(order)}) end
    end
    for _, order in ipairs{{status = 200}, {status = 599}, {times = 1}, {delay = 0}, {close = false}, {close = true},
      {close = "after"}, {close = true, status = 500, body = "x"},
      {match = {path = "/a", method = "POST", operation = "user"}}} do
      assert.equal(order, new(order))
    end
    assert.same({match = {}, headers = {}, left = 1, delay = 0}, new{})
    assert.same({path = "/A/", method = "GET", operation = "create_order"},
      new{match = {path = "/A/", method = "get", operation = "create-order"}}.match)
  end)

  it("is taken by the requests that match in everything", function()
    local function take(match, request)
      request = request or {operation_name = "user", method = "GET", path = "/base/users", operation_path = "/users"}
      return faults.take({new{match = match}}, request) ~= nil
    end
    assert.same({true, true, true, true, true}, {take{}, take{operation = "user"}, take{method = "GET"},
      take{path = "/users"}, take{path = "/base/users"}})
    assert.is_true(take{operation = "user", method = "GET", path = "/users"})
    assert.same({false, false, false}, {take{operation = "users"}, take{method = "POST"}, take{path = "/user"}})
    assert.is_false(take{operation = "user", method = "POST"})
    local list = {new{times = 2, status = 500}, new{status = 501}}
    local statuses = {}
    for index = 1, 4 do statuses[index] = (faults.take(list, {}) or {}).status end
    assert.same({500, 500, 501}, statuses)
    assert.same({}, list)
  end)

  it("has an answer, or leaves it to the API", function()
    assert.is_nil(faults.answer(new{headers = {A = "b"}}))
    local reply = faults.answer(new{status = 503})
    assert.same({status = 503, headers = {}, envelope = {status = 503, message = "mock: a fault was ordered",
      data = null}}, reply)
    assert.same({200, "text"}, {faults.answer(new{body = "text"}).status,
      faults.answer(new{body = "text"}).body})
    assert.equal('{"a":1}', faults.answer(new{status = 400, body = {a = 1}}).body)
    assert.equal("false", faults.answer(new{body = false}).body)
  end)
end)

describe("the mock's answer of a handler", function()
  local answer = require "cmr.mock.answer"

  it("is its refusal or its result; another error is raised again unchanged", function()
    assert.equal(5, answer.of(function(value) return value end, 5))
    local reply = answer.of(answer.refuse, 404, "none")
    assert.same({404, "none", "message"}, {reply.status, reply.envelope.message, reply.headers["x-mock-assumed"]})
    assert.is_nil(answer.of(answer.refuse, 404, "none", false).headers["x-mock-assumed"])
    assert.equal("a; b", answer.assume(answer.of(answer.refuse, 404, "none", "a"), "b").headers["x-mock-assumed"])
    assert.has_error(function() answer.of(error, "broken", 0) end, "broken")
    assert.has_error(function() answer.of(error, {broken = true}) end, {broken = true})
  end)

  it("has null, no data or data, and more members", function()
    assert.same({status = 200, message = "x", data = null}, answer.new(200, "x").envelope)
    assert.same({status = 200, message = "x"}, answer.new(200, "x", false).envelope)
    assert.same({status = 200, message = "x", data = {1}, actionId = "A"},
      answer.new(200, "x", {1}, {actionId = "A"}).envelope)
  end)
end)

describe("the mock's state", function()
  local now, state

  before_each(function()
    now = 1000
    state = State.new({rate = 2, window = "sliding"}, function() return now end)
  end)

  it("runs what is due in the order of times, and then of scheduling, each at its own time", function()
    local log = {}
    local function add(time, name, more)
      state:at(time, function()
        log[#log + 1] = ("%s %g"):format(name, state:now())
        if more then more() end
      end)
    end
    add(1020, "c")
    add(1010, "a", function() add(1015, "b") end)
    add(1020, "d")
    add(1030.5, "late")
    now = 1030
    state:catch_up()
    assert.same({"a 1010", "b 1015", "c 1020", "d 1020"}, log)
    assert.equal(1030, state:now())
    now = 1030.5
    state:catch_up()
    assert.equal(5, #log)
  end)

  it("gives later events the actionId of the call, and no other", function()
    local actions = {}
    state.deliveries.emit = function(_, name, _, action) actions[name] = action and action.actionId or "none" end
    state:handle(function()
      state:emit("now", {})
      state:after(5, function() state:emit("later", {}) end)
      return {envelope = {actionId = "A"}}
    end)
    state:at(1001, function() state:emit("other", {}) end)
    now = 1005
    state:catch_up()
    state:emit("last", {})
    assert.same({now = "none", later = "A", other = "none", last = "none"}, actions)
  end)

  it("limits each key, ignores the speed of the clock, and counts skipped seconds", function()
    assert.is_true(state:take "a")
    assert.is_true(state:take "a")
    assert.same({false, 1}, {state:take "a"})
    assert.is_true(state:take "b")
    state:advance(0, 1000)
    now = now + 0.5
    assert.same({false, 0.5}, {state:take "a"})
    state:advance(0.5)
    assert.is_true(state:take "a")
  end)

  it("begins fixed windows at multiples of their length", function()
    state = State.new({rate = 0.5, window = "fixed"}, function() return now end)
    now = 1000.5
    assert.is_true(state:take "a")
    assert.same({false, 1.5}, {state:take "a"})
    now = 1002
    assert.is_true(state:take "a")
  end)

  it("runs a single thing that is due exactly now", function()
    local ran = 0
    state.schedule = {} -- without the ends of the initial domain and subscription
    state:at(1010, function() ran = ran + 1 end)
    for _, time in ipairs{1009, 1010, 1011} do
      now = time
      state:catch_up()
      assert.equal(time < 1010 and 0 or 1, ran)
    end
  end)

  it("serves an operation only at a path of the right form", function()
    for _, form in ipairs{"GET /a", "POST /a/b?c userId in query", "PATCH /a userId in body", "GET /"} do
      assert.is_true(state:supply("wallet", form), form)
    end
    assert.same({operation = "wallet", user_in = "query"}, state.endpoints["POST /a/b?c"])
    assert.same({operation = "wallet"}, state.endpoints["GET /a"])
    for _, form in ipairs{"", "get /a", "GET a", "GET /a userId", "GET /a userId in head", "GET /a userId in body x",
      " GET /a"} do
      assert.is_nil(state:supply("wallet", form), form)
    end
  end)
end)
