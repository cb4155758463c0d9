-- What happens to calls when workers begin and end: reload, quit, a killed worker, and a Lua state for every request.
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local run = require "spec.support.run"

local CALL = [[
  location = /pid { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
  location = /call { content_by_lua_block { ngx.print((require("spec.support.inside").call())) } }
  location = /calls { content_by_lua_block {
    local call, words = require("spec.support.inside").call, {}
    for index = 1, 4 do words[index] = call() end
    ngx.print(table.concat(words, " "))
  } }
]]

describe("nginx #nginx", function()
  local upstream, server

  before_each(function() upstream = mock.shared("tls") end)

  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  local function start(options)
    options.mock = upstream
    options.server = CALL .. (options.server or "")
    server = nginx.start(options)
    server:text("/call")
    upstream:reset()
  end

  local function send(path, count)
    local requests = {}
    for index = 1, count do requests[index] = server:send(path) end
    return requests
  end

  local function received(count)
    nginx.eventually("the calls are in flight", function() return #upstream:requests() >= count end)
  end

  local function all_are(expected, requests)
    for _, request in ipairs(requests) do assert.equal(expected, request.body or request.why) end
  end

  local function only_workers(pids)
    nginx.eventually("the old workers are gone", function()
      local now = server:workers()
      for _, pid in ipairs(pids) do
        for _, other in ipairs(now) do
          if pid == other then return false end
        end
      end
      return true
    end)
  end

  describe("when it is reloaded", function()
    it("finishes the calls in flight, and goes on with new workers", function()
      start{workers = 2}
      upstream:fault{delay = 1, times = 40}
      local old = server:workers()
      local requests = send("/call", 40)
      received(40)
      server:reload()
      assert.equal("ok", server:text("/call"))
      all_are("ok", http.collect(requests))
      only_workers(old)
      all_are("ok", http.collect(send("/call", 20)))
    end)

    it("lets an unfinished request begin more calls", function()
      start{}
      upstream:fault{delay = 0.3, times = 400}
      local old = server:workers()
      local requests = send("/calls", 20)
      received(20)
      server:reload()
      all_are("ok ok ok ok", http.collect(requests))
      only_workers(old)
    end)

    it("answers all requests, when it is reloaded again and again under load", function()
      start{workers = 2}
      local requests = {}
      for _ = 1, 8 do
        for _, request in ipairs(send("/calls", 10)) do table.insert(requests, request) end
        server:reload()
      end
      all_are("ok ok ok ok", http.collect(requests, 30))
      nginx.eventually("the old workers are gone", function() return #server:workers() == 2 end)
    end)

    it("lets a request begin the first call of a worker that is ending", function()
      server = nginx.start{mock = upstream, server = [[
        location = /late { content_by_lua_block {
          ngx.sleep(1)
          ngx.print((require("spec.support.inside").call()))
        } }
      ]]}
      local old, requests = server:workers(), send("/late", 3)
      server:reload()
      upstream:fault{delay = 0.3, times = 3}
      all_are("ok", http.collect(requests))
      only_workers(old)
    end)

    it("makes the pump's steps in a worker that is ending", function()
      start{http = "lua_max_pending_timers 1;"}
      upstream:fault{delay = 0.2, times = 8}
      local requests = send("/calls", 2)
      received(2)
      server:reload()
      all_are("ok ok ok ok", http.collect(requests))
    end)
  end)

  it("that is told to quit, finishes the calls in flight", function()
    start{workers = 2}
    upstream:fault{delay = 1, times = 20}
    local requests = send("/call", 20)
    received(20)
    server:signal("QUIT")
    all_are("ok", http.collect(requests))
    nginx.eventually("the end", function() return server:file("ended") == "0\n" end)
  end)

  it("that is told to end at once, does so with calls in flight", function()
    start{}
    upstream:fault{delay = 5, times = 20}
    local requests = send("/call", 20)
    received(20)
    server:stop()
    http.collect(requests)
    for _, request in ipairs(requests) do assert.is_nil(request.status) end
  end)

  it("whose worker is killed, goes on with another", function()
    start{unclean = {"exited on signal 9"}}
    for _ = 1, 3 do
      upstream:fault{delay = 2, times = 10}
      local requests = send("/call", 10)
      received(10)
      server:signal("KILL", server:workers()[1])
      http.collect(requests)
      for _, request in ipairs(requests) do assert.is_nil(request.status) end
      upstream:reset()
      all_are("ok", http.collect(send("/call", 10)))
    end
  end)

  it("whose worker is killed, keeps the workers' queue", function()
    start{
      workers = 2, unclean = {"exited on signal 9"}, http = "lua_shared_dict cmr 1m;",
      server = [[location = /paced { content_by_lua_block {
        local inside = require "spec.support.inside"
        ngx.print((inside.call{rate = 5}))
      } }]],
    }
    for _ = 1, 5 do
      local requests = send("/paced", 4)
      for _, pid in ipairs(server:workers()) do server:signal("KILL", pid) end
      http.collect(requests)
    end
    all_are("ok", http.collect(send("/paced", 4)))
  end)

  describe("with lua_code_cache off, a Lua state for every request,", function()
    local function begin(options)
      options.http = "lua_code_cache off; lua_check_client_abort on;"
      -- The second message comes when the signal TERM ends nginx: it does not close the Lua states of requests then.
      options.unclean = {"lua_code_cache is off", "lua sema mm: freeing a block"}
      start(options)
    end

    it("answers", function()
      begin{}
      for _ = 1, 3 do all_are("ok", http.collect(send("/call", 10))) end
      all_are("ok ok ok ok", http.collect(send("/calls", 5)))
    end)

    it("survives the end of its requests during a call", function()
      begin{}
      upstream:fault{delay = 0.5, times = 60}
      for _ = 1, 3 do
        local requests = send("/call", 20)
        received(#requests)
        upstream:reset()
        upstream:fault{delay = 0.5, times = 60}
        for _, request in ipairs(requests) do request:close() end
      end
      upstream:reset()
      all_are("ok", http.collect(send("/call", 10)))
    end)

    describe("during a look-up of a name,", function()
      local library

      setup(function()
        library = os.tmpname()
        run(("env -u LD_PRELOAD %s -shared -fPIC -D_GNU_SOURCE -o %s spec/support/slow_dns.c -ldl"):format(
          os.getenv("CC") or "cc", library))
      end)

      teardown(function() os.remove(library) end)

      -- Returns the number of the worker's threads.
      local function threads()
        return tonumber(nginx.output(("ls /proc/%s/task | wc -l"):format(server:workers()[1])))
      end

      -- Makes a call to a server whose name takes long to look up.
      local LOST = [[location = /lost { content_by_lua_block {
        ngx.print((require("spec.support.inside").call{
          base_url = "https://a.slow.invalid", timeout = tonumber(ngx.var.arg_timeout), retries = 0}))
      } }]]

      it("ends calls in time", function()
        begin{preload = library, server = LOST}
        local requests = http.collect(send("/lost?timeout=0.3", 10))
        all_are("timeout/not_sent", requests)
        for _, request in ipairs(requests) do assert.is_true(request.took < 1.5, request.took) end
      end)

      it("survives the end of their Lua states", function()
        begin{preload = library, server = LOST}
        all_are("timeout/not_sent", http.collect(send("/lost?timeout=0.3", 10)))
        assert.is_true(threads() > 5)
        nginx.eventually("nothing is looked up", function() return threads() == 1 end)
        all_are("ok", http.collect(send("/call", 4)))
      end)

      it("survives the end of their requests", function()
        begin{preload = library, server = LOST}
        local requests = send("/lost?timeout=10", 20)
        nginx.eventually("names are looked up", function() return threads() > 10 end)
        for _, request in ipairs(requests) do request:close() end
        nginx.eventually("nothing is looked up", function() return threads() == 1 end)
        requests = send("/lost?timeout=10", 2)
        for _ = 1, 10 do all_are("ok", http.collect(send("/call", 4))) end
        all_are("network/not_sent", http.collect(requests))
        assert.equal("ok", server:text("/call"))
      end)

      for _, signal in ipairs{"HUP", "QUIT", "TERM"} do
        it("survives SIG" .. signal, function()
          begin{preload = library, server = LOST}
          local requests = send("/lost?timeout=0.2", 10)
          http.collect(requests, 0.3)
          if signal == "HUP" then
            local old = server:workers()
            server:reload()
            only_workers(old)
            assert.equal("ok", server:text("/call"))
          else
            server:stop(signal)
          end
        end)
      end
    end)
  end)
end)
