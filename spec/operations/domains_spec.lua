-- The domains: what each call sends. paths_spec.lua has the operations whose path is not documented.
local cmr = require "cmr"
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"

describe("the domains", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("of a user are listed", function()
    client:domains(USER)
    client:domains{userId = USER}
    api:sent(2, {"GET", "/domains/by-user", query = {userId = USER}})
    client:domains(USER, {page = 3, limit = 20})
    client:domains{userId = USER, page = 3, limit = 20}
    api:sent(2, {"GET", "/domains/by-user", query = {userId = USER, page = "3", limit = "20"}})
    api:raises("cmr.domains: missing required argument 'userId'", function() client:domains{page = 3} end)
  end)

  describe("'s workspaces", function()
    it("are looked up for one domain", function()
      client:check_workspace{domainName = "acmecorp.com", serviceProvider = "GOOGLE"}
      api:sent(1, {"POST", "/domains/has-workspace", body = '{"domainName":"acmecorp.com","serviceProvider":"GOOGLE"}'})
      client:check_workspace{domainName = "acmecorp.com"}
      api:sent(1, {"POST", "/domains/has-workspace", body = '{"domainName":"acmecorp.com"}'})
    end)

    it("are looked up for several domains", function()
      client:check_workspace{domains = {
        {domainName = "acmecorp.com", serviceProvider = "GOOGLE"},
        {domainName = "example.com"},
      }}
      api:sent(1, {"POST", "/domains/has-workspace",
        body = '{"domains":[{"domainName":"acmecorp.com","serviceProvider":"GOOGLE"},{"domainName":"example.com"}]}'})
    end)

    it("are looked up with a user, if one is given", function()
      client:check_workspace{userId = USER, domainName = "acmecorp.com"}
      api:sent(1, {"POST", "/domains/has-workspace", query = {userId = USER}, body = '{"domainName":"acmecorp.com"}'})
    end)

    it("are looked up for exactly one of the two: a domain, or a list of domains", function()
      api:raises("missing required argument: 'domainName' or 'domains'", function() client:check_workspace() end)
      api:raises("missing required argument: 'domainName' or 'domains'", function()
        client:check_workspace{serviceProvider = "GOOGLE"}
      end)
      api:raises("only one of 'domainName' or 'domains' can be given", function()
        client:check_workspace{domainName = "acmecorp.com", domains = {{domainName = "example.com"}}}
      end)
      api:raises("missing required argument 'domains[2].domainName'", function()
        client:check_workspace{domains = {{domainName = "acmecorp.com"}, {serviceProvider = "GOOGLE"}}}
      end)
      api:refuses("'domains' is empty", function() return client:check_workspace{domains = {}} end)
      api:raises("it takes names only", function() client:check_workspace("acmecorp.com") end)
    end)

    it("are looked up at Google or Microsoft", function()
      client:check_workspace{domainName = "acmecorp.com", serviceProvider = "MICROSOFT"}
      api:sent(1, {"POST", "/domains/has-workspace",
        body = '{"domainName":"acmecorp.com","serviceProvider":"MICROSOFT"}'})
      api:raises("bad field 'serviceProvider' (one of GOOGLE|MICROSOFT expected)", function()
        client:check_workspace{domainName = "acmecorp.com", serviceProvider = "google"}
      end)
      api:raises("bad field 'domains[1].serviceProvider' (one of GOOGLE|MICROSOFT expected)", function()
        client:check_workspace{domains = {{domainName = "acmecorp.com", serviceProvider = "YAHOO"}}}
      end)
    end)
  end)

  it("get a Google client id", function()
    local id = "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com"
    local fields = {domains = {"acmecorp.com", "example.com"}, clientId = id, appName = "Outreach App"}
    client:add_google_client_id(USER, fields)
    fields.userId = USER
    client:add_google_client_id(fields)
    api:sent(2, {"POST", "/domains/add-client-id", body = [[
      {"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","domains":["acmecorp.com","example.com"],
       "clientId":"549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com",
       "appName":"Outreach App"}]]})
    api:requires(fields, {"userId", "domains", "clientId"}, function(rest) client:add_google_client_id(rest) end)
  end)

  it("have prices of renewal", function()
    client:domain_renewal_prices(USER)
    client:domain_renewal_prices{userId = USER}
    api:sent(2, {"POST", "/domains/renewal-price", body = '{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}'})
    client:domain_renewal_prices(USER, {domains = {"acme.com"}, years = 1})
    client:domain_renewal_prices{userId = USER, domains = {"acme.com"}, years = 1}
    api:sent(2, {"POST", "/domains/renewal-price",
      body = '{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","domains":["acme.com"],"years":1}'})
    api:raises("missing required argument 'userId'", function()
      client:domain_renewal_prices{domains = {"acme.com"}}
    end)
    api:raises("bad field 'years' (integer expected, got number)", function()
      client:domain_renewal_prices(USER, {years = 1.5})
    end)
  end)

  describe("'s renewal", function()
    it("is for the named domains", function()
      client:renew_domains(USER, {domains = {"acme.com", "example.com"}, years = 2})
      client:renew_domains{userId = USER, domains = {"acme.com", "example.com"}, years = 2}
      api:sent(2, {"POST", "/domains/renew",
        body = '{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","domains":["acme.com","example.com"],"years":2}'})
      api:raises("missing required argument 'userId'", function() client:renew_domains{domains = {"acme.com"}} end)
    end)

    it("is for all domains with cmr.all, and then names none", function()
      client:renew_domains(USER, {domains = cmr.all})
      client:renew_domains{userId = USER, domains = cmr.all}
      api:sent(2, {"POST", "/domains/renew", body = '{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B"}'})
      client:renew_domains(USER, {domains = cmr.all, years = 1})
      api:sent(1, {"POST", "/domains/renew", body = '{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","years":1}'})
    end)

    it("is never for all domains by mistake", function()
      local left_out = "cmr.renew_domains: missing required argument 'domains' (cmr.all means all of them)"
      api:raises(left_out, function() client:renew_domains(USER) end)
      api:raises(left_out, function() client:renew_domains{userId = USER} end)
      api:raises(left_out, function() client:renew_domains(USER, {years = 1}) end)
      api:raises(left_out, function() client:renew_domains(USER, {domains = cmr.null}) end)
      local empty = "cmr.renew_domains: 'domains' is empty (cmr.all means all of them)"
      api:raises(empty, function() client:renew_domains(USER, {domains = {}}) end)
      api:raises(empty, function() client:renew_domains(USER, {domains = cmr.array{}}) end)
      api:raises("bad field 'domains' (array expected, got boolean)", function()
        client:renew_domains(USER, {domains = true})
      end)
      api:raises("bad field 'domains' (array expected, got string)", function()
        client:renew_domains(USER, {domains = "all"})
      end)
      api:raises("bad field 'domains[1]'", function() client:renew_domains(USER, {domains = {cmr.all}}) end)
    end)
  end)

  describe("'s auto-renewal", function()
    it("is set for the named domains", function()
      client:set_domain_auto_renew("8J7H...", {domains = {"hefty-minion.net"}, autoRenew = true})
      client:set_domain_auto_renew{userId = "8J7H...", domains = {"hefty-minion.net"}, autoRenew = true}
      api:sent(2, {"PATCH", "/domains/toggle-auto-renew",
        body = '{"userId":"8J7H...","domains":["hefty-minion.net"],"autoRenew":true}'})
    end)

    it("is set for all domains with cmr.all, and then names none", function()
      client:set_domain_auto_renew(USER, {domains = cmr.all, autoRenew = false})
      client:set_domain_auto_renew{userId = USER, domains = cmr.all, autoRenew = false}
      api:sent(2, {"PATCH", "/domains/toggle-auto-renew",
        body = '{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","autoRenew":false}'})
    end)

    it("is never set for all domains by mistake, or without a value", function()
      local left_out = "cmr.set_domain_auto_renew: missing required argument 'domains' (cmr.all means all of them)"
      api:raises(left_out, function()
        client:set_domain_auto_renew(USER, {autoRenew = true})
      end)
      api:raises("cmr.set_domain_auto_renew: 'domains' is empty (cmr.all means all of them)", function()
        client:set_domain_auto_renew(USER, {domains = {}, autoRenew = true})
      end)
      api:raises("cmr.set_domain_auto_renew: missing required argument 'autoRenew'", function()
        client:set_domain_auto_renew(USER, {domains = {"hefty-minion.net"}})
      end)
      api:raises("bad field 'autoRenew' (boolean expected, got string)", function()
        client:set_domain_auto_renew(USER, {domains = {"hefty-minion.net"}, autoRenew = "true"})
      end)
    end)
  end)

  it("accept cmr.all only where all domains are documented", function()
    api:raises("bad field 'domains'", function() client:domain_renewal_prices(USER, {domains = cmr.all}) end)
    api:raises("bad field 'domains'", function()
      client:add_google_client_id(USER, {domains = cmr.all, clientId = "x"})
    end)
    api:raises("bad field 'domains'", function() client:check_workspace{domains = cmr.all} end)
  end)
end)
