-- The data that tests can put into the mock.
local api_of = require "spec.support.mock_api"

local USER = api_of.USER

describe("the mock's seeding", function()
  local api, server

  before_each(function()
    api = api_of.new()
    server = api.server
  end)

  local function refuses(kind, body)
    local reply = assert(server:request("POST", server.control_url .. kind,
      {key = false, headers = {["x-mock-token"] = server.token}, body = body}))
    assert.equal(400, reply.status, reply.text)
    return reply.body.error
  end

  it("adds a domain, and replaces it", function()
    assert.same({domainName = "seed.com", domainId = "D1"},
      api:seed("domains", {domainName = "Seed.com", userId = USER, domainId = "D1", autoRenew = true}))
    local domains = api:yes("GET /domains/by-user", {userId = USER}).domains
    assert.same({"D1", true}, {domains[2].domainId, domains[2].autoRenew})
    assert.equal(28, #api:seed("domains", {domainName = "seed.com", userId = USER, expiresIn = 60}).domainId)
    domains = api:yes("GET /domains/by-user", {userId = USER}).domains
    assert.equal(2, #domains)
    assert.is_false(domains[2].autoRenew)
    assert.is_true(api_of.time(domains[2].expireOn) - os.time() <= 61)
  end)

  it("adds a subscription, with its domain", function()
    api:seed("subscriptions", {subscriptionId = "S", domain = "Sub.com", userId = USER, serviceProvider = "MICROSOFT",
      autoRenew = true})
    local item = api:yes("GET /subscriptions", {componentSubscriptionId = "S"}).subscriptions[1]
    assert.same({"sub.com", "MICROSOFT", true, 0, USER}, {item.domain, item.serviceProvider, item.autoRenew,
      item.totalMailboxQuantity, item.userId})
    api:seed("subscriptions", {subscriptionId = "S2", domain = "sub2.com", userId = USER})
    assert.is_false(api:yes("GET /subscriptions", {componentSubscriptionId = "S2"}).subscriptions[1].autoRenew)
    assert.equal("sub.com", api:yes("GET /domains/by-user", {userId = USER}).domains[2].domainName)
  end)

  it("adds a mailbox, with its domain and its subscription", function()
    api:seed("mailboxes", {mailboxId = "M1", email = "a@box.com", userId = USER})
    api:seed("mailboxes", {mailboxId = "M2", email = "B@Box.com", userId = USER, status = "IN_PROGRESS"})
    local items = api:yes("GET /subscriptions", {domain = "box.com"}).subscriptions
    assert.equal(1, #items)
    assert.same({2, true, "GOOGLE"}, {items[1].totalMailboxQuantity, items[1].autoRenew, items[1].serviceProvider})
    assert.equal("IN_PROGRESS", api:yes("GET /mailboxes/mailbox", {mailboxId = "M2"}).status)
  end)

  it("fills the wallet again with a reset", function()
    api:wallet(0)
    api:no(402, "Insufficient", "POST /placement", {userId = USER}, {mailboxIds = {api_of.MAILBOX}})
    server:reset()
    api:yes("POST /placement", {userId = USER}, {mailboxIds = {api_of.MAILBOX}})
  end)

  it("drops scheduled actions with a reset", function()
    api:yes("DELETE /mailboxes/remove", {userId = USER}, {mailboxId = api_of.MAILBOX})
    server:reset()
    api:advance(60)
    api:yes("GET /mailboxes/mailbox", {mailboxId = api_of.MAILBOX})
  end)

  it("refuses wrong data", function()
    assert.matches("domainName", refuses("domains", {userId = USER}))
    assert.matches("unknown field 'name'", refuses("domains", {domainName = "a.com", userId = USER, name = "x"}))
    assert.matches("no such user", refuses("domains", {domainName = "a.com", userId = "NOBODY"}))
    assert.matches("no such user", refuses("subscriptions", {subscriptionId = "S", domain = "a.com", userId = "NO"}))
    assert.matches("'autoRenew' must be a boolean", refuses("subscriptions",
      {subscriptionId = "S", domain = "a.com", userId = USER, autoRenew = "yes"}))
    assert.matches("address", refuses("mailboxes", {mailboxId = "M", email = "nobody", userId = USER}))
    assert.matches("balance", refuses("wallet", {balance = "much"}))
  end)
end)
