-- Operations with an undocumented method or path, and the paths that a user supplies for any operation.
local cmr = require "cmr"
local command = require "spec.support.command"
local fake_loop = require("spec.support.client").fake_loop
local program = require "spec.support.program"
local recorded = require "spec.support.recorded"

local SUPPLY = ": supply it with cmr.new{endpoints = {%s = 'METHOD %s'}}"

-- The method of these operations is documented, but not their path.
local WITHOUT_PATH = {
  suggest_domains = "POST", check_domain = "POST", add_domain_forwarding = "POST", add_email_forwarding = "POST",
  remove_domains = "DELETE", order = "GET", process_order = "POST", wallet = "GET", send_error = "POST",
}
local NAMES = {"suggest_domains", "check_domain", "add_domain_forwarding", "add_email_forwarding", "remove_domains",
  "order", "process_order", "wallet", "send_error"}

local FORMS = {"create_order_form", "add_subscription_mailboxes"} -- forms_spec.lua tests what they send

-- The fields of each call, and what must arrive.
local FIELDS = {userId = "BVZGM5TE9BMP3PP0VWGW943RGV1B", someId = "ord_R8K2LQPZA9XM", count = 3, flag = false}
local AS_QUERY = {userId = "BVZGM5TE9BMP3PP0VWGW943RGV1B", someId = "ord_R8K2LQPZA9XM", count = "3", flag = "false"}
local AS_BODY = '{"userId":"BVZGM5TE9BMP3PP0VWGW943RGV1B","someId":"ord_R8K2LQPZA9XM","count":3,"flag":false}'

-- These are the partner's operations, without a user. The others send userId in the query.
local OF_PARTNER = {wallet = true, send_error = true}
local AS_USERS_BODY = '{"someId":"ord_R8K2LQPZA9XM","count":3,"flag":false}'

local function made_up(name)
  return "/made-up/" .. name:gsub("_", "-")
end

-- A GET has its fields in the query, and other methods have them in the body. The operations of a user always have
-- userId in the query.
local function expected(name, method)
  method = method or WITHOUT_PATH[name]
  if method == "GET" then return {method, made_up(name), query = AS_QUERY} end
  if OF_PARTNER[name] then return {method, made_up(name), body = AS_BODY} end
  return {method, made_up(name), query = {userId = FIELDS.userId}, body = AS_USERS_BODY}
end

local supplied = {sandbox_reset_prewarmed = "POST /sandbox/pre-warmup/reset"}
for name, method in pairs(WITHOUT_PATH) do supplied[name] = method .. " " .. made_up(name) end

describe("without a documented path", function()
  it("are only these operations", function()
    local listed, unknown = {sandbox_reset_prewarmed = "? /sandbox/pre-warmup/reset"}, {}
    for _, name in ipairs(NAMES) do listed[name] = WITHOUT_PATH[name] .. " ?" end
    for _, name in ipairs(FORMS) do listed[name] = "POST ?" end
    for _, row in ipairs(cmr.operations) do
      if not row.method or not row.path then unknown[row.name] = (row.method or "?") .. " " .. (row.path or "?") end
    end
    assert.same(listed, unknown)
  end)

  for _, name in ipairs(NAMES) do
    describe(name, function()
      it("raises an error that says how to supply a path", function()
        local api = recorded.new()
        local message = ("cmr.%s: the path of %s is not documented" .. SUPPLY):format(name, name, name, "/path")
        api:raises(message, function() api.client[name](api.client) end)
        api:raises(message, function() api.client[name](api.client, FIELDS) end)
      end)

      it("sends requests to the supplied path", function()
        local api = recorded.new{endpoints = supplied}
        api.client[name](api.client, FIELDS)
        api:sent(1, expected(name))
        api.client[name](api.client)
        api:sent(1, {WITHOUT_PATH[name], made_up(name)})
        api:raises("it takes names only", function() api.client[name](api.client, "ord_R8K2LQPZA9XM") end)
      end)

      it("sends userId in the place that the supplied path names", function()
        if OF_PARTNER[name] then return end
        local api = recorded.new{endpoints = {[name] = "POST " .. made_up(name) .. " userId in body"}}
        api.client[name](api.client, {userId = "U", some = 1})
        api:sent(1, {"POST", made_up(name), body = '{"userId":"U","some":1}'})
      end)

      it("sends the supplied method, with the fields in that method's place", function()
        for _, method in ipairs{"GET", "POST", "PUT", "PATCH", "DELETE"} do
          local api = recorded.new{endpoints = {[name] = method .. " " .. made_up(name)}}
          api.client[name](api.client, FIELDS)
          api:sent(1, expected(name, method))
        end
      end)
    end)
  end

  it("sends nested fields in a body", function()
    local api = recorded.new{endpoints = supplied}
    api.client:suggest_domains{keywords = {"acme", "corp"}, filter = {tld = "com", years = 1}, none = cmr.null,
      empty = cmr.array{}}
    local last = api:sent(1, {"POST", "/made-up/suggest-domains", body =
      '{"keywords":["acme","corp"],"filter":{"tld":"com","years":1},"none":null,"empty":[]}'})
    assert.matches('"empty":[]', last.body, 1, true)
  end)

  it("refuses nested fields in a query", function()
    local api = recorded.new{endpoints = supplied}
    api:raises("bad field 'ids'", function() api.client:order{ids = {"ord_R8K2LQPZA9XM"}} end)
    api:raises("bad field 'id'", function() api.client:wallet{id = cmr.null} end)
  end)
end)

describe("without a documented method", function()
  it("sandbox_reset_prewarmed raises an error that says how to supply one", function()
    local api = recorded.new()
    local name = "sandbox_reset_prewarmed"
    local message = ("cmr.%s: the method of %s is not documented" .. SUPPLY):format(name, name, name,
      "/sandbox/pre-warmup/reset")
    api:raises(message, function() api.client:sandbox_reset_prewarmed() end)
    api:raises(message, function() api.client:sandbox_reset_prewarmed(FIELDS) end)
  end)

  it("sandbox_reset_prewarmed sends the supplied method", function()
    for _, method in ipairs{"POST", "DELETE", "PUT"} do
      local api = recorded.new{endpoints = {sandbox_reset_prewarmed = method .. " /sandbox/pre-warmup/reset"}}
      api.client:sandbox_reset_prewarmed()
      api:sent(1, {method, "/sandbox/pre-warmup/reset"})
      api.client:sandbox_reset_prewarmed(FIELDS)
      api:sent(1, {method, "/sandbox/pre-warmup/reset", body = AS_BODY})
    end
    local api = recorded.new{endpoints = {sandbox_reset_prewarmed = "GET /sandbox/pre-warmup/reset"}}
    api.client:sandbox_reset_prewarmed(FIELDS)
    api:sent(1, {"GET", "/sandbox/pre-warmup/reset", query = AS_QUERY})
  end)
end)

describe("a supplied path", function()
  it("replaces the documented one", function()
    local api = recorded.new{endpoints = {recreate_subscriptions = "POST /subscriptions/recreate"}}
    api.client:recreate_subscriptions{subscriptionIds = {"6ZHR985PGP456XG8HCYHF919YVS6"}}
    api:sent(1, {"POST", "/subscriptions/recreate", body = '{"subscriptionIds":["6ZHR985PGP456XG8HCYHF919YVS6"]}'})
    api.client:cancel_subscription{domain = "bestpremium.org"}
    api:sent(1, {"POST", "/subscriptions/cancel", body = '{"domain":"bestpremium.org"}'})
  end)

  it("does not change checks of arguments", function()
    local api = recorded.new{endpoints = {renew_domains = "PUT /v2/renew", remove_mailbox = "DELETE /v2/mailbox"}}
    api:raises("missing required argument 'domains' (cmr.all means all of them)", function()
      api.client:renew_domains("8J7H...")
    end)
    api:raises("it takes names only", function() api.client:remove_mailbox("8J7H...", "39XX") end)
    api.client:renew_domains("8J7H...", {domains = {"acme.com"}})
    api:sent(1, {"PUT", "/v2/renew", body = '{"userId":"8J7H...","domains":["acme.com"]}'})
    api.client:remove_mailbox{userId = "8J7H...", mailboxId = "39XX"}
    api:sent(1, {"DELETE", "/v2/mailbox", query = {userId = "8J7H..."}, body = '{"mailboxId":"39XX"}'})
  end)

  it("with GET is retried only for an operation that changes nothing", function()
    local wait = fake_loop()
    local api = recorded.new{retries = 2, loop = wait, endpoints = {
      sandbox_reset_prewarmed = "GET /sandbox/pre-warmup/reset",
      export_mailboxes = "GET /exports/platform-exports",
      wallet = "GET /wallet",
    }}
    api.server:fault{times = 3, status = 503}
    api.client:wallet()
    api:sent(3, {"GET", "/wallet"})
    api.server:fault{times = 2, status = 503}
    api.client:sandbox_reset_prewarmed()
    api:sent(1, {"GET", "/sandbox/pre-warmup/reset"})
    api.client:export_mailboxes{credentialId = "A1B2C3D4E5F6G7H8", mailboxIds = {"39XX"}}
    api:sent(1, {"GET", "/exports/platform-exports",
      body = '{"credentialId":"A1B2C3D4E5F6G7H8","mailboxIds":["39XX"]}'})
  end)

  it("can be given for one call", function()
    local api = recorded.new()
    local other = api.client:with{endpoints = {recreate_subscriptions = "POST /subscriptions/recreate"}}
    other:recreate_subscriptions{domainNames = {"yourdomain.com"}}
    api:sent(1, {"POST", "/subscriptions/recreate", body = '{"domainNames":["yourdomain.com"]}'})
    api.client:recreate_subscriptions{domainNames = {"yourdomain.com"}}
    api:sent(1, {"POST", "/component/subscriptions/recreate", body = '{"domainNames":["yourdomain.com"]}'})
  end)
end)

describe("CMR_ENDPOINTS", function()
  local api

  before_each(function() api = recorded.new() end)
  after_each(command.clean)

  -- Runs a program with options from the environment only. `paths` is the text of the file that CMR_ENDPOINTS names.
  -- Without `paths`, the file does not exist.
  local function run(paths, code)
    return program.run('local cmr = require "cmr"\n' .. code, {env = {
      CMR_API_KEY = api.server.key,
      CMR_BASE_URL = api.server.base_url,
      CMR_ENDPOINTS = paths and command.file_with(paths) or "/nowhere/paths.json",
    }})
  end

  local function object(paths)
    local members = {}
    for name, path in pairs(paths) do members[#members + 1] = ('"%s":"%s"'):format(name, path) end
    return "{" .. table.concat(members, ",") .. "}"
  end

  for _, name in ipairs(NAMES) do
    it("supplies the path of " .. name, function()
      local ended = run(object(supplied), ([[
        cmr.%s{userId = "BVZGM5TE9BMP3PP0VWGW943RGV1B", someId = "ord_R8K2LQPZA9XM", count = 3, flag = false}
      ]]):format(name))
      assert.same({status = 0, out = "", err = ""}, ended)
      api:sent(1, expected(name))
    end)
  end

  it("supplies a method, and replaces the documented path", function()
    assert.same({status = 0, out = "", err = ""}, run(
      '{"recreate_subscriptions": "POST /subscriptions/recreate"}',
      'cmr.recreate_subscriptions{domainNames = {"yourdomain.com"}}'))
    api:sent(1, {"POST", "/subscriptions/recreate", body = '{"domainNames":["yourdomain.com"]}'})
    assert.same({status = 0, out = "", err = ""}, run(
      '{"sandbox_reset_prewarmed": "DELETE /sandbox/pre-warmup/reset"}', "cmr.sandbox_reset_prewarmed()"))
    api:sent(1, {"DELETE", "/sandbox/pre-warmup/reset"})
  end)

  it("counts less than the option", function()
    local ended = run('{"wallet": "GET /of-the-file"}',
      [[cmr.new{endpoints = {wallet = "GET /of-the-option"}}:wallet()]])
    assert.same({status = 0, out = "", err = ""}, ended)
    api:sent(1, {"GET", "/of-the-option"})
  end)

  it("also counts for clients made with cmr.new", function()
    assert.same({status = 0, out = "", err = ""}, run('{"wallet": "GET /wallet"}', "cmr.new():wallet()"))
    api:sent(1, {"GET", "/wallet"})
  end)

  it("raises an error that says why its file cannot be used", function()
    local use = "local good, why = pcall(cmr.platforms, 'BVZGM5TE9BMP3PP0VWGW943RGV1B') assert(not good) print(why)"
    for _, case in ipairs{
      {nil, "CMR_ENDPOINTS: /nowhere/paths.json: No such file"},
      {"wallet = GET /wallet", "CMR_ENDPOINTS: "},
      {"", "CMR_ENDPOINTS: "},
      {'"GET /wallet"', "a JSON object expected"},
      {'["GET /wallet"]', "bad option 'endpoints'"},
      {'{"walet": "GET /wallet"}', "bad option 'endpoints.walet'"},
      {'{"wallet": "/wallet"}', "bad option 'endpoints.wallet'"},
      {'{"wallet": 5}', "bad option 'endpoints.wallet'"},
    } do
      local ended = run(case[1], use)
      assert.same({0, ""}, {ended.status, ended.err}, case[1])
      assert.matches(case[2], ended.out, 1, true)
    end
    api:sent(0)
  end)
end)
