-- The mock's deliveries: every signature format, every outcome that has a documented event, and repetitions.
local api = require "spec.support.mock_api"
local cjson = require "cjson"
local receiver = require "spec.support.receiver"
local socket = require "socket"
local webhook = require "cmr.webhook"

local USER, MAILBOX = api.USER, api.MAILBOX
local SUBSCRIPTION = "1BNTZJG2Q041JWGS3NY9E1BZ9APA" -- the subscription of that mailbox
local DAY = 24 * 60 * 60

local mock, hook

-- Verifies the next delivery, and returns its event.
local function event(status)
  local delivery = hook:next(status)
  local found, why = webhook.verify(delivery.body, delivery.headers, {api_key = mock.server.key})
  return assert(found, why), delivery
end

-- Returns the next events by name. Fails if another event comes.
local function events(...)
  local found = {}
  for _, name in ipairs{...} do
    local got = event()
    assert.equal(name, webhook.name(got))
    found[#found + 1] = got
  end
  assert.is_nil(hook:next(200, 0.06))
  return found[1], found[2], found[3], found[4]
end

-- Waits until a condition holds for the mock's deliveries, and returns them.
local function deliveries(holds)
  local limit, list = socket.gettime() + 5
  repeat
    list = mock.server:control("GET", "deliveries")
    if holds(list) then return list end
    socket.sleep(0.01)
  until socket.gettime() > limit
  error("not in time: " .. cjson.encode(list))
end

before_each(function()
  mock, hook = api.new(), receiver.new()
  mock:control("webhooks", {url = hook.url})
end)

after_each(function()
  mock.server:reset()
  hook:close()
end)

local function reexport()
  return select(2, mock:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})).body.actionId
end

describe("a delivery of the mock #nginx", function()
  for _, format in ipairs(webhook.signature_formats) do
    it("can be signed as " .. format, function()
      mock:control("webhooks", {url = hook.url, signatureFormat = format})
      reexport()
      mock:advance(10)
      local exported, delivery = event()
      assert.equal(format, webhook.info(exported).signature_format)
      assert.is_true(math.abs(webhook.info(exported).age) <= 2)
      assert.equal("POST /hook?x=1 HTTP/1.1", delivery.line)
      assert.equal("application/json", delivery.headers["content-type"])
      assert.equal("data's email, mailboxId, userId", delivery.headers["x-mock-assumed"])
    end)
  end

  it("has the actionId of the call, or has none, as in the documented samples", function()
    local action = reexport()
    mock:advance(10)
    assert.equal(action, event().data.actionId)
    mock:control("webhooks", {url = hook.url, actionId = false})
    reexport()
    mock:advance(10)
    assert.is_nil(event().data.actionId)
  end)

  it("is tried three times with the same body, and then given up", function()
    reexport()
    mock:advance(10)
    local first = hook:next(500)
    deliveries(function(list) return #list[1].attempts == 1 end)
    mock:advance(20)
    assert.is_nil(hook:next(200, 0.1))
    mock:advance(10)
    assert.equal(first.body, hook:next(false).body)
    deliveries(function(list) return #list[1].attempts == 2 end)
    mock:advance(300)
    assert.equal(first.body, hook:next(302).body)
    local list = deliveries(function(list) return list[1].state == "failed" end)
    assert.same({500, nil, 302}, {list[1].attempts[1].status, list[1].attempts[2].status, list[1].attempts[3].status})
    assert.is_string(list[1].attempts[2].error)
    assert.equal(first.body, list[1].body)
    mock:advance(10000)
    assert.is_nil(hook:next(200, 0.06))
  end)

  it("is not tried again once it is answered", function()
    reexport()
    mock:advance(10)
    hook:next(500)
    deliveries(function(list) return #list[1].attempts == 1 end)
    mock:advance(30)
    hook:next(204)
    deliveries(function(list) return list[1].state == "delivered" end)
    mock:advance(1000)
    assert.is_nil(hook:next(200, 0.06))
  end)

  it("is tried again when no receiver listens", function()
    hook:close()
    reexport()
    mock:advance(10)
    local list = deliveries(function(list) return list[1] and #list[1].attempts == 1 end)
    assert.matches("refused", list[1].attempts[1].error)
  end)

  it("is tried again when the receiver ends without an answer, or answers with something else than HTTP", function()
    reexport()
    mock:advance(10)
    for attempt, answer in ipairs{"SSH-2.0-x\r\n", "HTTP/1.1 2\r\n", ""} do
      hook.listener:settimeout(10)
      local connection = assert(hook.listener:accept())
      repeat local line = connection:receive "*l" until line == "" or not line
      connection:send(answer)
      connection:close()
      local list = deliveries(function(list) return #list[1].attempts == attempt end)
      assert.is_nil(list[1].attempts[attempt].status)
      assert.equal(answer == "" and "closed" or "the answer is not HTTP", list[1].attempts[attempt].error)
      mock:advance(300)
    end
  end)

  it("is sent although its destination was removed meanwhile", function()
    reexport()
    mock:advance(10)
    hook:next(500)
    deliveries(function(list) return #list[1].attempts == 1 end)
    mock.server:control("DELETE", "webhooks", {id = 1})
    mock:advance(30)
    hook:next(200)
    deliveries(function(list) return list[1].state == "delivered" end)
  end)

  it("is under way with at most 99 others", function()
    reexport()
    mock:advance(10)
    hook:next(200)
    mock:control("deliveries", {id = 1, times = 105})
    local connections = {}
    hook.listener:settimeout(10)
    for index = 1, 100 do connections[index] = assert(hook.listener:accept()) end
    hook.listener:settimeout(0.1)
    assert.is_nil((hook.listener:accept()))
    for index = 1, 2 do connections[index]:close() end
    hook.listener:settimeout(10)
    for index = 1, 2 do connections[index] = assert(hook.listener:accept()) end
    hook.listener:settimeout(0.1)
    assert.is_nil((hook.listener:accept()))
    for _, connection in ipairs(connections) do connection:close() end
  end)

  it("can be repeated any number of times", function()
    reexport()
    mock:advance(10)
    local once = event()
    mock:control("deliveries", {id = 1, times = 30})
    for _ = 1, 30 do assert.equal(once.eventId, event().eventId) end
    assert.equal(31, #deliveries(function(list) return list[31] and list[31].state == "delivered" end))
  end)

  it("goes to every destination, over TLS as well", function()
    local other = receiver.new()
    mock:control("webhooks", {url = other.url, signatureFormat = "timestamp.body-base64-seconds"})
    local secure = require "spec.support.mock".shared("tls").base_url
    mock:control("webhooks", {url = secure .. "/hook"})
    reexport()
    mock:advance(10)
    assert.equal(event().data.mailboxId, cjson.decode(other:next().body).data.mailboxId)
    other:close()
    deliveries(function(list) return list[3].attempts[1] and list[3].attempts[1].status == 401 end)
  end)

  it("comes by itself when the mock's time passes faster", function()
    mock:control("clock", {speed = 200})
    reexport()
    assert.equal("mailbox.exported", event().event)
    local before = mock:control("clock", {advance = 0}).now
    mock:control("clock", {speed = 1})
    assert.is_true(mock:control("clock", {advance = 0}).now >= before)
  end)

  it("goes only to this machine", function()
    for _, url in ipairs{"http://example.com/", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/", "127.0.0.1",
      "http://127.0.0.1/a b", "http://127.0.0.1:1@example.com/"} do
      assert.has_error(function() mock.server:control("POST", "webhooks", {url = url}) end)
    end
    assert.has_error(function()
      mock.server:control("POST", "webhooks", {url = hook.url, signatureFormat = "rot13"})
    end)
    assert.has_error(function() mock.server:control("POST", "deliveries", {id = 99}) end)
    assert.has_error(function() mock.server:control("POST", "clock", {speed = 0}) end)
  end)
end)

describe("the mock tells of #nginx", function()
  local query = {userId = USER}
  local people = {{username = "ann", firstName = "Ann", lastName = "A"},
    {username = "bob", firstName = "Bob", lastName = "B", onWarmup = true}}

  local function order()
    local data, reply = mock:yes("POST /orders/json", query, {confirm = true, serviceProvider = "GOOGLE",
      domains = {{domain = "new.example", years = 1}}, mailboxes = {["new.example"] = people}})
    return data.orderId, reply.body.actionId
  end

  it("an order: its domain, its mailboxes, and each mailbox", function()
    local id, action = order()
    mock:advance(30)
    local domain, ordered, ann, bob = events("domain.order.success", "mailbox.order.success", "mailbox.created",
      "mailbox.created")
    for _, one in ipairs{domain, ordered, ann, bob} do
      assert.equal(id, one.data.orderId)
      assert.equal(USER, one.data.userId)
      assert.equal(action, one.data.actionId)
      assert.is_string(one.eventId)
    end
    assert.equal("new.example", domain.data.domainName)
    assert.equal(domain.data.domainId, ordered.data.domainId)
    assert.equal(2, ordered.data.quantity)
    assert.equal("GOOGLE", ordered.data.workspaceType)
    assert.equal("ann@new.example", ann.data.email)
    assert.is_string(ann.data.password)
    local mailbox = mock:yes("GET /mailboxes/mailbox", {mailboxId = bob.data.mailboxId})
    assert.equal("bob@new.example", mailbox.email)
    mock:advance(120)
    local started = events "mailbox.warmup.started"
    assert.equal("mailbox.warmup.started", started.eventType)
    assert.is_nil(started.eventId)
    assert.equal(bob.data.mailboxId, started.data.mailboxId)
    mock:yes("DELETE /mailboxes/warmup", {mailboxId = bob.data.mailboxId})
    assert.same({mailboxId = bob.data.mailboxId, email = "bob@new.example", domain = "new.example",
      workspaceType = "GOOGLE"}, (function(data)
        data.actionId = nil
        return data
      end)(events "mailbox.warmup.removed".data))
  end)

  it("an order that fails on demand", function()
    mock:control("failures", {domain = "new.example", reason = "restricted phrase"})
    local id = order()
    mock:advance(30)
    local failed = events "domain.order.failed"
    assert.equal("restricted phrase", failed.data.reason)
    assert.equal(id, failed.data.orderId)
    assert.equal("FAILED", mock:yes("GET /orders/status", {userId = USER, orderId = id}).status)
  end)

  it("mailboxes that are not available", function()
    mock:seed("domains", {domainName = "bare.example", userId = USER, domainId = "D1"})
    for _, name in ipairs{"ann", "bob"} do
      mock:yes("POST /orders/create-mailbox-order/json", query, {domainId = "D1", confirm = true,
        mailboxes = {["bare.example"] = {{username = name, firstName = "X", lastName = "Y"}}}})
    end
    mock:advance(30)
    local _, failed = events("mailbox.order.success", "mailbox.order.failed", "mailbox.created")
    assert.equal("Workspace validation failed", failed.data.reason)
  end)

  it("each mailbox that is exported to a platform", function()
    mock:seed("mailboxes", {mailboxId = "SECOND", email = "second@doe.com", userId = USER})
    local _, answered = mock:yes("POST /exports/platform-exports", query,
      {credentialId = "A1B2C3D4E5F6G7H8", mailboxIds = {MAILBOX, "SECOND"}})
    mock:advance(10)
    local first, second = events("mailbox.exported", "mailbox.exported")
    assert.same({MAILBOX, "SECOND"}, {first.data.mailboxId, second.data.mailboxId})
    assert.equal(answered.body.actionId, first.data.actionId)
  end)

  it("a mailbox that is changed", function()
    local change = {mailboxId = MAILBOX, firstName = "Jim"}
    mock:yes("PATCH /mailboxes/update-mailbox-details", query, {mailboxData = change})
    mock:advance(10)
    assert.same({firstName = "Jim"}, events "mailbox.updated".data.updatedFields)
  end)

  it("a domain's life", function()
    mock:seed("domains", {domainName = "old.example", userId = USER, expiresIn = 5 * DAY})
    mock:yes("POST /domains/renew", nil, {userId = USER, domains = {"old.example"}})
    mock:advance(30)
    assert.equal("old.example", events "domain.renewal.success".data.domainName)
    mock:wallet(0)
    mock:seed("domains", {domainName = "poor.example", userId = USER, expiresIn = 1000})
    mock:yes("POST /domains/renew", nil, {userId = USER, domains = {"poor.example"}})
    mock:advance(30)
    events "domain.renewal.failed"
    mock:advance(1000)
    events "domain.grace_period"
    mock:advance(7 * DAY)
    assert.equal("poor.example", events "domain.expired".data.domainName)
  end)

  it("a subscription's life", function()
    mock:seed("subscriptions", {subscriptionId = "S1", domain = "life.example", userId = USER, autoRenew = false})
    mock:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {"S1"}})
    mock:advance(30)
    local renewing, renewed = events("subscription.renewing", "subscription.renewal.success")
    assert.equal("RENEWING", renewing.data.subscriptionStatus)
    assert.equal("ACTIVE", renewed.data.subscriptionStatus)
    assert.is_nil(renewed.data.reason)
    mock:yes("POST /subscriptions/cancel", nil, {subscriptionId = "S1"})
    assert.equal("CANCELLED", events "subscription.cancelled".data.subscriptionStatus)
  end)

  it("a subscription that is not paid", function()
    mock:wallet(0)
    mock:yes("POST /subscriptions/toggle-autorenewal", nil, {subscriptionId = SUBSCRIPTION, autoRenew = false})
    mock:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
    mock:advance(30)
    local _, due = events("subscription.renewing", "subscription.past_due")
    assert.equal("PAST_DUE", due.data.subscriptionStatus)
    mock:advance(8 * DAY)
    assert.equal("EXPIRED", events "subscription.expired".data.subscriptionStatus)
  end)

  it("a subscription whose domain has lapsed", function()
    mock:seed("domains", {domainName = "doe.com", userId = USER, expiresIn = -1})
    mock:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
    mock:advance(30)
    local _, _, failed = events("domain.grace_period", "subscription.renewing", "subscription.renewal.failed")
    assert.equal("The domain is GRACE_PERIOD.", failed.data.reason)
  end)

  it("the price after twelve months, once", function()
    mock:advance(361 * DAY)
    local names = {}
    for index = 1, 13 do names[index] = webhook.name(event()) end
    assert.equal("subscription.renewal.success", names[12])
    assert.equal("subscription.updated", names[13])
    mock:advance(30 * DAY)
    for index = 1, 4 do names[index] = webhook.name(event()) end
    assert.equal("domain.grace_period", names[1])
  end)

  it("warm mailboxes, in two events when only some are available", function()
    local data = mock:yes("POST /pre-warmup/order", query, {serviceProvider = "GOOGLE",
      order = {{domain = "prewarm-acmecorp.com"}, {domain = "nowhere.example"}}})
    mock:advance(30)
    local sold, failed = events("prewarmup.order.success", "prewarmup.order.failed")
    assert.equal(data.orderId, sold.data.orderId)
    assert.equal("jwilson@prewarm-acmecorp.com", sold.data.mailboxDetails[1].preWarmedUpMailboxes[1].email)
    assert.equal(1, #sold.data.mailboxDetails)
    assert.equal("nowhere.example", failed.data.failedDomains[1].domain)
  end)

  it("changes of DNS", function()
    mock:yes("POST /dns", query, {domain = "doe.com", records = {{host = "a", value = "192.0.2.1", recordType = "A"}}})
    mock:advance(10)
    local told = events "dns-record.updated".data
    assert.equal("doe.com", told.domainName)
    assert.equal("192.0.2.1", told.record.value)
  end)

  it("nothing that happened before a destination was set, or after a reset", function()
    mock.server:reset()
    reexport()
    mock:advance(10)
    mock:control("webhooks", {url = hook.url})
    assert.is_nil(hook:next(200, 0.06))
    reexport()
    mock.server:reset()
    mock:advance(10)
    assert.is_nil(hook:next(200, 0.06))
  end)
end)
