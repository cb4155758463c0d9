-- What the mock gives to the launcher: its configuration, its files, and the lines that it prints.
local core = require "cmr.core"
local launcher = require "cmr.launcher"
local mock = require "cmr.mock"
local operations = require "cmr.operations"

local KEY = os.getenv "CMR_MOCK_KEY" or "mock-api-key"

describe("the mock's start", function()
  local run, getenv, stdout, given, printed

  before_each(function()
    run, getenv, stdout, printed = launcher.run, os.getenv, io.stdout, ""
  end)

  after_each(function()
    launcher.run, io.stdout = run, stdout -- luacheck: ignore 122
    os.getenv = getenv -- luacheck: ignore 122
  end)

  -- Starts a mock on port 7. Returns its parts, and its configuration.
  local function start(opts, program)
    local parts
    launcher.run = function(name, port, parts_of)
      given = {name, port}
      parts = parts_of(7, program or {})
      return 0
    end
    assert.equal(0, mock.run(opts))
    return parts, core.json_decode(parts.files["config.json"])
  end

  it("has the documented defaults", function()
    local parts, config = start()
    assert.same({"cmr mock"}, given)
    assert.same({KEY, "/api/v1/integration", 5, "bucket"}, {config.key, config.base, config.rate, config.window})
    assert.same({nil, nil, nil}, {config.webhook, config.examples, config.endpoints})
    assert.same({#operations, operations[1].name, 32}, {#config.operations, config.operations[1].name, #config.token})
    assert.matches("\n    listen 127.0.0.1:7;\n", parts.http, 1, true)
    assert.is_nil(parts.prepare)
    local names = {}
    for name in pairs(parts.files) do names[#names + 1] = name end
    assert.same({"config.json"}, names)
  end)

  it("has the given settings", function()
    local one = {{name = "one", params = {}, flags = {}}, one = {}}
    local _, config = start{port = 8, rate = 0.5, window = "fixed", webhook = "http://127.0.0.1:1/", examples = true,
      endpoints = {wallet = "GET /my/wallet"}, operations = one}
    assert.equal(8, given[2])
    assert.same({0.5, "fixed", "http://127.0.0.1:1/", true, {wallet = "GET /my/wallet"}, "one", 1}, {config.rate,
      config.window, config.webhook, config.examples, config.endpoints, config.operations[1].name, #config.operations})
    for name, values in pairs{port = {1, 65535}, rate = {0, 1e6}, window = {"bucket", "fixed", "sliding"},
      examples = {false}, tls = {false}} do
      for _, value in ipairs(values) do assert.is_table(start{[name] = value}) end
    end
    for name, values in pairs{port = {0, 65536, 1.5}, rate = {-0.1, 1e6 + 1, "x"}, window = {"leap"}, tls = {1},
      webhook = {"http://example.com/", 1}, examples = {1}, operations = {1}, endpoints = {1}} do
      for _, value in ipairs(values) do
        local ok, message = pcall(start, {[name] = value})
        assert.is_false(ok, name .. tostring(value))
        assert.matches("option '" .. name .. "'", tostring(message), 1, true)
      end
    end
    local ok, message = pcall(start, {endpoints = {wallet = "x"}})
    assert.is_false(ok)
    assert.matches("cmr.mock.run: ", tostring(message), 1, true)
    assert.matches("wallet", tostring(message), 1, true)
  end)

  it("with TLS has certificates, and HTTP/2 in the form that this nginx takes", function()
    local parts = start({tls = true}, {http2_directive = true})
    assert.matches("listen 127.0.0.1:7 ssl; http2 on; ssl_certificate leaf.pem; ssl_certificate_key leaf.key;",
      parts.http, 1, true)
    assert.is_string(parts.files["ca.cnf"])
    assert.is_string(parts.files["leaf.cnf"])
    assert.matches("openssl", parts.prepare, 1, true)
    parts = start({tls = true}, {http2_directive = false})
    assert.matches("listen 127.0.0.1:7 ssl http2;  ssl_certificate leaf.pem;", parts.http, 1, true)
  end)

  it("prints its addresses when it is ready", function()
    for scheme, opts in pairs{http = {}, https = {tls = true}} do
      local parts, config = start(opts)
      printed = ""
      io.stdout = {write = function(_, text) printed = printed .. text end, flush = function() end} -- luacheck: ignore 122 631
      parts.on.ready("99", "/tmp/a folder")
      io.stdout = stdout -- luacheck: ignore 122
      local origin = scheme .. "://127.0.0.1:7"
      assert.equal(table.concat({
        "# cmr mock: " .. origin .. "/api/v1/integration",
        "export CMR_BASE_URL=" .. origin .. "/api/v1/integration",
        "export CMR_API_KEY=" .. KEY .. (opts.tls and "\nexport CMR_CA_FILE='/tmp/a folder/ca.pem'" or ""),
        ("export CMR_MOCK_PAGE=%s/_mock/?token=%s"):format(origin, config.token),
        ("# control: %s/_mock/   x-mock-token: %s"):format(origin, config.token),
        "# pid: 99   (kill it to stop everything)",
        "# ready\n",
      }, "\n"), printed)
    end
  end)

  it("takes the endpoints of the environment", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write '{"wallet": "GET /my/wallet"}'
    file:close()
    finally(function() os.remove(path) end)
    os.getenv = function(name) return name == "CMR_ENDPOINTS" and path or getenv(name) end -- luacheck: ignore 122
    assert.same({wallet = "GET /my/wallet"}, select(2, start()).endpoints)
    assert.same({wallet = "GET /other"}, select(2, start{endpoints = {wallet = "GET /other"}}).endpoints)
  end)
end)
