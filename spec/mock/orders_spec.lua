-- Orders: how they end, and which are refused.
local api_of = require "spec.support.mock_api"

local USER = api_of.USER
local ORDER, MORE, STATUS = "POST /orders/json", "POST /orders/create-mailbox-order/json", "GET /orders/status"

local function box(name)
  return {username = name, firstName = "Jane", lastName = "Roe"}
end

describe("the mock's orders", function()
  local api

  local function place(body, user)
    return api:yes(ORDER, {userId = user or USER}, body)
  end

  local function status(id)
    return api:yes(STATUS, {orderId = id}).status
  end

  -- Returns the user's mailboxes as {[email] = item}.
  local function boxes()
    local found = {}
    for _, item in ipairs(api:yes("GET /mailboxes/single", {userId = USER}).mailboxes) do found[item.email] = item end
    return found
  end

  -- Returns the item of a domain in the list that the request `what` returns.
  local function of_domain(what, query, list, member, name)
    for _, item in ipairs(api:yes(what, query)[list]) do
      if item[member] == name then return item end
    end
  end

  local function domain(name)
    return of_domain("GET /domains/by-user", {userId = USER}, "domains", "domainName", name)
  end

  local function subscription(name)
    return of_domain("GET /subscriptions", {domain = name}, "subscriptions", "domain", name)
  end

  before_each(function()
    api = api_of.new()
    api:seed("users", {userId = "OTHER"})
  end)

  it("are answered as documented and done in steps", function()
    local first = box"jane"
    first.profilePicture, first.onWarmup = "https://a.b/c.jpg", true
    local data, reply = place{domains = {{domain = "new.com", years = 2}}, confirm = true,
      serviceProvider = "MICROSOFT", autoRenew = true, billingCycle = "MONTHLY",
      mailboxes = {["new.com"] = {first, box"jim"}}}
    assert.equal("Order created and queued for processing", reply.body.message)
    assert.matches("^ACT_", reply.body.actionId)
    assert.matches('"unavailableDomains":[]', reply.text, 1, true)
    api_of.assumed(false, reply)

    assert.equal("PENDING", status(data.orderId))
    assert.equal("PENDING", domain("new.com").status)
    assert.equal(api_of.null, domain("new.com").expireOn)
    assert.is_nil(boxes()["jane@new.com"])
    api:advance(11)
    assert.equal("ACTIVE", domain("new.com").status)
    assert.is_true(math.abs(api_of.time(domain("new.com").expireOn) - os.time() - 2 * 365 * 24 * 3600) < 60)
    assert.equal("IN_PROGRESS", boxes()["jane@new.com"].status)
    api:advance(10)
    assert.equal("CREATING_PASSWORD", boxes()["jane@new.com"].status)
    assert.equal("PENDING", status(data.orderId))
    api:advance(10)
    assert.equal("COMPLETED", status(data.orderId))
    local jane, jim = boxes()["jane@new.com"], boxes()["jim@new.com"]
    assert.equal("ACTIVE", jane.status)
    assert.equal("Roe", jane.lastName)
    assert.equal("https://a.b/c.jpg", jane.profilePicture)
    assert.equal("PENDING", jane.warmupStatus)
    assert.equal(api_of.null, jim.warmupStatus)
    assert.equal("MICROSOFT", jim.serviceProvider)
    local paid = subscription("new.com")
    assert.equal(jane.subscriptionId, paid.subscriptionId)
    assert.equal(2, paid.totalMailboxQuantity)
    assert.is_true(paid.autoRenew)
  end)

  it("name the unavailable domains, and leave them out", function()
    api:seed("domains", {domainName = "theirs.com", userId = "OTHER"})
    local data, reply = place{confirm = true,
      domains = {{domain = "free.com", years = 1}, {domain = "Theirs.com", years = 1}, {domain = "doe.com", years = 1},
        {domain = "prewarm-acmecorp.com", years = 1}, {domain = "free.com", years = 1}},
      mailboxes = {["theirs.com"] = {box"a"}, ["free.com"] = {box"b"}}}
    assert.same({"Theirs.com", "doe.com", "prewarm-acmecorp.com", "free.com"}, data.unavailableDomains)
    api_of.assumed("unavailableDomains", reply)
    api:advance(31)
    assert.is_nil(boxes()["a@theirs.com"])
    assert.equal("ACTIVE", boxes()["b@free.com"].status)
    api:no(422, "available", ORDER, {userId = USER}, {domains = {{domain = "doe.com", years = 1}}, confirm = true})
    api:no(422, "Please provide", ORDER, {userId = USER}, {confirm = true})
  end)

  it("reserve a domain while they are pending", function()
    local body = {domains = {{domain = "wanted.com", years = 1}}, confirm = true}
    assert.same({}, place(body).unavailableDomains)
    api:no(422, "available", ORDER, {userId = "OTHER"}, body)
  end)

  it("are charged at once, or are refused", function()
    local body = {domains = {{domain = "new.com", years = 2}}, mailboxes = {["new.com"] = {box"a", box"b"}},
      confirm = true} -- 2 x 15.88 + 2 x 3
    api:wallet(37.75)
    api_of.assumed("status 402", api:no(402, "Insufficient wallet balance", ORDER, {userId = USER}, body))
    assert.is_nil(domain("new.com"))
    api:wallet(37.77)
    place(body)
    api:no(402, "Insufficient", ORDER, {userId = USER}, {domains = {{domain = "b.com", years = 1}}, confirm = true})
  end)

  it("are only stored if they are not confirmed, and then cost nothing", function()
    api:wallet(0)
    local data, reply = place{domains = {{domain = "later.com", years = 1}}, confirm = false}
    api_of.assumed("not confirmed", reply)
    api:advance(3600)
    assert.equal("CREATED", status(data.orderId))
    assert.is_nil(domain("later.com"))
  end)

  it("need the fields that the documents require", function()
    local good = '{"domains":[{"domain":"a.com","years":1}],"confirm":true}'
    for change, message in pairs{
      ['"confirm":true'] = "Please provide 'confirm'",
      ['"domain":"a.com",'] = "Please provide 'domains[0].domain'",
      [',"years":1'] = "Please provide 'domains[0].years'",
    } do
      local from, to = good:find(change, 1, true)
      local rest = (good:sub(1, from - 1) .. good:sub(to + 1)):gsub(",}$", "}")
      api:no(400, message, ORDER, {userId = USER}, rest)
    end
    for text, message in pairs{
      ['"billingCycle":"YEARLY"'] = "'billingCycle' must be one of MONTHLY",
      ['"serviceProvider":"SMTP"'] = "'serviceProvider' must be one of GOOGLE, MICROSOFT",
      ['"mailboxes":[1]'] = "'mailboxes' must be of type map",
      ['"mailboxes":{"a.com":"x"}'] = "'mailboxes.a.com' must be of type array",
      ['"mailboxes":{"a.com":[{"username":"x","firstName":"y"}]}'] = "Please provide 'mailboxes.a.com[0].lastName'",
      ['"domains":[{"domain":"a.com","years":-1}]'] = "'domains[0].years' must be of type integer",
    } do
      api:no(400, message, ORDER, {userId = USER}, '{"confirm":true,' .. text .. "}")
    end
    api:no(422, "Please provide a userId", ORDER, nil, good)
    api:no(404, "user", ORDER, {userId = "NOBODY"}, good)
  end)

  it("accept mailboxes for a user's domain without a workspace", function()
    api:seed("domains", {domainName = "bare.com", userId = USER})
    api:seed("domains", {domainName = "theirs.com", userId = "OTHER"})
    place{mailboxes = {["bare.com"] = {box"a"}}, confirm = true}
    api:advance(31)
    assert.equal("ACTIVE", boxes()["a@bare.com"].status)
    assert.equal("GOOGLE", subscription("bare.com").serviceProvider) -- the documented default
    assert.is_false(subscription("bare.com").autoRenew)
    for name, expected in pairs{["bare.com"] = 409, ["theirs.com"] = 403, ["nowhere.com"] = 404} do
      api:no(expected, "", ORDER, {userId = USER}, {mailboxes = {[name] = {box"b"}}, confirm = true})
    end
  end)

  it("fail when another order was faster", function()
    api:seed("domains", {domainName = "bare.com", userId = USER})
    local body = {mailboxes = {["bare.com"] = {box"a"}}, confirm = true}
    local first, second = place(body).orderId, place(body).orderId
    api:advance(31)
    assert.equal("COMPLETED", status(first))
    local data = api:yes(STATUS, {orderId = second, userId = USER})
    assert.same({orderId = second, status = "FAILED",
      failedDomains = {{domain = "bare.com", reason = "Workspace validation failed"}}}, data)
    assert.equal(1, subscription("bare.com").totalMailboxQuantity)
  end)

  describe("of mailboxes", function()
    local SUBSCRIPTION, DOMAIN = "1BNTZJG2Q041JWGS3NY9E1BZ9APA", "5J7HM04FRXMT7VK86128K6D25ASP"

    local function add(body)
      body.confirm = true
      body.mailboxes = body.mailboxes or {["doe.com"] = {box"jane"}}
      return api:yes(MORE, {userId = USER}, body)
    end

    local function refused(expected, message, body, user)
      body.confirm = true
      body.mailboxes = body.mailboxes or {["doe.com"] = {box"jane"}}
      return api:no(expected, message, MORE, {userId = user or USER}, body)
    end

    it("add to an active subscription", function()
      local data, reply = add{subscriptionId = SUBSCRIPTION}
      api_of.assumed("data", reply)
      assert.matches("^ACT_", reply.body.actionId)
      assert.equal("PENDING", status(data.orderId))
      api:advance(31)
      assert.equal("COMPLETED", status(data.orderId))
      assert.equal(SUBSCRIPTION, boxes()["jane@doe.com"].subscriptionId)
      assert.equal(2, subscription("doe.com").totalMailboxQuantity)
    end)

    it("make a new subscription if the old one was cancelled", function()
      refused(409, "subscription", {domainId = DOMAIN})
      api:yes("POST /subscriptions/cancel", nil, {subscriptionId = SUBSCRIPTION})
      refused(422, "not ACTIVE", {subscriptionId = SUBSCRIPTION})
      add{domainId = DOMAIN, autoRenew = true}
      api:advance(31)
      local active = api:yes("GET /subscriptions", {status = "ACTIVE", domain = "doe.com"}).subscriptions
      assert.equal(1, #active)
      assert.are_not.equal(SUBSCRIPTION, active[1].subscriptionId)
      assert.equal(active[1].subscriptionId, boxes()["jane@doe.com"].subscriptionId)
      assert.is_true(active[1].autoRenew)
    end)

    it("need exactly one of subscriptionId and domainId", function()
      api_of.assumed("status 422", refused(422, "'subscriptionId' or 'domainId'", {}))
      refused(422, "only one of", {subscriptionId = SUBSCRIPTION, domainId = DOMAIN})
    end)

    it("are refused if something is unknown, another user's, of another domain, or exists already", function()
      refused(404, "subscription", {subscriptionId = "NONE"})
      refused(404, "domain", {domainId = "NONE"})
      refused(403, "subscription", {subscriptionId = SUBSCRIPTION}, "OTHER")
      refused(403, "domain", {domainId = DOMAIN}, "OTHER")
      refused(409, "john@doe.com", {subscriptionId = SUBSCRIPTION, mailboxes = {["doe.com"] = {box"john"}}})
      refused(409, "twin@doe.com", {subscriptionId = SUBSCRIPTION, mailboxes = {["doe.com"] = {box"twin", box"twin"}}})
      refused(422, "doe.com", {subscriptionId = SUBSCRIPTION,
        mailboxes = {["doe.com"] = {box"a"}, ["b.com"] = {box"a"}}})
      api:no(422, "mailboxes", MORE, {userId = USER}, {subscriptionId = SUBSCRIPTION, confirm = true})
      api:wallet(2.99)
      refused(402, "Insufficient", {subscriptionId = SUBSCRIPTION})
    end)

    it("fail when the subscription ends meanwhile", function()
      local id = add{subscriptionId = SUBSCRIPTION}.orderId
      api:yes("POST /subscriptions/cancel", nil, {subscriptionId = SUBSCRIPTION})
      api:advance(31)
      assert.equal("FAILED", status(id))
      assert.same({}, boxes())
    end)
  end)

  it("have a status, for their owner", function()
    local id = place{domains = {{domain = "a.com", years = 1}}, confirm = true}.orderId
    local data, reply = api:yes(STATUS, {orderId = id, userId = USER})
    assert.same({orderId = id, status = "PENDING", failedDomains = {}}, data)
    api_of.assumed("query's names", reply)
    api:no(403, "order", STATUS, {orderId = id, userId = "OTHER"})
    api:no(404, "order", STATUS, {orderId = "NONE"})
    api:no(400, "orderId", STATUS)
  end)
end)
