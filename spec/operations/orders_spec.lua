-- Orders: what each call sends. paths_spec.lua has the operations whose path is not documented.
local cmr = require "cmr"
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local SUBSCRIPTION = "6ZHR985PGP456XG8HCYHF919YVS6"
local DOMAIN = "5J7HM04FRXMT7VK86128K6D25ASP"

local MAILBOXES = {["acmecorp.com"] = {{username = "john", firstName = "John", lastName = "Doe"}}}

local function copy(fields, more)
  local all = {}
  for name, value in pairs(fields) do all[name] = value end
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

describe("an order", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  describe("of domains", function()
    local all = {
      domains = {
        {domain = "acmecorp.com", years = 1, forwardTo = "https://acme.com"},
        {domain = "example.com", years = 2},
      },
      mailboxes = {
        ["acmecorp.com"] = {
          {username = "john", firstName = "John", lastName = "Doe", profilePicture = "https://example.com/john.jpg",
            onWarmup = true},
          {username = "jane", firstName = "Jane", lastName = "Doe", onWarmup = false},
        },
        ["example.com"] = {{username = "info", firstName = "In", lastName = "Fo"}},
      },
      billingCycle = "MONTHLY",
      confirm = true,
      serviceProvider = "GOOGLE",
      microsoftOauthRoute = "",
      google = {
        googleOauthRoute = "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline",
        clientId = "549360251880.apps.googleusercontent.com",
        appName = "Outreach App",
      },
      autoRenew = true,
    }

    it("is sent with all fields", function()
      client:create_order(USER, all)
      client:create_order(copy(all, {userId = USER}))
      api:sent(2, {"POST", "/orders/json", query = {userId = USER}, body = [[
        {"domains":[{"domain":"acmecorp.com","years":1,"forwardTo":"https://acme.com"},
                    {"domain":"example.com","years":2}],
         "mailboxes":{
           "acmecorp.com":[
             {"username":"john","firstName":"John","lastName":"Doe","profilePicture":"https://example.com/john.jpg",
              "onWarmup":true},
             {"username":"jane","firstName":"Jane","lastName":"Doe","onWarmup":false}],
           "example.com":[{"username":"info","firstName":"In","lastName":"Fo"}]},
         "billingCycle":"MONTHLY",
         "confirm":true,
         "serviceProvider":"GOOGLE",
         "microsoftOauthRoute":"",
         "google":{
           "googleOauthRoute":"https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline",
           "clientId":"549360251880.apps.googleusercontent.com",
           "appName":"Outreach App"},
         "autoRenew":true}]]})
    end)

    it("is sent for Microsoft, to be processed later", function()
      client:create_order(USER, {domains = {{domain = "acmecorp.com", years = 1}}, confirm = false,
        serviceProvider = "MICROSOFT", microsoftOauthRoute = "https://login.microsoftonline.com/x"})
      api:sent(1, {"POST", "/orders/json", query = {userId = USER}, body = [[
        {"domains":[{"domain":"acmecorp.com","years":1}],"confirm":false,"serviceProvider":"MICROSOFT",
         "microsoftOauthRoute":"https://login.microsoftonline.com/x"}]]})
    end)

    it("says whether it is charged at once", function()
      api:requires(copy(all, {userId = USER}), {"confirm", "userId"}, function(rest) client:create_order(rest) end)
      api:raises("bad field 'confirm' (boolean expected, got null)", function()
        client:create_order(USER, copy(all, {confirm = cmr.null}))
      end)
      api:raises("bad field 'confirm' (boolean expected, got string)", function()
        client:create_order(USER, copy(all, {confirm = "false"}))
      end)
    end)

    it("has all required fields", function()
      local function with(domain, mailbox)
        return function()
          client:create_order(USER, {confirm = true, domains = {domain}, mailboxes = {["acmecorp.com"] = {mailbox}}})
        end
      end
      local domain = {domain = "acmecorp.com", years = 1}
      api:raises("missing required argument 'domains[1].domain'", with({years = 1}))
      api:raises("missing required argument 'domains[1].years'", with({domain = "acmecorp.com"}))
      api:raises("bad field 'domains[1].years' (integer expected, got number)", with({domain = "a.com", years = 1.5}))
      local place = "missing required argument 'mailboxes[\"acmecorp.com\"][1]."
      api:raises(place .. "username'", with(domain, {firstName = "John", lastName = "Doe"}))
      api:raises(place .. "firstName'", with(domain, {username = "john", lastName = "Doe"}))
      api:raises(place .. "lastName'", with(domain, {username = "john", firstName = "John"}))
      -- userName is the field's name in an update.
      api:raises("bad field 'mailboxes[\"acmecorp.com\"][1].userName' (did you mean 'username'?)",
        with(domain, {userName = "john", firstName = "John", lastName = "Doe"}))
      -- Only create_order_form has this field.
      api:raises("bad field 'domains[1].maskForwarding'",
        with({domain = "acmecorp.com", years = 1, maskForwarding = true}))
    end)

    it("accepts only known providers and billing cycles", function()
      api:raises("bad field 'serviceProvider' (one of GOOGLE|MICROSOFT expected)", function()
        client:create_order(USER, copy(all, {serviceProvider = "ZOHO"}))
      end)
      api:raises("bad field 'billingCycle' (one of MONTHLY expected)", function()
        client:create_order(USER, copy(all, {billingCycle = "YEARLY"}))
      end)
    end)
  end)

  describe("of mailboxes", function()
    it("is sent for a subscription", function()
      local fields = {subscriptionId = SUBSCRIPTION, mailboxes = MAILBOXES, billingCycle = "MONTHLY", confirm = true}
      client:order_mailboxes(USER, fields)
      client:order_mailboxes(copy(fields, {userId = USER}))
      api:sent(2, {"POST", "/orders/create-mailbox-order/json", query = {userId = USER}, body = [[
        {"subscriptionId":"6ZHR985PGP456XG8HCYHF919YVS6",
         "mailboxes":{"acmecorp.com":[{"username":"john","firstName":"John","lastName":"Doe"}]},
         "billingCycle":"MONTHLY","confirm":true}]]})
    end)

    it("is sent for a domain", function()
      client:order_mailboxes(USER, {domainId = DOMAIN, mailboxes = {["acmecorp.com"] = {{username = "john",
        firstName = "John", lastName = "Doe", profilePicture = "https://example.com/john.jpg", onWarmup = true}}},
        confirm = false, autoRenew = true})
      api:sent(1, {"POST", "/orders/create-mailbox-order/json", query = {userId = USER}, body = [[
        {"domainId":"5J7HM04FRXMT7VK86128K6D25ASP",
         "mailboxes":{"acmecorp.com":[{"username":"john","firstName":"John","lastName":"Doe",
           "profilePicture":"https://example.com/john.jpg","onWarmup":true}]},
         "confirm":false,"autoRenew":true}]]})
    end)

    it("is for exactly one of the two", function()
      api:raises("cmr.order_mailboxes: missing required argument: 'subscriptionId' or 'domainId'", function()
        client:order_mailboxes(USER, {mailboxes = MAILBOXES, confirm = true})
      end)
      api:raises("cmr.order_mailboxes: only one of 'subscriptionId' or 'domainId' can be given", function()
        client:order_mailboxes(USER, {subscriptionId = SUBSCRIPTION, domainId = DOMAIN, mailboxes = MAILBOXES,
          confirm = true})
      end)
      api:refuses("'domainId' is empty", function()
        return client:order_mailboxes(USER, {domainId = "", mailboxes = MAILBOXES, confirm = true})
      end)
    end)

    it("says whether and how it is charged at once", function()
      local fields = {userId = USER, domainId = DOMAIN, mailboxes = MAILBOXES, confirm = true}
      api:requires(fields, {"confirm", "userId"}, function(rest) client:order_mailboxes(rest) end)
      api:raises("bad field 'billingCycle' (one of MONTHLY expected)", function()
        client:order_mailboxes(copy(fields, {billingCycle = "monthly"}))
      end)
    end)
  end)

  -- The names of the query's fields are not documented.
  it("has a status", function()
    client:order_status{orderId = "ord_R8K2LQPZA9XM"}
    api:sent(1, {"GET", "/orders/status", query = {orderId = "ord_R8K2LQPZA9XM"}})
    client:order_status{userId = USER, orderId = "ord_R8K2LQPZA9XM"}
    api:sent(1, {"GET", "/orders/status", query = {userId = USER, orderId = "ord_R8K2LQPZA9XM"}})
    api:raises("cmr.order_status: it takes names only", function() client:order_status("ord_R8K2LQPZA9XM") end)
  end)
end)
