-- Scripts in a real Redis, and its outages. spec/nginx/redis_spec.lua tests the same in nginx, refusal_spec.lua tests
-- error replies, and access_spec.lua tests who may connect and how.
local core = require "cmr.core"
local redis = require "cmr.redis.scripts"
local nginx = require "spec.support.nginx"
local posix = require "spec.support.posix"
local program = require "spec.support.program"
local support = require "spec.support.redis"
local warned = require "spec.support.warnings"

local ECHO = 'return {KEYS[1] or "", ARGV[1] or "", ARGV[2] or ""}'

support.each(function(name) describe("a connection to " .. name, function()
  local server

  setup(function() server = support.start{program = name} end)
  teardown(function() server:stop() end)

  local function connection(options)
    options = options or {}
    options.port = options.port or server.port
    return redis.new(options)
  end

  it("runs a script on keys that have the prefix", function()
    assert.same({"cmr:a", "b", "c"}, connection():eval(ECHO, {"a"}, {"b", "c"}))
    assert.same({"x:a", "b", ""}, connection{prefix = "x:"}:eval(ECHO, {"a"}, {"b"}))
    assert.same({"", "", ""}, connection():eval(ECHO, {}, {}))
  end)

  it("keeps every digit of a number", function()
    local reply = connection():eval(ECHO, {"a"}, {1732234234.123456, 123456789012345})
    assert.equal(1732234234.123456, tonumber(reply[2]))
    assert.equal("123456789012345", reply[3])
  end)

  it("returns integers, strings and arrays, and false for nil", function()
    local r = connection()
    assert.equal(7, r:eval("return 7", {}, {}))
    assert.equal("7", r:eval('return "7"', {}, {}))
    assert.same({1, "2"}, r:eval('return {1, "2"}', {}, {}))
    assert.is_false(r:eval("return nil", {}, {}))
    assert.equal("a\r\nb\0c", r:eval("return ARGV[1]", {}, {"a\r\nb\0c"}))
  end)

  it("sends a script once, and again when Redis has forgotten it", function()
    local r, text = connection(), "only on " .. name
    local script = ("return '%s'"):format(text)
    server:cli "config resetstat"
    for _ = 1, 3 do assert.equal(text, r:eval(script, {}, {})) end
    local stats = server:cli "info commandstats"
    assert.matches("cmdstat_evalsha:calls=3", stats)
    assert.is_nil(stats:find("cmdstat_eval:", 1, true))
    server:cli "script flush"
    assert.equal(text, r:eval(script, {}, {}))
    assert.equal(text, r:eval(script, {}, {}))
    assert.matches("cmdstat_eval:calls=1", server:cli "info commandstats")
  end)

  it("stays open", function()
    local r = connection()
    r:eval("return 1", {}, {})
    local before = server:cli("info stats"):match "total_connections_received:(%d+)"
    for _ = 1, 5 do r:eval("return 1", {}, {}) end
    local after = server:cli("info stats"):match "total_connections_received:(%d+)"
    assert.equal(before + 1, tonumber(after)) -- the connection of cli
  end)

  it("is replaced after Redis has closed it", function()
    local r = connection()
    assert.same({}, warned(function()
      assert.equal(1, r:eval("return 1", {}, {}))
      server:cli "client kill type normal"
      assert.equal(1, r:eval("return 1", {}, {}))
    end))
  end)

  it("is replaced in a forked process, and the parent keeps the old one", function()
    local r, script = connection(), "return ARGV[1]"
    assert.equal("0", r:eval(script, {}, {"0"}))
    local function ask(who)
      for index = 1, 200 do assert.equal(who .. index, r:eval(script, {}, {who .. index})) end
    end
    local function made() return tonumber(server:cli("info stats"):match "total_connections_received:(%d+)") end
    local before = made()
    assert.same({true}, {posix.child(function() ask "child" end)})
    ask "parent"
    assert.equal(before + 2, made()) -- the child's, and the one of made()
  end)

  it("chooses a database, and may use a Unix socket", function()
    connection{db = 3}:eval('return redis.call("SET", KEYS[1], "x")', {"here"}, {})
    assert.equal("x", server:cli "-n 3 get cmr:here")
    assert.equal(2, connection{unix = server.unix}:eval("return 2", {}, {}))
  end)

  describe("with a password", function()
    local guarded

    setup(function() guarded = support.start{program = name, password = "a-password-of-redis"} end)
    teardown(function() guarded:stop() end)

    it("sends it, with or without a name", function()
      local r = connection{port = guarded.port, password = "a-password-of-redis"}
      assert.equal(1, r:eval("return 1", {}, {}))
      guarded:cli "acl setuser jane on '>janes-password' '~*' '+@all'"
      r = connection{port = guarded.port, username = "jane", password = "janes-password"}
      assert.equal(2, r:eval("return 2", {}, {}))
      assert.matches("user=jane", guarded:cli "client list")
    end)

    it("shows it nowhere, even if it is wrong", function()
      local r = connection{port = guarded.port, password = "wrong-password"}
      local reply, message
      local warnings = warned(function() reply, message = r:eval("return 1", {}, {}) end)
      assert.is_nil(reply)
      assert.matches("^WRONGPASS", message)
      assert.is_nil((message .. tostring(r) .. table.concat(warnings)):find("wrong-password", 1, true))
    end)
  end)

  describe("to a Redis that is unavailable", function()
    it("returns the reason, and warns once", function()
      local port = nginx.free_port()
      local warnings = warned(function()
        local r = connection{port = port}
        for _ = 1, 3 do
          assert.same({nil, "connection refused", "unavailable"}, {r:eval("return 1", {}, {})})
        end
        connection{port = port}:eval("return 1", {}, {})
      end)
      assert.equal(1, #warnings)
      assert.matches("^cmr: Redis at 127.0.0.1:%d+/0 is unavailable %(connection refused%)[^\n]*\n$", warnings[1])
    end)

    it("does not wait for Redis at each call, and finds it when it is back", function()
      local instance = support.start{program = name}
      finally(function() instance:stop() end)
      local r = connection{port = instance.port, timeout = 0.1}
      local warnings = warned(function()
        assert.equal(1, r:eval("return 1", {}, {}))
        instance:signal "STOP"
        local begun = core.now()
        assert.same({nil, "timeout", "unavailable"}, {r:eval("return 1", {}, {})})
        local took = core.now() - begun
        assert.is_true(took > 0.09 and took < 0.9, took)
        begun = core.now()
        for _ = 1, 100 do r:eval("return 1", {}, {}) end
        assert.is_true(core.now() - begun < 0.09)
        instance:signal "CONT"
        nginx.eventually("Redis is back", function() return r:eval("return 1", {}, {}) == 1 end)
        assert.is_true(core.now() - begun < 2)
        instance:signal "STOP"
        r:eval("return 1", {}, {})
      end)
      assert.equal(2, #warnings) -- one for each outage
    end)

    it("is made again after Redis died and came back empty", function()
      local instance = support.start{program = name}
      finally(function() instance:stop() end)
      local r, script = connection{port = instance.port, timeout = 0.05}, "return 'back'"
      local warnings = warned(function()
        assert.equal("back", r:eval(script, {}, {}))
        instance:kill()
        assert.is_nil((r:eval(script, {}, {})))
        instance:run()
        nginx.eventually("Redis is back", function() return r:eval(script, {}, {}) == "back" end)
      end)
      assert.equal(1, #warnings)
    end)
  end)

  it("refuses wrong options", function()
    assert.error_matches(function() redis.new{hosst = "x"} end,
      "unknown option 'hosst' %(did you mean 'host'%?%)")
    assert.error_matches(function() redis.new{port = "x"} end,
      "bad option 'port' %(a whole number from 1 to 65535 expected")
    assert.error_matches(function() redis.new{timeout = 0} end, "bad option 'timeout' %(seconds, from 0.001")
    assert.error_matches(function() redis.new{password = 7} end,
      "bad option 'password' %(a string expected, got number%)")
  end)

  it("says why an installed library does not load", function()
    local result = program.run [[
      package.preload.redis = function() error("it wants another Lua", 0) end
      print(pcall(require("cmr.redis.scripts").new))
      package.loaded.redis, package.preload.redis = nil, function() return {} end
      print(pcall(require("cmr.redis.scripts").new))
    ]]
    local out = result.out .. result.err
    assert.matches("redis%-lua does not load: .*it wants another Lua", out)
    assert.matches("the module redis is another library than redis%-lua", out)
    assert.is_nil(out:find("not installed", 1, true))
  end)

  it("names a missing library at once", function()
    local result = program.run [[
      package.path = package.path:gsub("/usr/share/lua/[^;]*", "")
      local cjson = package.loaded.cjson
      print(pcall(require("cmr.redis.scripts").new))
    ]]
    assert.matches("redis%-lua is not installed %(Debian: lua%-redis; LuaRocks: redis%-lua%)", result.out .. result.err)
  end)
end) end)
