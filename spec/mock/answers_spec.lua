-- The mock's answers in full, and the small print of its rules.
local still = require "spec.support.still_mock"

local USER, MAILBOX, START = still.USER, still.MAILBOX, still.START
local SUBSCRIPTION, DOMAIN = "1BNTZJG2Q041JWGS3NY9E1BZ9APA", "5J7HM04FRXMT7VK86128K6D25ASP"
local OWN, THIS = {userId = USER}, {mailboxId = MAILBOX}
local DAY = 24 * 3600

local function box(name) return {username = name, firstName = "Jane", lastName = "Roe"} end

describe("the mock's answer", function()
  local api

  before_each(function()
    api = still.new()
    api:seed("users", {userId = "OTHER"})
  end)

  local function time(seconds) return api.state:timestamp(START + seconds) end

  -- Returns one field of each item.
  local function each(list, name)
    local values = {}
    for index, item in ipairs(list) do values[index] = item[name] end
    return values
  end

  -- Sends a request, and returns the message of the answer.
  local function message(what, query, body) return api:ask(what, query, body).body.message end

  it("has a time in the documented format", function()
    assert.equal("2023-11-14T22:13:20.000Z", time(0))
    api:advance(0.9)
    assert.equal("2023-11-14T22:13:20.000Z", api.state:timestamp())
  end)

  it("to a wrong key, an unknown path or a wrong method says so", function()
    local function ask(method, path, key)
      local request = {method = method, path = path, query = {}, headers = {["cmr-x-api-key"] = key}, raw_body = ""}
      api.dispatch:identify(request)
      local reply = api.dispatch:answer(request)
      return {reply.status, reply.envelope.message, reply.headers["x-mock-assumed"], reply.headers.Allow}
    end
    local base = "/api/v1/integration"
    assert.same({401, "Invalid API Key"}, ask("GET", base .. "/users", "another"))
    assert.same({404, "Not Found", "message"}, ask("GET", base .. "/user", "the-key"))
    assert.same({404, "Not Found", "message"}, ask("GET", "/api/v1/integratio/users", "the-key"))
    assert.same({405, "Method Not Allowed", "status 405; message", "DELETE, GET, POST, PUT"},
      ask("PATCH", base .. "/users", "the-key"))
    assert.same({405, "Method Not Allowed", "status 405; message", "GET"},
      ask("POST", base .. "/users/list", "the-key"))
  end)

  it("says how long to wait, in whole seconds", function()
    for _, row in ipairs{{0.5, 1, "1"}, {0.5, 0, "2"}, {0.4, 0, "3"}, {100, 0, "1"}} do
      api = still.new{rate = row[1]}
      local reply
      repeat reply = api:ask "GET /users/list" until reply.status == 429
      api:advance(row[2])
      reply = api:no(429, "Rate limit exceeded", "GET /users/list")
      assert.same({row[3], "Retry-After in seconds; message"},
        {reply.headers["Retry-After"], reply.headers["x-mock-assumed"]})
    end
  end)

  it("to a body that cannot be read says so", function()
    local function ask(body, content_type, path)
      local request = {method = "POST", path = "/api/v1/integration" .. path, query = {}, raw_body = body,
        headers = {["cmr-x-api-key"] = "the-key", ["content-type"] = content_type}}
      api.dispatch:identify(request)
      local reply = api.dispatch:answer(request)
      return {reply.status, reply.envelope.message, reply.headers["x-mock-assumed"]}
    end
    local path = "/mailboxes/oauth"
    assert.same({400, "The Content-Type must be application/json", "status 400; message"}, ask("{}", nil, path))
    assert.same({400, "The Content-Type must be application/json", "status 400; message"}, ask("{}", "text/x", path))
    assert.same({400, "Malformed JSON", "message"}, ask("{", " Application/JSON ; x=y", path))
    assert.same({400, "Malformed JSON", "message"}, ask("[1]", "application/json", path))
    assert.same({400, "Malformed JSON", "message"}, ask('{"a":NaN}', "application/json", path))
    assert.equal(422, ask("", nil, path)[1]) -- an empty body is an empty object
    api:control("endpoints", {create_order_form = "POST /my/form"})
    assert.same({400, "The Content-Type must be multipart/form-data", "status 400; message"},
      ask("{}", "application/json", "/my/form"))
    assert.same({400, "Malformed form: the last boundary is missing", "message"},
      ask("", "multipart/form-data; boundary=b", "/my/form"))
  end)

  it("at a path that the user supplies is the operation's own, or says that the request was recorded", function()
    api = still.new{endpoints = {wallet = "GET /my/wallet", users = "POST /my/users"}}
    local data, reply = api:yes "GET /my/wallet"
    assert.same({still.null, "Recorded by the mock"}, {data, reply.body.message})
    assert.equal(USER, api:yes("POST /my/users", nil, {}).users[1].id)
    api:control "reset" -- a reset keeps the paths that the mock got when it started
    assert.equal(USER, api:yes("POST /my/users", nil, {}).users[1].id)
    assert.equal(404, api:ask("GET /my/users").status)
  end)

  it("names each part that is assumed", function()
    local function assumed(what, query, body) return api:ask(what, query, body).headers["x-mock-assumed"] end
    assert.equal("message; data", assumed("GET /users/list"))
    assert.is_nil(assumed("GET /subscriptions"))
    assert.equal("message; data; actionId; an order that is not confirmed",
      (assumed("POST /orders/create-mailbox-order/json", OWN, {confirm = false, subscriptionId = SUBSCRIPTION,
        mailboxes = {["doe.com"] = {box "a"}}}):gsub("the answer to ", "")))
    assert.equal("status 422; message", assumed("GET /users", {userId = ""}) .. "; message")
    assert.equal("status 400; message", assumed("GET /users", {userId = USER, x = 1}))
    assert.equal("message", assumed("GET /mailboxes/mailbox", {mailboxId = "NONE"}))
  end)

  describe("about DNS", function()
    it("takes the list of nameservers from any field, and no list of something else", function()
      local what, query = "PUT /dns/nameservers", {userId = USER, domain = "doe.com"}
      assert.same({"a.b"}, api:yes(what, query, {x = "text", y = {"a.b"}, z = 1}).nameservers)
      api:no(400, "Please provide a list of nameservers", what, query, {x = {1, 2}})
      api:no(400, "Please provide a list of nameservers", what, query, {x = "a.b"})
      api:no(400, "Please provide a list of nameservers", what, query, {x = {{"a.b"}}})
    end)

    it("has its message", function()
      local query = {userId = USER, domain = "doe.com"}
      local record = {host = "a", value = "1", recordType = "A"}
      assert.equal("DNS records fetched successfully", message("GET /dns", query))
      assert.equal("DNS records added successfully",
        message("POST /dns", OWN, {domain = "doe.com", records = {record}}))
      record.recordId, record.domain = api:yes("GET /dns", query).records[1].recordId, "doe.com"
      assert.equal("DNS record updated successfully", message("PUT /dns", OWN, record))
      assert.equal("DNS record deleted successfully",
        message("DELETE /dns", {userId = USER, recordId = record.recordId}))
      assert.equal("The requested record does not exist.", message("DELETE /dns", {userId = USER, recordId = "NONE"}))
      assert.equal("Nameservers will be updated shortly", message("PUT /dns/nameservers", query, {x = {"a.b"}}))
    end)
  end)

  describe("about domains", function()
    it("has each domain with its own values", function()
      api:seed("subscriptions", {subscriptionId = "S2", domain = "two.com", userId = USER,
        serviceProvider = "MICROSOFT"})
      api:seed("domains", {domainName = "three.com", domainId = "D3", userId = USER, autoRenew = true, expiresIn = 9})
      local list = api:yes("GET /domains/by-user", OWN).domains
      assert.same({domainName = "doe.com", domainId = DOMAIN, status = "ACTIVE", serviceProvider = "GOOGLE",
        expireOn = time(365 * DAY), autoRenew = false}, list[1])
      assert.same({domainName = "two.com", domainId = list[2].domainId, status = "ACTIVE",
        serviceProvider = "MICROSOFT", expireOn = time(365 * DAY), autoRenew = false}, list[2])
      assert.same({domainName = "three.com", domainId = "D3", status = "ACTIVE", serviceProvider = still.null,
        expireOn = time(9), autoRenew = true}, list[3])
    end)

    it("has each price, and marks how an error is shown as assumed", function()
      api:seed("domains", {domainName = "near.com", domainId = "D2", userId = USER, autoRenew = true, expiresIn = DAY})
      local data, reply = api:yes("POST /domains/renewal-price", nil,
        {userId = USER, domains = {"near.com", "doe.com"}, years = 2})
      assert.same({
        {domainName = "near.com", domainId = "D2", years = 2, renewalPrice = "29.00", expireOn = time(DAY),
          autoRenew = true},
        {domainName = "doe.com", success = false, message = "The domain is not within 45 days of its expiry."},
      }, data)
      assert.equal("how a domain's error is shown", reply.headers["x-mock-assumed"])
      data = api:yes("POST /domains/renew", nil, {userId = USER, domains = {"doe.com"}})
      assert.same({1, false}, {#data, data[1].success})
      data, reply = api:yes("POST /domains/renew", nil, OWN)
      assert.same({{domainName = "near.com", domainId = "D2", years = 1, renewalPrice = "14.50", expireOn = time(DAY),
        autoRenew = true}}, data)
      assert.equal("Domains added for renewal.", reply.body.message)
      assert.is_nil((reply.headers["x-mock-assumed"] or ""):find("error", 1, true))
    end)

    it("to auto-renewal counts the domains, and refuses to turn it on for an expired one", function()
      local what = "PATCH /domains/toggle-auto-renew"
      api:seed("domains", {domainName = "over.com", domainId = "D2", userId = USER, expiresIn = -7 * DAY})
      local data, reply = api:yes(what, nil, {userId = USER, autoRenew = true})
      assert.same({{domainName = "doe.com", domainId = DOMAIN, autoRenew = true},
        {domainName = "over.com", success = false, message = "The domain is EXPIRED."}}, data)
      assert.equal("Auto-renew toggled on for 1 domain.", reply.body.message)
      assert.equal("Auto-renew toggled off for 2 domains.", message(what, nil, {userId = USER, autoRenew = false}))
      assert.equal("Auto-renew toggled on for 0 domains.",
        message(what, nil, {userId = USER, autoRenew = true, domains = {"over.com"}}))
    end)

    it("about a client id has its message", function()
      local what, id = "POST /domains/add-client-id", "1.apps.googleusercontent.com"
      local body = {userId = USER, domains = {"doe.com"}, clientId = id, appName = "x"}
      assert.equal("Client id will be added shortly", message(what, nil, body))
      body.clientId = id .. ".x"
      local reply = api:no(422, "The clientId is not one of Google.", what, nil, body)
      assert.equal("status 422; message", reply.headers["x-mock-assumed"])
    end)

    it("about workspaces has its message", function()
      local function ask(body) return message("POST /domains/has-workspace", nil, body) end
      assert.equal("Workspace exists", ask{domainName = "doe.com"})
      assert.equal("Workspace not exists", ask{domainName = "no.com"})
      assert.equal("Workspaces checked", ask{domains = {{domainName = "DOE.com"}}})
      local data, reply = api:yes("POST /domains/has-workspace", nil, {domainName = "DOE.com"})
      assert.same({domainName = "DOE.com", serviceProvider = "GOOGLE"}, data)
      assert.matches("status 200; data", reply.headers["x-mock-assumed"], 1, true)
    end)
  end)

  describe("about platforms", function()
    local ADD, UPDATE = "POST /exports/platform-credential", "PUT /exports/platform-credential"

    it("has each credential, of the right user and app", function()
      local function add(user, app, org)
        return api:yes(ADD, {userId = user}, {app = app, credentials = {email = app .. "@b.c", password = "p"},
          metadata = {workspace = "w"}, orgId = org}).credentialId
      end
      api:advance(60)
      local first, second = add(USER, "SMARTLEAD"), add("OTHER", "SMARTLEAD", "org_1")
      local mine = api:yes("GET /exports/platform-credentials", OWN)
      assert.same({connected = true, credentials = {{credentialId = first, email = "SMARTLEAD@b.c",
        connectedAt = time(60), metadata = {workspace = "w"}}}}, mine.SMARTLEAD)
      assert.equal(1, #mine.EMAILBISON.credentials)
      assert.equal(16, #second)
      local function org() return api:get("users")[2].credentials[1].orgId end
      assert.equal("org_1", org())
      api:yes(UPDATE, {credentialId = second}, {orgId = "org_2"})
      assert.equal("org_2", org())
      api:yes(UPDATE, {credentialId = second}, {credentials = {email = "x@b.c", password = "p"}})
      assert.equal("org_2", org())
      assert.equal("Platform credentials updated successfully",
        message(UPDATE, {credentialId = second}, {orgId = "org_2"}))
      local third = add("OTHER", "SMARTLEAD")
      api:yes("DELETE /exports/platform-credential", {userId = "OTHER", credentialId = third})
      assert.same({second}, each(api:get("users")[2].credentials, "credentialId"))
      assert.equal("The requested credential does not exist.",
        message(UPDATE, {userId = USER, credentialId = second}, {orgId = "x"}))
    end)

    it("about workspaces accepts each spelling of Instantly", function()
      for _, app in ipairs{"INSTANTLY", "instantly", "Instantly"} do
        local id = api:yes(ADD, OWN, {app = app, credentials = {email = "a@b.c", password = "p"}}).credentialId
        local data, reply = api:yes("GET /exports/platform-workspaces", {credentialId = id})
        assert.same({{orgId = "org_1", name = "First workspace"}, {orgId = "org_2", name = "Second workspace"}}, data)
        assert.equal("Workspaces fetched successfully", reply.body.message)
      end
      assert.equal("The platform has no workspaces.",
        message("GET /exports/platform-workspaces", {credentialId = "A1B2C3D4E5F6G7H8"}))
    end)

    it("to an export needs mailboxes of the credential's owner", function()
      api:seed("mailboxes", {mailboxId = "THEIRS", email = "a@theirs.com", userId = "OTHER"})
      local function export(query, ids)
        return api:ask("POST /exports/platform-exports", query,
          {credentialId = "A1B2C3D4E5F6G7H8", mailboxIds = ids}).status
      end
      assert.same({200, 403, 404}, {export(nil, {MAILBOX}), export(nil, {"THEIRS"}), export({userId = "OTHER"},
        {"THEIRS"})})
      assert.equal("Mailboxes queued for export", message("POST /exports/platform-exports", OWN,
        {credentialId = "A1B2C3D4E5F6G7H8", mailboxIds = {MAILBOX}}))
    end)

    it("to a re-export takes the id before the address, and does not count a refused request", function()
      api:seed("mailboxes", {mailboxId = "M2", email = "jane@doe.com", userId = USER})
      api:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX, email = "jane@doe.com"})
      assert.same({2, 3}, each(api:get "quotas", "left"))
      for _ = 1, 2 do api:yes("POST /mailboxes/oauth", nil, {mailboxId = MAILBOX}) end
      local reply = api:no(429, "Re-export limit exceeded: 3 times per mailbox per week", "POST /mailboxes/oauth", nil,
        {mailboxId = MAILBOX})
      assert.equal("status 429; message; no Retry-After", reply.headers["x-mock-assumed"])
      assert.same({mailboxId = MAILBOX, email = "john@doe.com", used = 3, left = 0, nextAt = time(7 * DAY)},
        api:get("quotas")[1])
    end)
  end)

  describe("about mailboxes", function()
    it("has the administrator's details", function()
      assert.same({mailboxId = MAILBOX, email = "admin@doe.com", password = "mock-password",
        authenticatorSecret = "MOCKSECRET", isAdmin = true},
        api:yes("GET /mailboxes/admin-mailbox-details", {userId = USER, mailboxId = MAILBOX}))
      assert.equal("Admin details fetched successfully",
        message("GET /mailboxes/admin-mailbox-details", {userId = USER, mailboxId = MAILBOX}))
    end)

    it("has the result of a validation", function()
      assert.same({mailboxId = MAILBOX, smtp = true, dns = true},
        api:yes("POST /mailboxes/validate-mailbox", OWN, THIS))
      assert.equal("Mailbox validated", message("POST /mailboxes/validate-mailbox", OWN, THIS))
      local reply = api:no(400, "Please provide 'mailboxId'", "POST /mailboxes/validate-mailbox", OWN, {mailboxId = 1})
      assert.equal("the body's names; message", reply.headers["x-mock-assumed"])
    end)

    it("to changes names those that are refused, and makes the others", function()
      api:seed("mailboxes", {mailboxId = "M2", email = "jane@doe.com", userId = USER})
      local data = api:yes("PATCH /mailboxes/update-mailbox-details", OWN, {mailboxData = {
        {mailboxId = MAILBOX, userName = "jane"}, {mailboxId = "M2", userName = "ann", lastName = "Ann"}}})
      assert.same({{mailboxId = MAILBOX, success = false, message = "The mailbox jane@doe.com exists already."},
        {mailboxId = "M2", success = true, message = "Mailbox details will update shortly"}}, data)
      assert.same({{mailboxId = MAILBOX, success = true, message = "Mailbox details will update shortly"}},
        api:yes("PATCH /mailboxes/update-mailbox-details", OWN, {mailboxData = {{mailboxId = MAILBOX}}}))
      api:advance(10)
      local list = api:yes("GET /mailboxes/single", OWN).mailboxes
      assert.same({"john@doe.com", "ann@doe.com"}, each(list, "email"))
      assert.same({"Doe", "Ann"}, each(list, "lastName"))
    end)

    it("keeps the settings of a warmup that is started again", function()
      local function settings(body) return api:yes("PATCH /mailboxes/warmup/settings", THIS, body) end
      api:yes("POST /mailboxes/warmup", THIS)
      assert.equal(7, settings{warmupLimit = 7}.warmupLimit)
      api:yes("DELETE /mailboxes/warmup", THIS)
      api:yes("POST /mailboxes/warmup", THIS)
      assert.same({7, false}, {settings{warmupOnWeekdays = false}.warmupLimit, settings{}.warmupOnWeekdays})
      assert.equal("Warmup settings updated", message("PATCH /mailboxes/warmup/settings", THIS, {}))
    end)

    it("refuses a warmup only while another one is under way", function()
      assert.equal("Warmup enabled", message("POST /mailboxes/warmup", THIS))
      assert.equal("The mailbox is in warmup.", message("POST /mailboxes/warmup", THIS))
      assert.equal("The warmup is PENDING.", message("POST /mailboxes/warmup/toggle", THIS))
      api:advance(120)
      api:yes("POST /mailboxes/warmup/toggle", THIS)
      assert.equal("The mailbox is in warmup.", message("POST /mailboxes/warmup", THIS)) -- also when it is PAUSED
      api:yes("DELETE /mailboxes/warmup", THIS)
      assert.equal("The mailbox is not in warmup.", message("POST /mailboxes/warmup/toggle", THIS))
    end)

    it("has each mailbox with its own values, and its new ids after a recreation", function()
      api:seed("mailboxes", {mailboxId = "M2", email = "Jane@two.com", userId = "OTHER", status = "PENDING"})
      local item = api:yes("GET /mailboxes/mailbox", {mailboxId = "M2"})
      assert.same({mailboxId = "M2", email = "Jane@two.com", firstName = "John", lastName = "Doe",
        profilePicture = still.null, status = "PENDING", domain = "two.com", subscriptionId = item.subscriptionId,
        serviceProvider = "GOOGLE", warmupStatus = still.null}, item)
      api:yes("PATCH /mailboxes/update-mailbox-details", {userId = "OTHER"}, {mailboxData = {mailboxId = "M2",
        firstName = "Jane", lastName = "Roe", profilePicture = "https://a.b/c.png"}})
      api:advance(10)
      api:yes("POST /component/subscriptions/recreate", nil, {domainNames = {"two.com"}})
      api:advance(30)
      local list = api:yes("GET /mailboxes/single", {userId = "OTHER"}).mailboxes
      assert.same({mailboxId = list[1].mailboxId, email = "Jane@two.com", firstName = "Jane", lastName = "Roe",
        profilePicture = "https://a.b/c.png", status = "PENDING", domain = "two.com",
        subscriptionId = list[1].subscriptionId, serviceProvider = "GOOGLE", warmupStatus = still.null}, list[1])
      assert.same({1, 28, 28}, {#list, #list[1].mailboxId, #list[1].subscriptionId})
      assert.are_not.equal(item.subscriptionId, list[1].subscriptionId)
    end)
  end)

  describe("to an order", function()
    local ORDER, MORE = "POST /orders/json", "POST /orders/create-mailbox-order/json"

    it("ignores the case of domains, also in the mailboxes", function()
      local data = api:yes(ORDER, OWN, {confirm = true, domains = {{domain = "New.com", years = 1}},
        mailboxes = {["NEW.com"] = {box "a"}}})
      assert.same({}, data.unavailableDomains)
      api:advance(30)
      assert.same({"john@doe.com", "a@new.com"}, each(api:yes("GET /mailboxes/single", OWN).mailboxes, "email"))
    end)

    it("may be a form, which needs a user too", function()
      api:control("endpoints", {create_order_form = "POST /my/form"})
      local function part(name, value)
        return ('--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'):format(name, value)
      end
      local function ask(query)
        local request = {method = "POST", path = "/api/v1/integration/my/form", query = query,
          headers = {["cmr-x-api-key"] = "the-key", ["content-type"] = "multipart/form-data; boundary=b"},
          raw_body = part("confirm", "true") .. part("domains", '[{"domain": "form.com", "years": 1}]') .. "--b--"}
        api.dispatch:identify(request)
        local reply = api.dispatch:answer(request)
        return {reply.status, reply.envelope.message, reply.headers["x-mock-assumed"]}, reply.envelope.data
      end
      assert.same({422, "Please provide a userId", "status 422"}, (ask{}))
      local answered, data = ask(OWN)
      assert.equal(200, answered[1])
      api:advance(30)
      assert.equal("COMPLETED", api:yes("GET /orders/status", {orderId = data.orderId}).status)
      assert.equal("form.com", api:get("domains")[2].domainName)
    end)

    it("marks what one unavailable domain looks like as assumed", function()
      local data, reply = api:yes(ORDER, OWN, {confirm = true, domains = {{domain = "Doe.com", years = 1},
        {domain = "new.com", years = 1}}})
      assert.same({"Doe.com"}, data.unavailableDomains)
      assert.equal("what unavailableDomains has inside", reply.headers["x-mock-assumed"])
    end)

    it("for several domains of the user takes them in the order of their names", function()
      local mailboxes = {["a.com"] = {box "a"}}
      api:seed("domains", {domainName = "a.com", userId = "OTHER"})
      for index = 1, 9 do mailboxes[("b%d.com"):format(index)] = {box "a"} end
      api:no(403, "The domain does not belong to the user.", ORDER, OWN, {confirm = true, mailboxes = mailboxes})
      mailboxes["a.com"] = nil
      api:no(404, "The requested domain does not exist.", ORDER, OWN, {confirm = true, mailboxes = mailboxes})
    end)

    it("says why it is refused", function()
      local function refused(status, why, what, body)
        body.confirm = true
        return api:no(status, why, what, OWN, body).headers["x-mock-assumed"]
      end
      assert.equal("status 422; message", refused(422, "None of the domains is available.", ORDER,
        {domains = {{domain = "doe.com", years = 1}}}))
      assert.equal("status 422; message", refused(422, "Please provide domains or mailboxes", ORDER, {}))
      refused(409, "doe.com has a workspace already.", ORDER, {mailboxes = {["doe.com"] = {box "a"}}})
      refused(409, "The domain has a subscription.", MORE, {domainId = DOMAIN, mailboxes = {["doe.com"] = {box "a"}}})
      refused(422, "'mailboxes' must be of doe.com", MORE, {subscriptionId = SUBSCRIPTION,
        mailboxes = {["x.com"] = {box "a"}}})
      assert.equal("status 422; message", refused(422, "Please provide mailboxes", MORE,
        {subscriptionId = SUBSCRIPTION}))
      api:wallet(2.99)
      assert.equal("status 402; message", refused(402, "Insufficient wallet balance", MORE,
        {subscriptionId = SUBSCRIPTION, mailboxes = {["doe.com"] = {box "a"}}}))
    end)

    it("names the status, and the domains that failed", function()
      api:control("failures", {domain = "b.com", reason = "taken"})
      local data = api:yes(ORDER, OWN, {confirm = true, domains = {{domain = "a.com", years = 1},
        {domain = "B.com", years = 1}}})
      api:advance(30)
      local status, reply = api:yes("GET /orders/status", {orderId = data.orderId, userId = USER})
      assert.same({orderId = data.orderId, status = "PARTIALLY_COMPLETED",
        failedDomains = {{domain = "b.com", reason = "taken"}}}, status)
      assert.equal("Order status fetched successfully", reply.body.message)
      assert.equal("Order created", message(MORE, OWN, {confirm = false, subscriptionId = SUBSCRIPTION,
        mailboxes = {["doe.com"] = {box "x"}}}))
      assert.equal("Order created", message(ORDER, OWN, {confirm = false, domains = {{domain = "c.com", years = 1}}}))
      assert.equal("the query's names; message",
        api:no(400, "Please provide 'orderId'", "GET /orders/status", {orderId = ""}).headers["x-mock-assumed"])
    end)

    it("that fails leaves a domain that the user has", function()
      api:seed("domains", {domainName = "bare.com", userId = USER})
      api:control("failures", {domain = "bare.com", reason = "blocked"})
      local id = api:yes(ORDER, OWN, {confirm = true, mailboxes = {["bare.com"] = {box "a"}}}).orderId
      api:advance(30)
      assert.equal("FAILED", api:yes("GET /orders/status", {orderId = id}).status)
      assert.same({"doe.com", "bare.com"}, each(api:yes("GET /domains/by-user", OWN).domains, "domainName"))
    end)
  end)

  describe("about warm domains", function()
    it("has those of both providers by turns", function()
      local list = api:yes("GET /pre-warmup", {limit = 100}).inventory
      local google = api:yes("GET /pre-warmup", {serviceProvider = "GOOGLE", limit = 100}).inventory
      assert.same({"prewarm-acmecorp.com", "prewarm-02.com", "prewarm-03.com"},
        {list[1].domain, list[2].domain, list[3].domain})
      assert.same({21, "prewarm-acmecorp.com", "prewarm-03.com", "prewarm-41.com"},
        {#google, google[1].domain, google[2].domain, google[21].domain})
      assert.equal("prewarm-42.com", list[42].domain)
      assert.same({{email = "jwilson@prewarm-02.com", firstName = "James", lastName = "Wilson",
        createdAt = "2025-01-15T10:00:00.000Z"}}, {list[2].preWarmedUpMailboxes[1]})
    end)

    it("finds a part of the name at every position", function()
      for _, part in ipairs{"prewarm-a", "acme", "corp.com", "prewarm-acmecorp.com"} do
        assert.equal(1, api:yes("GET /pre-warmup", {contains = part}).totalDomains, part)
      end
      assert.equal(42, api:yes("GET /pre-warmup", {contains = ""}).totalDomains)
    end)

    it("says that the order was created, and why a domain failed", function()
      local function order(path, body)
        local data, reply = api:yes("POST " .. path, OWN, body)
        assert.equal("Order created and queued for processing", reply.body.message)
        api:advance(30)
        return api:yes("GET /orders/status", {orderId = data.orderId}).failedDomains
      end
      local body = {serviceProvider = "GOOGLE", order = {{domain = "sandbox.nexora-tech.com"}}}
      assert.same({}, order("/sandbox/pre-warmup/order", body))
      for _, scenario in ipairs{"full_failure", "partial_failure"} do
        body.scenario = scenario
        assert.same({{domain = "sandbox.nexora-tech.com", reason = "The scenario was " .. scenario .. "."}},
          order("/sandbox/pre-warmup/order", body))
      end
      body.scenario = nil
      assert.same({{domain = "sandbox.nexora-tech.com", reason = "The domain is not in the pool."}},
        order("/pre-warmup/order", body))
      api:wallet(29.99)
      body.order[1].domain = "prewarm-acmecorp.com"
      assert.same({{domain = "prewarm-acmecorp.com", reason = "Insufficient wallet balance"}},
        order("/pre-warmup/order", body))
      assert.equal("Sandbox data deleted", message("POST /sandbox/pre-warmup/reset"))
      assert.equal("Pre-warmed up domains fetched successfully", message("GET /sandbox/pre-warmup"))
    end)

    it("gives them auto-renewal only if it was ordered", function()
      for on, name in pairs{[true] = "prewarm-03.com", [false] = "prewarm-05.com"} do
        api:yes("POST /pre-warmup/order", OWN, {serviceProvider = "GOOGLE", order = {{domain = name}}, autoRenew = on})
        api:advance(30)
        assert.equal(on, api:yes("GET /subscriptions", {domain = name}).subscriptions[1].autoRenew)
      end
    end)
  end)

  it("about a placement test has a report for each mailbox", function()
    local function reports(body)
      body.mailboxIds = {MAILBOX}
      local id = api:yes("POST /placement", OWN, body).orderId
      assert.equal(28, #id)
      local function report() return api:yes("GET /placement/reports", {userId = USER, orderId = id}).reports[1] end
      local pending = report()
      api:advance(60)
      return id, pending, report()
    end
    local function expected(id, report, status, changes)
      local all = {orderId = id, status = status, spamassassin = true, blacklist = true, mailboxCount = 1,
        aiInsightRequested = true, mailboxes = {{placementOrderId = report.mailboxes[1].placementOrderId,
        fromEmail = "john@doe.com", status = status, report = {inboxTest = {google = {}, microsoft365 = {}},
        spamassassin = {}, blacklist = {}}}}}
      for name, value in pairs(changes) do all[name] = value end
      return all
    end
    local id, pending, done = reports{spamassassin = true, blacklist = true, aiInsight = true}
    assert.equal(28, #pending.mailboxes[1].placementOrderId)
    assert.same(expected(id, pending, "PENDING", {}), pending)
    local wanted = expected(id, done, "COMPLETED", {aiInsight = {summary = "mock"}})
    wanted.mailboxes[1].report = {inboxTest = {google = {{folder = "INBOX"}}, microsoft365 = {{folder = "INBOX"}}},
      spamassassin = {score = 0}, blacklist = {listed = false}}
    assert.same(wanted, done)
    local without = {spamassassin = false, blacklist = false, aiInsightRequested = false}
    id, pending, done = reports{}
    assert.same(expected(id, pending, "PENDING", without), pending)
    wanted = expected(id, done, "COMPLETED", without)
    wanted.mailboxes[1].report.inboxTest = {google = {{folder = "INBOX"}}, microsoft365 = {{folder = "INBOX"}}}
    assert.same(wanted, done)
    api:seed("mailboxes", {mailboxId = "YOUNG", email = "young@doe.com", userId = USER, status = "PENDING"})
    assert.equal("The mailbox young@doe.com is not ACTIVE.", message("POST /placement", OWN, {mailboxIds = {"YOUNG"}}))
    assert.equal("Placement reports fetched successfully", message("GET /placement/reports", OWN))
  end)

  describe("about subscriptions", function()
    it("has its message", function()
      local toggle = "POST /subscriptions/toggle-autorenewal"
      assert.equal("Auto-renewal turned off", message(toggle, nil, {subscriptionId = SUBSCRIPTION}))
      assert.equal("Auto-renewal turned on", message(toggle, nil, {subscriptionId = SUBSCRIPTION}))
      local reply = api:no(400, "Please provide 'subscriptionId'", toggle, nil, {subscriptionId = 7})
      assert.equal("the body's names; whether it sets or flips", reply.headers["x-mock-assumed"])
      assert.equal("Subscriptions will be recreated shortly", message("POST /component/subscriptions/recreate", nil,
        {subscriptionIds = {SUBSCRIPTION}}))
      api:yes("POST /subscriptions/cancel", nil, {domain = "DOE.com"})
      assert.equal("The subscription is CANCELLED.", message(toggle, nil, {subscriptionId = SUBSCRIPTION}))
      assert.equal("The requested subscription does not exist.", message("POST /subscriptions/cancel", nil,
        {domain = "doe.com"}))
    end)

    it("filters by several fields, and ignores empty ones", function()
      api:seed("subscriptions", {subscriptionId = "S2", domain = "two.com", userId = USER})
      local function ids(query) return each(api:yes("GET /subscriptions", query).subscriptions, "subscriptionId") end
      assert.same({SUBSCRIPTION, "S2"}, ids{domain = "", status = "", componentSubscriptionId = ""})
      assert.same({"S2"}, ids{domain = "two.com", status = "ACTIVE"})
      assert.same({}, ids{domain = "two.com", componentSubscriptionId = SUBSCRIPTION})
      assert.same({}, ids{domain = "two"})
    end)

    it("to a recreation or a renewal of one that ends meanwhile changes nothing", function()
      api:yes("POST /component/subscriptions/recreate", nil, {subscriptionIds = {SUBSCRIPTION}})
      api:yes("POST /subscriptions/renew-subscriptions", nil, {subscriptionIds = {SUBSCRIPTION}})
      api:yes("POST /subscriptions/cancel", nil, {subscriptionId = SUBSCRIPTION})
      assert.equal(0, api:cost(function() api:advance(60) end))
      local list = api:yes("GET /subscriptions").subscriptions
      assert.same({{SUBSCRIPTION}, {"CANCELLED"}}, {each(list, "subscriptionId"), each(list, "subscriptionStatus")})
    end)
  end)

  describe("about users", function()
    it("decodes entities of ASCII only", function()
      local profile = {languagePreference = "en", email = "a<b>@c.d", company = "x", firstName = "x", lastName = "x",
        country = "US", city = "x", addressLineOne = "x", postalCode = "1", state = "x", phoneCc = "1", phone = "1"}
      local function city(text)
        profile.city = text
        local reply = api:ask("POST /users", nil, profile)
        if reply.status ~= 200 then return reply.body.message end
        return api:yes("GET /users", {userId = reply.body.data.id}).city
      end
      local refusal = "'city' has characters that are not allowed"
      for text, expected in pairs{["&#65;&#122;"] = "Az", ["&amp;&apos;"] = "&'", ["&quot;"] = refusal,
        ["&gt;"] = refusal, ["&#127;"] = refusal, ["&#128;"] = refusal, ["&#233;"] = refusal, ["&nbsp;"] = refusal,
        ["\195\169"] = "\195\169", ["a&#x41;"] = refusal} do
        assert.equal(expected, city(text), text)
      end
    end)

    it("has the documented profile for a user that a test added", function()
      local user = api:yes("GET /users", {userId = "OTHER"})
      assert.same({"OTHER", "John", "johndoe@company.com"}, {user.id, user.firstName, user.email})
      api:yes("PUT /users", {userId = "OTHER"}, {languagePreference = "en", email = "new@c.d", company = "x",
        firstName = "Ann", lastName = "x", country = "US", city = "x", addressLineOne = "x", postalCode = "1",
        state = "x", phoneCc = "1", phone = "1"})
      api:seed("users", {userId = "OTHER"}) -- the user exists already
      assert.equal("Ann", api:yes("GET /users", {userId = "OTHER"}).firstName)
      assert.same({"User fetched successfully", "Users fetched successfully"},
        {message("GET /users", {userId = "OTHER"}), message "GET /users/list"})
    end)

    it("to a deletion forgets the user's subscriptions, orders and placement tests, and no others", function()
      local mine = {userId = "OTHER"}
      api:seed("mailboxes", {mailboxId = "M2", email = "a@two.com", userId = "OTHER"})
      api:yes("POST /placement", mine, {mailboxIds = {"M2"}})
      api:yes("POST /placement", OWN, {mailboxIds = {MAILBOX}})
      local ids = {}
      for index, query in ipairs{mine, OWN} do
        ids[index] = api:yes("POST /orders/json", query, {confirm = false,
          domains = {{domain = ("new%d.com"):format(index), years = 1}}}).orderId
      end
      api.state.mailboxes:clear(mine)
      api.state.domains:clear(mine)
      api:yes("DELETE /users", mine)
      assert.same({404, 200}, {api:ask("GET /orders/status", {orderId = ids[1]}).status,
        api:ask("GET /orders/status", {orderId = ids[2]}).status})
      assert.same({SUBSCRIPTION}, each(api:yes("GET /subscriptions").subscriptions, "subscriptionId"))
      api:seed("users", mine)
      assert.equal(0, #api:yes("GET /placement/reports", mine).reports)
      assert.equal(1, #api:yes("GET /placement/reports", OWN).reports)
    end)
  end)

  it("has a list in pages", function()
    for number = 1, 39 do api:seed("users", {userId = "U" .. number}) end
    local function page(query)
      local data = api:yes("GET /users/list", query)
      return {#data.users, data.pagination.totalSearchedCount, data.pagination.currentPage, data.pagination.nextPage,
        data.pagination.totalPages}
    end
    assert.same({20, 41, 1, 2, 3}, page{})
    assert.same({20, 41, 2, 3, 3}, page{page = 2})
    assert.same({1, 41, 3, 4, 3}, page{page = 3})
    assert.same({0, 41, 4, 5, 3}, page{page = 4})
    assert.same({41, 41, 1, 2, 1}, page{limit = 41})
    assert.same({1, 41, 2, 3, 2}, page{limit = 40, page = 2})
  end)
end)

describe("the mock's examples", function()
  it("are all there when they are ordered", function()
    local api = still.new{examples = true}
    local user, id = "USR94KD7S2LQ8X5M1Z0", "JKFLDKDHSKTGITJAGFD"
    assert.equal("usr_abc123", api:yes("GET /users", {userId = "usr_abc123"}).id)
    local prices, reply = api:yes("POST /domains/renewal-price", nil, {userId = user})
    assert.same({"acme.com", api.state:timestamp(START + 30 * DAY)}, {prices[1].domainName, prices[1].expireOn})
    assert.is_nil(reply.headers["x-mock-assumed"])
    assert.same({{recordId = "record_123", host = "mail", value = "192.0.2.10", recordType = "A", priority = ""}},
      api:yes("GET /dns", {userId = user, domain = "acme.com"}).records)
    assert.same({INSTANTLY = {connected = true, credentials = {{credentialId = "H7G6F5E4D3C2B1A0",
      email = "jane@acme.com", connectedAt = api.state:timestamp(START), metadata = {}}}}},
      api:yes("GET /exports/platform-credentials", {userId = user}))
    local mailbox = api:yes("GET /mailboxes/mailbox", {mailboxId = id})
    assert.same({"jane@acme.com", "Jane", "ACTIVE", "6ZHR985PGP456XG8HCYHF919YVS6"},
      {mailbox.email, mailbox.firstName, mailbox.warmupStatus, mailbox.subscriptionId})
    assert.is_true(api:yes("GET /subscriptions", {domain = "acme.com"}).subscriptions[1].autoRenew)
    assert.same({orderId = "ord_R8K2LQPZA9XM", status = "COMPLETED", failedDomains = {}},
      api:yes("GET /orders/status", {orderId = "ord_R8K2LQPZA9XM", userId = user}))
    assert.is_nil(still.new():get("users")[2])
  end)
end)
