-- Starting, serving with TLS, ending.
local support = require "spec.support.mock"

local MAILBOX = support.MAILBOX
local PLATFORMS = "/exports/platform-credentials?userId=" .. support.USER
local REEXPORT = "/mailboxes/oauth"

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

describe("the mock with TLS", function()
  it("speaks HTTP/2 and 1.1, with a certificate of its own authority", function()
    local server = support.shared("tls")
    assert.matches("^https://127%.0%.0%.1:", server.base_url)
    assert.equal("2", server:call("GET", PLATFORMS).http)
    assert.equal(200, server:call("POST", REEXPORT, {body = {mailboxId = MAILBOX}}).status)
    assert.equal("1.1", server:call("GET", PLATFORMS, {lines = {"http1.1"}}).http)
    local by_name = server.base_url:gsub("127.0.0.1", "localhost")
    assert.equal(200, server:call("GET", by_name .. PLATFORMS).status)
    local seen = server:requests()
    assert.same({"2.0", "2.0", "1.1", "2.0"}, {seen[1].http, seen[2].http, seen[3].http, seen[4].http})
    assert.equal('{"mailboxId":"' .. MAILBOX .. '"}', seen[2].body)

    local stranger = setmetatable({ca_file = false}, {__index = server})
    local nothing, why = stranger:request("GET", PLATFORMS)
    assert.is_nil(nothing)
    assert.matches("%(60%)", why)
  end)

  it("resets the stream when HTTP/1.1 would close the connection", function()
    local server = support.shared("tls")
    server:fault{close = true}
    local nothing, why = server:request("POST", REEXPORT, {body = {mailboxId = MAILBOX}})
    assert.is_nil(nothing)
    assert.matches("%(92%)", why)
  end)
end)

describe("the mock's life", function()
  local function directory(server)
    return assert(server.ca_file:match("^(.*/cmr%-mock%.%w+)/ca%.pem$"))
  end

  it("prints lines that a shell can evaluate", function()
    local server = support.shared("tls")
    local port = server.base_url:match(":(%d+)/api/v1/integration$")
    assert.same({
      "# cmr mock: " .. server.base_url,
      "export CMR_BASE_URL=" .. server.base_url,
      "export CMR_API_KEY=" .. (os.getenv "CMR_MOCK_KEY" or "mock-api-key"),
      "export CMR_CA_FILE=" .. server.ca_file,
      ("export CMR_MOCK_PAGE=https://127.0.0.1:%s/_mock/?token=%s"):format(port, server.token),
      ("# control: https://127.0.0.1:%s/_mock/   x-mock-token: %s"):format(port, server.token),
      ("# pid: %s   (kill it to stop everything)"):format(server.pid),
      "# ready",
    }, server.lines)
    assert.is_true(tonumber(port) >= 20000 and tonumber(port) <= 29999)
  end)

  it("ends when its process is ended, and removes its directory", function()
    local server = support.start{tls = true}
    local folder = directory(server)
    assert.is_true(exists(folder .. "/nginx.conf"))
    assert.equal("", server:stop())
    assert.is_false(exists(folder .. "/nginx.conf"))
    assert.is_nil(server:request("GET", PLATFORMS))
  end)

  it("ends when its launcher is killed", function()
    local pipe = assert(io.popen("echo $$; exec " .. support.command{tls = true}, "r"))
    local launcher = assert(pipe:read("*l"):match("^%d+$"))
    local server = support.attach(pipe)
    local folder = directory(server)
    assert.is_true(exists(folder .. "/nginx.conf"))
    os.execute("kill -KILL " .. launcher)
    pipe:read("*a") -- until the last process is gone
    assert.is_false(exists(folder .. "/nginx.conf"))
    assert.is_nil(server:request("GET", PLATFORMS))
    pipe:close()
  end)

  it("uses the given port, and reports when it cannot", function()
    local port = tonumber(support.shared("http").base_url:match(":(%d+)/"))
    local pipe = assert(io.popen(support.command{port = port} .. " 2>&1; echo exit $?", "r"))
    local output = pipe:read("*a")
    pipe:close()
    assert.matches(("^cmr mock: port %d is in use: [^\n]*\nexit 1\n$"):format(port), output)
  end)

  it("chooses another port when its first choice is in use", function()
    local port = support.shared("http").base_url:match(":(%d+)/")
    local code = ([[
      local random = require "cmr.util.random"
      local choose, calls = random.integer, 0
      random.integer = function(low, high)
        calls = calls + 1
        return calls == 1 and %s or choose(low, high)
      end
      os.exit(require("cmr.mock").run{})]]):format(port)
    local server = support.attach(assert(io.popen(("exec '%s' -e '%s'"):format(support.interpreter(), code), "r")))
    local chosen = server.base_url:match(":(%d+)/")
    assert.are_not.equal(port, chosen)
    assert.equal(200, server:call("GET", PLATFORMS).status)
    server:stop()
  end)

  it("raises an error for bad options", function()
    local run = require("cmr.mock").run
    for _, case in ipairs{{ports = 1}, {port = 0}, {port = 65536}, {port = "x"}, {rate = -1}, {window = "leap"},
      {tls = 1}} do
      local ok, why = pcall(run, case)
      assert.is_false(ok)
      assert.is_string(why)
      assert.matches("option '" .. next(case) .. "'", why)
    end
  end)
end)
