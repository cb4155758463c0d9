-- Domains with warm mailboxes: real ones, and those of the sandbox.
local api_of = require "spec.support.mock_api"

local USER = api_of.USER
local LIST, ORDER = "GET /pre-warmup", "POST /pre-warmup/order"
local SANDBOX, SANDBOX_ORDER = "GET /sandbox/pre-warmup", "POST /sandbox/pre-warmup/order"
local FIRST = "prewarm-acmecorp.com"

describe("the mock's warm domains", function()
  local api

  local function status(id)
    return api:yes("GET /orders/status", {orderId = id})
  end

  local function of_user(user)
    return api:yes("GET /mailboxes/single", {userId = user or USER}).mailboxes
  end

  local function domain(name)
    for _, item in ipairs(api:yes("GET /domains/by-user", {userId = USER, limit = 100}).domains) do
      if item.domainName == name then return item end
    end
  end

  before_each(function() api = api_of.new() end)

  it("are listed as documented, with the numbers of pages in data", function()
    local data, reply = api:yes(LIST)
    assert.equal("Pre-warmed up domains fetched successfully", reply.body.message)
    api_of.assumed(false, reply)
    assert.same({20, 1, 3, 42, 126}, {#data.inventory, data.currentPage, data.totalPages, data.totalDomains,
      data.totalMailboxes})
    local first = data.inventory[1]
    assert.same({FIRST, 30, 15}, {first.domain, first.purchasePrice, first.renewalPrice})
    assert.same({email = "jwilson@prewarm-acmecorp.com", firstName = "James", lastName = "Wilson",
      createdAt = "2025-01-15T10:00:00.000Z"}, first.preWarmedUpMailboxes[1])
    data = api:yes(LIST, {page = 5, limit = 10})
    assert.same({2, 5, 5}, {#data.inventory, data.currentPage, data.totalPages})
  end)

  it("are found by provider and by part of the name", function()
    local google = api:yes(LIST, {serviceProvider = "GOOGLE"}).totalDomains
    local microsoft = api:yes(LIST, {serviceProvider = "MICROSOFT"}).totalDomains
    assert.is_true(google > 0 and microsoft > 0 and google + microsoft == 42)
    local data = api:yes(LIST, {contains = "acme"})
    assert.same({1, 3, FIRST}, {data.totalDomains, data.totalMailboxes, data.inventory[1].domain})
    assert.equal(0, api:yes(LIST, {contains = "acme", serviceProvider = "MICROSOFT"}).totalDomains)
    assert.equal(0, api:yes(LIST, {contains = "m-.*c"}).totalDomains)
    api:no(400, "must be one of GOOGLE, MICROSOFT", LIST, {serviceProvider = "SMTP"})
  end)

  it("are ordered with the status 201, and come later", function()
    local data, reply = api:yes(ORDER, {userId = USER},
      {order = {{domain = FIRST}}, serviceProvider = "GOOGLE", autoRenew = true})
    assert.equal(201, reply.status)
    assert.matches("^ACT_", reply.body.actionId)
    api_of.assumed("data", reply)
    assert.equal("PENDING", status(data.orderId).status)
    assert.is_nil(domain(FIRST))
    api:advance(31)
    assert.equal("COMPLETED", status(data.orderId).status)
    assert.equal("ACTIVE", domain(FIRST).status)
    local mailbox = of_user()[2]
    assert.same({"jwilson@" .. FIRST, "James", "ACTIVE", "ACTIVE", "GOOGLE"}, {mailbox.email, mailbox.firstName,
      mailbox.status, mailbox.warmupStatus, mailbox.serviceProvider})
    local subscription = api:yes("GET /subscriptions", {domain = FIRST}).subscriptions[1]
    assert.equal(3, subscription.totalMailboxQuantity)
    assert.is_true(subscription.autoRenew)
    assert.equal(0, api:yes(LIST, {contains = "acme"}).totalDomains)
  end)

  it("succeed or fail separately", function()
    api:wallet(59)
    local order = api:yes(ORDER, {userId = USER}, {serviceProvider = "GOOGLE", order = {{domain = "elsewhere.com"},
      {domain = "prewarm-02.com"}, {domain = FIRST, forwardTo = "https://a.b"}, {domain = "prewarm-03.com"}}})
    api:advance(31)
    local data = status(order.orderId)
    assert.equal("PARTIALLY_COMPLETED", data.status)
    local why = {}
    for _, failed in ipairs(data.failedDomains) do why[failed.domain] = failed.reason end
    assert.matches("pool", why["elsewhere.com"])
    assert.matches("pool", why["prewarm-02.com"]) -- this domain is Microsoft's
    assert.is_nil(why[FIRST])
    assert.matches("wallet", why["prewarm-03.com"])
    assert.is_table(domain(FIRST))
    assert.is_nil(domain("prewarm-03.com"))

    order = api:yes(ORDER, {userId = USER}, {serviceProvider = "GOOGLE", order = {{domain = FIRST}}})
    api:advance(31)
    assert.equal("FAILED", status(order.orderId).status)
  end)

  it("need the documented fields in an order", function()
    api:no(400, "Please provide 'serviceProvider'", ORDER, {userId = USER}, {order = {{domain = FIRST}}})
    api:no(400, "Please provide 'order'", ORDER, {userId = USER}, {serviceProvider = "GOOGLE"})
    api:no(400, "'order' must not be empty", ORDER, {userId = USER}, '{"order":[],"serviceProvider":"GOOGLE"}')
    api:no(400, "Please provide 'order[0].domain'", ORDER, {userId = USER},
      {order = {{forwardTo = "x"}}, serviceProvider = "GOOGLE"})
    api:no(422, "userId", ORDER, nil, {order = {{domain = FIRST}}, serviceProvider = "GOOGLE"})
  end)

  describe("of the sandbox", function()
    local GOOGLE = {"sandbox.nexora-tech.com", "mail-sandbox.brightplathlabs.com"}

    local function order(scenario, names, user)
      local list = {}
      for index, name in ipairs(names or GOOGLE) do list[index] = {domain = name} end
      local data = api:yes(SANDBOX_ORDER, {userId = user or USER},
        {order = list, serviceProvider = "GOOGLE", scenario = scenario})
      api:advance(31)
      local done, failed = status(data.orderId), {}
      for index, item in ipairs(done.failedDomains) do failed[index] = item.domain end
      return done.status, failed
    end

    it("are the documented ones", function()
      local function names(provider)
        local list = {}
        for index, item in ipairs(api:yes(SANDBOX, {serviceProvider = provider}).inventory) do
          list[index] = item.domain
        end
        return list
      end
      assert.same(GOOGLE, names("GOOGLE"))
      assert.same({"sandbox-mail.corevista.io", "sandbox.stratospherehq.com"}, names("MICROSOFT"))
      assert.equal(4, api:yes(SANDBOX).totalDomains)
    end)

    it("cost nothing, and stay in the list after an order", function()
      api:seed("users", {userId = "OTHER"})
      api:wallet(0)
      assert.equal("COMPLETED", (order()))
      assert.equal(7, #of_user())
      assert.equal("COMPLETED", (order("success", nil, "OTHER")))
      assert.equal(1, #of_user())
      assert.equal(6, #of_user("OTHER"))
      assert.equal(4, api:yes(SANDBOX).totalDomains)
    end)

    it("succeed or fail as the scenario says", function()
      local done, failed = order("full_failure")
      assert.equal("FAILED", done)
      assert.same(GOOGLE, failed)
      assert.equal(1, #of_user())
      done, failed = order("partial_failure")
      assert.equal("PARTIALLY_COMPLETED", done)
      assert.same({GOOGLE[2]}, failed)
      assert.equal(4, #of_user())
      assert.equal("FAILED", (order("success", {FIRST})))
      api:no(400, "must be one of success, full_failure, partial_failure", SANDBOX_ORDER, {userId = USER},
        {order = {{domain = GOOGLE[1]}}, serviceProvider = "GOOGLE", scenario = "failure"})
    end)

    it("are ordered without a user as well", function()
      local data = api:yes(SANDBOX_ORDER, nil, {order = {{domain = GOOGLE[1]}}, serviceProvider = "GOOGLE"})
      api:advance(31)
      assert.equal("COMPLETED", status(data.orderId).status)
      assert.equal(4, #api:yes("GET /mailboxes").mailboxes)
    end)

    it("are forgotten with a reset, by any method", function()
      local id = api:yes(SANDBOX_ORDER, {userId = USER}, {order = {{domain = GOOGLE[1]}},
        serviceProvider = "GOOGLE"}).orderId
      api:advance(31)
      -- The user adds a mailbox to a prewarmed domain. The reset deletes this mailbox together with the domain.
      api:yes("POST /orders/create-mailbox-order/json", {userId = USER}, {confirm = true,
        subscriptionId = api:yes("GET /subscriptions", {domain = GOOGLE[1]}).subscriptions[1].subscriptionId,
        mailboxes = {[GOOGLE[1]] = {{username = "x", firstName = "X", lastName = "Y"}}}})
      api:advance(31)
      assert.equal(5, #of_user())
      api:yes("POST /sandbox/pre-warmup/reset")
      api:no(404, "order", "GET /orders/status", {orderId = id})
      assert.equal(1, #of_user())
      assert.is_nil(domain(GOOGLE[1]))
      assert.is_table(domain("doe.com"))
      assert.equal(1, #api:yes("GET /subscriptions").subscriptions)
      assert.equal(4, api:yes(SANDBOX).totalDomains)
      api:yes("DELETE /sandbox/pre-warmup/reset")
    end)
  end)
end)
