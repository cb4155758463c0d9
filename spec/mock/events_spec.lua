-- What the mock's events say: each event with all of its data.
local still = require "spec.support.still_mock"

local USER, MAILBOX, START = still.USER, still.MAILBOX, still.START
local SUBSCRIPTION, DOMAIN = "1BNTZJG2Q041JWGS3NY9E1BZ9APA", "5J7HM04FRXMT7VK86128K6D25ASP"
local OWN, EMAIL = {userId = USER}, "johndoe@company.com"
local DAY = 24 * 3600

describe("an event of the mock", function()
  local api

  before_each(function()
    api = still.new()
    api:events()
  end)

  local function time(seconds) return api.state:timestamp(START + seconds) end

  -- Returns a copy of a table, with changes.
  local function with(fields, changes)
    local all = {}
    for name, value in pairs(fields) do all[name] = value end
    for name, value in pairs(changes) do all[name] = value end
    return all
  end

  -- Sends a request. Returns the actionId and the data of the answer.
  local function send(what, query, body)
    local data, reply = api:yes(what, query, body)
    return reply.body.actionId, data
  end

  local BOXES = {{username = "ann", firstName = "Ann", lastName = "A"},
    {username = "bob", firstName = "Bob", lastName = "B", onWarmup = true}}
  local SECRETS = {password = "mock-password", appPassword = "mock-app-password", authenticatorSecret = "MOCKSECRET"}

  local function mailbox(email)
    for _, item in ipairs(api:yes("GET /mailboxes/single", OWN).mailboxes) do
      if item.email == email then return item end
    end
  end

  it("of an order tells of its domain, its mailboxes and each mailbox", function()
    local action, data = send("POST /orders/json", OWN, {confirm = true, serviceProvider = "MICROSOFT",
      domains = {{domain = "new.com", years = 2}}, mailboxes = {["new.com"] = BOXES}})
    api:advance(10)
    local events = api:events()
    local id = events[1][2].domainId
    assert.equal(28, #id)
    local ann, bob = mailbox("ann@new.com"), mailbox("bob@new.com")
    local common = {userId = USER, userEmail = EMAIL, orderId = data.orderId, domainId = id, domainName = "new.com",
      creationTime = time(10), actionId = action}
    assert.same({
      {"domain.order.success", with(common, {price = 15.88, expiryDate = time(10 + 730 * DAY)})},
      {"mailbox.order.success", with(common, {price = 6, quantity = 2, expiryDate = time(10 + 30 * DAY),
        subscriptionId = ann.subscriptionId, workspaceType = "MICROSOFT"})},
    }, events)
    api:advance(20)
    local function created(item, first, last)
      return {"mailbox.created", with(SECRETS, {mailboxId = item.mailboxId, email = item.email, firstName = first,
        lastName = last, userId = USER, orderId = data.orderId, actionId = action})}
    end
    assert.same({created(ann, "Ann", "A"), created(bob, "Bob", "B")}, api:events())
    assert.same({28, 28, 28}, {#ann.mailboxId, #ann.subscriptionId, #data.orderId})
    api:advance(120)
    local warmup = {mailboxId = bob.mailboxId, email = "bob@new.com", domain = "new.com", workspaceType = "MICROSOFT"}
    assert.same({{"mailbox.warmup.started", with(warmup, {userId = USER, userEmail = EMAIL, actionId = action})}},
      api:events())
    action = send("DELETE /mailboxes/warmup", {mailboxId = bob.mailboxId})
    assert.same({{"mailbox.warmup.removed", with(warmup, {actionId = action})}}, api:events())
  end)

  it("of an order that fails tells the reason, and what was ordered", function()
    api:control("failures", {domain = "New.com", reason = "taken"})
    api:control("failures", {domain = "doe.com", reason = "blocked"})
    local action, data = send("POST /orders/json", OWN, {confirm = true, domains = {{domain = "new.com", years = 1}},
      mailboxes = {["new.com"] = BOXES}})
    local second, more = send("POST /orders/create-mailbox-order/json", OWN, {confirm = true,
      subscriptionId = SUBSCRIPTION, mailboxes = {["doe.com"] = BOXES}})
    api:advance(30)
    local common = {userId = USER, userEmail = EMAIL}
    assert.same({
      {"domain.order.failed", with(common, {orderId = data.orderId, domainName = "new.com", reason = "taken",
        actionId = action})},
      {"mailbox.order.failed", with(common, {orderId = more.orderId, domainName = "doe.com", reason = "blocked",
        actionId = second})},
    }, api:events())
    assert.equal("FAILED", api:yes("GET /orders/status", {orderId = data.orderId}).status)
    local names = {}
    for index, item in ipairs(api:yes("GET /domains/by-user", OWN).domains) do names[index] = item.domainName end
    assert.same({"doe.com"}, names) -- only the ordered domain is gone
  end)

  it("of an order tells of a part that failed because the subscription was replaced or is not paid", function()
    local function order()
      return select(2, send("POST /orders/create-mailbox-order/json", OWN, {confirm = true,
        subscriptionId = SUBSCRIPTION, mailboxes = {["doe.com"] = BOXES}})).orderId
    end
    local id = order()
    api:yes("POST /subscriptions/cancel", nil, {subscriptionId = SUBSCRIPTION})
    api:seed("subscriptions", {subscriptionId = "S2", domain = "doe.com", userId = USER})
    api:events()
    api:advance(30)
    local data = api:events()[1][2]
    assert.same({id, "doe.com", "The subscription is not ACTIVE."}, {data.orderId, data.domainName, data.reason})

    api = still.new()
    id = order()
    api:wallet(0)
    api:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
    api:advance(30)
    assert.equal("FAILED", api:yes("GET /orders/status", {orderId = id}).status)
  end)

  describe("of a domain", function()
    local common

    before_each(function()
      api:seed("domains", {domainName = "old.com", userId = USER, domainId = "D", expiresIn = 100})
      common = {userId = USER, userEmail = EMAIL, domainId = "D", domainName = "old.com"}
    end)

    local function renew()
      return send("POST /domains/renew", nil, {userId = USER, domains = {"old.com"}})
    end

    it("tells of a renewal and of the lack of money", function()
      local action = renew()
      api:advance(30)
      assert.same({{"domain.renewal.success", with(common, {expiryDate = time(100 + 365 * DAY), actionId = action})}},
        api:events())
      api:advance(365 * DAY) -- the new expiry is now 70 s away, so the domain may be renewed again
      api:events()
      api:wallet(0)
      action = renew()
      api:advance(30)
      assert.same({{"domain.renewal.failed", with(common, {expiryDate = time(100 + 365 * DAY), actionId = action,
        reason = "Insufficient wallet balance"})}}, api:events())
    end)

    it("tells of its grace and of its end", function()
      common.expiryDate = time(100)
      api:advance(99)
      assert.same({}, api:events())
      api:advance(1)
      assert.same({{"domain.grace_period", common}}, api:events())
      api:advance(7 * DAY - 1)
      assert.same({}, api:events())
      api:advance(1)
      assert.same({{"domain.expired", common}}, api:events())
    end)

    it("does not come when the domain was replaced, or was renewed in its grace", function()
      api:seed("domains", {domainName = "old.com", userId = USER, domainId = "D2", expiresIn = 500})
      api:advance(499)
      assert.same({}, api:events())
      api:advance(1)
      assert.same({{"domain.grace_period", with(common, {domainId = "D2", expiryDate = time(500)})}}, api:events())
      renew()
      api:advance(30)
      assert.equal("domain.renewal.success", api:events()[1][1])
      api:advance(8 * DAY)
      assert.same({}, api:events())
      api:advance(358 * DAY)
      local names = {}
      for _, event in ipairs(api:events()) do
        if event[2].domainId == "D2" then names[#names + 1] = event[1] end
      end
      assert.same({"domain.grace_period"}, names)
    end)

    it("tells of auto-renewal that fails", function()
      api:yes("PATCH /domains/toggle-auto-renew", nil, {userId = USER, domains = {"old.com"}, autoRenew = true})
      api:wallet(14.49)
      api:advance(100)
      common.expiryDate = time(100)
      assert.same({{"domain.renewal.failed", with(common, {reason = "Insufficient wallet balance"})},
        {"domain.grace_period", common}}, api:events())
    end)
  end)

  describe("of a subscription", function()
    local common

    before_each(function()
      api:seed("mailboxes", {mailboxId = "M2", email = "jane@doe.com", userId = USER})
      common = {userId = USER, userEmail = EMAIL, subscriptionId = SUBSCRIPTION, domainId = DOMAIN, domain = "doe.com",
        workspaceType = "GOOGLE", quantity = 2, periodStart = time(0), periodEnd = time(30 * DAY), autoRenew = true,
        description = "", subscriptionStatus = "ACTIVE"}
    end)

    local function event(name, changes) return {"subscription." .. name, with(common, changes)} end

    local function renew()
      return send("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
    end

    it("tells of a renewal", function()
      local action = renew()
      assert.same({event("renewing", {subscriptionStatus = "RENEWING", actionId = action})}, api:events())
      api:advance(30)
      assert.same({event("renewal.success", {periodStart = time(30 * DAY), periodEnd = time(60 * DAY),
        actionId = action})}, api:events())
    end)

    it("tells of a renewal that failed, and of the debt", function()
      api:wallet(5)
      local action = renew()
      api:events()
      api:advance(30)
      assert.same({event("past_due", {subscriptionStatus = "PAST_DUE", actionId = action})}, api:events())
      api:advance(3 * DAY)
      assert.same({}, api:events()) -- the debt is told once
      api:wallet(6)
      api:advance(DAY)
      assert.same({event("renewal.success", {periodStart = time(30 * DAY), periodEnd = time(60 * DAY)})},
        api:events())
    end)

    it("tells that its domain has lapsed", function()
      for seconds, status in pairs{[-1] = "GRACE_PERIOD", [-8 * DAY] = "EXPIRED"} do
        api = still.new()
        api:seed("domains", {domainName = "doe.com", userId = USER, domainId = DOMAIN, expiresIn = seconds})
        api:events()
        api:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
        api:advance(30)
        local events = api:events()
        assert.equal("subscription.renewing", events[#events - 1][1])
        assert.same(event("renewal.failed", {quantity = 1, subscriptionStatus = "RENEWING",
          reason = "The domain is " .. status .. ".", actionId = events[#events][2].actionId}), events[#events])
        assert.equal("ACTIVE", api:yes("GET /subscriptions").subscriptions[1].subscriptionStatus)
      end
    end)

    it("tells of its end, without auto-renewal", function()
      api:yes("POST /subscriptions/toggle-autorenewal", nil, {subscriptionId = SUBSCRIPTION, autoRenew = false})
      api:advance(30 * DAY)
      assert.same({event("past_due", {subscriptionStatus = "PAST_DUE", autoRenew = false})}, api:events())
      api:advance(7 * DAY)
      assert.same({event("expired", {subscriptionStatus = "EXPIRED", autoRenew = false})}, api:events())
      api:wallet(0)
      renew() -- which fails, so that it stays EXPIRED
      api:advance(30)
      assert.same({}, api:events())
      assert.equal("EXPIRED", api:yes("GET /subscriptions").subscriptions[1].subscriptionStatus)
    end)

    it("tells of the new price after a year, once", function()
      api:seed("domains", {domainName = "doe.com", userId = USER, domainId = DOMAIN, expiresIn = 1000 * DAY})
      api:advance(360 * DAY)
      local events = api:events()
      local period = {periodStart = time(360 * DAY), periodEnd = time(390 * DAY)}
      assert.same({13, event("renewal.success", period), event("updated", period)}, {#events, events[12], events[13]})
      api:advance(30 * DAY)
      assert.equal(1, #api:events())
    end)

    it("tells that it was cancelled, without mailboxes", function()
      local action = send("POST /subscriptions/cancel", nil, {subscriptionId = SUBSCRIPTION})
      assert.same({event("cancelled", {subscriptionStatus = "CANCELLED", quantity = 0, actionId = action})},
        api:events())
    end)

    it("does not come after its end, or for a subscription that was replaced", function()
      renew()
      send("POST /subscriptions/cancel", nil, {subscriptionId = SUBSCRIPTION})
      api:events()
      api:advance(60 * DAY)
      assert.same({}, api:events())
    end)
  end)

  it("of warm mailboxes tells of each mailbox, and of the domains that failed", function()
    local action, data = send("POST /pre-warmup/order", OWN, {serviceProvider = "GOOGLE",
      order = {{domain = "Prewarm-acmecorp.com"}, {domain = "No.com"}}})
    api:advance(30)
    local warm, list = {}, {}
    local people = {{"jwilson", "James", "Wilson"}, {"mlopez", "Maria", "Lopez"}, {"achen", "Amy", "Chen"}}
    for index, person in ipairs(people) do
      local email = person[1] .. "@prewarm-acmecorp.com"
      warm[index] = mailbox(email)
      list[index] = with(SECRETS, {mailboxId = warm[index].mailboxId, email = email, firstName = person[2],
        lastName = person[3], profilePicture = still.null, isAdmin = index == 1, warmingUpFrom = time(30),
        expiryDate = time(30 + 30 * DAY)})
    end
    local common = {userId = USER, userEmail = EMAIL, orderId = data.orderId, serviceProvider = "GOOGLE",
      actionId = action}
    assert.same({
      {"prewarmup.order.success", with(common, {mailboxDetails = {{domain = "prewarm-acmecorp.com",
        subscriptionId = warm[1].subscriptionId, preWarmedUpMailboxes = list}}})},
      {"prewarmup.order.failed", with(common, {reason = "The domain is not in the pool.",
        failedDomains = {{domain = "No.com", reason = "The domain is not in the pool."}}})},
    }, api:events())
    send("POST /pre-warmup/order", OWN, {serviceProvider = "GOOGLE", order = {{domain = "prewarm-03.com"}}})
    api:advance(30)
    assert.equal(1, #api:events()) -- no event about failed domains if there are none
    send("POST /pre-warmup/order", OWN, {serviceProvider = "GOOGLE", order = {{domain = "prewarm-03.com"}}})
    api:advance(30)
    local failed = api:events() -- and no event about sold domains if none was sold
    assert.same({1, "prewarmup.order.failed"}, {#failed, failed[1][1]})
  end)

  it("of a warmup does not come for a mailbox that was removed meanwhile", function()
    send("POST /pre-warmup/order", OWN, {serviceProvider = "GOOGLE", order = {{domain = "prewarm-acmecorp.com"}}})
    send("POST /sandbox/pre-warmup/order", OWN,
      {serviceProvider = "GOOGLE", order = {{domain = "sandbox.nexora-tech.com"}}})
    api:advance(30)
    local ids = {MAILBOX, mailbox("jwilson@prewarm-acmecorp.com").mailboxId,
      mailbox("jwilson@sandbox.nexora-tech.com").mailboxId}
    for index, id in ipairs(ids) do
      if index > 1 then send("DELETE /mailboxes/warmup", {mailboxId = id}) end
      send("POST /mailboxes/warmup", {mailboxId = id})
    end
    send("POST /subscriptions/cancel", nil, {domain = "prewarm-acmecorp.com"})
    send("POST /sandbox/pre-warmup/reset")
    api:events()
    api:advance(120)
    local events = api:events()
    assert.same({1, "mailbox.warmup.started", MAILBOX}, {#events, events[1][1], events[1][2].mailboxId})
  end)

  it("of a mailbox tells of changes and exports", function()
    local action = send("PATCH /mailboxes/update-mailbox-details", OWN, {mailboxData = {mailboxId = MAILBOX,
      userName = "jim", firstName = "Jim", profilePicture = "https://a.b/c.png"}})
    api:advance(10)
    assert.same({{"mailbox.updated", {userId = USER, mailboxId = MAILBOX, email = "jim@doe.com", actionId = action,
      updatedFields = {userName = "jim", firstName = "Jim", profilePicture = "https://a.b/c.png"}}}}, api:events())
    action = send("PATCH /mailboxes/update-mailbox-details", OWN, {mailboxData = {mailboxId = MAILBOX,
      removeProfilePicture = true}})
    api:advance(10)
    assert.same({{"mailbox.updated", {userId = USER, mailboxId = MAILBOX, email = "jim@doe.com", actionId = action,
      updatedFields = {profilePicture = still.null}}}}, api:events())
    action = send("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX})
    api:advance(10)
    assert.same({{"mailbox.exported", {userId = USER, mailboxId = MAILBOX, email = "jim@doe.com",
      actionId = action}}}, api:events())
  end)

  it("of DNS tells of the record that was added, changed or deleted", function()
    local action, data = send("POST /dns", OWN, {domain = "doe.com",
      records = {{host = "a", value = "1", recordType = "A", priority = 5}}})
    local record = data.records[1]
    local function told(kind)
      api:advance(10)
      assert.same({{"dns-record.updated", {userId = USER, action = kind, domainName = "doe.com", record = record,
        actionId = action}}}, api:events())
    end
    assert.matches("^record_%w%w%w%w%w%w%w%w%w%w%w%w$", record.recordId)
    assert.same({recordId = record.recordId, host = "a", value = "1", recordType = "A", priority = 5}, record)
    told "ADD"
    action, record = send("PUT /dns", OWN, {domain = "doe.com", recordId = record.recordId, host = "b", value = "2",
      recordType = "AAAA"})
    told "UPDATE"
    action = send("DELETE /dns", {userId = USER, recordId = record.recordId})
    told "DELETE"
  end)
end)
