-- What the command says when something is missing, wrong or empty: all of it at once, and what to do.
local cjson = require "cjson"
local command = require "spec.support.command"
local mock = require "spec.support.mock"

local USER = mock.USER

local server, env

setup(function() server = mock.shared "http" end)
teardown(command.clean)

before_each(function()
  server:reset{rate = 0}
  env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
end)

local function cmr(...)
  return command.run({...}, {env = env})
end

local function refused(...)
  local ended = cmr(...)
  assert.same({2, ""}, {ended.status, ended.out})
  assert.same({}, server:requests())
  return ended.err:match "^cmr: ([^\n]+)\nTry 'cmr [%l-]+ %-%-help'%.\n$"
end

describe("a command line #cli", function()
  it("names everything that is missing at once", function()
    assert.equal("missing --company, --first-name, --last-name, --country, --city, --address-line-one, "
      .. "--language-preference, --postal-code, --state, --phone-cc and --phone",
      refused("create-user", "--email", "x"))
    assert.equal("missing USER_ID, --confirm and --subscription-id or --domain-id", refused "order-mailboxes")
    assert.equal("missing USER_ID and --confirm", refused("order-mailboxes", "--domain-id", "D"))
    assert.equal("missing USER_ID and --domains (a list, or the word all)", refused "renew-domains")
    assert.equal("missing argument USER_ID", refused "platforms")
    assert.equal("missing option '--confirm'", refused("order-mailboxes", "U", "--domain-id", "D"))
  end)

  it("says how to give a value that begins with a hyphen", function()
    assert.equal("unknown option '-a' (a value that begins with - needs a =, as in --company=-acme)",
      refused("create-user", "--company", "-acme"))
    assert.equal("unknown option '--acme' (a value that begins with - needs a =, as in --company=--acme)",
      refused("create-user", "--company", "--acme"))
    assert.equal("unknown option '-5' (a value that begins with - needs a =, as in --retries=-5)",
      refused("users", "--retries", "-5"))
    assert.equal("unknown option '-x'", refused("users", "--compact", "-x"))
    assert.equal("unknown option '--lmit' (did you mean '--limit'?)", refused("users", "--lmit", "5"))
  end)
end)

describe("a failure #cli", function()
  it("with an unknown outcome says where to look, and not to wait longer", function()
    server:fault{match = {operation = "reexport"}, delay = 3}
    local ended = cmr("reexport", "--email", "john@doe.com", "--timeout", "0.5")
    assert.equal(1, ended.status)
    assert.matches("outcome: unknown, it may have been done: check before you repeat it", ended.err, 1, true)
    assert.matches("hint: look with cmr ", ended.err, 1, true)
    assert.is_nil(ended.err:find("a longer --timeout", 1, true))
    server:fault{match = {operation = "users"}, delay = 3}
    assert.matches("a longer --timeout may help", cmr("users", "--timeout", "0.5", "--retries", "0").err, 1, true)
  end)

  it("has the command's name, as the user typed it", function()
    server:fault{match = {operation = "all_mailboxes"}, status = 403, times = 9}
    assert.matches("^cmr: all%-mailboxes: HTTP 403", cmr "all-mailboxes".err)
    assert.matches("^cmr: all%-mailboxes: HTTP 403", cmr("all-mailboxes", "--all").err)
  end)

  it("of TLS says when the port speaks none", function()
    env.CMR_BASE_URL = server.base_url:gsub("^http:", "https:")
    local ended = cmr "users"
    assert.equal(1, ended.status)
    local hint = "hint: this port speaks no TLS: does the base URL need http:// or another port?"
    assert.matches(hint, ended.err, 1, true)
    assert.is_nil(ended.err:find("CMR_CA_FILE", 1, true))
  end)

  it("of a key with a line break is reported before cmr listen starts", function()
    env.CMR_API_KEY = "a\nb"
    local ended = cmr "listen"
    assert.same({2, ""}, {ended.status, ended.out})
    assert.matches("^cmr: $CMR_API_KEY holds a space, a line break or another character that no key has\n", ended.err)
  end)
end)

describe("an empty list #cli", function()
  local function answer(data)
    server:reset{rate = 0}
    server:fault{status = 200, body = {status = 200, message = "ok", data = data}}
  end

  it("is said to be empty in a table", function()
    answer{records = {}, disabledRecords = {}}
    local ended = cmr("dns-records", USER, "doe.com", "--output", "table")
    assert.same({0, "", "cmr: no records\n"}, {ended.status, ended.out, ended.err})
    answer{name = "x", tags = {}}
    assert.equal("NAME  x\nTAGS\n", cmr("user", USER, "--output", "table").out)
  end)

  it("is an empty cell in CSV", function()
    answer{users = {{id = "U", tags = {}, more = {}}, {id = "V", tags = {"a"}, more = {}}}}
    assert.equal('id,more,tags\r\nU,,\r\nV,,"[""a""]"\r\n', cmr("users", "--output", "csv").out)
  end)
end)

describe("text that looks like a formula #cli", function()
  local users = {{id = "=HYPERLINK(1)", name = "+1", note = "@x", number = -5, other = "-", plain = "a=b"}}
  local plain = "id,name,note,number,other,plain\r\n=HYPERLINK(1),+1,@x,-5,-,a=b\r\n"
  local guarded = "id,name,note,number,other,plain\r\n'=HYPERLINK(1),'+1,'@x,-5,'-,a=b\r\n"

  before_each(function()
    server:fault{match = {operation = "users"}, status = 200, times = 9,
      body = {status = 200, message = "ok", data = {users = users}}}
  end)

  it("is written as it is, and guarded on demand", function()
    for _, all in ipairs{"--no-ledger", "--all"} do
      assert.equal(plain, cmr("users", "--output", "csv", all).out)
      assert.equal(guarded, cmr("users", "--output", "csv", "--guard-formulas", all).out)
    end
    assert.equal("=HYPERLINK(1)", cjson.decode(cmr("users", "--guard-formulas").out).data.users[1].id)
  end)
end)

describe("the help of an operation #cli", function()
  it("has the options before what is known about the API", function()
    local shown = cmr("reexport", "--help").out
    local options, notes = shown:find("\nOptions:", 1, true), shown:find("\nNotes:\n", 1, true)
    assert.is_true(options < notes and notes < shown:find("\nExample:", 1, true))
    assert.is_true(shown:find("Not confirmed:", 1, true) > notes)
    assert.is_true(shown:find("Asynchronous:", 1, true) < options)
  end)

  it("of order-status has the option of its example", function()
    assert.matches("\n   cmr order-status --order-id ", cmr("order-status", "--help").out, 1, true)
    local dry = cmr("order-status", "--order-id", "O").out .. cmr("order-status", "--order-id", "O", "--dry-run").out
    assert.matches("/orders/status?orderId=O", dry, 1, true)
  end)
end)
