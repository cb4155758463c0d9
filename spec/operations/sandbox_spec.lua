-- The sandbox: what each call sends. paths_spec.lua has sandbox_reset_prewarmed, whose method is not documented.
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"

describe("the sandbox", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  -- The method GET is an assumption.
  it("lists its domains", function()
    client:sandbox_prewarmed()
    api:sent(1, {"GET", "/sandbox/pre-warmup"})
    client:sandbox_prewarmed{serviceProvider = "GOOGLE", contains = "nexora", page = 1, limit = 20}
    api:sent(1, {"GET", "/sandbox/pre-warmup",
      query = {serviceProvider = "GOOGLE", contains = "nexora", page = "1", limit = "20"}})
    api:raises("bad field 'serviceProvider' (one of GOOGLE|MICROSOFT expected)", function()
      client:sandbox_prewarmed{serviceProvider = "SMTP"}
    end)
  end)

  -- The method POST, and the user in the query, are assumptions.
  it("accepts orders like the real one, with a scenario", function()
    local fields = {
      order = {
        {domain = "sandbox.nexora-tech.com"},
        {domain = "mail-sandbox.brightplathlabs.com", forwardTo = "a.com"},
      },
      serviceProvider = "GOOGLE",
      google = {googleOauthRoute = "https://accounts.google.com/o/oauth2", clientId = "549360251880", appName = "App"},
      autoRenew = false,
      scenario = "partial_failure",
    }
    client:sandbox_order_prewarmed(USER, fields)
    fields.userId = USER
    client:sandbox_order_prewarmed(fields)
    api:sent(2, {"POST", "/sandbox/pre-warmup/order", query = {userId = USER}, body = [[
      {"order":[{"domain":"sandbox.nexora-tech.com"},
                {"domain":"mail-sandbox.brightplathlabs.com","forwardTo":"a.com"}],
       "serviceProvider":"GOOGLE",
       "google":{"googleOauthRoute":"https://accounts.google.com/o/oauth2","clientId":"549360251880","appName":"App"},
       "autoRenew":false,"scenario":"partial_failure"}]]})
    api:requires(fields, {"order", "serviceProvider"}, function(rest) client:sandbox_order_prewarmed(rest) end)
  end)

  it("accepts orders without a user, and without a scenario", function()
    client:sandbox_order_prewarmed{order = {{domain = "sandbox-mail.corevista.io"}}, serviceProvider = "MICROSOFT",
      microsoftOauthRoute = "https://login.microsoftonline.com/x"}
    api:sent(1, {"POST", "/sandbox/pre-warmup/order", body = [[
      {"order":[{"domain":"sandbox-mail.corevista.io"}],"serviceProvider":"MICROSOFT",
       "microsoftOauthRoute":"https://login.microsoftonline.com/x"}]]})
  end)

  it("accepts three scenarios", function()
    local fields = {order = {{domain = "sandbox.nexora-tech.com"}}, serviceProvider = "GOOGLE"}
    for _, scenario in ipairs{"success", "full_failure", "partial_failure"} do
      fields.scenario = scenario
      client:sandbox_order_prewarmed(USER, fields)
      api:sent(1, {"POST", "/sandbox/pre-warmup/order", query = {userId = USER}, body = ([[
        {"order":[{"domain":"sandbox.nexora-tech.com"}],"serviceProvider":"GOOGLE","scenario":"%s"}]])
        :format(scenario)})
    end
    fields.scenario = "failure"
    api:raises("bad field 'scenario' (one of success|full_failure|partial_failure expected)", function()
      client:sandbox_order_prewarmed(USER, fields)
    end)
  end)
end)
