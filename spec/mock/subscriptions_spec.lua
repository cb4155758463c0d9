-- Subscriptions: the list, and their lives.
local api_of = require "spec.support.mock_api"

local USER, MAILBOX = api_of.USER, api_of.MAILBOX
local SUBSCRIPTION = "1BNTZJG2Q041JWGS3NY9E1BZ9APA"
local DAY = 24 * 3600
local LIST, RENEW, TOGGLE = "GET /subscriptions", "POST /subscriptions/renew-subscriptions",
  "POST /subscriptions/toggle-autorenewal"
local CANCEL, RECREATE = "POST /subscriptions/cancel", "POST /component/subscriptions/recreate"

describe("the mock's subscriptions", function()
  local api

  local function look(id)
    local found = api:yes(LIST, {componentSubscriptionId = id or SUBSCRIPTION}).subscriptions
    return found[1]
  end

  local function auto_renew(on)
    return api:yes(TOGGLE, nil, {subscriptionId = SUBSCRIPTION, autoRenew = on})
  end

  local function mailbox()
    return api:yes("GET /mailboxes/mailbox", {mailboxId = MAILBOX})
  end

  before_each(function() api = api_of.new() end)

  describe("list", function()
    it("answers as documented", function()
      local data, reply = api:yes(LIST)
      assert.equal("Subscriptions fetched successfully", reply.body.message)
      api_of.assumed(false, reply)
      local item = data.subscriptions[1]
      assert.equal(30 * DAY, api_of.time(item.periodEnd) - api_of.time(item.periodStart))
      assert.is_true(math.abs(api_of.time(item.periodStart) - os.time()) < 60)
      assert.same({{subscriptionId = SUBSCRIPTION, subscriptionStatus = "ACTIVE", totalMailboxQuantity = 1,
        billingCycle = "MONTHLY", pricePerMailbox = 3, periodStart = item.periodStart, periodEnd = item.periodEnd,
        serviceProvider = "GOOGLE", autoRenew = true, userId = USER, domain = "doe.com"}}, data.subscriptions)
      -- The next page is named although there is none, as in the documented sample.
      assert.same({totalSearchedCount = 1, currentPage = 1, nextPage = 2, totalPages = 1}, data.pagination)
    end)

    it("has 50 items on a page by default", function()
      for number = 1, 50 do
        api:seed("subscriptions", {subscriptionId = "S" .. number, domain = number .. ".com", userId = USER})
      end
      local data = api:yes(LIST)
      assert.equal(50, #data.subscriptions)
      assert.same({totalSearchedCount = 51, currentPage = 1, nextPage = 2, totalPages = 2}, data.pagination)
      assert.equal("S50", api:yes(LIST, {page = 2}).subscriptions[1].subscriptionId)
      assert.equal(11, #api:yes(LIST, {limit = 20, page = 3}).subscriptions)
      assert.equal(51, #api:yes(LIST, {limit = 100}).subscriptions)
      api:no(400, "'limit'", LIST, {limit = 101})
      api:no(400, "'limit'", LIST, {limit = 0})
    end)

    it("filters", function()
      api:seed("users", {userId = "OTHER"})
      api:seed("subscriptions", {subscriptionId = "S2", domain = "two.com", userId = "OTHER",
        serviceProvider = "MICROSOFT"})
      api:yes(CANCEL, nil, {subscriptionId = "S2"})
      local function ids(query)
        local list = {}
        for index, item in ipairs(api:yes(LIST, query).subscriptions) do list[index] = item.subscriptionId end
        return table.concat(list, " ")
      end
      assert.equal(SUBSCRIPTION .. " S2", ids{status = ""})
      assert.equal(SUBSCRIPTION, ids{status = "ACTIVE"})
      assert.equal("S2", ids{status = "CANCELLED"})
      assert.equal("S2", ids{domain = "two.com"})
      assert.equal("S2", ids{componentSubscriptionId = "S2"})
      assert.equal("", ids{componentSubscriptionId = "S2", status = "ACTIVE"})
    end)
  end)

  describe("renewal", function()
    it("is answered as documented and done later", function()
      local before = look()
      local _, reply = api:yes(RENEW, nil, {subscriptionIds = {SUBSCRIPTION}})
      assert.matches("^Subscriptions added for renewal%.", reply.body.message)
      assert.matches("^ACT_", reply.body.actionId)
      assert.is_nil(reply.body.data)
      api_of.assumed(false, reply)
      assert.equal("RENEWING", look().subscriptionStatus)
      api:advance(60)
      assert.equal("ACTIVE", look().subscriptionStatus)
      assert.equal(before.periodEnd, look().periodStart)
      assert.equal(30 * DAY, api_of.time(look().periodEnd) - api_of.time(before.periodEnd))
    end)

    it("needs known ids of subscriptions that have not ended", function()
      api:no(404, "subscription", RENEW, nil, {subscriptionIds = {SUBSCRIPTION, "NONE"}})
      assert.equal("ACTIVE", look().subscriptionStatus)
      api:no(400, "'subscriptionIds' must not be empty", RENEW, nil, '{"subscriptionIds":[]}')
      api:no(400, "Please provide 'subscriptionIds'", RENEW)
      api:no(400, "'subscriptionIds[0]' must be of type string", RENEW, nil, {subscriptionIds = {7}})
      api:yes(CANCEL, nil, {subscriptionId = SUBSCRIPTION})
      api:no(422, "CANCELLED", RENEW, nil, {subscriptionIds = {SUBSCRIPTION}})
    end)

    it("leaves the subscription PAST_DUE when the wallet has too little", function()
      api:wallet(2)
      api:yes(RENEW, nil, {subscriptionIds = {SUBSCRIPTION}})
      api:advance(60)
      assert.equal("PAST_DUE", look().subscriptionStatus)
      api:wallet(3)
      api:advance(DAY) -- auto-renewal tries again
      assert.equal("ACTIVE", look().subscriptionStatus)
    end)

    it("fails during the domain's grace period, and after it", function()
      for _, since in ipairs{1, 8} do
        api:seed("domains", {domainName = "doe.com", userId = USER, expiresIn = -since * DAY})
        local before = look()
        api:yes(RENEW, nil, {subscriptionIds = {SUBSCRIPTION}})
        api:advance(60)
        assert.same(before, look())
      end
    end)

    it("happens by itself, each month, and costs more after a year", function()
      api:seed("domains", {domainName = "doe.com", userId = USER, expiresIn = 3 * 365 * DAY})
      api:wallet(11 * 3 + 5)
      local begun = api_of.time(look().periodStart)
      api:advance(11 * 30 * DAY + 60)
      assert.equal(3, look().pricePerMailbox)
      assert.equal(begun + 11 * 30 * DAY, api_of.time(look().periodStart))
      api:advance(30 * DAY)
      assert.equal("ACTIVE", look().subscriptionStatus)
      assert.equal(5, look().pricePerMailbox)
      api:advance(30 * DAY)
      assert.equal("PAST_DUE", look().subscriptionStatus)
      api:advance(30 * DAY)
      assert.equal("PAST_DUE", look().subscriptionStatus)
    end)

    it("that fails ends the subscription after a grace period of 7 days", function()
      auto_renew(false)
      api:advance(30 * DAY + 60)
      assert.equal("PAST_DUE", look().subscriptionStatus)
      assert.equal("ACTIVE", mailbox().status)
      api:advance(6 * DAY)
      assert.equal("PAST_DUE", look().subscriptionStatus)
      api:advance(DAY)
      assert.equal("EXPIRED", look().subscriptionStatus)
      assert.equal("EXPIRED", mailbox().status)
      api:no(422, "not ACTIVE", "POST /exports/platform-exports", {userId = USER},
        {credentialId = "A1B2C3D4E5F6G7H8", mailboxIds = {MAILBOX}})
      api:advance(100 * DAY)
      api:yes(RENEW, nil, {subscriptionIds = {SUBSCRIPTION}}) -- it can still be renewed
      api:advance(60)
      assert.equal("ACTIVE", look().subscriptionStatus)
      assert.equal("ACTIVE", mailbox().status)
      assert.is_true(api_of.time(look().periodEnd) > os.time() + (137 + 29) * DAY)
    end)

    it("is turned on and off, or flipped", function()
      local data = auto_renew(false)
      assert.same({subscriptionId = SUBSCRIPTION, autoRenew = false}, data)
      assert.is_false(look().autoRenew)
      assert.is_false(auto_renew(false).autoRenew)
      local _, reply = api:yes(TOGGLE, nil, {subscriptionId = SUBSCRIPTION})
      assert.is_true(look().autoRenew)
      api_of.assumed("sets or flips", reply)
      api:no(404, "subscription", TOGGLE, nil, {subscriptionId = "NONE"})
      api:no(400, "subscriptionId", TOGGLE, nil, {id = SUBSCRIPTION})
    end)
  end)

  describe("cancelling", function()
    it("ends the subscription at once, with its mailboxes", function()
      local _, reply = api:yes(CANCEL, nil, {subscriptionId = SUBSCRIPTION})
      assert.same({status = 200, message = "Subscription will be cancelled successfully", data = api_of.null},
        reply.body)
      api_of.assumed(false, reply)
      assert.equal("CANCELLED", look().subscriptionStatus)
      assert.equal(0, look().totalMailboxQuantity)
      api:no(404, "mailbox", "GET /mailboxes/mailbox", {mailboxId = MAILBOX})
      api:no(422, "CANCELLED", CANCEL, nil, {subscriptionId = SUBSCRIPTION})
      api:no(422, "CANCELLED", TOGGLE, nil, {subscriptionId = SUBSCRIPTION})
      api:advance(60 * DAY)
      assert.equal("CANCELLED", look().subscriptionStatus)
    end)

    it("also accepts a domain's name", function()
      api:yes(CANCEL, nil, {domain = "doe.com"})
      assert.equal("CANCELLED", look().subscriptionStatus)
      api:no(404, "subscription", CANCEL, nil, {domain = "doe.com"})
      api:no(404, "subscription", CANCEL, nil, {subscriptionId = "NONE"})
      api:no(422, "'subscriptionId' or 'domain'", CANCEL, nil, {})
    end)
  end)

  describe("recreation", function()
    it("gives new ids, a little later, and keeps the paid time", function()
      local before = look()
      local _, reply = api:yes(RECREATE, nil, {subscriptionIds = {SUBSCRIPTION}})
      assert.matches("^ACT_", reply.body.actionId)
      assert.equal(SUBSCRIPTION, look().subscriptionId)
      api:wallet(0)
      api:advance(60)
      assert.is_nil(look())
      local new = api:yes(LIST, {domain = "doe.com"}).subscriptions[1]
      assert.equal(28, #new.subscriptionId)
      before.subscriptionId = new.subscriptionId
      assert.same(before, new)
      local moved = api:yes("GET /mailboxes/single", {userId = USER}).mailboxes
      assert.equal(1, #moved)
      assert.equal("john@doe.com", moved[1].email)
      assert.equal(new.subscriptionId, moved[1].subscriptionId)
      assert.are_not.equal(MAILBOX, moved[1].mailboxId)
      api:no(404, "mailbox", "GET /mailboxes/mailbox", {mailboxId = MAILBOX})
      api:no(404, "subscription", RECREATE, nil, {subscriptionIds = {SUBSCRIPTION}})
    end)

    it("also accepts domains' names, and the new subscription renews itself", function()
      api:yes(RECREATE, nil, {domainNames = {"doe.com"}})
      api:advance(60)
      api:wallet(3)
      api:advance(30 * DAY)
      assert.equal("ACTIVE", api:yes(LIST, {domain = "doe.com"}).subscriptions[1].subscriptionStatus)
      api:advance(30 * DAY)
      assert.equal("PAST_DUE", api:yes(LIST, {domain = "doe.com"}).subscriptions[1].subscriptionStatus)
      api:no(404, "subscription", RECREATE, nil, {domainNames = {"doe.com", "nowhere.com"}})
      api:no(422, "only one of", RECREATE, nil, {domainNames = {"doe.com"}, subscriptionIds = {"S"}})
      api:yes(CANCEL, nil, {domain = "doe.com"})
      api:no(404, "subscription", RECREATE, nil, {domainNames = {"doe.com"}})
    end)
  end)
end)
