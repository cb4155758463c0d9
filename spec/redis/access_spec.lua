-- Connections to a real Redis: with TLS, and as a user of an ACL. Sentinel is not supported, nor is a Cluster of
-- several nodes. A message says so.
local redis = require "cmr.redis.scripts"
local nginx = require "spec.support.nginx"
local posix = require "spec.support.posix"
local program = require "spec.support.program"
local support = require "spec.support.redis"
local warned = require "spec.support.warnings"

-- The documented rights that a limiter and a store need.
local RIGHTS = nginx.read("docs/guides/many-hosts.md"):match "ACL SETUSER cmr on >PASSWORD ([^\n]+)"

support.each(function(name) describe("with " .. name, function()
  local server

  -- Returns the results of one script, and what was logged meanwhile.
  local function try(options)
    options.port = options.port or server.port
    local reply, message, reason
    local warnings = warned(function() reply, message, reason = redis.new(options):eval("return 1", {}, {}) end)
    return reply, message, reason, table.concat(warnings)
  end

  describe("a connection with TLS", function()
    setup(function() server = support.start{program = name, tls = true} end)
    teardown(function() server:stop() end)

    it("runs scripts, and stays open", function()
      local r = redis.new{port = server.port, tls = true, ca_file = server.ca_file}
      assert.matches("127.0.0.1:%d+/0 with TLS$", tostring(r))
      local big = ("x"):rep(1e6)
      for _ = 1, 3 do assert.equal(big, r:eval("return ARGV[1]", {}, {big})) end
      assert.same({}, warned(function()
        server:cli "client kill type normal"
        assert.equal(1, r:eval("return 1", {}, {}))
      end))
      assert.equal(1, (try{host = "localhost", tls = true, ca_file = server.ca_file}))
    end)

    it("is not shared with a forked process", function()
      local r = redis.new{port = server.port, tls = true, ca_file = server.ca_file}
      local script = "return ARGV[1]"
      assert.equal("0", r:eval(script, {}, {"0"}))
      local function ask(who)
        for index = 1, 50 do assert.equal(who .. index, r:eval(script, {}, {who .. index})) end
      end
      assert.same({}, warned(function()
        assert.same({true}, {posix.child(function() ask "child" end)})
        ask "parent"
      end))
    end)

    it("fails when the certificate is another host's, or its authority is unknown", function()
      local reply, message, reason, logged = try{tls = true, ca_file = server.ca_file, server_name = "redis.example"}
      assert.same({nil, "the certificate is not for redis.example", "unavailable"}, {reply, message, reason})
      assert.matches("unavailable %(the certificate is not for redis.example%)", logged)
      local other = support.start{program = name, tls = true}
      finally(function() other:stop() end)
      reply, message, reason = try{tls = true, ca_file = other.ca_file, timeout = 0.4}
      assert.same({nil, "unavailable"}, {reply, reason})
      assert.matches("certificate verify failed", message)
      assert.matches("^/nowhere: error loading CA locations",
        (select(2, try{tls = true, ca_file = "/nowhere", timeout = 0.3})))
    end)

    it("accepts a name in the certificate, also with a wildcard", function()
      assert.equal(1, (try{tls = true, ca_file = server.ca_file, server_name = "LocalHost"}))
      local luasocket = require "cmr.redis.luasocket"
      local function is_for(host, ...)
        local names = {...}
        local certificate = {extensions = function() return {["2.5.29.17"] = {dNSName = names}} end}
        return luasocket.is_certificate_of(certificate, host)
      end
      assert.is_true(is_for("one.redis.example", "x.example", "*.redis.example"))
      for _, host in ipairs{"redis.example", "a.b.redis.example", ".redis.example", "oneredis.example"} do
        assert.is_false(is_for(host, "*.redis.example"))
      end
      assert.is_false(is_for("example", "*"))
      assert.is_false(luasocket.is_certificate_of({extensions = function() return {} end}, "localhost"))
    end)

    it("is not made without TLS to a server with TLS", function()
      local reply, _, reason = try{timeout = 0.2}
      assert.same({nil, "unavailable"}, {reply, reason})
    end)

    it("is unavailable when the server asks for a certificate of the client", function()
      local strict = support.start{program = name, tls = "client"}
      finally(function() strict:stop() end)
      local reply, message, reason = try{port = strict.port, tls = true, ca_file = strict.ca_file}
      assert.same({nil, "unavailable"}, {reply, reason})
      assert.is_true(message == "closed" or message:find "certificate required" ~= nil, message)
    end)

    it("does not wait long for a server that does not answer", function()
      server:signal "STOP"
      local reply, message, reason = try{tls = true, ca_file = server.ca_file, timeout = 0.1}
      server:signal "CONT"
      assert.same({nil, "timeout", "unavailable"}, {reply, message, reason})
    end)
  end)

  describe("a user of an ACL", function()
    setup(function()
      server = support.start{program = name, password = "of-the-default-user"}
      server:cli("acl setuser cmr on '>of-cmr' " .. RIGHTS:gsub("%S+", "'%0'"))
    end)
    teardown(function() server:stop() end)

    it("needs only the documented rights", function()
      local r = redis.new{port = server.port, username = "cmr", password = "of-cmr", db = 1}
      local store = require("cmr.store.redis").new{redis = r}
      assert(store:release("one", (assert(store:claim("one", 60)))))
      assert(store:done("two", (assert(store:claim("two", 60))), 60))
      assert(store:append("list", "text", 60))
      assert.same({"text"}, store:list "list")
      assert.equal(1, store:count("window", 1, 0.01))
      nginx.eventually("the window passes", function() return store:count("window", 1, 0.01) end)
      assert.is_truthy(select(3, store:count("window", 0, 60)))
      assert(store:uncount "window")
      local limiter = require("cmr.limiter.redis").new{redis = r}
      assert.same({}, warned(function()
        limiter:pause("key", 20)
        assert.is_true(assert(limiter:reserve("key", 4, 60)) > 10)
      end))
    end)

    it("is refused a script without the right to it, which does not count as an outage", function()
      local reply, _, _, logged = try{username = "cmr", password = "of-cmr", prefix = "other:"}
      assert.equal(1, reply)
      local message, reason
      local r = redis.new{port = server.port, username = "cmr", password = "of-cmr", prefix = "other:"}
      reply, message, reason = r:eval("return redis.call('GET', KEYS[1])", {"x"}, {})
      assert.same({nil, "refused"}, {reply, reason})
      assert.matches("^NOPERM", message)
      assert.equal("", logged)
    end)

    it("with a wrong password finds Redis unavailable, and no other connection does", function()
      local reply, message, reason, logged = try{username = "cmr", password = "wrong-password"}
      assert.same({nil, "unavailable"}, {reply, reason})
      assert.matches("^WRONGPASS", message)
      assert.is_nil(logged:find("wrong-password", 1, true))
      assert.equal(1, (try{username = "cmr", password = "of-cmr"}))
      assert.matches("^NOAUTH", (select(2, try{})))
      assert.equal(1, (try{password = "of-the-default-user"}))
    end)
  end)

  it("Sentinel is refused with a message", function()
    server = support.start{program = name, mode = "--sentinel", config = {"sentinel monitor main 127.0.0.1 1 1"}}
    finally(function() server:stop() end)
    local reply, message, reason, logged = try{}
    assert.same({nil, "unavailable"}, {reply, reason})
    local words = "this is a Redis Sentinel, which is not supported: the address of the Redis itself is needed"
    assert.matches(words, message)
    assert.matches("is unavailable %(ERR unknown command", logged)
  end)

  describe("Cluster", function()
    local servers

    setup(function()
      servers = {}
      for index = 1, 2 do
        servers[index] = support.start{program = name, config = {
          "cluster-enabled yes", "cluster-require-full-coverage no", "cluster-port " .. nginx.free_port(),
        }}
      end
      server = servers[1]
    end)
    teardown(function() for _, one in ipairs(servers) do one:stop() end end)

    it("is an outage while no node has the key's slot", function()
      local reply, message, reason = try{}
      assert.equal(1, reply) -- a script without keys runs on any node
      local r = redis.new{port = server.port}
      warned(function() reply, message, reason = r:eval("return 1", {"key"}, {}) end)
      assert.same({nil, "unavailable"}, {reply, reason})
      assert.matches("^CLUSTERDOWN", message)
    end)

    it("works with one node that has every slot, and is refused with a message if there are more", function()
      local r = redis.new{port = server.port, timeout = 0.05}
      server:cli "cluster addslotsrange 0 8191"
      servers[2]:cli "cluster addslotsrange 8192 16383"
      local bus = nginx.read(servers[2].directory .. "/redis.conf"):match "cluster%-port (%d+)"
      server:cli(("cluster meet 127.0.0.1 %d %d"):format(servers[2].port, bus))
      nginx.eventually("the nodes know each other", function()
        return server:cli "cluster slots":find(tostring(servers[2].port), 1, true)
      end, 20)
      local served, refused = 0, 0
      nginx.eventually("the cluster is up", function() return r:eval("return 1", {"cmr:1"}, {}) or
        select(3, r:eval("return 1", {"cmr:1"}, {})) == "refused" end)
      assert.same({}, warned(function()
        for index = 1, 40 do
          local reply, message, reason = r:eval("return 1", {"key" .. index}, {})
          served = served + (reply or 0)
          if not reply then
            refused = refused + 1
            assert.equal("refused", reason)
            assert.matches("^MOVED %d+ [^;]+; this is a node of a Redis Cluster, which is not supported$", message)
          end
        end
      end))
      assert.is_true(served > 0 and refused > 0)
    end)
  end)
end) end)

describe("an option of TLS", function()
  it("is refused if it would have no effect", function()
    local function refused(options, pattern)
      assert.error_matches(function() redis.new(options) end, pattern)
    end
    refused({ca_file = "x"}, "cmr.redis.scripts.new: bad option 'ca_file' %(only with tls = true%)")
    refused({server_name = "x"}, "bad option 'server_name' %(only with tls = true%)")
    refused({tls = true, unix = "x"}, "bad option 'tls' %(option 'unix' names a socket of this machine, without TLS%)")
    refused({tls = true}, "with tls the option 'ca_file' is needed")
    refused({tls = "yes"}, "bad option 'tls' %(a boolean expected, got string%)")
    assert.error_matches(function() require("cmr.store.redis").new{ca_file = "x"} end,
      "cmr.store.redis.new: bad option 'ca_file'")
  end)

  it("names LuaSec when it is missing", function()
    local result = program.run [[
      package.preload.ssl = function() error "not here" end
      print(pcall(require("cmr.redis.scripts").new, {tls = true, ca_file = "x"}))
    ]]
    assert.matches("LuaSec is not installed %(Debian: lua%-sec; LuaRocks: luasec%)", result.out .. result.err)
  end)
end)
