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
    order.domains[1] = {domain = "", years = 1}
    assert.equal("option '--domains': 'domains[1].domain' is empty", refused("create_order", order))
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
    assert.equal("option '--domains' is empty (the word all means all of them)",
      refused("renew_domains", {userId = "U", domains = {}}))
    assert.equal("'mailboxid' is no field of reexport (did you mean 'mailboxId'?)",
      refused("reexport", {mailboxid = "M"}))
    assert.equal("'zork' is no field of reexport", refused("reexport", {zork = "M"}))
  end)

  it("cannot be sent to an operation that is not documented", function()
    assert.equal("the path of wallet is not documented: if you know it, write "
      .. '{"wallet": "GET /path"} to a file and name the file in CMR_ENDPOINTS', refused("wallet"))
    assert.equal("the path of create_order_form is not documented: if you know it, write "
      .. '{"create_order_form": "POST /path"} to a file and name the file in CMR_ENDPOINTS',
      refused("create_order_form", {confirm = true}))
  end)

  it("is described in the library's words where the command has no other words", function()
    assert.matches("^subscriptions: the arguments make a URL of more than", refused("subscriptions",
      {status = ("x"):rep(100000)}))
    assert.equal("order-status: it has a name that is not UTF-8", refused("order_status", {["a\255"] = "x"}))
    local _, message, err = core.request(target, "GET", "/x", {query = {{"a\255", "x"}}})
    assert.equal("GET /x: it has a name that is not UTF-8", messages.mistake(message, err, {}))
  end)
end)

describe("a refused part of a request of cmr api", function()
  it("is named by the argument or option that sets it", function()
    local function refused_request(...)
      local call, message, err = core.request(target, ...)
      assert.is_nil(call)
      return messages.mistake(message, err, {})
    end
    assert.equal("argument METHOD is wrong (GET, POST, PUT, PATCH or DELETE expected)", refused_request("FETCH", "/x"))
    assert.equal("argument PATH is wrong (it must start with one '/')", refused_request("GET", "x"))
    assert.equal("option '--query' is wrong (query.a: string, number or boolean expected, got table)",
      refused_request("GET", "/x", {query = {{"a", {}}}}))
    assert.equal("option '--data' is wrong (table expected, got number)", refused_request("POST", "/x", {body = 5}))
    assert.equal("option '--data' is wrong (body.a[2]: a function cannot be sent as JSON)",
      refused_request("POST", "/x", {body = {a = {1, print}}}))
  end)

  it("is not taken for the field of an operation that has the same name", function()
    for _, field in ipairs{"query", "path", "method", "body"} do
      assert.equal(("option '--json' is wrong (%s: string, number or boolean expected, got table)"):format(field),
        refused("users", {[field] = {}}))
    end
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
    assert.equal(("option '--base-url' is wrong (%s)"):format(plain),
      refused_options({base_url = url}, {profile = "main", base_url = url}))
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

describe("the advice after a failure", function()
  -- Returns the lines for a request that reads, in one text.
  local function read(err, operation)
    err.message = err.message or "a message"
    return table.concat(messages.advice(operation, err, false, {}, false), "\n")
  end

  it("has a hint for each kind of failure that the user can do something about", function()
    for kind, hint in pairs{
      unauthorized = "is this the key for that base URL? CMR_API_KEY or --api-key-file, CMR_BASE_URL or --base-url",
      payment_required = "the wallet does not cover the request",
      quota_exceeded = "a mailbox can be exported again three times a week",
      timeout = "a longer --timeout may help; -v shows where the time goes",
      tls = "CMR_CA_FILE or --ca-file names the certificates to trust, in place of the system's",
      not_recorded = "set CMR_LEDGER to another file; --no-ledger sends without a record",
      bad_response = "is the base URL the address of the API?",
    } do
      for _, outcome in ipairs{"rejected", "unknown", "not_sent"} do
        assert.equal("hint: " .. hint, read{kind = kind, outcome = outcome})
      end
      if kind ~= "bad_response" then assert.equal("hint: " .. hint, read{kind = kind, code = "a_code"}) end
    end
    assert.equal("", read{kind = "server_error", outcome = "unknown"})
    assert.equal("", read{kind = "bad_response", code = "no_list"})
    for _, code in ipairs{"list_changed", "repeated_item"} do
      assert.equal("hint: the list has changed meanwhile; try again", read{kind = "bad_response", code = code})
    end
  end)

  it("names the command's help for a refused request, the base URL for an unreachable server", function()
    assert.equal("hint: 'cmr all-mailboxes --help' lists its fields",
      read({kind = "bad_request"}, operations.all_mailboxes))
    assert.equal("", read{kind = "bad_request"})
    assert.equal("", read({kind = "not_found"}, operations.all_mailboxes))
    assert.equal("hint: is the base URL right, and reachable from here? -v shows how far the connection came",
      read{kind = "network", outcome = "not_sent"})
    assert.equal("", read{kind = "network", outcome = "unknown"})
    assert.equal("", read{kind = "server_error", outcome = "not_sent"})
  end)

  it("says when a port speaks no TLS, in the words of any TLS library", function()
    local hint = "hint: this port speaks no TLS: does the base URL need http:// or another port?"
    for _, words in ipairs{"wrong version number", "packet length too long", "unexpected TLS packet",
      "record layer failure"} do
      assert.equal(hint, read{kind = "tls", message = words})
      assert.equal(hint, read{kind = "tls", message = "users: " .. words .. " (x)"})
      assert.equal("", read{kind = "server_error", message = words})
    end
  end)

  it("says what may have been done, where to look, and when to try again", function()
    local function written(operation, err, args, is_remembered)
      err.message = "a message"
      return messages.advice(operation, err, true, args or {}, is_remembered or false)
    end
    local reexport, args = operations.reexport, {mailboxId = "M"}
    local unknown = "outcome: unknown, it may have been done: check before you repeat it"
    local rejected = "outcome: rejected, the server refused it, so nothing was done"
    assert.same({unknown, "hint: look with cmr mailbox M; cmr history --unknown lists it", "retry after 7 seconds"},
      written(reexport, {kind = "timeout", outcome = "unknown", retry_after = 7}, args, true))
    assert.same({unknown, "hint: look with cmr mailbox M"},
      written(reexport, {kind = "server_error", outcome = "unknown"}, args))
    assert.same({unknown, "hint: cmr history --unknown lists it"},
      written(nil, {kind = "server_error", outcome = "unknown"}, args, true))
    assert.same({unknown}, written(nil, {kind = "server_error", outcome = "unknown"}, args))
    assert.same({unknown, "hint: is the base URL the address of the API?"},
      written(nil, {kind = "bad_response", outcome = "unknown"}))
    assert.same({rejected, "retry after 1 second", "hint: the wallet does not cover the request"},
      written(reexport, {kind = "payment_required", outcome = "rejected", retry_after = 1}, args, true))
    assert.same({"outcome: not_sent, the server never saw it, so it can be repeated",
      "hint: a longer --timeout may help; -v shows where the time goes"},
      written(reexport, {kind = "timeout", outcome = "not_sent"}, args, true))
    assert.same({}, written(reexport, {kind = "server_error"}, args, true))
  end)

  it("begins with the facts in the refusal, which are in the answer or in its data", function()
    local function facts(body)
      return read({kind = "conflict", outcome = "rejected", body = body}, operations.delete_user)
    end
    assert.equal("mailboxCount: 1\ndomainCount: 2", facts{mailboxCount = 1, domainCount = 2})
    assert.equal("mailboxCount: 3\ndomainCount: 2", facts{domainCount = 2, data = {mailboxCount = 3, domainCount = 4}})
    assert.equal("domainCount: a b", facts{data = {domainCount = "a\27b"}})
    for _, body in ipairs{{}, {data = "text"}, {data = {}}, "text"} do assert.equal("", facts(body)) end
    assert.equal("", facts(nil))
    assert.equal("", read({kind = "conflict", body = {mailboxCount = 1}}, operations.users))
  end)
end)

describe("a message of the library", function()
  it("has the command's name in place of the operation's, wherever it is", function()
    local operation = operations.all_mailboxes
    assert.equal("all-mailboxes: HTTP 403", messages.with_command("all_mailboxes: HTTP 403", operation))
    assert.equal("row 1: all-mailboxes: no: all_mailboxes: x",
      messages.with_command("row 1: all_mailboxes: no: all_mailboxes: x", operation))
    assert.equal("nothing here", messages.with_command("nothing here", operation))
    assert.equal("users: HTTP 403", messages.with_command("users: HTTP 403", nil))
  end)

  it("about an operation that is not documented says whether the path is missing, or only the method", function()
    local function undocumented(operation)
      return messages.mistake("", {code = "undocumented"}, {}, operation)
    end
    local advice = "is not documented: if you know it, write %s to a file and name the file in CMR_ENDPOINTS"
    assert.equal("the method of x " .. advice:format '{"x": "METHOD /p"}', undocumented{name = "x", path = "/p"})
    assert.equal("the path of x " .. advice:format '{"x": "PUT /path"}', undocumented{name = "x", method = "PUT"})
    assert.equal("the path of x " .. advice:format '{"x": "METHOD /path"}', undocumented{name = "x"})
  end)
end)
