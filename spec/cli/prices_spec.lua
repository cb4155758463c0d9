-- The prices that the command shows before it asks whether to charge.
local cjson = require "cjson"
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"

local USER = mock.USER

local server, env

setup(function() server = mock.shared "http" end)
teardown(command.clean)

before_each(function()
  server:reset{rate = 0}
  env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
end)

local function answers(operation, data)
  server:fault{match = {operation = operation}, status = 200, body = {status = 200, message = "ok", data = data}}
end

-- Runs the command in a terminal and does not confirm. Returns the lines about prices, and the requests.
local function shown(words)
  local terminal = pty.cmr(words, {columns = 120, env = env})
  terminal:expect("Go on? [y/N] ", true)
  terminal:type("n" .. pty.enter)
  local ended = terminal:finish()
  assert.equal(2, ended.status)
  local lines = {}
  for line in ended.out:gmatch "  (price[^\r\n]*)" do lines[#lines + 1] = line end
  return lines, server:requests()
end

local renew = {"renew-domains", USER, "--domains", '["acme.com", "B.com"]', "--years", "2"}

describe("before it charges, the command #cli #pty", function()
  it("shows the prices of domains", function()
    answers("domain_renewal_prices", {
      {domainName = "acme.com", renewalPrice = "14.50", years = 2},
      {domainName = "b.com", renewalPrice = "10", years = 1},
    })
    local lines, requests = shown(renew)
    assert.same({"price of acme.com: 14.50 for 2 years", "price of B.com: 10 for 1 year", "price of all: 24.50"}, lines)
    assert.equal(1, #requests)
    assert.same({"POST", "/api/v1/integration/domains/renewal-price"}, {requests[1].method, requests[1].path})
    assert.same({userId = USER, domains = {"acme.com", "B.com"}, years = 2}, cjson.decode(requests[1].body))
  end)

  it("shows the prices of subscriptions, of mailboxes, and of domains with warm mailboxes", function()
    local subscription = {subscriptionId = "S1", pricePerMailbox = 8, totalMailboxQuantity = 3}
    answers("subscriptions", {subscriptions = {subscription}})
    assert.same({"price of S1: 8 for each of 3 mailboxes"},
      (shown{"renew-subscriptions", "--subscription-ids", '["S1"]'}))
    answers("subscriptions", {subscriptions = {subscription}})
    assert.same({"price of S1: 8 for each mailbox"}, (shown{"order-mailboxes", USER, "--subscription-id", "S1",
      "--confirm", "true", "--billing-cycle", "MONTHLY",
      "--mailboxes", '{"a.com": [{"username": "u", "firstName": "F", "lastName": "L"}]}'}))
    answers("prewarmed", {inventory = {{domain = "w.com", purchasePrice = 30, renewalPrice = 15}}})
    local lines, requests = shown{"order-prewarmed", USER, "--service-provider", "MICROSOFT",
      "--microsoft-oauth-route", "r", "--order", '[{"domain": "w.com"}]'}
    assert.same({"price of w.com: 30, its renewal 15"}, lines)
    assert.same({serviceProvider = "MICROSOFT", contains = "w.com"}, requests[#requests].query)
  end)

  it("says that a price is not known, and asks all the same", function()
    server:fault{match = {operation = "domain_renewal_prices"}, status = 503, times = 9}
    local lines, requests = shown(renew)
    assert.equal(1, #lines)
    assert.matches("^price: not known %(domain%-renewal%-prices: HTTP 503", lines[1])
    assert.equal(1, #requests)
    server:reset{rate = 0}
    for _, data in ipairs{{{domainName = "acme.com", error = "too early"}, {domainName = "b.com", renewalPrice = {}}},
      {"x", 1, {domainName = {}}}, {list = {}}, "none"} do
      answers("domain_renewal_prices", data)
      assert.same({"price of acme.com: not known", "price of B.com: not known"}, (shown(renew)))
    end
  end)

  it("names ten prices at most, and their sum", function()
    local names, items = {}, {}
    for index = 1, 12 do
      names[index] = ("d%d.com"):format(index)
      items[index] = {domainName = names[index], renewalPrice = "1.25", years = 1}
    end
    answers("domain_renewal_prices", items)
    local lines = shown{"renew-domains", USER, "--domains", cjson.encode(names)}
    assert.same({11, "price of all: 15.00"}, {#lines, lines[11]})
  end)

  it("sends no request for prices where no operation gives them, or where it does not ask", function()
    assert.same({{}, {}}, {shown{"renew-domains", USER, "--domains", "all"}})
    assert.same({{}, {}}, {shown{"start-warmup", mock.MAILBOX}})
    for _, option in ipairs{"--dry-run", "--yes"} do
      server:reset{rate = 0}
      pty.run({option, (table.unpack or unpack)(renew)}, {env = env})
      for _, request in ipairs(server:requests()) do assert.not_matches("renewal%-price", request.path) end
    end
    server:reset{rate = 0}
    assert.equal(2, command.run(renew, {env = env}).status)
    assert.same({}, server:requests())
  end)
end)
