-- The prices that the command shows before it asks whether to charge.
local cjson = require "cjson"
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"

local USER = mock.USER

local server, env
local core = require "cmr.core"
local operations = require "cmr.operations"
local prices = require "cmr.cli.prices"

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

describe("the lines about prices", function()
  -- Returns the lines for an operation, when the call that reads the prices has this answer. Also returns the name,
  -- the arguments and the options of that call.
  local function lines(operation, args, answer, message)
    local asked = {}
    local client = setmetatable({}, {__index = function(_, name)
      return function(_, given)
        asked[1], asked[2] = name, given
        return answer, message
      end
    end})
    function client:with(opts)
      asked[3] = opts
      return self
    end
    return prices.lines(client, operations[operation], args), asked
  end

  it("have the sum of several prices, unless one is not known", function()
    local one, two = {domainName = "A.com", renewalPrice = "14.5", years = 2}, {domainName = "b.com", renewalPrice = 10}
    local args = {userId = "U", domains = {"a.com", "b.com"}, years = 2}
    local told, asked = lines("renew_domains", args, {data = {one, two}})
    assert.same({"price of a.com: 14.5 for 2 years", "price of b.com: 10", "price of all: 24.50"}, told)
    assert.same({"domain_renewal_prices", {userId = "U", domains = {"a.com", "b.com"}, years = 2},
      {timeout = 5, retries = 0}}, asked)
    for _, unknown in ipairs{{}, {domainName = "b.com"}, {domainName = "b.com", renewalPrice = "much"},
      {domainName = "b.com", renewalPrice = true}} do
      assert.same({"price of a.com: 14.5 for 2 years", "price of b.com: not known"},
        (lines("renew_domains", args, {data = {one, unknown}})))
    end
    args.domains = {"a.com"}
    assert.same({"price of a.com: 14.5 for 2 years"}, (lines("renew_domains", args, {data = {one}})))
    args.domains = core.all
    told, asked = lines("renew_domains", args, {data = {one}})
    assert.same({{}, {}}, {told, asked})
  end)

  it("come from a read without the fields that are null", function()
    local args = {userId = "U", domains = {"a.com"}, years = core.null}
    local _, asked = lines("renew_domains", args, {data = {}})
    assert.same({userId = "U", domains = {"a.com"}}, asked[2])
    assert.equal(core.null, args.years)
  end)

  it("are ten at most, and say how many more there are", function()
    for count = 10, 12 do
      local domains, data, expected = {}, {}, {}
      for index = 1, count do
        domains[index] = index .. ".com"
        data[index] = {domainName = index .. ".com", renewalPrice = 1, years = 1}
        if index <= 10 then expected[index] = ("price of %d.com: 1 for 1 year"):format(index) end
      end
      if count > 10 then expected[11] = ("and %d more"):format(count - 10) end
      expected[#expected + 1] = ("price of all: %d.00"):format(count)
      assert.same(expected, (lines("renew_domains", {userId = "U", domains = domains}, {data = data})))
    end
  end)

  it("have the prices of subscriptions", function()
    local answer = {data = {subscriptions = {
      {subscriptionId = "S1", pricePerMailbox = "3", totalMailboxQuantity = 1},
      {subscriptionId = "s2", pricePerMailbox = 2.5, totalMailboxQuantity = 4},
      {subscriptionId = "S3", pricePerMailbox = 1}, {subscriptionId = "S4", totalMailboxQuantity = 1}, "x", {},
    }}}
    local told, asked = lines("renew_subscriptions", {subscriptionIds = {"S1", "S2"}}, answer)
    assert.same({"price of S1: 3 for each of 1 mailbox", "price of S2: 2.5 for each of 4 mailboxes",
      "price of all: 13.00"}, told)
    assert.same({"subscriptions", {}}, {asked[1], asked[2]})
    assert.same({"price of S3: not known", "price of S4: not known"},
      (lines("renew_subscriptions", {subscriptionIds = {"S3", "S4"}}, answer)))
    told, asked = lines("order_mailboxes", {subscriptionId = "S3"}, answer)
    assert.same({{"price of S3: 1 for each mailbox"}, {componentSubscriptionId = "S3"}}, {told, asked[2]})
    assert.same({"price of S4: not known"}, (lines("order_mailboxes", {subscriptionId = "S4"}, answer)))
    assert.same({{}, {}}, {lines("order_mailboxes", {domainId = "D"}, answer)})
  end)

  it("have the prices of domains with warm mailboxes", function()
    local answer = {data = {inventory = {{domain = "a.com", purchasePrice = "30", renewalPrice = 15},
      {domain = "b.com", purchasePrice = 20}, {domain = "c.com", renewalPrice = 1}}}}
    local order = {{domain = "a.com"}, {domain = "b.com"}}
    local told, asked = lines("order_prewarmed", {serviceProvider = "GOOGLE", order = order}, answer)
    assert.same({"price of a.com: 30, its renewal 15", "price of b.com: 20", "price of all: 50.00"}, told)
    assert.same({"prewarmed", {serviceProvider = "GOOGLE"}}, {asked[1], asked[2]})
    assert.same({"price of c.com: not known"}, (lines("order_prewarmed", {order = {{domain = "c.com"}}}, answer)))
  end)

  it("say why a price is not known", function()
    assert.same({"price: not known (domain-renewal-prices: HTTP 503)"},
      (lines("renew_domains", {domains = {"a.com"}}, nil, "domain_renewal_prices: HTTP 503")))
    assert.same({"price of a.com: not known"}, (lines("renew_domains", {domains = {"a.com"}}, {data = "none"})))
    assert.same({}, (lines("delete_user", {}, {})))
  end)
end)

describe("the question of the command #cli #pty", function()
  it("has the whole request, with the profile", function()
    local folder = command.sh "mktemp -d"
    finally(function() command.sh("rm -rf " .. folder) end)
    assert(core.write_private(folder .. "/cmr/config", cjson.encode{profiles = {
      main = {api_key = server.key, base_url = server.base_url}}}))
    env = {XDG_CONFIG_HOME = folder, CMR_ENDPOINTS = command.file_with '{"create_order_form": "POST /form"}'}
    local picture = command.file_with "picture"
    local terminal = pty.cmr({"renew-subscriptions", "--subscription-ids", '["S1"]', "--profile", "main"},
      {env = env, columns = 200})
    terminal:expect("renew-subscriptions charges money.\r\n  POST " .. server.base_url
      .. operations.renew_subscriptions.path .. "\r\n  with the profile 'main'\r\n  {", true)
    terminal:expect('"S1"', true)
    terminal:expect("\r\n  price of S1: ", true)
    terminal:expect("Go on? [y/N] ", true)
    terminal:type("n" .. pty.enter)
    assert.equal(2, terminal:finish().status)
    terminal = pty.cmr({"create-order-form", "--confirm", "true", "--domains", '[{"domain":"a.com","years":1}]',
      "--files", cjson.encode{["u@a.com"] = picture}, "--profile", "main"}, {env = env, columns = 200})
    terminal:expect("create-order-form charges money.\r\n  POST " .. server.base_url
      .. "/form\r\n  with the profile 'main'\r\n", true)
    local form = terminal:expect "(.-)Go on%? %[y/N%] "
    assert.matches("\n  confirm: true\r\n", "\n" .. form, 1, true)
    assert.matches("  files[u@a.com]: " .. picture .. "\r\n", form, 1, true)
    assert.matches('  domains: [{', form, 1, true)
    terminal:type("n" .. pty.enter)
    terminal:finish()
  end)
end)
