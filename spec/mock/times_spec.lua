-- How long the mock's work takes, to the second, and its prices.
local still = require "spec.support.still_mock"

local USER, MAILBOX, START = still.USER, still.MAILBOX, still.START
local SUBSCRIPTION = "1BNTZJG2Q041JWGS3NY9E1BZ9APA"
local OWN, THIS = {userId = USER}, {mailboxId = MAILBOX}
local DAY = 24 * 3600

describe("the mock's clock", function()
  local api

  before_each(function() api = still.new() end)

  local function domain(name)
    for _, item in ipairs(api:yes("GET /domains/by-user", {userId = USER, limit = 100}).domains) do
      if item.domainName == name then return item end
    end
  end

  local function subscription(id)
    return api:yes("GET /subscriptions", {componentSubscriptionId = id or SUBSCRIPTION}).subscriptions[1]
  end

  local function mailbox(id)
    return api:yes("GET /mailboxes/mailbox", {mailboxId = id or MAILBOX})
  end

  -- Asserts that look() returns `before` until these seconds have passed, and `after` from then on.
  local function changes(seconds, before, after, look)
    api:advance(seconds - 1)
    assert.equal(before, look())
    api:advance(1)
    assert.equal(after, look())
  end

  local function seed(name, expires_in)
    api:seed("domains", {domainName = name, userId = USER, expiresIn = expires_in})
  end

  it("ends a domain at its expiry, and its grace 7 days later", function()
    seed("old.com", 100)
    local function status() return domain("old.com").status end
    changes(100, "ACTIVE", "GRACE_PERIOD", status)
    changes(7 * DAY, "GRACE_PERIOD", "EXPIRED", status)
  end)

  it("allows the renewal of a domain from 45 days before its expiry to the end of its grace", function()
    seed("in.com", 45 * DAY)
    seed("early.com", 45 * DAY + 1)
    seed("last.com", -7 * DAY + 1)
    seed("late.com", -7 * DAY)
    api:yes("POST /orders/json", OWN, {domains = {{domain = "new.com", years = 1}}, confirm = true})
    local prices = api:yes("POST /domains/renewal-price", nil,
      {userId = USER, domains = {"in.com", "early.com", "last.com", "late.com", "new.com"}})
    assert.same({"14.50", "14.50"}, {prices[1].renewalPrice, prices[3].renewalPrice})
    assert.same({"The domain is not within 45 days of its expiry.", "The domain is EXPIRED.", "The domain is PENDING."},
      {prices[2].message, prices[4].message, prices[5].message})
  end)

  it("renews a domain in 30 seconds, for years of 365 days from its expiry", function()
    seed("old.com", 100)
    api:yes("POST /domains/renew", nil, {userId = USER, domains = {"old.com"}, years = 3})
    changes(30, "RENEWING", "ACTIVE", function() return domain("old.com").status end)
    assert.equal(api.state:timestamp(START + 100 + 3 * 365 * DAY), domain("old.com").expireOn)
  end)

  it("renews a domain with auto-renewal at its expiry, for one year", function()
    seed("old.com", 100)
    api:yes("PATCH /domains/toggle-auto-renew", nil, {userId = USER, domains = {"old.com"}, autoRenew = true})
    local one, two = api.state:timestamp(START + 100), api.state:timestamp(START + 100 + 365 * DAY)
    changes(100, one, two, function() return domain("old.com").expireOn end)
  end)

  it("does the steps of an order after 10, 20 and 30 seconds", function()
    local id = api:yes("POST /orders/json", OWN, {confirm = true, domains = {{domain = "new.com", years = 2}},
      mailboxes = {["new.com"] = {{username = "a", firstName = "A", lastName = "B"}}}}).orderId
    changes(10, "PENDING", "ACTIVE", function() return domain("new.com").status end)
    assert.equal(api.state:timestamp(START + 10 + 2 * 365 * DAY), domain("new.com").expireOn)
    local function status() return api:yes("GET /mailboxes/single", OWN).mailboxes[2].status end
    changes(10, "IN_PROGRESS", "CREATING_PASSWORD", status)
    api:advance(9)
    assert.equal("PENDING", api:yes("GET /orders/status", {orderId = id}).status)
    changes(1, "CREATING_PASSWORD", "ACTIVE", status)
    assert.equal("COMPLETED", api:yes("GET /orders/status", {orderId = id}).status)
  end)

  it("sells warm mailboxes in 30 seconds", function()
    local id = api:yes("POST /pre-warmup/order", OWN,
      {serviceProvider = "GOOGLE", order = {{domain = "prewarm-acmecorp.com"}}}).orderId
    changes(30, "PENDING", "COMPLETED", function() return api:yes("GET /orders/status", {orderId = id}).status end)
  end)

  it("starts a warmup in 120 seconds", function()
    api:yes("POST /mailboxes/warmup", THIS)
    changes(120, "PENDING", "ACTIVE", function() return mailbox().warmupStatus end)
  end)

  it("changes and removes a mailbox in 10 seconds", function()
    api:yes("PATCH /mailboxes/update-mailbox-details", OWN, {mailboxData = {mailboxId = MAILBOX, firstName = "Jim"}})
    changes(10, "John", "Jim", function() return mailbox().firstName end)
    api:yes("DELETE /mailboxes/remove", OWN, THIS)
    changes(10, 200, 404, function() return api:ask("GET /mailboxes/mailbox", THIS).status end)
  end)

  it("removes no mailbox when exactly less than a day of its subscription is left", function()
    api:advance(29 * DAY)
    api:yes("DELETE /mailboxes/remove", OWN, THIS)
    api = still.new()
    api:advance(29 * DAY + 1)
    api:no(422, "The subscription ends within 24 hours.", "DELETE /mailboxes/remove", OWN, THIS)
  end)

  it("tells of an export, of a re-export and of a change of DNS in 10 seconds", function()
    local asked = {
      {"mailbox.exported", "POST /exports/platform-exports", OWN,
        {credentialId = "A1B2C3D4E5F6G7H8", mailboxIds = {MAILBOX}}},
      {"mailbox.exported", "POST /mailboxes/oauth", nil, {mailboxId = MAILBOX}},
      {"dns-record.updated", "POST /dns", OWN,
        {domain = "doe.com", records = {{host = "a", value = "1", recordType = "A"}}}},
    }
    for _, one in ipairs(asked) do
      api:events()
      api:yes(one[2], one[3], one[4])
      changes(10, nil, one[1], function() return (api:events()[1] or {})[1] end)
    end
  end)

  it("counts a re-export against the quota for exactly 7 days", function()
    local function reexport() return api:ask("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX}).status end
    for _ = 1, 3 do
      assert.equal(200, reexport())
      api:advance(1)
    end
    assert.equal(429, reexport())
    assert.equal(api.state:timestamp(START + 7 * DAY), api:get("quotas")[1].nextAt)
    api:advance(-3)
    changes(7 * DAY, 429, 200, reexport)
    assert.equal(429, reexport())
    changes(1, 429, 200, reexport)
  end)

  it("ends a placement test after 60 seconds", function()
    api:yes("POST /placement", OWN, {mailboxIds = {MAILBOX}})
    changes(60, "PENDING", "COMPLETED", function() return api:yes("GET /placement/reports", OWN).reports[1].status end)
  end)

  it("renews a subscription in 30 seconds, and gives it a new id in 30 seconds", function()
    api:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
    changes(30, "RENEWING", "ACTIVE", function() return subscription().subscriptionStatus end)
    assert.equal(api.state:timestamp(START + 60 * DAY), subscription().periodEnd)
    api:yes("POST /component/subscriptions/recreate", nil, {subscriptionIds = {SUBSCRIPTION}})
    changes(30, SUBSCRIPTION, nil, function() return (subscription() or {}).subscriptionId end)
  end)

  local function auto_renew(on)
    api:yes("POST /subscriptions/toggle-autorenewal", nil, {subscriptionId = SUBSCRIPTION, autoRenew = on})
  end

  it("ends a subscription's month after 30 days, and its grace 7 days later", function()
    auto_renew(false)
    local function status() return subscription().subscriptionStatus end
    changes(30 * DAY, "ACTIVE", "PAST_DUE", status)
    changes(7 * DAY, "PAST_DUE", "EXPIRED", status)
    assert.equal("EXPIRED", mailbox().status)
  end)

  it("tries an unpaid renewal again each day", function()
    api:wallet(2)
    local function status() return subscription().subscriptionStatus end
    changes(30 * DAY, "ACTIVE", "PAST_DUE", status)
    api:advance(10 * DAY) -- with auto-renewal, the mock never stops trying
    assert.equal("PAST_DUE", status())
    api:wallet(3)
    changes(DAY, "PAST_DUE", "ACTIVE", status)
    assert.equal(api.state:timestamp(START + 30 * DAY), subscription().periodStart)
  end)

  local function renew()
    api:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
    api:advance(30)
  end

  it("charges a month once, also after a debt", function()
    api:wallet(2)
    renew()
    assert.equal("PAST_DUE", subscription().subscriptionStatus)
    api:wallet(100)
    renew()
    assert.same({"ACTIVE", 97}, {subscription().subscriptionStatus, api:get("status").balance})
    api:advance(2 * DAY) -- nothing tries to pay the debt again
    assert.equal(97, api:get("status").balance)
    api:advance(57 * DAY) -- and nothing pays again for the month that was paid early
    assert.equal(97, api:get("status").balance)
    api:advance(DAY)
    subscription()
    assert.equal(94, api:get("status").balance)
  end)

  it("charges nothing for a subscription that was replaced", function()
    local function replace()
      api:seed("subscriptions", {subscriptionId = SUBSCRIPTION, domain = "doe.com", userId = USER})
      assert.equal(0, api:cost(function()
        api:advance(29 * DAY)
        subscription()
      end))
      assert.equal("ACTIVE", subscription().subscriptionStatus)
    end
    api:advance(10 * DAY)
    replace()
    api:wallet(2)
    renew()
    assert.equal("PAST_DUE", subscription().subscriptionStatus)
    api:wallet(100)
    replace()
  end)

  it("makes a subscription PAST_DUE when its month ends during a renewal that fails", function()
    for early, status in pairs{[30] = "PAST_DUE", [31] = "ACTIVE"} do
      api = still.new()
      api:seed("domains", {domainName = "doe.com", userId = USER, expiresIn = 20 * DAY})
      api:advance(30 * DAY - early)
      api:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
      api:advance(30)
      assert.equal(status, subscription().subscriptionStatus)
    end
  end)

  it("lets a warmup cost nothing when no paid day is left", function()
    auto_renew(false)
    api:advance(30 * DAY + 100)
    api:wallet(0)
    api:yes("POST /mailboxes/warmup", THIS)
  end)

  it("begins a new month at its payment when the old month ended a month ago", function()
    for late, start in pairs{[29 * DAY] = 30 * DAY, [30 * DAY] = 60 * DAY} do
      api = still.new()
      api:seed("domains", {domainName = "doe.com", userId = USER, expiresIn = 1000 * DAY})
      api:wallet(2)
      api:advance(29 * DAY + late)
      subscription()
      api:wallet(3)
      api:advance(DAY)
      assert.equal(api.state:timestamp(START + start), subscription().periodStart)
      assert.equal(api.state:timestamp(START + start + 30 * DAY), subscription().periodEnd)
    end
  end)

  it("raises the price of a subscription after 12 months of 30 days", function()
    api:seed("domains", {domainName = "doe.com", userId = USER, expiresIn = 1000 * DAY})
    changes(360 * DAY, 3, 5, function() return subscription().pricePerMailbox end)
  end)
end)

describe("the mock's prices", function()
  local api

  before_each(function() api = still.new() end)

  -- Asserts that a call takes this amount from a wallet that has just this amount, and takes nothing from a wallet that
  -- has 0.01 less.
  local function costs(amount, what, query, body, seconds)
    for missing, left in pairs{[0] = 0, [0.01] = amount - 0.01} do
      api = still.new()
      api.state.balance = amount - missing
      api:ask(what, query, body)
      api:advance(seconds or 0)
      assert.equal(left, api:get("status").balance, what)
    end
  end

  it("are the documented or assumed ones", function()
    assert.equal(100000, api:get("status").balance)
    local box = {username = "a", firstName = "A", lastName = "B"}
    costs(3 * 15.88, "POST /orders/json", OWN, {domains = {{domain = "a.com", years = 3}}, confirm = true})
    costs(2 * 15.88 + 6, "POST /orders/json", OWN, {domains = {{domain = "b.com", years = 2}}, confirm = true,
      mailboxes = {["b.com"] = {box, {username = "b", firstName = "A", lastName = "B"}}}})
    costs(3, "POST /orders/create-mailbox-order/json", OWN, {confirm = true, subscriptionId = SUBSCRIPTION,
      mailboxes = {["doe.com"] = {box}}})
    costs(30, "POST /pre-warmup/order", OWN,
      {serviceProvider = "GOOGLE", order = {{domain = "prewarm-acmecorp.com"}}}, 30)
    costs(3, "POST /mailboxes/warmup", THIS)
    costs(1, "POST /placement", OWN, {mailboxIds = {MAILBOX}})
    costs(3, "POST /placement", OWN, {mailboxIds = {MAILBOX, MAILBOX}, aiInsight = true})
    costs(3, "POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}}, 30)
  end)

  it("of a renewal count the years of a domain and the mailboxes of a subscription", function()
    api:seed("domains", {domainName = "old.com", userId = USER, expiresIn = 100})
    api:seed("mailboxes", {mailboxId = "M2", email = "jane@doe.com", userId = USER})
    assert.equal(29, api:cost(function()
      api:yes("POST /domains/renew", nil, {userId = USER, domains = {"old.com"}, years = 2})
      api:advance(30)
    end))
    assert.equal(6, api:cost(function()
      api:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
      api:advance(30)
    end))
  end)

  it("of a warmup count the days that are left, with their fractions", function()
    api:advance(14.5 * DAY)
    api:wallet(1.55)
    api:yes("POST /mailboxes/warmup", THIS)
    assert.equal(0, api:get("status").balance)
  end)
end)
