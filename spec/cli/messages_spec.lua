-- How the command reports what the library refuses: its messages name the options and arguments of the command line.
local core = require "cmr.core"
local Client = require "cmr.client"
local messages = require "cmr.cli.messages"
local operations = require "cmr.operations"

local target = assert(core.target{api_key = "secret-key"})

-- Returns the command's message for arguments that the core refuses.
local function refused(name, ...)
  local call, message, err = core[name](target, ...)
  assert.is_nil(call)
  return messages.mistake(message, err, {}, operations[name])
end

-- Returns the command's message for options of a client that the library refuses.
local function refused_options(options, parsed)
  options.api_key = options.api_key or "secret-key"
  local client, message, problem = Client.try_new(options)
  assert.is_nil(client)
  return messages.mistake(message, problem, parsed or {})
end

describe("a refused argument", function()
  it("is named by its option, with the field inside its JSON", function()
    local order = {userId = "U", domains = {{domain = "a.com"}}, mailboxes = {["a.com"] = {}}, confirm = true}
    assert.equal("option '--domains': 'domains[1].years' is missing", refused("create_order", order))
    order.domains[1].years = "1"
    assert.equal("option '--domains' is wrong (domains[1].years: integer expected, got string)",
      refused("create_order", order))
    order.domains[1] = {domain = 7, years = 1}
    assert.equal("option '--domains' is wrong (domains[1].domain: string expected, got number: "
      .. "ids are strings, so that no digit is lost)", refused("create_order", order))
    assert.equal("option '--json' is wrong (search: string, number or boolean expected, got table)",
      refused("users", {search = {}}))
    assert.equal("argument USER_ID is empty", refused("platforms", ""))
    assert.equal("argument USER_ID is wrong (it holds a NUL byte)", refused("platforms", "a\0b"))
    assert.equal("argument USER_ID is wrong (string expected, got boolean)", refused("platforms", {userId = true}))
    assert.equal("missing argument USER_ID", refused("platforms", {}))
    assert.equal("option '--google-client-id' is wrong (string expected, got boolean)",
      refused("reexport", {email = "a@b.c", google = {clientId = true}}))
  end)

  it("is described also when it is one of several, an empty list, or unknown", function()
    assert.equal("missing option '--mailbox-id' or '--email'", refused("reexport", {}))
    assert.equal("only one of '--subscription-id' or '--domain' can be given",
      refused("cancel_subscription", {subscriptionId = "S", domain = "a.com"}))
    assert.equal("option '--domains' is empty (the word all: all of them)",
      refused("renew_domains", {userId = "U", domains = {}}))
    assert.equal("'mailboxid' is no field of reexport (did you mean 'mailboxId'?)",
      refused("reexport", {mailboxid = "M"}))
    assert.equal("'zork' is no field of reexport", refused("reexport", {zork = "M"}))
  end)

  it("cannot be sent to an operation that is not documented", function()
    assert.equal("the path of wallet is not documented: if you know it, name a file with "
      .. '{"wallet": "GET /path"} in CMR_ENDPOINTS', refused("wallet"))
    assert.equal("the path of create_order_form is not documented: if you know it, name a file with "
      .. '{"create_order_form": "POST /path"} in CMR_ENDPOINTS', refused("create_order_form", {confirm = true}))
  end)

  it("is described in the library's words where the command has no other words", function()
    assert.matches("^subscriptions: the arguments make a URL of more than", refused("subscriptions",
      {status = ("x"):rep(100000)}))
  end)
end)

describe("a refused setting", function()
  it("is named by where it came from", function()
    local plain = "plain http would show the key to everyone on the way: use https"
    local url = "http://api.test"
    assert.equal(("CMR_BASE_URL is wrong (%s)"):format(plain), refused_options{base_url = url})
    assert.equal(("option '--base-url' is wrong (%s)"):format(plain),
      refused_options({base_url = url}, {base_url = url}))
    assert.equal(("the base_url of the profile 'main' is wrong (%s)"):format(plain),
      refused_options({base_url = url}, {profile = "main"}))
    for name, value in pairs{api_key = "a b", key_header = "a b", ca_file = 5} do
      assert.matches(("^the %s of the profile 'main' is wrong %%("):format(name),
        refused_options({[name] = value}, {profile = "main"}))
    end
    assert.matches("^option '%-%-timeout' is wrong", refused_options({timeout = 0}, {profile = "main"}))
    assert.matches("^option '%-%-api%-key%-file' is wrong %(it holds a space",
      refused_options({api_key = "a b"}, {api_key_file = "f"}))
    assert.matches("^CMR_API_KEY is wrong", refused_options{api_key = "a b"})
    assert.equal("option '--timeout' is wrong (seconds, from 0.001 to 100000 expected, got 0)",
      refused_options({timeout = 0}, {timeout = "0"}))
    assert.equal("option '--rate' is wrong (a number from 0.001 to 1000000 or off expected, got 0)",
      refused_options({rate = 0}, {rate = "0"}))
    assert.equal("CMR_ENDPOINTS: bad entry 'zork' (there is no such operation)",
      refused_options{endpoints = {zork = "GET /x"}})
    assert.matches("^CMR_ENDPOINTS is wrong", refused_options{endpoints = "x"})
  end)
end)
