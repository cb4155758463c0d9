-- What a call would send, where its time went, and whether a file is a terminal: what people ask to see.
local cmr = require "cmr"
local core = require "cmr.core"
local mock = require "spec.support.mock"
local support = require "spec.support.client"

local SECRET = "key-that-nothing-may-show"

describe("a call's request", function()
  local function target(options)
    options.api_key = options.api_key or SECRET
    return assert(core.target(options))
  end

  it("is its method, URL, headers and body", function()
    local call = assert(core.reexport(target{base_url = "https://api.example/v1/"}, {mailboxId = "M", userId = "a b"}))
    local request = call:request()
    assert.matches("^User%-Agent: cmr/", table.remove(request.headers, 1))
    assert.same({
      method = "POST",
      url = "https://api.example/v1/mailboxes/oauth?userId=a%20b",
      headers = {"Accept: application/json", "Expect:", "Content-Type: application/json"},
      key_header = "cmr-x-api-key",
      body = '{"mailboxId":"M"}',
    }, request)
    assert.same(call:request(), call:request())
    request = assert(core.users(target{})):request()
    assert.is_nil(request.body)
    assert.equal("Content-Type:", request.headers[4])
  end)

  it("tells the key's header, the certificates, the proxy and the addresses", function()
    local made = assert(core.users(target{base_url = "http://localhost:99", key_header = "x-other", ca_file = "/ca.pem",
      proxy = "http://proxy", headers = {["X-More"] = "1", ["X-Empty"] = ""}})):request()
    assert.same({"x-other", "/ca.pem", "", "localhost:99:127.0.0.1,[::1]"},
      {made.key_header, made.ca_file, made.proxy, made.resolve})
    local lines = table.concat(made.headers, "\n") .. "\n"
    assert.matches("\nX-More: 1\n", lines, 1, true)
    assert.matches("\nX-Empty;\n", lines, 1, true)
    assert.equal("http://proxy", assert(core.users(target{proxy = "http://proxy"})):request().proxy)
  end)

  it("does not tell the key, wherever it stands", function()
    local call = assert(core.request(target{headers = {["X-More"] = "a " .. SECRET}}, "POST", "/" .. SECRET,
      {query = {{SECRET, SECRET}}, body = {[SECRET] = {SECRET}}}))
    local request = call:request()
    assert.matches("***?***=***", request.url, 1, true)
    assert.equal('{"***":["***"]}', request.body)
    for _, line in ipairs(request.headers) do assert.is_nil(line:find(SECRET, 1, true)) end
  end)

  it("is there for calls only", function()
    local request = assert(core.users(target{})).request
    for _, other in ipairs{5, "x", {}, io.stdout, core.engine()} do
      assert.has_error(function() request(other) end)
    end
  end)
end)

describe("client:preview", function()
  it("sends nothing", function()
    local server = mock.shared("http")
    local client = cmr.new{base_url = server.base_url, api_key = SECRET}
    assert.equal(server.base_url .. "/users?userId=U", client:preview("user", "U").url)
    local raw = client:preview("request", "PUT", "/x", {query = {b = 2, a = true}, body = {1}})
    assert.same({"PUT", server.base_url .. "/x?a=true&b=2", "[1]"}, {raw.method, raw.url, raw.body})
    local none, message, err = client:preview("user", "")
    assert.same({nil, "user: 'userId' is empty", "invalid_argument", 0}, {none, message, err.kind, err.attempts})
    assert.same({}, server:requests())
  end)

  it("raises for arguments that make no call", function()
    local client = cmr.new{api_key = SECRET}
    assert.error_matches(function() client:preview("usr") end, "cmr.preview: there is no operation 'usr'")
    assert.error_matches(function() client:preview("user", {zork = 1}) end, "cmr.user: bad field 'zork'")
    assert.error_matches(function() client:preview("request", "GET", 5) end, "cmr.preview: bad arguments")
  end)
end)

describe("on_response", function()
  it("is told how a new connection is encrypted, and where the time went", function()
    local server, told = mock.shared("tls"), {}
    core.engine():close() -- drops the connections of other specs
    local client = support.new(server, {on_response = function(info) told[#told + 1] = info end})
    local answer = assert(client:users())
    assert(client:users())
    assert.matches("^TLSv1%.[23]$", told[1].tls)
    local timing = told[1].timing
    assert.is_true(timing.connected <= timing.secured and timing.secured <= timing.first_byte)
    assert.is_true(timing.first_byte <= told[1].elapsed)
    assert.same({true, nil}, {told[2].reused, told[2].tls})
    assert.equal(told[1].tls, cmr.info(answer).tls)
    assert.is_nil(told[2].timing.secured)
  end)

  it("is not told of encryption where there is none, or no answer", function()
    local server, told = mock.shared("http"), nil
    local options = {retries = 0, on_response = function(info) told = info end}
    assert(support.new(server, options):users())
    assert.is_nil(told.tls)
    assert.is_nil(told.timing.secured)
    options.base_url = "http://127.66.66.66:1" -- no server listens there
    assert.is_nil((support.new(server, options):users()))
    assert.is_nil(told.timing.first_byte)
    assert.is_nil(cmr.info(assert(support.new(server):users())).timing)
  end)
end)

describe("core.terminal", function()
  it("is nil for what is no terminal, or no open file", function()
    local file = assert(io.open("/dev/null"))
    assert.is_nil(core.terminal(file))
    file:close()
    for _, other in ipairs{file, 5, "x", {}, core.engine(), newproxy and newproxy(true) or true} do
      assert.is_nil(core.terminal(other))
    end
    assert.is_nil(core.terminal(nil))
  end)

  it("is the columns and lines of one #pty", function()
    local pty = require "spec.support.pty"
    local program = require("spec.support.program").interpreter()
    local shown = pty.start({program, "-e", "print(require('cmr.core').terminal(io.stdout))"}, {columns = 123}):finish()
    assert.equal("123\t24\r\n", shown.out)
  end)
end)
