-- Domains, their workspaces and their renewal.
local api_of = require "spec.support.mock_api"

local USER = api_of.USER
local DAY = 24 * 3600

describe("the mock's domains", function()
  local api

  local function domain(name, expires_in_days, user)
    api:seed("domains", {domainName = name, userId = user or USER, domainId = "ID-" .. name,
      expiresIn = expires_in_days * DAY})
  end

  -- Returns the user's domain of this name.
  local function look(name)
    for _, item in ipairs(api:yes("GET /domains/by-user", {userId = USER}).domains) do
      if item.domainName == name then return item end
    end
  end

  before_each(function()
    api = api_of.new()
    api:seed("users", {userId = "OTHER"})
  end)

  describe("of a user", function()
    it("are listed", function()
      domain("theirs.com", 100, "OTHER")
      local data, reply = api:yes("GET /domains/by-user", {userId = USER})
      api_of.assumed("data", reply)
      assert.equal(1, #data.domains)
      local expires = api_of.time(data.domains[1].expireOn)
      assert.is_true(math.abs(expires - os.time() - 365 * DAY) < 60)
      assert.same({domainName = "doe.com", domainId = "5J7HM04FRXMT7VK86128K6D25ASP", status = "ACTIVE",
        serviceProvider = "GOOGLE", expireOn = data.domains[1].expireOn, autoRenew = false}, data.domains[1])
      assert.equal(1, data.pagination.totalSearchedCount)
    end)

    it("are not listed for an unknown user", function()
      local data, reply = api:yes("GET /domains/by-user", {userId = "NOBODY"})
      assert.same({}, data.domains)
      assert.matches('"domains":[]', reply.text, 1, true)
      assert.equal(0, data.pagination.totalSearchedCount)
      assert.equal(1, data.pagination.totalPages)
      api:no(422, "Please provide a userId", "GET /domains/by-user")
    end)
  end)

  it("pass through the documented states", function()
    domain("old.com", 10)
    assert.equal("ACTIVE", look("old.com").status)
    assert.equal(api_of.null, look("old.com").serviceProvider)
    api:advance(10 * DAY + 60)
    assert.equal("GRACE_PERIOD", look("old.com").status)
    api:advance(7 * DAY)
    assert.equal("EXPIRED", look("old.com").status)
    assert.equal("ACTIVE", look("doe.com").status)
  end)

  describe("'s workspaces", function()
    it("may not exist: data is then null", function()
      local data, reply = api:yes("POST /domains/has-workspace", nil,
        {domainName = "acmecorp.com", serviceProvider = "GOOGLE"})
      assert.equal(api_of.null, data)
      assert.equal("Workspace not exists", reply.body.message)
      api_of.assumed(false, reply)
    end)

    it("exist if a domain has a subscription, at the subscription's provider", function()
      local function exists(name, provider)
        local data, reply = api:yes("POST /domains/has-workspace", nil, {domainName = name, serviceProvider = provider})
        if data == api_of.null then return nil end
        api_of.assumed("data", reply)
        assert.equal(name, data.domainName)
        return data.serviceProvider
      end
      assert.equal("GOOGLE", exists("doe.com"))
      assert.equal("GOOGLE", exists("DOE.com", "GOOGLE"))
      assert.is_nil(exists("doe.com", "MICROSOFT"))
      domain("bare.com", 100)
      assert.is_nil(exists("bare.com"))
      api:seed("subscriptions", {subscriptionId = "S", domain = "bare.com", userId = USER,
        serviceProvider = "MICROSOFT"})
      assert.equal("MICROSOFT", exists("bare.com"))
      api:yes("POST /subscriptions/cancel", nil, {subscriptionId = "S"})
      assert.is_nil(exists("bare.com"))
    end)

    it("are checked separately for several domains", function()
      local data, reply = api:yes("POST /domains/has-workspace", nil, {domains = {
        {domainName = "doe.com", serviceProvider = "GOOGLE"}, {domainName = "doe.com", serviceProvider = "MICROSOFT"},
        {domainName = "example.com"}}})
      assert.same({{domainName = "doe.com", hasWorkspace = true}, {domainName = "doe.com", hasWorkspace = false},
        {domainName = "example.com", hasWorkspace = false}}, data)
      api_of.assumed("data", reply)
    end)

    it("are requested in one of two ways", function()
      api:no(422, "'domainName' or 'domains'", "POST /domains/has-workspace", nil, {serviceProvider = "GOOGLE"})
      api:no(422, "only one of", "POST /domains/has-workspace", nil,
        {domainName = "a.com", domains = {{domainName = "b.com"}}})
      api:no(400, "'domains[1].domainName'", "POST /domains/has-workspace", nil,
        {domains = {{domainName = "a.com"}, {serviceProvider = "GOOGLE"}}})
      api:no(400, "must be one of GOOGLE, MICROSOFT", "POST /domains/has-workspace", nil,
        {domainName = "a.com", serviceProvider = "YAHOO"})
      api:no(400, "'domains' must not be empty", "POST /domains/has-workspace", nil, '{"domains":[]}')
    end)
  end)

  it("get a client id of Google", function()
    local id = "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com"
    local body = {userId = USER, domains = {"doe.com"}, clientId = id, appName = "Outreach App"}
    assert.matches("^ACT_", select(2, api:yes("POST /domains/add-client-id", nil, body)).body.actionId)
    body.clientId = "42"
    api:no(422, "clientId", "POST /domains/add-client-id", nil, body)
    body.clientId, body.domains = id, {"doe.com", "nowhere.com"}
    api:no(404, "domain", "POST /domains/add-client-id", nil, body)
    domain("theirs.com", 100, "OTHER")
    body.domains = {"theirs.com"}
    api:no(403, "does not belong", "POST /domains/add-client-id", nil, body)
    body.userId = nil
    api:no(422, "Please provide a userId", "POST /domains/add-client-id", nil, body)
    body.userId = "NOBODY"
    api:no(404, "user", "POST /domains/add-client-id", nil, body)
  end)

  describe("renewal", function()
    local PRICE, RENEW = "POST /domains/renewal-price", "POST /domains/renew"
    local TOGGLE = "PATCH /domains/toggle-auto-renew"

    before_each(function()
      domain("near.com", 44)
      domain("far.com", 46)
      domain("grace.com", -6)
      domain("over.com", -8)
    end)

    it("has a price in its window and in the grace period; otherwise data has an error", function()
      local names = {"near.com", "far.com", "grace.com", "over.com"}
      local data, reply = api:yes(PRICE, nil, {userId = USER, domains = names})
      assert.equal("Domain renewal prices fetched successfully", reply.body.message)
      assert.same({domainName = "near.com", domainId = "ID-near.com", years = 1, renewalPrice = "14.50",
        expireOn = data[1].expireOn, autoRenew = false}, data[1])
      assert.is_true(math.abs(api_of.time(data[1].expireOn) - os.time() - 44 * DAY) < 60)
      assert.equal("14.50", data[3].renewalPrice)
      for index, name in pairs{[2] = "far.com", [4] = "over.com"} do
        assert.equal(name, data[index].domainName)
        assert.is_false(data[index].success)
        assert.is_string(data[index].message)
        assert.is_nil(data[index].renewalPrice)
      end
      api_of.assumed("error", reply)
      api:advance(2 * DAY)
      assert.equal("14.50", api:yes(PRICE, nil, {userId = USER, domains = {"far.com"}})[1].renewalPrice)
    end)

    it("has a price for years and for all domains", function()
      local data, reply = api:yes(PRICE, nil, {userId = USER, domains = {"near.com"}, years = 3})
      assert.equal("43.50", data[1].renewalPrice)
      assert.equal(3, data[1].years)
      api_of.assumed(false, reply)
      assert.equal(5, #api:yes(PRICE, nil, {userId = USER}))
      api:no(400, "'years'", PRICE, nil, {userId = USER, years = 0})
      api:no(404, "domain", PRICE, nil, {userId = USER, domains = {"nowhere.com"}})
      domain("theirs.com", 10, "OTHER")
      api:no(403, "does not belong", PRICE, nil, {userId = USER, domains = {"theirs.com"}})
    end)

    it("is charged and done a little later", function()
      api:wallet(29)
      local before = look("near.com").expireOn
      local _, reply = api:yes(RENEW, nil, {userId = USER, domains = {"near.com", "far.com"}, years = 2})
      assert.matches("^ACT_", reply.body.actionId)
      assert.is_false(reply.body.data[2].success)
      assert.equal("RENEWING", look("near.com").status)
      assert.equal(before, look("near.com").expireOn)
      api:advance(60)
      assert.equal("ACTIVE", look("near.com").status)
      assert.equal(api_of.time(before) + 2 * 365 * DAY, api_of.time(look("near.com").expireOn))
      -- 2 x 14.50 were charged, so nothing is left for another renewal.
      before = look("grace.com").expireOn
      api:yes(RENEW, nil, {userId = USER, domains = {"grace.com"}})
      api:advance(60)
      assert.equal(before, look("grace.com").expireOn)
      assert.equal("GRACE_PERIOD", look("grace.com").status)
    end)

    it("is for every eligible domain when none is named", function()
      for _, names in ipairs{"", ',"domains":[]'} do
        local data = api:yes(RENEW, nil, ('{"userId":"%s"%s}'):format(USER, names))
        table.sort(data, function(a, b) return a.domainName < b.domainName end)
        assert.same({"grace.com", "near.com"}, {data[1].domainName, data[2].domainName})
        assert.equal(2, #data)
        assert.equal("14.50", data[1].renewalPrice) -- the price of one year
        api:advance(60)
        domain("near.com", 1)
        domain("grace.com", -1)
      end
    end)

    it("happens by itself when auto-renewal is on and the wallet has enough", function()
      local data, reply = api:yes(TOGGLE, nil, {userId = USER, domains = {"near.com"}, autoRenew = true})
      assert.equal("Auto-renew toggled on for 1 domain.", reply.body.message)
      assert.same({{domainName = "near.com", domainId = "ID-near.com", autoRenew = true}}, data)
      api_of.assumed(false, reply)
      assert.is_true(look("near.com").autoRenew)
      assert.is_false(look("far.com").autoRenew)
      local before = api_of.time(look("near.com").expireOn)
      api:advance(47 * DAY)
      assert.equal(before + 365 * DAY, api_of.time(look("near.com").expireOn))
      assert.equal("GRACE_PERIOD", look("far.com").status)
      api:yes("POST /subscriptions/cancel", nil, {domain = "doe.com"}) -- so that the wallet only pays for near.com
      api:wallet(14.5)
      api:advance(365 * DAY)
      assert.equal("ACTIVE", look("near.com").status)
      api:advance(365 * DAY)
      assert.equal("GRACE_PERIOD", look("near.com").status)
    end)

    it("is turned on and off for all domains, but not on for expired ones", function()
      local _, reply = api:yes(TOGGLE, nil, {userId = USER, autoRenew = true})
      assert.equal("Auto-renew toggled on for 4 domains.", reply.body.message)
      assert.equal(5, #reply.body.data)
      assert.is_false(look("over.com").autoRenew)
      reply = select(2, api:yes(TOGGLE, nil, ('{"userId":"%s","domains":[],"autoRenew":false}'):format(USER)))
      assert.equal("Auto-renew toggled off for 5 domains.", reply.body.message)
      assert.is_false(look("near.com").autoRenew)
      api:no(400, "Please provide 'autoRenew'", TOGGLE, nil, {userId = USER})
      api:no(400, "'autoRenew' must be of type boolean", TOGGLE, nil, {userId = USER, autoRenew = "true"})
    end)
  end)
end)
