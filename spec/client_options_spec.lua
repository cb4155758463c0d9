-- The options of cmr.new and client:with: their values, the errors for wrong values, and the environment variables.

local cmr = require "cmr"
local core = require "cmr.core"
local local_limiter = require "cmr.limiter.memory"
local memory = require "cmr.store.memory"
local program = require "spec.support.program"

local KEY = "key-that-no-message-may-show"
local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"
local NOWHERE = "http://127.0.0.1:1" -- no server listens there

local NAN, HUGE = 0 / 0, math.huge

local function raised(make)
  local fine, message = pcall(make)
  assert.is_false(fine)
  assert.is_nil(message:find(KEY, 1, true))
  return (message:gsub("^.-client_options_spec%.lua:%d+: ", ""))
end

-- Returns cmr.new's error for an option with this value.
local function refusal(name, value)
  return raised(function() return cmr.new{api_key = KEY, [name] = value} end)
end

-- A loop adapter that records its sleeps, and cancels a call instead of waiting for it.
local function fake_loop()
  local fake = {clock = 1000, slept = {}, calls = 0}
  function fake.now() return fake.clock end
  function fake.sleep(_, seconds)
    fake.slept[#fake.slept + 1] = seconds
    fake.clock = fake.clock + seconds
  end
  function fake.wait(_, call)
    fake.calls = fake.calls + 1
    call:cancel()
  end
  return fake
end

-- A limiter that keeps a record of {key, rate, most}.
local function fake_limiter()
  local fake = {reserved = {}}
  function fake.reserve(_, key, rate, most)
    table.insert(fake.reserved, {key = key, rate = rate, most = most})
    return 0
  end
  function fake.pause() end
  return fake
end

local function new(options)
  local all = {api_key = KEY, base_url = NOWHERE, loop = fake_loop(), limiter = fake_limiter()}
  for name, value in pairs(options or {}) do all[name] = value end
  return cmr.new(all), all
end

-- Makes a call, and returns the reservation that the limiter recorded for it, or nil.
local function reservation(client, limiter)
  limiter.reserved = {}
  local _, _, err = client:platforms(USER)
  assert.equal("cancelled", err.kind)
  return limiter.reserved[1]
end

describe("an option", function()
  local values = {
    timeout = {good = {0.001, 1, 30, 1e5}, bad = {0, -1, 0.0009, 1e5 + 1, NAN, HUGE, "30", true, {}},
      expected = "seconds, from 0.001 to 100000"},
    attempt_timeout = {good = {0.001, 1, 12, 1e5}, bad = {0, -1, 0.0009, 1e5 + 1, NAN, HUGE, "12", true, {}},
      expected = "seconds, from 0.001 to 100000"},
    retries = {good = {0, 1, 2, 2.0, 100}, bad = {-1, 0.5, 101, NAN, HUGE, "2", true, false, {}},
      expected = "a whole number from 0 to 100"},
    rate = {good = {false, 0.001, 0.5, 4, 1e6}, bad = {0, -4, 1e7, NAN, HUGE, true, "4", {}},
      expected = "a number from 0.001 to 1000000 or false"},
    limiter = {good = {local_limiter.new(), fake_limiter()},
      bad = {5, true, "local", {}, {reserve = print}, {pause = print}, {reserve = 1, pause = 2}, print},
      expected = "a table with reserve and pause"},
    reexport_quota = {good = {"warn", "enforce", false}, bad = {"no", true, 3, {}},
      expected = "'warn', 'enforce' or false"},
    store = {good = {memory.new()}, bad = {5, true, "memory", {}, {claim = print, done = print}, print},
      expected = "a table with claim, done, renew, release, append, list, remove, count and uncount"},
    ledger = {good = {false, {begin = print, finish = print, limiter = fake_limiter,
      store = function() return memory.new() end}},
      bad = {5, "", {}, {begin = print}, {finish = print}, {begin = 1, finish = print}, print},
      expected = "true, false, a path, or a ledger"},
    loop = {good = {"block", fake_loop()},
      bad = {5, true, "", "Block", "nothing", {}, {wait = print}, {wait = print, sleep = print},
        {wait = 1, sleep = 2, now = 3}, print},
      expected = "a table with wait, sleep and now"},
    jitter = {good = {math.random}, bad = {5, true, "0.5", {}}, expected = "a function"},
    retry = {good = {print}, bad = {5, true, false, "print", {}}, expected = "function"},
    retry_budget = {good = {false, 1, 50, 1e6}, bad = {0, -1, 0.5, 1e7, NAN, HUGE, true, "50", {}},
      expected = "a whole number from 1 to 1000000 or false"},
    request_id_header = {good = {"X-Trace", "a!#$%&'*+-.^_`|~9"},
      bad = {5, true, "", "a b", "a:", "a\n", "a\0", "\195\164", {}}, expected = "the name of a header"},
    on_request = {good = {print}, bad = {5, true, "print", {}}, expected = "function"},
    on_retry = {good = {print}, bad = {5, true, "print", {}}, expected = "function"},
    on_response = {good = {print}, bad = {5, true, "print", {}}, expected = "function"},
    -- The core checks these options. The specs of targets test more values.
    api_key = {good = {"k"}, bad = {5, true, {}}, expected = "string"},
    base_url = {good = {"https://api.test", NOWHERE}, bad = {5, true, {}}, expected = "string"},
    ca_file = {good = {"/ca.pem"}, bad = {5, true, {}}, expected = "string"},
    proxy = {good = {"http://proxy:3128"}, bad = {5, true, {}}, expected = "string"},
    key_header = {good = {"cmr-x-sandbox-api-key"}, bad = {5, true, {}}, expected = "string"},
    user_agent = {good = {"app/1.0"}, bad = {5, true, {}}, expected = "string"},
    headers = {good = {{["X-Trace"] = "1"}, {}}, bad = {5, true, "X-Trace: 1"},
      expected = "a table of names and values"},
    endpoints = {good = {{wallet = "GET /wallet"}, {}}, bad = {5, true, "GET /wallet"},
      expected = "a table of operations and 'METHOD /path'"},
    allow_http = {good = {true, false}, bad = {5, "true", {}}, expected = "boolean"},
    max_response = {good = {1, 1e9}, bad = {"1", true, {}}, expected = "number"},
    connect_timeout = {good = {0.001, 5}, bad = {"5", true, {}}, expected = "number"},
  }

  for name, of in pairs(values) do
    it(name .. " takes good values", function()
      for _, value in ipairs(of.good) do assert(cmr.new{api_key = "k", [name] = value}) end
      if name == "rate" then assert(cmr.new{rate = false}) end
    end)

    it(name .. " takes no other value, and says what it expects", function()
      for _, value in ipairs(of.bad) do
        local message = refusal(name, value)
        assert.matches(("cmr.new: bad option '%s' ("):format(name), message, 1, true)
        assert.matches(of.expected, message, 1, true)
        assert.matches("expected", message, 1, true)
      end
    end)

    it(name .. " is checked by with as well", function()
      local client = cmr.new{api_key = KEY}
      for _, value in ipairs(of.good) do assert(client:with{[name] = value}) end
      for _, value in ipairs(of.bad) do
        local message = raised(function() return client:with{[name] = value} end)
        assert.matches(("bad option '%s' ("):format(name), message, 1, true)
      end
    end)
  end

  it("that is unknown gets a suggestion, if a known name is similar", function()
    for name, meant in pairs{apikey = "api_key", apiKey = "api_key", baseUrl = "base_url", base_uri = "base_url",
      time_out = "timeout", timeouts = "timeout", attemptTimeout = "attempt_timeout", Retries = "retries",
      retrys = "retry", retires = "retries", onRetry = "on_retry", user_agents = "user_agent", cafile = "ca_file",
      raet = false,
      rates = "rate", header = "headers", key = false, url = false, token = false, zebra = false} do
      local expected = ("cmr.new: unknown option '%s'"):format(name)
      if meant then expected = expected .. (" (did you mean '%s'?)"):format(meant) end
      assert.equal(expected, refusal(name, "x"))
    end
  end)

  it("must have a known string as its name", function()
    assert.equal("cmr.new: unknown option 'true'", refusal(true, KEY))
    assert.equal("cmr.new: unknown option '1'", refusal(1, KEY))
    assert.equal("cmr.new: unknown option '2.5'", refusal(2.5, KEY))
  end)

  it("is named in the error's fields, for a caller with texts of its own", function()
    local try_new = require "cmr.client".try_new
    local client, message, problem = try_new{api_key = KEY, timeot = 5}
    assert.is_nil(client)
    assert.equal("unknown option 'timeot' (did you mean 'timeout'?)", message)
    assert.same({code = "unknown_option", option = "timeot", suggestion = "timeout"}, problem)
    problem = select(3, try_new{api_key = KEY, retries = 101})
    assert.same({code = "bad_option", option = "retries", expected = "a whole number from 0 to 100", got = "101"},
      problem)
    client, message, problem = try_new{api_key = KEY, base_url = "http://api.test"}
    assert.is_nil(client)
    assert.matches("^bad option 'base_url' %(plain http would", message)
    assert.same({"bad_option", "base_url"}, {problem.code, problem.option})
    assert.equal("https://api.test", try_new{api_key = KEY, base_url = "https://api.test"}:base_url())
  end)

  it("loop: the error names all loop adapters, or the one that does not work here", function()
    local message = refusal("loop", "uv")
    for _, name in ipairs(require "cmr.loop".NAMES) do assert.matches("'" .. name .. "'", message, 1, true) end
    assert.equal("cmr.new: bad option 'loop' ('nginx' does not work here)", refusal("loop", "nginx"))
  end)

  it("must be in a table", function()
    assert.equal("cmr.new: a table of options expected, got string", raised(function() return cmr.new(KEY) end))
    assert.equal("cmr.new: a table of options expected, got boolean", raised(function() return cmr.new(false) end))
    local client = cmr.new{api_key = KEY}
    assert.equal("cmr.with: a table of options expected, got nil", raised(function() return client:with() end))
    assert.equal("cmr.with: a table of options expected, got number", raised(function() return client:with(5) end))
  end)
end)

describe("a client's options", function()
  it("default to 4 requests a second and 30 s", function()
    local client, given = new()
    local reserved = reservation(client, given.limiter)
    assert.equal(4, reserved.rate)
    assert.equal(30, reserved.most)
    client, given = new{rate = 2, timeout = 60}
    reserved = reservation(client, given.limiter)
    assert.equal(2, reserved.rate)
    assert.equal(60, reserved.most)
  end)

  it("give the limiter a name of the key that does not reveal the key", function()
    local client, given = new()
    local key = reservation(client, given.limiter).key
    assert.equal(core.target{api_key = KEY}:key_id(), key)
    assert.is_nil(key:find(KEY, 1, true))
    assert.not_equal(key, reservation(client:with{api_key = "other"}, given.limiter).key)
  end)

  it("may switch pacing off", function()
    local client, given = new{rate = false}
    assert.is_nil(reservation(client, given.limiter))
  end)

  it("do not change when the caller changes its table", function()
    local given = {api_key = KEY, base_url = NOWHERE, loop = fake_loop(), limiter = fake_limiter(), rate = 2}
    local limiter = given.limiter
    local client = cmr.new(given)
    given.rate, given.limiter, given.base_url = false, nil, "https://evil.example"
    assert.equal(2, reservation(client, limiter).rate)
    assert.equal("cmr.client: " .. NOWHERE, tostring(client))
  end)

  it("share one queue at the limiter, for one key", function()
    local one = new{api_key = "shared-line", limiter = local_limiter.new(1, function() return 1000 end)}
    local wait = fake_loop()
    local two = one:with{loop = wait}
    local stranger = one:with{loop = wait, api_key = "another-line"}
    one:platforms(USER)
    stranger:platforms(USER)
    assert.same({}, wait.slept)
    two:platforms(USER)
    assert.same({0.25}, wait.slept)
  end)

  it("share it between clients that were made separately", function()
    local wait, real_now = fake_loop(), core.now
    core.now = wait.now
    finally(function() core.now = real_now end)
    local function client(key)
      return cmr.new{api_key = key, base_url = NOWHERE, loop = wait}
    end
    client("a-key-of-this-spec-only"):platforms(USER)
    client("b-key-of-this-spec-only"):platforms(USER)
    assert.same({}, wait.slept)
    client("a-key-of-this-spec-only"):platforms(USER)
    assert.same({0.25}, wait.slept)
  end)
end)

describe("with", function()
  it("keeps the options that it does not name", function()
    local client, given = new{rate = 2, timeout = 60, retries = 0}
    for _, child in ipairs{client:with{}, client:with{retries = 1}, client:with{}:with{}} do
      local reserved = reservation(child, given.limiter)
      assert.equal(2, reserved.rate)
      assert.equal(60, reserved.most)
      assert.equal(tostring(client), tostring(child))
    end
  end)

  it("keeps a false, and can set one", function()
    local client, given = new{rate = false}
    assert.is_nil(reservation(client:with{timeout = 1}, given.limiter))
    assert.is_nil(reservation(client:with{}:with{retries = 0}, given.limiter))
    assert.equal(3, reservation(client:with{rate = 3}, given.limiter).rate)
    client, given = new{rate = 2}
    assert.is_nil(reservation(client:with{rate = false}, given.limiter))
    assert.is_nil(reservation(client:with{rate = false}:with{}, given.limiter))
    assert.equal(2, reservation(client, given.limiter).rate)
  end)

  it("takes a limiter and a loop adapter of its own", function()
    local client, given = new()
    local limiter, wait = fake_limiter(), fake_loop()
    assert.is_table(reservation(client:with{limiter = limiter}, limiter))
    assert.equal(0, #given.limiter.reserved)
    client:with{loop = wait}:platforms(USER)
    assert.equal(1, wait.calls)
  end)

  it("can change where requests go, and with which key", function()
    local client = new()
    assert.equal("cmr.client: https://api.test", tostring(client:with{base_url = "https://api.test/"}))
    assert.equal("cmr.client: " .. NOWHERE, tostring(client))
    local _, message, err = client:with{api_key = ""}:platforms(USER)
    assert.matches("no API key", message)
    assert.equal("invalid_argument", err.kind)
  end)

  it("refuses what cmr.new refuses", function()
    local client = new()
    assert.matches("unknown option 'time_out' (did you mean 'timeout'?)",
      raised(function() return client:with{time_out = 5} end), 1, true)
    assert.matches("bad option 'base_url' (plain http would",
      raised(function() return client:with{base_url = "http://api.test"} end), 1, true)
    assert.matches("bad option 'api_key' (it holds a space",
      raised(function() return client:with{api_key = KEY .. "\n"} end), 1, true)
  end)
end)

describe("the environment", function()
  -- Runs Lua code with this environment; returns what it prints.
  local function out(env, code)
    local answer = program.run([[
      local cmr = require "cmr"
      local wait = {now = require("cmr.core").now, sleep = function() end, wait = function(_, call) call:cancel() end}
    ]] .. code, {env = env})
    assert.equal(0, answer.status, answer.err)
    assert.is_nil((answer.out .. answer.err):find(KEY, 1, true))
    return answer.out
  end

  local SHOW = [[
    local client = cmr.new{loop = wait}
    local _, message, err = client:platforms "u"
    print(client)
    print(err.kind)]]

  it("gives the key and the address", function()
    assert.equal("cmr.client: https://api.test/v1\ncancelled\n",
      out({CMR_API_KEY = KEY, CMR_BASE_URL = "https://api.test/v1/"}, SHOW))
  end)

  it("may give nothing: production, and no key", function()
    local expected = "cmr.client: https://customers.coldmailreseller.com/api/v1/integration\ninvalid_argument\n"
    assert.equal(expected, out({}, SHOW))
    assert.equal(expected, out({CMR_API_KEY = "", CMR_BASE_URL = "", CMR_CA_FILE = ""}, SHOW))
  end)

  it("counts less than options", function()
    local env = {CMR_API_KEY = KEY, CMR_BASE_URL = "https://api.test"}
    assert.equal("cmr.client: https://given.test\ntrue\ntrue\n", out(env,
      [[local client = cmr.new{base_url = "https://given.test", api_key = "", loop = wait}
        print(client)
        local res, message, err = client:platforms "u"
        print(res == nil, message:find("no API key", 1, true) ~= nil)]]):gsub("\t", "\n"))
  end)

  it("gives the paths that are not documented, from a file", function()
    local path = os.tmpname()
    local function outcome(text, option)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
      local env = {CMR_API_KEY = KEY, CMR_BASE_URL = "https://api.test", CMR_ENDPOINTS = path}
      return (out(env, ([[
        local ok, client = pcall(cmr.new, {loop = wait, endpoints = %s})
        if not ok then print(client) return end
        local ran, _, _, err = pcall(client.wallet, client, {userId = "u"})
        print(ran and err.kind or "no path")]]):format(option or "nil"))
        :gsub("^.-: CMR_ENDPOINTS", "CMR_ENDPOINTS"):gsub(path, "PATH"))
    end
    assert.equal("cancelled\n", outcome '{"wallet": "GET /wallet"}')
    assert.equal("no path\n", outcome "{}")
    assert.equal("cancelled\n", outcome("zork", '{wallet = "GET /wallet"}'))
    assert.equal("CMR_ENDPOINTS: PATH: a JSON object expected\n", outcome "5")
    assert.matches("^CMR_ENDPOINTS: PATH: .*invalid token", outcome "zork")
    assert.matches("zork", outcome '{"zork": "GET /x"}', 1, true)
    os.remove(path)
    assert.matches("CMR_ENDPOINTS: .*No such file", out({CMR_ENDPOINTS = path}, "print(pcall(cmr.new))"))
    assert.equal("true\n", out({CMR_ENDPOINTS = ""}, "print((pcall(cmr.new)))"))
  end)

  it("gives the certificates", function()
    local answer = out({CMR_API_KEY = KEY, CMR_BASE_URL = "https://127.0.0.1:1", CMR_CA_FILE = "/nonexistent/ca.pem"},
      [[local _, message, err = cmr.new{retries = 0}:platforms "u"
        print(err.kind, err.outcome)]])
    assert.matches("^%a+\tnot_sent\n$", answer)
  end)

  it("is checked like anything else, when a client is made", function()
    local answer = out({CMR_API_KEY = KEY .. "\n", CMR_BASE_URL = "https://api.test"},
      [[print(pcall(cmr.new))
        print(pcall(cmr.platforms, "u"))]])
    local count = select(2, answer:gsub("bad option 'api_key' %(it holds a space, a line break", ""))
    assert.equal(2, count)
    assert.matches("bad option 'base_url' (it must not hold a user name or password)",
      out({CMR_BASE_URL = "https://user:" .. KEY .. "@api.test"}, "print(pcall(cmr.new))"), 1, true)
  end)

  it("is the default client's, read once at its first use", function()
    assert.equal("nil\tinvalid_argument\nnil\tinvalid_argument\n0\n", out({}, [[
      local read, getenv = 0, os.getenv
      os.getenv = function(name) read = read + 1 return getenv(name) end
      for i = 1, 2 do
        local res, message, err = cmr.platforms "u"
        print(res, err.kind)
        if i == 1 then assert(read > 0) read = 0 end
      end
      print(read)]]))
  end)

  it("is nginx: an answer may have 1 MiB there, unless the caller sets another maximum", function()
    local with_environment, ngx = require("cmr.client_options").with_environment, package.loaded.ngx
    finally(function() package.loaded.ngx = ngx end)
    assert.is_nil(with_environment{}.max_response)
    package.loaded.ngx = {}
    assert.equal(1048576, with_environment{}.max_response)
    assert.equal(5, with_environment{max_response = 5}.max_response)
  end)

  it("is not read again by with", function()
    assert.equal("cmr.client: https://api.test\n", out({CMR_BASE_URL = "https://api.test"}, [[
      local client = cmr.new()
      os.getenv = function() error "asked" end
      print(client:with{timeout = 1})]]))
  end)
end)

describe("what options do, when no server listens", function()
  local function attempts(options)
    local wait = fake_loop()
    local block = require "cmr.loop.block"
    wait.wait = block.wait
    options.api_key, options.base_url, options.loop, options.rate = KEY, NOWHERE, wait, false
    options.jitter = options.jitter or function() return 1 end
    local _, _, err = cmr.new(options):reexport{email = "john@doe.com"}
    assert.equal("network", err.kind)
    assert.equal("not_sent", err.outcome)
    return err.attempts, wait.slept
  end

  it("retries: the number of attempts after the first", function()
    for retries, slept in pairs{[0] = {}, [1] = {0.5}, [3] = {0.5, 1, 2}} do
      local count, waits = attempts{retries = retries}
      assert.equal(retries + 1, count)
      assert.same(slept, waits)
    end
    assert.equal(3, (attempts{}))
  end)

  it("jitter: how much of a wait is cut", function()
    assert.same({0.25, 0.5}, select(2, attempts{jitter = function() return 0 end}))
  end)

  it("on_retry: is called before a retry, and may stop it", function()
    local told = {}
    local function on_retry(info)
      told[#told + 1] = info
      return #told < 2
    end
    local count, waits = attempts{retries = 5, on_retry = on_retry}
    assert.equal(2, count)
    assert.same({0.5}, waits)
    assert.equal("reexport", told[1].operation)
    assert.equal(1, told[1].attempt)
    assert.equal(0.5, told[1].delay)
    assert.equal("network", told[1].err.kind)
  end)

  it("on_response: is called for every attempt", function()
    local told = {}
    attempts{retries = 2, on_response = function(info) told[#told + 1] = info.attempt end}
    assert.same({1, 2, 3}, told)
  end)

  it("timeout: includes the waits", function()
    local count, waits = attempts{retries = 100, timeout = 10}
    assert.equal(5, count) -- the waits are 0.5 + 1 + 2 + 4 s; another 8 s would exceed the timeout
    assert.same({0.5, 1, 2, 4}, waits)
  end)
end)

describe("the defaults that editors show", function()
  local UNITS = {day = 86400, days = 86400, MiB = 1024 * 1024}

  -- Returns a class's documented defaults, as far as they are numbers.
  local function documented(class)
    local file = assert(io.open "types/cmr.lua")
    local fields = file:read("*a"):match("\n%-%-%-@class " .. class:gsub("%.", "%%.") .. "%f[^%w].-\n(.-)\n[^-]")
    file:close()
    local defaults, above = {}, "" -- a field's description may stand in the lines above it
    for line in fields:gmatch "[^\n]+" do
      local name, text = line:match "^%-%-%-@field ([%l_]+)%?(.*)"
      local number, unit = (above .. (text or "")):match "Default: (%d+) ?(%a*)"
      if name and number then defaults[name] = number * (UNITS[unit] or 1) end
      above = name and "" or above .. line
    end
    return defaults
  end

  it("are the ones that the code has", function()
    local validate, client = require "cmr.util.validate", cmr.new{api_key = "K"}
    local captured = stub(validate, "options")
    captured.invokes(function(_, _, defaults) error(defaults, 0) end)
    local function defaults(...) return (select(2, pcall(...))) end
    local seen, count = {
      ["cmr.Options"] = require("cmr.client_options").DEFAULTS,
      ["cmr.VerifyOptions"] = defaults(cmr.webhook.verify, "", {}, {}),
      ["cmr.HandlerOptions"] = defaults(cmr.webhook.receiver, {}),
      ["cmr.MapOptions"] = defaults(client.map, client, "platforms", {}, {}),
      ["cmr.BulkOptions"] = defaults(client.bulk, client, "platforms", {}, {}),
    }, 0
    captured:revert()
    for class, values in pairs(seen) do
      for name, value in pairs(documented(class)) do
        if values[name] ~= nil then
          assert.equal(value, values[name], class .. "." .. name)
          count = count + 1
        end
      end
    end
    assert.is_true(count >= 12, count)
  end)
end)
