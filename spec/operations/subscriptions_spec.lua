-- Subscriptions: what each call sends.
local cmr = require "cmr"
local recorded = require "spec.support.recorded"

local SUBSCRIPTION = "6ZHR985PGP456XG8HCYHF919YVS6"

describe("subscriptions", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("are listed", function()
    client:subscriptions()
    api:sent(1, {"GET", "/subscriptions"})
    client:subscriptions{limit = 50, page = 1}
    api:sent(1, {"GET", "/subscriptions", query = {limit = "50", page = "1"}})
    client:subscriptions{limit = 10, page = 2, status = "PAST_DUE", componentSubscriptionId = SUBSCRIPTION,
      domain = "bestpremium.org"}
    api:sent(1, {"GET", "/subscriptions", query = {limit = "10", page = "2", status = "PAST_DUE",
      componentSubscriptionId = SUBSCRIPTION, domain = "bestpremium.org"}})
  end)

  it("are listed for the partner, not for a user, with any state", function()
    client:subscriptions{status = "OF_TOMORROW"}
    api:sent(1, {"GET", "/subscriptions", query = {status = "OF_TOMORROW"}})
    api:raises("bad field 'userId' (subscriptions has no such field)", function()
      client:subscriptions{userId = "BVZGM5TE9BMP3PP0VWGW943RGV1B"}
    end)
    api:raises("bad field 'page' (integer expected, got string)", function() client:subscriptions{page = "1"} end)
  end)

  it("are renewed", function()
    client:renew_subscriptions{subscriptionIds = {SUBSCRIPTION}}
    api:sent(1, {"POST", "/subscriptions/renew-subscriptions",
      body = '{"subscriptionIds":["6ZHR985PGP456XG8HCYHF919YVS6"]}'})
    api:raises("cmr.renew_subscriptions: missing required argument 'subscriptionIds'", function()
      client:renew_subscriptions()
    end)
    api:refuses("'subscriptionIds' is empty", function() return client:renew_subscriptions{subscriptionIds = {}} end)
    api:raises("bad field 'subscriptionIds'", function() client:renew_subscriptions{subscriptionIds = cmr.all} end)
    api:raises("bad field 'subscriptionIds' (array expected, got string)", function()
      client:renew_subscriptions{subscriptionIds = SUBSCRIPTION}
    end)
    api:raises("it takes names only", function() client:renew_subscriptions(SUBSCRIPTION) end)
  end)

  -- The names of the body's fields are not documented.
  it("have auto-renewal turned on or off", function()
    client:toggle_subscription_auto_renew{subscriptionId = SUBSCRIPTION, autoRenew = false}
    api:sent(1, {"POST", "/subscriptions/toggle-autorenewal",
      body = '{"subscriptionId":"6ZHR985PGP456XG8HCYHF919YVS6","autoRenew":false}'})
    api:raises("it takes names only", function() client:toggle_subscription_auto_renew(SUBSCRIPTION) end)
  end)

  it("are cancelled, by id or domain", function()
    client:cancel_subscription{subscriptionId = SUBSCRIPTION}
    api:sent(1, {"POST", "/subscriptions/cancel", body = '{"subscriptionId":"6ZHR985PGP456XG8HCYHF919YVS6"}'})
    client:cancel_subscription{domain = "bestpremium.org"}
    api:sent(1, {"POST", "/subscriptions/cancel", body = '{"domain":"bestpremium.org"}'})
  end)

  it("are cancelled only with exactly one of the two", function()
    local missing = "cmr.cancel_subscription: missing required argument: 'subscriptionId' or 'domain'"
    api:raises(missing, function() client:cancel_subscription() end)
    api:raises(missing, function() client:cancel_subscription{} end)
    api:raises("cmr.cancel_subscription: only one of 'subscriptionId' or 'domain' can be given", function()
      client:cancel_subscription{subscriptionId = SUBSCRIPTION, domain = "bestpremium.org"}
    end)
    api:raises("cmr.cancel_subscription: it takes names only", function() client:cancel_subscription(SUBSCRIPTION) end)
    api:refuses("'domain' is empty", function() return client:cancel_subscription{domain = ""} end)
    api:raises("bad field 'domain'", function() client:cancel_subscription{domain = cmr.null} end)
  end)

  -- The documents disagree on the path. paths_spec.lua tests the other path.
  it("are recreated, by id or domain", function()
    client:recreate_subscriptions{subscriptionIds = {SUBSCRIPTION, "OTHER"}}
    api:sent(1, {"POST", "/component/subscriptions/recreate",
      body = '{"subscriptionIds":["6ZHR985PGP456XG8HCYHF919YVS6","OTHER"]}'})
    client:recreate_subscriptions{domainNames = {"yourdomain.com"}}
    api:sent(1, {"POST", "/component/subscriptions/recreate", body = '{"domainNames":["yourdomain.com"]}'})
  end)

  it("are recreated only with exactly one of the two", function()
    api:raises("cmr.recreate_subscriptions: missing required argument: 'subscriptionIds' or 'domainNames'", function()
      client:recreate_subscriptions{}
    end)
    api:raises("cmr.recreate_subscriptions: only one of 'subscriptionIds' or 'domainNames' can be given", function()
      client:recreate_subscriptions{subscriptionIds = {SUBSCRIPTION}, domainNames = {"yourdomain.com"}}
    end)
    api:raises("cmr.recreate_subscriptions: it takes names only", function()
      client:recreate_subscriptions(SUBSCRIPTION)
    end)
    api:refuses("'subscriptionIds' is empty", function() return client:recreate_subscriptions{subscriptionIds = {}} end)
    api:raises("bad field 'domainNames'", function() client:recreate_subscriptions{domainNames = cmr.all} end)
  end)
end)
