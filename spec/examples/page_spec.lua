-- The example's page, tested with a browser's requests. scripts/test/browser/example-check.mjs tests it in Chromium.
local cjson = require "cjson"
local example = require "spec.support.example"
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"

local OTHER_TOKEN, OTHER_USER, OTHER_MAILBOX = "another-token-of-32-characters-or-more", "OTHER", "M2"
local CREDENTIAL = "A1B2C3D4E5F6G7H8"
local CUSTOMERS = {[example.TOKEN] = {example.USER}, [OTHER_TOKEN] = {OTHER_USER}}

local function encoded(fields)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = name .. "=" .. tostring(value):gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)
  end
  return table.concat(parts, "&")
end

-- Imitates a browser: keeps the cookie, but follows no redirect.
local Browser = {}
Browser.__index = Browser

function Browser:ask(method, path, fields)
  local headers = {Cookie = self.cookie, ["Content-Type"] = fields and "application/x-www-form-urlencoded" or nil}
  local answer = self.server:get(path, {method = method, headers = headers, body = fields and encoded(fields)})
  local cookie = answer.headers["set-cookie"]
  if cookie then self.cookie, self.set_cookie = cookie:match "^[^;]*", cookie end
  for _, text in ipairs{answer.body, answer.headers["set-cookie"] or ""} do
    assert.is_nil(text:find(self.key, 1, true), "the key was sent")
  end
  return answer
end

-- Opens the page and returns it. Stores the token of its forms.
function Browser:open()
  local answer = self:ask("GET", "/app/")
  self.csrf = answer.body:match 'name="csrf" value="([^"]*)"'
  return answer
end

function Browser:post(path, fields)
  local all = {csrf = self.csrf}
  for name, value in pairs(fields or {}) do all[name] = value end
  return self:ask("POST", path, all)
end

function Browser:sign_in(token)
  self:open()
  local answer = self:post("/app/sign-in", {token = token})
  assert.equal(303, answer.status)
  return self:open()
end

local function export_path(mailbox) return ("/app/mailboxes/%s/export"):format(mailbox or example.MAILBOX) end

function Browser:export(number, fields)
  local all = {number = number, action = "export", credential = CREDENTIAL}
  for name, value in pairs(fields or {}) do all[name] = value end
  return self:post(export_path(), all)
end

-- Returns the state of an export, as the page's script gets it.
function Browser:outcome(mailbox)
  local answer = self:ask("GET", ("/app/mailboxes/%s/outcome"):format(mailbox or example.MAILBOX))
  return cjson.decode(answer.body), answer.status
end

function Browser:eventually(state)
  return nginx.eventually(state, function()
    local outcome = self:outcome()
    return outcome.state == state and outcome
  end)
end

describe("the example's page #nginx", function()
  local upstream, server

  local function browser() return setmetatable({server = server, key = upstream.key}, Browser) end

  local function signed_in(token)
    local new = browser()
    new:sign_in(token or example.TOKEN)
    return new
  end

  local function start(lookup_seconds)
    return example.start(upstream, {
      settings = "rate = false, retries = 0",
      files = {["customers.json"] = cjson.encode(CUSTOMERS)},
      lookup_seconds = lookup_seconds,
      workers = 2,
      server = [[location = /forget { content_by_lua_block {
        for name, dict in pairs(ngx.shared) do
          if name ~= "app_sessions" then dict:flush_all() end
        end
      } }]],
    })
  end

  -- Returns the POST requests that reached the API: exports, re-exports, and new credentials of a platform.
  local function sent()
    local found = {}
    for _, request in ipairs(upstream:requests()) do
      if request.method == "POST" then found[#found + 1] = request end
    end
    return found
  end

  setup(function()
    upstream = mock.shared "tls"
    server = start()
  end)

  teardown(function() server:stop() end)

  before_each(function()
    upstream = mock.shared "tls"
    upstream:add_user(OTHER_USER)
    upstream:add_mailbox{mailboxId = OTHER_MAILBOX, email = "secret@other.com", userId = OTHER_USER}
    upstream:control("POST", "webhooks", {url = ("http://127.0.0.1:%d/webhook"):format(server.port)})
    server:text "/forget"
  end)

  it("lets a customer in with a token, and sets a cookie that no script reads and no other site sends", function()
    local visitor = browser()
    local answer = visitor:open()
    assert.equal(200, answer.status)
    assert.matches("stand%-in", answer.body)
    assert.equal(403, visitor:post("/app/sign-in", {token = "wrong"}).status)
    assert.equal(403, visitor:post("/app/sign-in").status)
    assert.equal(0, #upstream:requests())
    local before = visitor.cookie
    answer = visitor:sign_in(example.TOKEN)
    assert.matches("john@doe.com", answer.body, 1, true)
    assert.not_equal(before, visitor.cookie)
    assert.matches("; HttpOnly; SameSite=Strict$", visitor.set_cookie)
    assert.is_nil(answer.body:find("other.com", 1, true))
  end)

  it("ends a session at the sign-out", function()
    local customer = signed_in()
    local cookie = customer.cookie
    assert.equal(303, customer:post "/app/sign-out".status)
    customer.cookie = cookie
    assert.is_nil(customer:open().body:find("john@doe.com", 1, true))
    assert.equal(401, select(2, customer:outcome()))
  end)

  it("has a strict policy on every answer", function()
    for _, path in ipairs{"/app/", "/app/page.css", "/app/page.js", "/app/icon.svg", "/app/nothing", "/"} do
      local answer = server:get(path)
      local policy = answer.headers["content-security-policy"]
      assert.matches("^default%-src 'none';", policy)
      assert.is_nil(policy:find "unsafe")
      assert.is_nil(policy:find "http")
      assert.equal("nosniff", answer.headers["x-content-type-options"])
      if path:find "^/app/$" then assert.equal("no-store", answer.headers["cache-control"]) end
    end
    assert.equal("text/css", server:get "/app/page.css".headers["content-type"])
    assert.equal("text/javascript", server:get "/app/page.js".headers["content-type"])
    for _, path in ipairs{"/app/page.lua", "/app/customers.json", "/app/../customers.json", "/customers.json"} do
      assert.equal(404, server:get(path).status)
    end
    local body = signed_in():open().body
    assert.is_nil(body:find "<style" or body:find " style=" or body:find "<script>" or body:find " on%a+=")
  end)

  it("refuses every POST without the form's token", function()
    local customer, stranger = signed_in(), browser()
    stranger:open()
    for _, csrf in ipairs{"", "x", stranger.csrf} do
      customer.csrf = csrf
      for _, path in ipairs{"/app/sign-in", "/app/sign-out", "/app/connect", export_path()} do
        local answer = customer:post(path, {token = example.TOKEN, number = 1, action = "export",
          credential = CREDENTIAL, email = "a@b.c", password = "p"})
        assert.equal(403, answer.status)
        assert.matches("Nothing was done", answer.body)
      end
    end
    assert.equal(0, #sent())
    assert.matches("john@doe.com", customer:open().body, 1, true) -- still signed in
  end)

  it("answers 404 for the mailbox and for the account of another customer", function()
    local customer, other = signed_in(), signed_in(OTHER_TOKEN)
    for _, action in ipairs{"export", "reexport"} do
      for _, mailbox in ipairs{OTHER_MAILBOX, "NONE"} do
        local answer = customer:post(export_path(mailbox), {number = 1, action = action, credential = CREDENTIAL})
        assert.equal(404, answer.status)
      end
      local answer = other:post(export_path(OTHER_MAILBOX), {number = 1, action = action, credential = CREDENTIAL})
      assert.equal(404, answer.status)
      assert.equal(400, customer:export(1, {action = "delete"}).status)
    end
    assert.equal(0, #sent())
    assert.equal(303, customer:export(1).status)
    assert.equal("accepted", customer:outcome().state)
    assert.same({{}, 404}, {other:outcome()})
    assert.same({{}, 404}, {customer:outcome(OTHER_MAILBOX)})
  end)

  it("needs a session for everything but the sign-in", function()
    local visitor = browser()
    visitor:open()
    for _, path in ipairs{"/app/connect", export_path()} do
      assert.equal(303, visitor:post(path, {number = 1, action = "export", credential = CREDENTIAL}).status)
    end
    assert.equal(401, select(2, visitor:outcome()))
    assert.equal(405, visitor:ask("GET", "/app/connect").status)
    assert.equal(405, visitor:post "/app/".status)
    assert.equal(0, #upstream:requests())
  end)

  it("connects EmailBison once, and keeps the fields of the form when the API refuses it", function()
    upstream:add_user "EMPTY"
    local customer = signed_in(OTHER_TOKEN)
    local body = customer:open().body
    assert.matches("Connect an account to export to it", body)
    local fields = {form = body:match 'name="form" value="(%x+)"', email = "ann@x.com", password = "wrong",
      appBaseUrl = "https://bison.test", workspace = "<b>", clientId = "id", appName = "App"}
    assert.equal(303, customer:post("/app/connect", fields).status)
    body = customer:open().body
    assert.matches("The account is not connected. The credentials were rejected by the platform", body, 1, true)
    assert.matches('value="ann@x.com"', body, 1, true)
    assert.is_nil(body:find("wrong", 1, true))
    fields.form, fields.password = body:match 'name="form" value="(%x+)"', "right"
    for _ = 1, 2 do assert.equal(303, customer:post("/app/connect", fields).status) end
    body = customer:open().body
    assert.matches("The account is connected", body)
    assert.equal(2, #sent())
    assert.equal(1, select(2, body:gsub("<li>ann@x.com, workspace &lt;b&gt;</li>", "")))
    assert.is_nil(customer:open().body:find("The account is connected", 1, true))
    assert.is_nil(server:log():find("right", 1, true))
  end)

  it("exports once, however often the form is sent, and shows the outcome of the webhook", function()
    local customer, tab = signed_in(), signed_in()
    local requests = {}
    for index = 1, 6 do
      local each = index % 2 == 0 and customer or tab
      local body = encoded{csrf = each.csrf, number = 1, action = "export", credential = CREDENTIAL}
      requests[index] = http.send(server.port, export_path(), {method = "POST", body = body, headers = {
        Cookie = each.cookie, ["Content-Type"] = "application/x-www-form-urlencoded"}})
    end
    for _, request in ipairs(http.collect(requests)) do assert.equal(303, request.status) end
    assert.equal(1, #sent())
    assert.same({credentialId = CREDENTIAL, componentMailboxIds = {example.MAILBOX}}, cjson.decode(sent()[1].body))
    assert.matches("accepted", customer:outcome().text)
    assert.matches("<fieldset disabled>", customer:open().body, 1, true)
    customer:export(2) -- sends nothing, because the first export has no outcome yet
    assert.equal(1, #sent())
    upstream:advance(10)
    local outcome = customer:eventually "done"
    assert.matches("^Export: done on %d%d %a+ %d%d%d%d", outcome.text)
    assert.equal(2, outcome.next)
    customer:export(1) -- an old form sends nothing
    assert.equal(1, #sent())
    customer:export(2, {action = "reexport"})
    assert.equal(2, #sent())
    upstream:advance(10)
    assert.matches("^Re%-export: done", customer:eventually "done".text)
  end)

  it("finishes an export whose customer has disconnected", function()
    local customer = signed_in()
    upstream:fault{match = {operation = "export_mailboxes"}, delay = 0.5}
    local body = encoded{csrf = customer.csrf, number = 1, action = "export", credential = CREDENTIAL}
    local request = http.send(server.port, export_path(), {method = "POST", body = body, headers = {
      Cookie = customer.cookie, ["Content-Type"] = "application/x-www-form-urlencoded"}})
    customer:eventually "sending"
    request:close()
    assert.equal(303, customer:export(1).status)
    customer:eventually "accepted"
    assert.equal(1, #sent())
  end)

  it("says that the quota of the week refused a re-export", function()
    upstream:control("POST", "quotas", {mailboxId = example.MAILBOX, used = 3})
    local customer = signed_in()
    assert.equal(303, customer:export(1, {action = "reexport"}).status)
    local outcome = customer:outcome()
    assert.equal("refused", outcome.state)
    assert.matches("refused, and nothing was exported%. A mailbox can be re%-exported 3 times a week", outcome.text)
    assert.equal(2, outcome.next)
    assert.matches("3 times a week, and this one was. Try again in some days", customer:open().body, 1, true)
    upstream:fault{match = {operation = "reexport"}, status = 429, headers = {["Retry-After"] = "90000"}}
    customer:export(2, {action = "reexport"})
    assert.matches("Try again after %d%d %a+ %d%d%d%d, %d%d:%d%d UTC", customer:outcome().text)
  end)

  it("shows the reason of a refusal only if the customer can do something about it", function()
    local customer = signed_in()
    for number, case in ipairs{
      {{status = 400, body = {status = 400, message = "<i>No</i>"}}, "nothing was exported. <i>No</i>"},
      {{status = 401}, "It is not possible just now"}, {{status = 402}, "It is not possible just now"},
      {{status = 429, headers = {["Retry-After"] = "7"}}, "It is not possible just now"},
    } do
      case[1].match = {operation = "export_mailboxes"}
      upstream:fault(case[1])
      customer:export(number)
      local outcome = customer:outcome()
      assert.equal("refused", outcome.state)
      assert.matches(case[2], outcome.text, 1, true)
      assert.is_nil(customer:open().body:find("<i>", 1, true))
    end
    assert.is_nil(server:log():find(upstream.key, 1, true))
  end)

  it("exports nothing when it cannot find out whose mailbox it is", function()
    local customer = signed_in()
    for _, operation in ipairs{"mailboxes", "platforms"} do
      upstream:fault{match = {operation = operation}, status = 500}
      assert.equal(502, customer:export(1).status)
      upstream:fault{match = {operation = operation}, status = 500}
      assert.equal(502, customer:ask("GET", "/app/").status)
    end
    assert.equal(0, #sent())
    assert.matches("Not exported from here yet", signed_in():open().body)
  end)

  describe("forbids to repeat an export without an answer", function()
    local customer

    local function lose(fault)
      customer = signed_in()
      fault.match = {operation = "export_mailboxes"}
      upstream:fault(fault)
      customer:export(1)
      local outcome = customer:outcome()
      assert.equal("unknown", outcome.state)
      assert.matches("Do not repeat it: it is being looked up", outcome.text)
      assert.is_nil(outcome.next)
      customer:export(1)
      customer:export(2)
      assert.equal(1, #sent())
      upstream:advance(10)
    end

    it("until its webhook comes", function()
      lose{close = "after"}
      assert.equal(2, customer:eventually "done".next)
    end)

    it("until the customer has looked, if no webhook comes", function()
      local usual = server
      finally(function()
        server:stop()
        server = usual
      end)
      server = start(2)
      lose{close = true}
      assert.matches("Look in EmailBison", customer:eventually "lost".text)
      assert.matches('name="looked" value="yes" required', customer:open().body, 1, true)
      customer:export(2)
      assert.equal(1, #sent())
      customer:export(2, {looked = "yes"})
      assert.equal(2, #sent())
    end)
  end)

  it("keeps sessions and exports over a reload of nginx", function()
    local customer = signed_in()
    customer:export(1)
    server:reload()
    customer:export(1)
    assert.equal("accepted", customer:outcome().state)
    assert.equal(1, #sent())
  end)
end)
