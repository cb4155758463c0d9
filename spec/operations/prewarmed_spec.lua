-- Pre-warmed domains: what each call sends.
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"

describe("pre-warmed domains", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("are listed", function()
    client:prewarmed()
    api:sent(1, {"GET", "/pre-warmup"})
    client:prewarmed{serviceProvider = "GOOGLE", contains = "acme", page = 2, limit = 20}
    api:sent(1, {"GET", "/pre-warmup",
      query = {serviceProvider = "GOOGLE", contains = "acme", page = "2", limit = "20"}})
    client:prewarmed{serviceProvider = "MICROSOFT"}
    api:sent(1, {"GET", "/pre-warmup", query = {serviceProvider = "MICROSOFT"}})
    api:raises("bad field 'serviceProvider' (one of GOOGLE|MICROSOFT expected)", function()
      client:prewarmed{serviceProvider = "SMTP"}
    end)
    api:raises("bad field 'contains' (string expected, got boolean)", function() client:prewarmed{contains = true} end)
  end)

  it("are listed in pages with any field names, because these are not documented", function()
    client:prewarmed{pageNumber = 2, pageSize = 10}
    api:sent(1, {"GET", "/pre-warmup", query = {pageNumber = "2", pageSize = "10"}})
  end)

  it("are ordered at Google", function()
    local fields = {
      order = {{domain = "prewarm-acmecorp.com", forwardTo = "https://acme.com"}, {domain = "example.com"}},
      serviceProvider = "GOOGLE",
      google = {googleOauthRoute = "https://accounts.google.com/o/oauth2", clientId = "549360251880", appName = "App"},
      autoRenew = true,
    }
    client:order_prewarmed(USER, fields)
    fields.userId = USER
    client:order_prewarmed(fields)
    api:sent(2, {"POST", "/pre-warmup/order", query = {userId = USER}, body = [[
      {"order":[{"domain":"prewarm-acmecorp.com","forwardTo":"https://acme.com"},{"domain":"example.com"}],
       "serviceProvider":"GOOGLE",
       "google":{"googleOauthRoute":"https://accounts.google.com/o/oauth2","clientId":"549360251880","appName":"App"},
       "autoRenew":true}]]})
    api:requires(fields, {"userId", "order", "serviceProvider"}, function(rest) client:order_prewarmed(rest) end)
  end)

  it("are ordered at Microsoft", function()
    client:order_prewarmed(USER, {order = {{domain = "example.com"}}, serviceProvider = "MICROSOFT",
      microsoftOauthRoute = "https://login.microsoftonline.com/x", autoRenew = false})
    api:sent(1, {"POST", "/pre-warmup/order", query = {userId = USER}, body = [[
      {"order":[{"domain":"example.com"}],"serviceProvider":"MICROSOFT",
       "microsoftOauthRoute":"https://login.microsoftonline.com/x","autoRenew":false}]]})
  end)

  it("are ordered with named fields, from one of the two providers", function()
    api:raises("missing required argument 'order[2].domain'", function()
      client:order_prewarmed(USER, {order = {{domain = "a.com"}, {forwardTo = "b.com"}}, serviceProvider = "GOOGLE"})
    end)
    api:refuses("'order' is empty", function()
      return client:order_prewarmed(USER, {order = {}, serviceProvider = "GOOGLE"})
    end)
    api:raises("bad field 'serviceProvider' (one of GOOGLE|MICROSOFT expected)", function()
      client:order_prewarmed(USER, {order = {{domain = "a.com"}}, serviceProvider = "Google"})
    end)
    -- Only the sandbox has this field.
    api:raises("bad field 'scenario'", function()
      client:order_prewarmed(USER, {order = {{domain = "a.com"}}, serviceProvider = "GOOGLE", scenario = "success"})
    end)
  end)
end)
