-- Redis in a real nginx: the connection, one queue for the workers of two hosts, and quotas.
local hosts = require "bench.pacing.hosts"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local socket = require "socket"

local EVAL = [[
  location = /eval { content_by_lua_block {
    local options = {port = tonumber(ngx.var.arg_port), unix = ngx.var.arg_unix, db = tonumber(ngx.var.arg_db),
      password = ngx.var.arg_guess and "a-wrong-password", timeout = 0.1}
    if ngx.var.arg_tls then
      options.port, options.tls, options.server_name = tonumber(ngx.var.arg_tls), true, ngx.var.arg_name
      options.timeout = 0.5
    end
    local r = require("cmr.redis.scripts").new(options)
    local reply, why = r:eval((ngx.unescape_uri(ngx.var.arg_script)), {"key"}, {"value"})
    ngx.print(reply == nil and why or require "cjson".encode(reply))
  } }
]]

describe("nginx and Redis #nginx #redis", function()
  local memory, server

  setup(function() memory = redis.start() end)
  teardown(function() memory:stop() end)
  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  local function eval(script, more)
    script = script:gsub("[^%w]", function(letter) return ("%%%02X"):format(letter:byte()) end)
    return server:text(("/eval?port=%d&script=%s%s"):format(memory.port, script, more or ""))
  end

  it("exchange keys with their prefix, every kind of answer, and errors", function()
    server = nginx.start{server = EVAL}
    assert.equal('["cmr:key","value",3]', eval "return {KEYS[1], ARGV[1], 3}")
    assert.equal("false", eval "return nil")
    assert.equal('"here"', eval("return 'here'", "&unix=" .. memory.unix))
    assert.equal('"OK"', eval("return redis.call('SET', KEYS[1], 'x').ok", "&db=2"))
    assert.equal("x", memory:cli "-n 2 get cmr:key")
    assert.matches("Wrong number of args", eval("return redis.call('GET')", "&db=4"))
    assert.matches("AUTH", eval("return 1", "&db=5&guess=1"))
    assert.is_nil(server:log():find("a-wrong-password", 1, true))
  end)

  it("go on after an error reply, which does not count as an outage", function()
    server = nginx.start{server = EVAL}
    memory:cli "-n 6 rpush cmr:key x"
    for _ = 1, 2 do
      assert.matches("WRONGTYPE", eval("return redis.call('GET', KEYS[1])", "&db=6"))
      assert.equal("1", eval("return 1", "&db=6"))
    end
    assert.is_nil(server:log():find "is unavailable")
  end)

  describe("with TLS", function()
    local encrypted

    setup(function() encrypted = redis.start{tls = true} end)
    teardown(function() encrypted:stop() end)

    local function ask(more) return eval("return ARGV[1]", ("&tls=%d%s"):format(encrypted.port, more or "")) end

    local function start(trusted)
      server = nginx.start{http = "lua_ssl_trusted_certificate " .. trusted .. ";", server = EVAL}
    end

    it("reuse their connections", function()
      start(encrypted.ca_file)
      assert.equal('"value"', ask "&name=localhost")
      local function made() return tonumber(encrypted:cli("info stats"):match "total_connections_received:(%d+)") end
      local before = made()
      for _ = 1, 5 do assert.equal('"value"', ask "&name=localhost") end
      assert.equal(before + 1, made()) -- the connection of made() itself
      encrypted:cli "client kill type normal"
      assert.equal('"value"', ask "&name=localhost")
      assert.is_nil(server:log():find "is unavailable")
    end)

    it("fail when the certificate is another host's, or its authority is unknown", function()
      start(encrypted.ca_file)
      assert.matches("certificate", ask "&name=redis.example")
      assert.matches("certificate", ask()) -- nginx compares only names, not the certificate's 127.0.0.1
      assert.equal('"value"', ask "&name=localhost")
      server:stop()
      local other = redis.start{tls = true}
      finally(function() other:stop() end)
      start(other.ca_file)
      assert.matches("certificate", ask "&name=localhost")
    end)
  end)

  it("reuse their connections, under either name of the library", function()
    server = nginx.start{server = EVAL, http = [[init_by_lua_block {
      package.preload["resty.redis"] = function() return require "nginx.redis" end
    }]]}
    local function made() return tonumber(memory:cli("info stats"):match "total_connections_received:(%d+)") end
    eval "return 1"
    local before = made()
    for _ = 1, 10 do eval "return 1" end
    assert.equal(before + 1, made()) -- the connection of made() itself
    memory:cli "client kill type normal"
    assert.equal("1", eval "return 1")
    assert.is_nil(server:log():find "is unavailable")
  end)

  it("raise no error in a phase without sockets", function()
    server = nginx.start{server = [[
      location = /log {
        content_by_lua_block { ngx.print "ok" }
        log_by_lua_block {
          local r = require("cmr.redis.scripts").new{port = 1}
          ngx.log(ngx.NOTICE, "answer: ", tostring(r:eval("return 1", {}, {})))
        }
      }
    ]]}
    server:text "/log"
    nginx.eventually("it is logged", function() return server:log():find("answer: nil", 1, true) end)
  end)

  describe("as one queue for two hosts with two workers each", function()
    local api, field, own

    before_each(function()
      own = redis.start()
      api = mock.shared "http"
      api:reset{rate = 5} -- a bucket, because on a busy machine requests arrive later than their slots
    end)

    after_each(function()
      if field then pcall(field.stop, field) end
      field = nil
      own:stop()
    end)

    local function answered(count)
      nginx.eventually("answers", function() return hosts.answers(api)[200] >= count end, 30)
    end

    it("use the rate together, and do not exceed it", function()
      field = hosts.start{mock = api, redis = own, hosts = 2, workers = 2, lines = 1}
      answered(1)
      local begun, before = socket.gettime(), hosts.answers(api)[200]
      answered(before + 8)
      local took = socket.gettime() - begun
      assert.is_true(took > 1.7 and took < 4.5, took)
      assert.equal(0, hosts.answers(api)[429])
      local _, lost = field:stop()
      assert.equal(0, lost)
    end)

    it("lose no call while Redis is unavailable, warn once in each process, and find it again", function()
      field = hosts.start{mock = api, redis = own, hosts = 2, workers = 2, lines = 1, timeout = 0.1}
      answered(3)
      own:kill()
      nginx.eventually("every process has warned", function()
        for _, count in ipairs(field:warnings()) do
          if count == 0 then return false end
        end
        return true
      end)
      own:run()
      nginx.eventually("the line is in Redis again", function() return own:cli "keys '*'" ~= "" end)
      answered(hosts.answers(api)[200] + 4)
      assert.same({1, 1, 1, 1}, field:warnings())
      local _, lost = field:stop()
      assert.equal(0, lost)
    end)
  end)

  describe("count re-exports", function()
    local EXPORT = [[
      location = /export { content_by_lua_block {
        client = client or require("cmr").new{reexport_quota = "enforce", rate = false%s}
        local res, why, err = client:reexport{mailboxId = ngx.var.arg_mailbox}
        ngx.print(ngx.worker.pid(), " ", res and "ok" or err.kind .. " " .. err.outcome)
      } }
    ]]

    local function export(at, mailbox)
      local pid, word = at:text("/export?mailbox=" .. mailbox):match "^(%d+) (.*)$"
      return word, pid
    end

    it("of all workers in lua_shared_dict cmr", function()
      local api = mock.shared "http"
      server = nginx.start{mock = api, workers = 2, http = "lua_shared_dict cmr 1m;", server = EXPORT:format ""}
      local words, workers, sent = {}, {}, 0
      nginx.eventually("both workers take part", function()
        local word, pid = export(server, mock.MAILBOX)
        words[word], workers[pid] = (words[word] or 0) + 1, true
        sent = sent + 1
        return sent > 4 and next(workers, (next(workers)))
      end)
      assert.same({ok = 3, ["quota_exceeded not_sent"] = sent - 3}, words)
      assert.equal(3, #api:requests())
    end)

    it("of all hosts in Redis", function()
      local api = mock.shared "http"
      local store = (', store = require("cmr.store.redis").new{port = %d}'):format(memory.port)
      server = nginx.start{mock = api, server = EXPORT:format(store)}
      local other = nginx.start{mock = api, server = EXPORT:format(store)}
      finally(function() other:stop() end)
      local words = {}
      for index = 1, 5 do words[index] = export(index % 2 == 0 and server or other, mock.MAILBOX) end
      assert.same({"ok", "ok", "ok", "quota_exceeded not_sent", "quota_exceeded not_sent"}, words)
      assert.equal(3, #api:requests())
    end)
  end)
end)
