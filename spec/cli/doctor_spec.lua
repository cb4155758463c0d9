-- cmr doctor: what is in force, and what is wrong.
local cjson = require "cjson"
local command = require "spec.support.command"
local core = require "cmr.core"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"

local CHECKS = {"key", "address", "profiles", "api", "clock", "library", "libcurl", "proxy", "certificates",
  "endpoints", "ledger", "nginx", "redis"}

describe("cmr doctor #cli", function()
  local server, env, home

  setup(function()
    server = mock.shared "http"
    home = command.sh "mktemp -d"
  end)
  teardown(function()
    command.sh("rm -rf " .. home)
    command.clean()
  end)
  before_each(function()
    server:reset{rate = 0}
    env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url}
  end)

  -- Runs the command. Returns its result, and a table: from the name of each check to its state and detail, such as
  -- "ok accepts the key". `program` is a program to run in place of cmr.
  local function doctor(words, variables, program)
    for name, value in pairs(variables or {}) do env[name] = value or nil end
    local line = {"doctor"}
    for _, word in ipairs(words or {}) do line[#line + 1] = word end
    local ended, lines, count = command.run(line, {env = env, program = program}), {}, 0
    for name, rest in ended.out:gmatch "(%S+) +([^\n]+)\n" do
      lines[name], count = rest:gsub("^(%S+) +", "%1 "), count + 1
    end
    assert.equal(#CHECKS, count, ended.out .. ended.err)
    for _, name in ipairs(CHECKS) do assert.is_truthy(lines[name], name) end
    assert.is_nil((ended.out .. ended.err):find(server.key, 1, true))
    return ended, lines
  end

  it("has one line for everything, and ends with 0 when nothing failed", function()
    local ended, lines = doctor()
    assert.same({0, ""}, {ended.status, ended.err})
    assert.matches("^ok from CMR_API_KEY; digest %x%x%x%x%x%x$", lines.key)
    assert.equal("ok " .. server.base_url .. ", from CMR_BASE_URL", lines.address)
    assert.matches("^ok accepts the key; answered in %d+%.%d%d s over HTTP/1%.1$", lines.api)
    assert.equal("ok as the server's, within a few seconds", lines.clock)
    assert.matches("^ok cmr %d+%.%d+%.%d+ %([^)]+%)", lines.library)
    -- doctor finds the library's folder with package.searchpath, which Lua 5.1 lacks. This spec checks the flavour, not
    -- the function, because a library of the specs may add the function to this process.
    if os.getenv "CMR_FLAVOUR" ~= "5.1" then assert.matches(", from .*/lua/cmr$", lines.library) end
    assert.matches("^%l+ " .. core.libcurl:gsub("%p", "%%%0"), lines.libcurl)
    assert.equal("- none: the address is on this machine", lines.proxy)
    assert.equal("ok the system's", lines.certificates)
    assert.matches("^ok /.*, not made yet$", lines.ledger)
    assert.matches("^ok /.*nginx, nginx/%d[%d.]*, runs Lua$", lines.nginx)
    assert.equal("- none is stored", lines.profiles)
    assert.equal("- CMR_ENDPOINTS is not set", lines.endpoints)
    assert.matches("\nproxy         %-       none: ", ended.out)
    assert.matches("\ncertificates  ok      the system's\n", ended.out)
    assert.equal(1, #server:requests())
    assert.equal("GET", server:requests()[1].method)
  end)

  it("says where key and address come from", function()
    assert(core.write_private(home .. "/cmr/config", cjson.encode{default = "main", profiles = {
      main = {api_key = server.key, base_url = server.base_url}}}))
    local _, lines = doctor({"--offline"}, {CMR_API_KEY = false, CMR_BASE_URL = false, XDG_CONFIG_HOME = home})
    assert.matches("^ok of the profile 'main', the default; ", lines.key)
    assert.equal("ok " .. server.base_url .. ", of the profile 'main'", lines.address)
    assert.equal(("ok main in %s/cmr/config; default main"):format(home), lines.profiles)
    assert.equal("- not tried (--offline)", lines.api)
    assert.equal("- no answer with a date", lines.clock)
    assert.same({}, server:requests())
    _, lines = doctor{"--offline", "--api-key-file", command.file_with "another"}
    assert.matches("^ok from the file of %-%-api%-key%-file; ", lines.key)
    assert.equal("ok https://customers.coldmailreseller.com/api/v1/integration, production, the default", lines.address)
  end)

  it("tells a named profile from the default one, and names its header", function()
    assert(core.write_private(home .. "/cmr/config", cjson.encode{profiles = {
      main = {api_key = server.key, base_url = server.base_url},
      other = {api_key = "other", base_url = "https://other.test", key_header = "x-key"}}}))
    local _, lines = doctor({"--offline", "--profile", "other"}, {XDG_CONFIG_HOME = home})
    assert.matches("^ok of the profile 'other'; digest %x%x%x%x%x%x; header x%-key$", lines.key)
    assert.equal("ok https://other.test, of the profile 'other'", lines.address)
    assert.equal(("ok main, other in %s/cmr/config; none is the default"):format(home), lines.profiles)
    _, lines = doctor{"--offline", "--base-url", "https://x.test"}
    assert.equal("ok https://x.test, of --base-url", lines.address)
    assert.equal("- none", lines.proxy)
  end)

  it("makes one request, and none again unless it is told to", function()
    for count, words in pairs{[1] = {}, [2] = {"--retries", "1"}} do
      server:reset{rate = 0}
      server:fault{status = 503, times = 9}
      assert.matches("^failed countries: HTTP 503", (select(2, doctor(words)).api))
      assert.equal(count, #server:requests())
    end
  end)

  it("does not wait for the requests of other commands", function()
    local begun = os.time()
    env.CMR_LEDGER = command.ledger()
    assert.equal(0, command.run({"users", "--rate", "0.02"}, {env = env}).status) -- the next slot is in 50 s
    assert.matches("^ok", (select(2, doctor()).api))
    local key = command.file_with(server.key)
    assert.equal(0, command.run({"init", "--profile", "x", "--base-url", server.base_url, "--api-key-file", key},
      {env = {XDG_CONFIG_HOME = home .. "/new", CMR_LEDGER = env.CMR_LEDGER}}).status)
    assert.is_true(os.time() - begun < 25)
  end)

  it("fails without a key, and with one that the API refuses", function()
    local ended, lines = doctor({}, {CMR_API_KEY = false, CMR_BASE_URL = false})
    assert.equal(1, ended.status)
    assert.matches("^failed no API key: store one with 'cmr init'", lines.key)
    assert.equal("- not tried without a key", lines.api)
    ended, lines = doctor({}, {CMR_API_KEY = "wrong", CMR_BASE_URL = server.base_url})
    assert.equal(1, ended.status)
    assert.matches("^failed countries: HTTP 401: Invalid API Key; hint: is this the key for that base URL%?", lines.api)
    assert.equal("ok as the server's, within a few seconds", lines.clock)
    ended, lines = doctor({}, {CMR_API_KEY = "a\nb"})
    assert.equal(1, ended.status)
    assert.matches("^failed CMR_API_KEY is wrong", lines.key)
  end)

  it("compares the clock with the server's", function()
    for _, case in ipairs{
      {-3600, "failed 1 hour ahead of the server's: webhooks are refused as too old or too new; set the clock", 1},
      {60, "note .* behind the server's", 0},
      {400, "failed .* behind the server's: webhooks", 1},
    } do
      server:reset{rate = 0}
      server:fault{status = 200, body = {status = 200, message = "ok", data = {}},
        headers = {Date = os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(core.time()) + case[1])}}
      local ended, lines = doctor()
      assert.matches("^" .. case[2], lines.clock)
      assert.equal(case[3], ended.status)
    end
  end)

  it("takes the time of the request into account, and knows what a receiver accepts", function()
    local now = math.floor(core.time())
    server:reset{rate = 0}
    server:fault{status = 200, times = 9, body = {status = 200, message = "ok", data = {}},
      headers = {Date = os.date("!%a, %d %b %Y %H:%M:%S GMT", now)}}
    for seconds, state in pairs{[5.4] = "ok", [5.9] = "note", [-4.4] = "ok", [-4.8] = "note", [300.2] = "note",
      [301.2] = "failed", [-299.2] = "note", [-300.2] = "failed"} do
      local program = command.file_with(([[
        require("cmr.core").time = function() return %d + %.1f end
        os.exit(require("cmr.cli").main(arg))]]):format(now, seconds))
      local _, lines = doctor({}, nil, program)
      assert.matches("^" .. state, lines.clock, 1, false, tostring(seconds))
      if state ~= "ok" then assert.matches(seconds > 0 and " ahead of the" or " behind the", lines.clock) end
    end
  end)

  it("warns of an old libcurl, and says which library is missing for Redis", function()
    for version, state in pairs{["7.86.0"] = "note", ["7.87.0"] = "ok", ["7.88.1"] = "ok", ["8.5.0"] = "ok"} do
      local program = command.file_with(([[
        require("cmr.core").libcurl = "%s"
        require("cmr.redis.luasocket").missing = function() return "something is missing" end
        os.exit(require("cmr.cli").main(arg))]]):format(version))
      local ended, lines = doctor({"--offline"}, nil, program)
      local more = state == "note" and ": below 7.87, a stalled DNS server can hold a call beyond its timeout" or ""
      assert.equal(state .. " " .. version .. more, lines.libcurl)
      assert.same({0, "- something is missing"}, {ended.status, lines.redis})
      ended, lines = doctor({"--offline", "--redis", "127.0.0.1:1"}, nil, program)
      assert.same({1, "failed something is missing"}, {ended.status, lines.redis})
    end
  end)

  it("counts the certificates of a file that takes the place of the system's", function()
    local mark = "-----BEGIN CERTIFICATE-----\n"
    for text, expected in pairs{
      [""] = "failed %s has no certificate",
      [mark] = "ok %s, which has 1, in place of the system's",
      [mark .. "x\n" .. mark] = "ok %s, which has 2, in place of the system's",
    } do
      local file = command.file_with(text)
      local _, lines = doctor({"--offline", "--ca-file", file}, {CMR_CA_FILE = "/nonexistent.pem"})
      assert.equal(expected:format(file), lines.certificates)
    end
  end)

  it("says what is wrong with the endpoints", function()
    for text in pairs{["[1"] = true, ["5"] = true} do
      local file = command.file_with(text)
      local _, lines = doctor({"--offline"}, {CMR_ENDPOINTS = file})
      assert.equal(("failed %s is no JSON object"):format(file), lines.endpoints)
      assert.matches("^failed CMR_ENDPOINTS is wrong %(" .. file .. ": %S.*%)$", lines.key)
    end
    local _, lines = doctor({"--offline"}, {CMR_ENDPOINTS = "/nonexistent.json"})
    assert.matches("^failed .*nonexistent.json", lines.endpoints)
    assert.equal("failed CMR_ENDPOINTS is wrong (/nonexistent.json: No such file or directory)", lines.key)
    _, lines = doctor({"--offline"}, {CMR_ENDPOINTS = command.file_with '{"wallet": "GET /w", "order": "GET /o"}'})
    assert.matches("^ok /.*: order, wallet$", lines.endpoints)
  end)

  it("hides the proxy's password in every form of the URL", function()
    for url, shown in pairs{
      ["http://me:word@proxy.test:1"] = "http://...@proxy.test:1",
      ["me:word@proxy.test:1"] = "...@proxy.test:1",
      ["socks5h://me:w@ord@proxy.test:1"] = "socks5h://...@proxy.test:1",
      ["me:w//ord@proxy.test"] = "...@proxy.test",
      ["proxy.test:1"] = "proxy.test:1",
    } do
      local _, lines = doctor({"--offline", "--base-url", "https://x.test"}, {https_proxy = url})
      assert.equal("note " .. shown .. " from https_proxy", (lines.proxy:gsub(", except.*", "")))
    end
  end)

  it("names the hosts that the proxy is not for", function()
    for _, name in ipairs{"no_proxy", "NO_PROXY"} do
      local _, lines = doctor({"--offline", "--base-url", "https://x.test"},
        {https_proxy = "http://proxy.test:1", no_proxy = false, NO_PROXY = false, [name] = "a.test,b.test"})
      assert.equal("note http://proxy.test:1 from https_proxy, except a.test,b.test", lines.proxy)
    end
  end)

  it("says whether a receiver stores events in the ledger", function()
    local ledger = command.ledger()
    env.CMR_LEDGER = ledger
    for _ = 1, 2 do command.run({"reexport", "--email", "a@b.c"}, {env = env}) end
    assert.equal(("ok %s: 2 requests"):format(ledger), (select(2, doctor{"--offline"}).ledger))
    local listening = require("spec.support.listener").start({}, nil, ledger)
    finally(function() listening:stop() end)
    assert.equal(("ok %s: 2 requests; a receiver stores events in it"):format(ledger),
      (select(2, doctor{"--offline"}).ledger))
  end)

  it("tries a Redis with its password #redis", function()
    local redis = require("spec.support.redis").start()
    finally(function() redis:stop() end)
    local address = "127.0.0.1:" .. redis.port
    assert.equal(("ok %s answers, and runs scripts"):format(address),
      (select(2, doctor{"--offline", "--redis", address}).redis))
  end)

  it("names the proxy without its password, the certificates and the endpoints", function()
    local _, lines = doctor({"--offline", "--base-url", "https://x.test"}, {https_proxy = "http://me:word@proxy.test:1",
      CMR_CA_FILE = "/nonexistent.pem", CMR_ENDPOINTS = command.file_with '{"wallet": "GET /wallet"}'})
    assert.matches("^note http://...@proxy.test:1 from https_proxy", lines.proxy, 1)
    assert.is_nil(lines.proxy:find("word", 1, true))
    assert.matches("^failed .*nonexistent.pem", lines.certificates)
    assert.matches("^ok /.*: wallet$", lines.endpoints)
  end)

  it("opens the ledger, and tries a Redis that is named", function()
    local ledger = command.ledger()
    env.CMR_LEDGER = ledger
    command.run({"reexport", "--email", "a@b.c"}, {env = env})
    local _, lines = doctor{"--offline"}
    assert.equal(("ok %s: 1 request"):format(ledger), lines.ledger)
    assert.equal("- not used (--no-ledger)", select(2, doctor{"--offline", "--no-ledger"}).ledger)
    local ended
    ended, lines = doctor({"--offline", "--redis", "127.0.0.1:1"}, {CMR_LEDGER = command.file_with "no ledger"})
    assert.equal(1, ended.status)
    assert.matches("^failed ", lines.ledger)
    assert.matches("^failed 127.0.0.1:1: connection refused$", lines.redis)
    _, lines = doctor({"--offline"}, {CMR_NGINX = "/bin/true"})
    local message = "CMR_NGINX names '/bin/true', which is no nginx with ngx_lua"
    assert.equal("note 'cmr mock' and 'cmr listen' cannot run: " .. message, lines.nginx)
  end)

  it("can print its checks as data", function()
    local rows = cjson.decode(command.run({"doctor", "--offline", "--output", "json"}, {env = env}).out)
    assert.equal(#CHECKS, #rows)
    for index, name in ipairs(CHECKS) do assert.equal(name, rows[index].check) end
    local csv = command.run({"doctor", "--offline", "--output", "csv"}, {env = env}).out
    assert.matches("^check,state,detail\r\nkey,ok,from CMR_API_KEY; digest %x+\r\naddress,ok,", csv)
    local shown = command.run({"doctor", "--offline", "--field", "data.check"}, {env = env}).out
    assert.equal(table.concat(CHECKS, "\n") .. "\n", shown)
  end)

  for _, columns in ipairs{60, 80, 200} do
    it("fits " .. columns .. " columns of a terminal #pty", function()
      local shown = pty.run({"doctor"}, {env = env, columns = columns})
      assert.equal(0, shown.status)
      local plain = shown.out:gsub("\27%[%d*m", ""):gsub("\r", "")
      for line in plain:gmatch "[^\n]+" do
        assert.is_true(#line <= columns or not line:sub(23):find " ", line)
      end
      assert.matches("\27[32mok\27[0m", shown.out, 1, true)
      assert.equal("api           ok      accepts the key; ", plain:match "api [^\n]*; ")
      if columns == 60 then -- the rest of a long detail is in the next line, below the detail's beginning
        local address = server.base_url:gsub("%p", "%%%0")
        assert.matches("\naddress       ok      " .. address .. ",\n" .. (" "):rep(22) .. "from CMR_BASE_URL\n", plain)
      end
    end)
  end
end)
