-- From Lua arguments to one request: its content, or the message that refuses it as a mistake. Nothing is sent.

local cjson = require "cjson"
local cmr = require "cmr"
local core = require "cmr.core"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local MAILBOX = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"
local KEY = "key-that-no-message-may-show"
local BASE = "https://api.test/v1"
local MEGABYTE = 2 ^ 20

local target = assert(core.target{api_key = KEY, base_url = BASE})

local function body_of(call)
  return call:request().body
end

local function url_of(call)
  return call:info().url
end

local function prepare(name, ...)
  return core[name](target, ...)
end

local function check_refusal(mistake, expected, call, message, err)
  assert.is_nil(call)
  assert.equal(expected, message)
  assert.equal(message, err.message)
  assert.equal(message, tostring(err))
  assert.equal("invalid_argument", err.kind)
  assert.equal("not_sent", err.outcome)
  assert.equal(mistake, err.programmer_error)
  for _, field in ipairs{"status", "curl_code", "retry_after", "body"} do assert.is_nil(err[field]) end
  for _, value in pairs(err) do assert.is_nil(tostring(value):find(KEY, 1, true)) end
  return err
end

-- Expects a mistake of the programmer, which the Lua layer raises.
local function mistake(expected, ...)
  return check_refusal(true, expected, prepare(...))
end

-- Expects a mistake in the user's data, which the Lua layer returns and does not raise.
local function data(expected, ...)
  return check_refusal(nil, expected, prepare(...))
end

-- Returns the body that would be sent, decoded by lua-cjson and not by the library.
local function sent(...)
  return cjson.decode(body_of(assert(prepare(...))))
end

describe("a required id", function()
  it("goes into the query, by place or by name", function()
    for _, call in ipairs{prepare("platforms", USER), (prepare("platforms", {userId = USER}))} do
      assert.equal(BASE .. "/exports/platform-credentials?userId=" .. USER, url_of(call))
      assert.equal("GET", call:request().method)
      assert.equal("platforms", call:info().operation)
      assert.is_nil(body_of(call))
    end
  end)

  it("is the programmer's mistake when it is missing", function()
    mistake("platforms: missing required argument 'userId'", "platforms")
    mistake("platforms: missing required argument 'userId'", "platforms", nil)
    mistake("platforms: missing required argument 'userId'", "platforms", {})
    mistake("remove_platform: missing required argument 'credentialId'", "remove_platform", {userId = USER})
    mistake("add_platform: missing required argument 'credentials.password'", "add_platform", USER,
      {app = "EMAILBISON", credentials = {email = "john@doe.com"}})
  end)

  it("is a mistake in the data when it is empty", function()
    data("platforms: 'userId' is empty", "platforms", "")
    data("platforms: 'userId' is empty", "platforms", {userId = ""})
    data("reexport: 'mailboxId' is empty", "reexport", {mailboxId = ""})
    data("reexport: 'userId' is empty", "reexport", {mailboxId = MAILBOX, userId = ""})
    data("export_mailboxes: 'mailboxIds[2]' is empty", "export_mailboxes", {credentialId = "C", mailboxIds = {"M", ""}})
  end)

  it("is a string", function()
    local ids = ": ids are strings, so that no digit is lost"
    mistake("platforms: bad field 'userId' (string expected, got number" .. ids .. ")", "platforms", 12)
    mistake("reexport: bad field 'mailboxId' (string expected, got number" .. ids .. ")", "reexport", {mailboxId = 12})
    mistake("platforms: bad field 'userId' (string expected, got boolean)", "platforms", true)
    mistake("platforms: bad field 'userId' (string expected, got boolean)", "platforms", {userId = false})
    mistake("platforms: bad field 'userId' (string expected, got table)", "platforms", {userId = {}})
    mistake("platforms: bad field 'userId' (string expected, got function)", "platforms", print)
    mistake("platforms: bad field 'userId' (string expected, got userdata)", "platforms", io.stdout)
  end)

  it("may be long in a body, and as long in a URL as servers accept", function()
    local room = 8000 - #(BASE .. "/exports/platform-credentials?userId=")
    local too_long = "platforms: the arguments make a URL of more than 8000 bytes"
    assert.equal(8000, #url_of(assert(prepare("platforms", ("x"):rep(room)))))
    data(too_long, "platforms", ("x"):rep(room + 1))
    data(too_long, "platforms", ("x"):rep(MEGABYTE))
    data(too_long, "platforms", ("\195\164"):rep(room / 4)) -- the encoded length counts
    assert.equal(MEGABYTE, #sent("reexport", {mailboxId = ("x"):rep(MEGABYTE)}).mailboxId)
  end)

  it("holds no NUL byte", function()
    data("platforms: bad field 'userId' (it holds a NUL byte)", "platforms", "a\0b")
    data("platforms: bad field 'userId' (it holds a NUL byte)", "platforms", "\0")
    data("reexport: bad field 'mailboxId' (it holds a NUL byte)", "reexport", {mailboxId = MAILBOX .. "\0"})
    data("reexport: bad field 'google.appName' (it holds a NUL byte)", "reexport",
      {mailboxId = MAILBOX, google = {appName = "\0"}})
  end)

  it("breaks no line of the query", function()
    data("platforms: bad field 'userId' (it holds a line break)", "platforms", "a\r\nhost: evil.example")
    data("platforms: bad field 'userId' (it holds a line break)", "platforms", "a\n")
    assert.equal("a\r\nb", sent("reexport", {mailboxId = MAILBOX, google = {appName = "a\r\nb"}}).google.appName)
  end)

  it("is percent-encoded, byte by byte", function()
    local function query(id)
      return url_of(assert(prepare("platforms", id))):match("%?userId=(.*)$")
    end
    assert.equal("J%C3%BCrgen", query("J\195\188rgen"))
    assert.equal("..%2Fusers%3Fa%3D1%26b%23%25%20%2B", query("../users?a=1&b#% +"))
    for byte = 1, 127 do
      local char = string.char(byte)
      if not char:find("[\r\n]") then
        assert.equal(char:find("^[%w._~-]$") and char or ("%%%02X"):format(byte), query(char))
      end
    end
    assert.equal("M\195\188ller", sent("reexport", {mailboxId = "M\195\188ller"}).mailboxId)
  end)
end)

describe("a field", function()
  it("that is misspelt gets a hint", function()
    for _, name in ipairs{"mailboxid", "mailbox_id", "MAILBOX_ID", "mailboxID", "mailbox-id", "malboxId",
      "mailboxIds"} do
      mistake("reexport: bad field '" .. name .. "' (did you mean 'mailboxId'?)", "reexport", {[name] = MAILBOX})
    end
    mistake("platforms: bad field 'user_id' (did you mean 'userId'?)", "platforms", {user_id = USER})
  end)

  it("that is documented has one spelling only, also where others may be given", function()
    local others = 0
    for _, operation in ipairs(require "cmr.operations") do
      for _, param in ipairs(operation.params) do
        local name = param.name
        for _, other in ipairs{(name:gsub("%u", function(letter) return "_" .. letter:lower() end)), name:upper(),
          (name:gsub("%u", "-%0"))} do
          if other ~= name and not name:find "[.%[]" and operation.path then
            others = others + (operation.open_location and 1 or 0)
            mistake(("%s: bad field '%s' (did you mean '%s'?)"):format(operation.name, other, name), operation.name,
              {[other] = "x"})
          end
        end
      end
    end
    assert.is_true(others > 20, others)
  end)

  it("that is misspelt inside an object gets a hint too", function()
    mistake("reexport: bad field 'google.clientid' (did you mean 'clientId'?)", "reexport",
      {mailboxId = MAILBOX, google = {clientid = "x"}})
    mistake("add_platform: bad field 'credentials.passwort' (did you mean 'password'?)", "add_platform", USER,
      {app = "EMAILBISON", credentials = {email = "john@doe.com", passwort = "x"}})
  end)

  it("that is unknown is refused", function()
    mistake("reexport: bad field 'zebra' (reexport has no such field)", "reexport", {mailboxId = MAILBOX, zebra = 1})
    mistake("reexport: bad field 'google.zebra' (reexport has no such field)", "reexport",
      {mailboxId = MAILBOX, google = {zebra = 1}})
    mistake("platforms: bad field 'mailboxId' (platforms has no such field)", "platforms", USER, {mailboxId = MAILBOX})
    mistake("platforms: bad field '' (platforms has no such field)", "platforms", USER, {[""] = 1})
  end)

  it("cannot be given by its path in the operations table", function()
    for _, name in ipairs{"google.clientId", "componentMailboxIds[]", "mailboxIds[1]", "*"} do
      local _, _, err = prepare("export_mailboxes", {credentialId = "C", mailboxIds = {"M"}, [name] = "x"})
      assert.is_true(err.programmer_error, name)
      assert.matches("bad field '" .. name .. "' (", err.message, 1, true)
    end
  end)

  it("has a name without a NUL byte", function()
    for _, fields in ipairs{{["userId\0"] = USER}, {userId = USER, ["userId\0x"] = "other"}} do
      local call, _, err = prepare("platforms", fields)
      assert.is_nil(call)
      assert.is_true(err.programmer_error)
    end
    local call = prepare("reexport", {mailboxId = MAILBOX, google = {["clientId\0"] = "x"}})
    assert.is_nil(call)
  end)

  it("has a name", function()
    mistake("platforms: bad field '[1]' (its members need names)", "platforms", {USER})
    mistake("platforms: bad field '[1]' (its members need names)", "platforms", USER, {[1.5] = "x"})
    mistake("platforms: bad field '[1]' (its members need names)", "platforms", USER, {[true] = "x"})
    mistake("reexport: bad field 'google' (its members need names)", "reexport", {mailboxId = MAILBOX, google = {"x"}})
  end)

  it("has the type of its row, further down too", function()
    local function reexport(google)
      return "reexport", {mailboxId = MAILBOX, google = google}
    end
    mistake("reexport: bad field 'google' (object expected, got string)", reexport("x"))
    mistake("reexport: bad field 'google' (object expected, got boolean)", reexport(false))
    mistake("reexport: bad field 'google.clientId' (string expected, got table)", reexport{clientId = {}})
    mistake("reexport: bad field 'google.clientId' (string expected, got boolean)", reexport{clientId = true})
    mistake("reexport: bad field 'google.appName' (string expected, got function)", reexport{appName = print})
    local cycle = {}
    cycle.clientId = cycle
    mistake("reexport: bad field 'google.clientId' (string expected, got table)", reexport(cycle))
  end)

  it("that is an object is no array", function()
    assert.same({}, sent("reexport", {mailboxId = MAILBOX, google = {}}).google)
    local _, _, err = prepare("reexport", {mailboxId = MAILBOX, google = core.array{}})
    assert.is_true(err and err.programmer_error)
  end)
end)

describe("null", function()
  it("is sent for an optional field of the body", function()
    local body = sent("reexport", {mailboxId = MAILBOX, microsoftOauthRoute = cmr.null, google = cmr.null})
    assert.same({mailboxId = MAILBOX, microsoftOauthRoute = cjson.null, google = cjson.null}, body)
    assert.same({clientId = cjson.null},
      sent("reexport", {mailboxId = MAILBOX, google = {clientId = core.null}}).google)
  end)

  it("is refused where a value is needed", function()
    local credentials = {email = "john@doe.com", password = "x"}
    mistake("platforms: bad field 'userId' (string expected, got null)", "platforms", cmr.null)
    mistake("reexport: bad field 'userId' (string expected, got null)", "reexport",
      {mailboxId = MAILBOX, userId = cmr.null})
    mistake("reexport: bad field 'mailboxId' (string expected, got null)", "reexport", {mailboxId = cmr.null})
    mistake("add_platform: bad field 'app' (string expected, got null)", "add_platform", USER,
      {app = cmr.null, credentials = credentials})
    mistake("add_platform: bad field 'credentials' (object expected, got null)", "add_platform", USER,
      {app = "EMAILBISON", credentials = cmr.null})
    mistake("export_mailboxes: bad field 'mailboxIds[1]' (string expected, got null)", "export_mailboxes",
      {credentialId = "C", mailboxIds = {cmr.null}})
    mistake("export_mailboxes: bad field 'mailboxIds' (array expected, got null)", "export_mailboxes",
      {credentialId = "C", mailboxIds = cmr.null})
  end)
end)

describe("reexport", function()
  it("takes the mailbox's id, its address, or both", function()
    for _, fields in ipairs{{mailboxId = MAILBOX}, {email = "john@doe.com"},
      {mailboxId = MAILBOX, email = "john@doe.com"}} do
      assert.same(fields, sent("reexport", fields))
    end
  end)

  it("needs one of them", function()
    local expected = "reexport: missing required argument: 'mailboxId' or 'email'"
    mistake(expected, "reexport")
    mistake(expected, "reexport", {})
    mistake(expected, "reexport", {google = {clientId = "x"}})
  end)

  it("sends the vendor's sample as it is, the empty microsoftOauthRoute included", function()
    local sample = {
      microsoftOauthRoute = "",
      google = {googleOauthRoute = "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline...",
        clientId = "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com",
        appName = "Outreach App"},
      mailboxId = MAILBOX,
      email = "john@doe.com",
    }
    local call = assert(prepare("reexport", sample))
    assert.same(sample, cjson.decode(body_of(call)))
    assert.equal("POST", call:request().method)
    assert.equal(BASE .. "/mailboxes/oauth", url_of(call))
  end)

  it("puts the user in the query, not in the body", function()
    local call = assert(prepare("reexport", {mailboxId = MAILBOX, userId = USER}))
    assert.equal(BASE .. "/mailboxes/oauth?userId=" .. USER, url_of(call))
    assert.same({mailboxId = MAILBOX}, cjson.decode(body_of(call)))
  end)

  it("leaves the user's table as it was", function()
    local fields = {mailboxId = MAILBOX, google = {clientId = "x"}}
    assert(prepare("reexport", fields))
    assert.same({mailboxId = MAILBOX, google = {clientId = "x"}}, fields)
  end)
end)

describe("export_mailboxes", function()
  it("takes the mailboxes under exactly one of two names", function()
    local names = "'componentMailboxIds' or 'mailboxIds'"
    mistake("export_mailboxes: missing required argument: " .. names, "export_mailboxes", USER, {credentialId = "C"})
    mistake("export_mailboxes: only one of " .. names .. " can be given", "export_mailboxes",
      {credentialId = "C", mailboxIds = {"M"}, componentMailboxIds = {"M"}})
    for _, name in ipairs{"componentMailboxIds", "mailboxIds"} do
      assert.same({credentialId = "C", [name] = {"M", "N"}},
        sent("export_mailboxes", USER, {credentialId = "C", [name] = {"M", "N"}}))
    end
  end)

  it("sends a list, also one of one, and none that is empty", function()
    local function mailboxes(list)
      return body_of(assert(prepare("export_mailboxes", {credentialId = "C", mailboxIds = list}))):match("%b[]")
    end
    assert.equal('["M"]', mailboxes{"M"})
    assert.equal('["M"]', mailboxes(cmr.array{"M"}))
    for _, empty in ipairs{{}, cmr.array{}} do
      local call, message, err = prepare("export_mailboxes", {credentialId = "C", mailboxIds = empty})
      assert.is_nil(call)
      assert.equal("export_mailboxes: 'mailboxIds' is empty", message)
      assert.is_nil(err.programmer_error)
    end
  end)

  it("refuses what is no list of strings", function()
    local function export(mailboxIds)
      return "export_mailboxes", {credentialId = "C", mailboxIds = mailboxIds}
    end
    local expected = "export_mailboxes: bad field 'mailboxIds' (an array cannot have holes or names)"
    local holed = {"M", nil, "N"}
    mistake("export_mailboxes: bad field 'mailboxIds' (array expected, got string)", export("M"))
    mistake(expected, export(holed))
    mistake(expected, export{[2] = "M"})
    mistake(expected, export{"M", name = "N"})
    mistake(expected, export{name = "N"})
    mistake(expected, export(cmr.array{name = "N"}))
    mistake("export_mailboxes: bad field 'mailboxIds[2]' (string expected, got table)", export{"M", {}})
    mistake("export_mailboxes: bad field 'mailboxIds[1]' (string expected, got boolean)", export{false})
    holed.name = "as many members as its length"
    local _, _, err = prepare(export(holed))
    assert.is_true(err.programmer_error)
  end)
end)

describe("positional arguments", function()
  it("go before one table of the others", function()
    local call = assert(prepare("export_mailboxes", USER, {credentialId = "C", mailboxIds = {"M"}}))
    assert.equal(BASE .. "/exports/platform-exports?userId=" .. USER, url_of(call))
    mistake("platforms: the table of fields must be the last argument", "platforms", {userId = USER}, "x")
    mistake("export_mailboxes: the table of fields must be the last argument", "export_mailboxes",
      {credentialId = "C", mailboxIds = {"M"}}, USER)
  end)

  it("are not given twice", function()
    mistake("platforms: 'userId' is given twice", "platforms", USER, {userId = USER})
    assert.equal("platforms", assert(prepare("platforms", nil, {userId = USER})):info().operation)
  end)

  it("are as many as the operation has", function()
    local expected = "platforms: at most 1 positional argument, then one table of fields"
    mistake(expected, "platforms", USER, "x")
    mistake(expected, "platforms", USER, {}, {})
    mistake(expected, "platforms", USER, nil, "x")
    mistake("reexport: it takes names only: reexport{mailboxId = ...}", "reexport", MAILBOX)
  end)

  it("are not for two ids of one shape", function()
    local expected = "remove_platform: it takes names only: remove_platform{userId = ...}"
    mistake(expected, "remove_platform", USER, "C")
    mistake(expected, "remove_platform", USER, {credentialId = "C"})
    local call = assert(prepare("remove_platform", {credentialId = "C", userId = USER}))
    assert.equal("DELETE", call:request().method)
    assert.equal(BASE .. "/exports/platform-credential?userId=" .. USER .. "&credentialId=C", url_of(call))
    assert.is_nil(body_of(call))
  end)

  it("may end in nils", function()
    assert(prepare("platforms", USER, nil, nil))
    assert(prepare("remove_platform", {userId = USER, credentialId = "C"}, nil))
    assert(prepare("platforms", USER, {}))
  end)
end)

describe("no key", function()
  local expected = "platforms: no API key: set CMR_API_KEY (nginx needs 'env CMR_API_KEY;' as well), "
    .. "or give api_key, or the profile of 'cmr init'"

  it("is a mistake in the data, and is found last", function()
    for _, options in ipairs{{base_url = BASE}, {base_url = BASE, api_key = ""}} do
      local keyless = assert(core.target(options))
      check_refusal(nil, expected, core.platforms(keyless, USER))
      check_refusal(nil, (expected:gsub("^platforms", "GET /x")), core.request(keyless, "GET", "/x"))
      check_refusal(true, "platforms: missing required argument 'userId'", core.platforms(keyless))
    end
  end)
end)

describe("a client", function()
  local untouched = {now = core.now, wait = function() error("sent") end, sleep = function() error("slept") end}
  local client = cmr.new{api_key = KEY, base_url = "http://127.0.0.1:1", loop = untouched, rate = false}

  it("raises the programmer's mistakes, where they were made", function()
    local fine, message = pcall(function() client:platforms{user_id = USER} end)
    assert.is_false(fine)
    assert.matches("request_spec.lua:%d+: cmr.platforms: bad field 'user_id' %(did you mean 'userId'%?%)$", message)
  end)

  it("returns what is wrong with the data, and sends nothing", function()
    local err = check_refusal(nil, "platforms: 'userId' is empty", client:platforms(""))
    assert.equal(0, err.attempts)
    err = check_refusal(nil, "GET /x: bad field 'query.a' (it holds a line break)",
      client:request("GET", "/x", {query = {a = "\n"}}))
    assert.equal(0, err.attempts)
  end)
end)
