-- What a connection sends to Redis, when it tries again, and what it does with its sockets. Tables stand for the
-- sockets and the libraries; spec/redis/scripts_spec.lua has a real Redis.
local core = require "cmr.core"
local luasocket = require "cmr.redis.luasocket"
local redis = require "cmr.redis.scripts"
local warned = require "spec.support.warnings"

local unpack = table.unpack or unpack

describe("a connection to Redis", function()
  local open, real_now, now, number = luasocket.open, core.now, nil, 0
  local opened, sent, released, closed, owner, answer

  -- Makes a connection whose commands get answers from `answer`.
  local function connection(is_reused)
    local made = {reused = is_reused or false}
    function made.command(_, ...)
      sent[#sent + 1] = {...}
      return answer(...)
    end
    function made.release() released = released + 1 end
    function made.close() closed = closed + 1 end
    return made
  end

  before_each(function()
    now, opened, sent, released, closed = 1000, 0, {}, 0, 0
    core.now = function() return now end
    luasocket.open = function(of)
      opened, owner = opened + 1, of
      return connection()
    end
    function answer(command)
      return command == "script" and "digest" or "OK"
    end
  end)

  after_each(function()
    luasocket.open, core.now = open, real_now
  end)

  -- Makes a connection object that shares no outage with another spec.
  local function new(options)
    options = options or {}
    number = number + 1
    options.host = options.host or "host-" .. number
    return redis.new(options)
  end

  local function script()
    number = number + 1
    return "script " .. number
  end

  it("goes to 127.0.0.1:6379, database 0, with half a second for each step, if no option says otherwise", function()
    local r = redis.new()
    assert.equal("cmr.redis.scripts: 127.0.0.1:6379/0", tostring(r))
    r:eval(script(), {"key"}, {})
    assert.same({"127.0.0.1", 6379, 0, 0.5, nil}, {owner.opts.host, owner.opts.port, owner.opts.db, owner.opts.timeout,
      owner.opts.unix})
    assert.equal("cmr:key", sent[#sent][4])
    assert.equal("cmr.redis.scripts: /run/redis/2", tostring(redis.new{unix = "/run/redis", db = 2}))
    assert.equal("cmr.redis.scripts: ::1:7000/0", tostring(redis.new{host = "::1", port = 7000}))
  end)

  it("accepts each port, database and timeout within the bounds", function()
    for _, case in ipairs{
      {"port", 1, true}, {"port", 0, false}, {"port", 65535, true}, {"port", 65536, false}, {"db", 0, true},
      {"db", -1, false}, {"db", 1, true}, {"timeout", 0.001, true}, {"timeout", 0.0009, false}, {"timeout", 3600, true},
      {"timeout", 3601, false},
    } do
      assert.equal(case[3], (pcall(redis.new, {[case[1]] = case[2]})), case[1] .. " " .. case[2])
    end
  end)

  it("is given to a store or a limiter by its options or as an object, and not by both", function()
    local SPEC = {margin = "number"}
    local opts = redis.options("x.new", SPEC, {margin = 3, port = 7000})
    assert.same({3, "cmr.redis.scripts: 127.0.0.1:7000/0"}, {opts.margin, tostring(opts.redis)})
    local r = new()
    assert.equal(r, redis.options("x.new", SPEC, {redis = r, margin = 3}).redis)
    assert.equal("cmr.redis.scripts: 127.0.0.1:6379/0", tostring(redis.options("x.new", SPEC).redis))
    assert.error_matches(function() redis.options("x.new", SPEC, {redis = r, port = 7000}) end,
      "cmr.x.new: bad option 'port' (option 'redis' is a connection already)", 1, true)
    assert.error_matches(function() redis.options("x.new", SPEC, {margins = 1}) end,
      "unknown option 'margins'", 1, true)
  end)

  it("authenticates, chooses its database and then runs the script", function()
    local text = script()
    local run = {{"script", "load", text}, {"evalsha", "digest", 1, "cmr:k", "a", "0.5", "7"}}
    for _, case in ipairs{
      {{}}, {{password = "p"}, {"auth", "p"}}, {{username = "u", password = "p"}, {"auth", "u", "p"}},
      {{username = "u"}, {"auth", "u", ""}}, {{db = 1}, {"select", 1}},
      {{password = "p", db = 3}, {"auth", "p"}, {"select", 3}},
    } do
      sent = {}
      assert.equal("OK", (new(case[1]):eval(text, {"k"}, {"a", 0.5, 7})))
      local expected = {unpack(case, 2)}
      for _, command in ipairs(run) do expected[#expected + 1] = command end
      assert.same(expected, sent)
      run = {run[#run]} -- the script is loaded only once
    end
    assert.same({6, 0}, {released, closed})
  end)

  it("runs nothing if it cannot authenticate", function()
    function answer() return nil, "WRONGPASS no", true end
    warned(function()
      assert.same({nil, "WRONGPASS no", "unavailable"}, {new{password = "p", db = 3}:eval(script(), {}, {})})
    end)
    assert.same({{"auth", "p"}}, sent)
    assert.same({0, 1}, {released, closed})
  end)

  it("sends the whole script if Redis has forgotten it", function()
    local text = script()
    function answer(command)
      if command == "evalsha" then return nil, "NOSCRIPT No matching script", true end
      return command == "script" and "digest" or "from eval"
    end
    assert.equal("from eval", (new():eval(text, {"k"}, {"a"})))
    assert.same({"eval", text, 1, "cmr:k", "a"}, sent[#sent])
  end)

  it("that was idle and turns out to be dead is replaced, until one is new; after a timeout it is not", function()
    for message, tries in pairs{closed = 3, timeout = 1} do
      opened, closed, released = 0, 0, 0
      luasocket.open = function()
        opened = opened + 1
        return connection(opened < 3)
      end
      function answer() return nil, message end
      warned(function() assert.same({nil, message, "unavailable"}, {new():eval(script(), {}, {})}) end)
      assert.same({tries, tries, 0}, {opened, closed, released})
    end
    function answer(command)
      if opened < 3 then return nil, "closed" end
      return command == "script" and "digest" or 5
    end
    opened, closed = 0, 0
    assert.equal(5, (new():eval(script(), {}, {})))
    assert.same({3, 2, 1}, {opened, closed, released})
  end)

  it("is not used for five timeouts after a failure, and one failure is logged for each outage", function()
    local r = new{timeout = 0.5}
    local fails, refuses = true, false
    function answer(command)
      if fails then return nil, "closed" end
      if refuses then return nil, "ERR wrong", true end
      return command == "script" and "digest" or 1
    end
    local text = script()
    local function try(at)
      now, opened = at, 0
      local reply, message, reason = r:eval(text, {}, {})
      return {opened, reply or reason, message}
    end
    local warnings = warned(function()
      assert.same({1, "unavailable", "closed"}, try(1000))
      assert.same({0, "unavailable", "closed"}, try(1002.4))
      assert.same({1, "unavailable", "closed"}, try(1002.5))
      assert.same({0, "unavailable", "closed"}, try(1004.9))
      fails = false
      assert.same({1, 1}, try(1005))
      assert.same({1, 1}, try(1005))
    end)
    assert.equal(1, #warnings)
    warnings = warned(function()
      fails = true
      assert.same({1, "unavailable", "closed"}, try(1006))
      fails, refuses = false, true
      assert.same({1, "refused", "ERR wrong"}, try(1008.5)) -- Redis is back
      assert.same({1, "refused", "ERR wrong"}, try(1008.5))
      fails, refuses = true, false
      assert.same({1, "unavailable", "closed"}, try(1009))
    end)
    assert.equal(2, #warnings)
  end)

  it("is tried by one coroutine at a time during an outage", function()
    local r, inner = new(), nil
    function answer() return nil, "closed" end
    warned(function()
      r:eval(script(), {}, {})
      now, opened = now + 2.5, 0
      luasocket.open = function()
        opened = opened + 1
        if not inner then inner = {r:eval(script(), {}, {})} end
        return connection()
      end
      r:eval(script(), {}, {})
    end)
    assert.same({nil, "closed", "unavailable"}, inner)
    assert.equal(1, opened)
  end)

  it("shares an outage with those that have the same server, database, user and TLS options, and no other", function()
    function answer() return nil, "closed" end
    local base = {host = "outage", port = 7000, db = 1, username = "u", password = "p", tls = true, server_name = "n",
      ca_file = "f", timeout = 1}
    local function options(changed)
      local all = {}
      for name, value in pairs(base) do all[name] = value end
      for name, value in pairs(changed) do all[name] = value or nil end
      return all
    end
    warned(function()
      redis.new(base):eval(script(), {}, {})
      for _, case in ipairs{
        {{}, 0}, {{timeout = 2}, 0}, {{prefix = "x"}, 0}, {{host = "other"}, 1}, {{port = 7001}, 1}, {{db = 2}, 1},
        {{username = "v"}, 1}, {{username = false}, 1}, {{password = "q"}, 1}, {{password = false}, 1},
        {{server_name = "m"}, 1}, {{server_name = false}, 1}, {{ca_file = "g"}, 1},
        {{tls = false, server_name = false, ca_file = false}, 1},
      } do
        opened = 0
        redis.new(options(case[1])):eval(script(), {}, {})
        assert.equal(case[2], opened, next(case[1]))
      end
    end)
  end)
end)

describe("a socket to Redis", function()
  local log, replaced, opts, tls
  local MODULES = {"socket", "socket.unix", "ssl"}

  -- Makes a socket that notes what is done with it, and fails where `failing` has a message for the method.
  local function socket(name, failing)
    local made = {}
    for _, method in ipairs{"settimeout", "connect", "setoption", "close", "sni", "dohandshake", "setfd"} do
      made[method] = function(_, ...)
        log[#log + 1] = table.concat({name, method, ...}, " ")
        local message = failing and failing[method]
        if message then return nil, message end
        return true
      end
    end
    function made.setoption(_, option, value) log[#log + 1] = ("%s %s %s"):format(name, option, tostring(value)) end
    function made.getpeercertificate()
      return {extensions = function() return {["2.5.29.17"] = {dNSName = {"redis.example"}, iPAddress = {"::1"}}} end}
    end
    return made
  end

  before_each(function()
    log, replaced, opts, tls = {}, {}, {host = "redis.example", port = 7000, timeout = 0.5}, nil
    for _, name in ipairs(MODULES) do replaced[name] = package.loaded[name] or false end
    assert.is_nil(luasocket.missing{}) -- loads the real libraries
    package.loaded.socket = {tcp = function() return socket("tcp", opts.failing) end}
    package.loaded["socket.unix"] = function() return socket("unix", opts.failing) end
    package.loaded.ssl = {wrap = function(_, options)
      tls = options
      if opts.failing and opts.failing.wrap then return nil, opts.failing.wrap end
      return socket("ssl", opts.failing)
    end}
  end)

  after_each(function()
    for _, name in ipairs(MODULES) do package.loaded[name] = replaced[name] or nil end
  end)

  local function connect(failing)
    log, opts.failing = {}, failing
    local owner = {opts = opts}
    local connection, message = luasocket.open(owner)
    return connection, message, owner
  end

  it("has the timeout for each step, and sends small packets at once", function()
    assert.is_table((connect()))
    assert.same({"tcp settimeout 0.5 t", "tcp connect redis.example 7000", "tcp tcp-nodelay true"}, log)
    opts.unix = "/run/redis"
    assert.is_table((connect()))
    assert.same({"unix settimeout 0.5 t", "unix connect /run/redis"}, log)
  end)

  it("is closed if it cannot connect", function()
    assert.same({nil, "connection refused"}, {(connect{connect = "connection refused"}),
      (select(2, connect{connect = "connection refused"}))})
    assert.equal("tcp close", log[#log])
    opts.unix = "/run/redis"
    assert.is_nil((connect{connect = "connection refused"}))
    assert.equal("unix close", log[#log])
  end)

  it("is encrypted with at least TLS 1.2, and names the server unless that is an address", function()
    opts.tls, opts.ca_file = true, "/ca.pem"
    assert.is_table((connect()))
    assert.same({"tcp settimeout 0.5 t", "tcp connect redis.example 7000", "tcp tcp-nodelay true",
      "ssl settimeout 0.5 t", "ssl sni redis.example", "ssl dohandshake"}, log)
    assert.same({mode = "client", protocol = "any", verify = "peer", cafile = "/ca.pem",
      options = {"all", "no_sslv2", "no_sslv3", "no_tlsv1", "no_tlsv1_1"}}, tls)
    opts.host, opts.server_name = "10.0.0.1", "redis.example"
    assert.is_table((connect()))
    assert.equal("ssl sni redis.example", log[5])
    opts.server_name = nil
    for _, host in ipairs{"::1", "10.0.0.1", "fe80::1"} do
      opts.host = host
      local connection, message = connect()
      assert.same(host == "::1" and {true} or {false, "the certificate is not for " .. host},
        {connection ~= nil, message})
      assert.is_nil(table.concat(log, "\n"):find("sni", 1, true))
    end
    assert.same({"ssl close", "tcp close"}, {log[#log - 1], log[#log]})
  end)

  it("is closed if it cannot be encrypted, and says why", function()
    opts.tls, opts.ca_file = true, "/ca.pem"
    for given, expected in pairs{wantread = "timeout", wantwrite = "timeout", closed = "closed"} do
      local connection, message = connect{dohandshake = given}
      assert.same({nil, expected}, {connection, message})
      assert.same({"ssl close", "tcp close"}, {log[#log - 1], log[#log]})
    end
    local connection, message = connect{wrap = "error loading CA locations"}
    assert.same({nil, "/ca.pem: error loading CA locations"}, {connection, message})
    assert.equal("tcp close", log[#log])
  end)

  it("stays open for the next script, but in a forked process only its number is dropped", function()
    local connection, _, owner = connect()
    connection:release()
    assert.is_nil(connection.reused)
    local before = #log
    assert.equal(connection, (luasocket.open(owner)))
    assert.is_true(connection.reused)
    assert.is_nil(owner.idle_connection) -- no other coroutine may take it
    assert.equal(before, #log)
    connection:release()
    connection.engine = "another"
    log = {}
    local other = luasocket.open(owner)
    assert.not_equal(connection, other)
    assert.equal("tcp close", log[1])
    other:release()
    other.engine, other.process = "another", -1
    log = {}
    local third = luasocket.open(owner)
    assert.equal("tcp setfd -1", log[1])
    assert.is_nil(table.concat(log, "\n"):find("close", 1, true))
    third:release()
    third.engine, third.process, third.socket.setfd = "another", -1, nil
    log = {}
    luasocket.open(owner)
    assert.equal("tcp close", log[1])
    third:close()
    assert.equal("tcp close", log[#log])
  end)

  it("tells an error of Redis from one of the connection", function()
    local connection = connect()
    for given, expected in pairs{
      ["redis error: ERR no"] = {nil, "ERR no", true},
      ["/x/redis.lua:325: redis error: WRONGTYPE a: b"] = {nil, "WRONGTYPE a: b", true},
      ["/x/redis.lua:304: connection error: closed"] = {nil, "closed"},
      ["connection error: wantread"] = {nil, "timeout"}, ["connection error: timeout"] = {nil, "timeout"},
      ["/x/redis.lua:375: unknown response prefix: x"] = {nil, "unknown response prefix: x"},
      ["strange"] = {nil, "strange"},
    } do
      connection.redis = {get = function() error(given, 0) end}
      assert.same(expected, {connection:command "get"})
    end
    connection.redis = {get = function(_, value) return value end}
    assert.same({"x", false, false}, {connection:command("get", "x"), connection:command "get",
      (connection:command("get", false))})
  end)
end)
