-- The phases of nginx in which a call can wait, and the errors in the others.
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"

describe("a call in nginx #nginx", function()
  local upstream, server

  before_each(function() upstream = mock.shared("tls") end)

  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  local function start(options)
    options.mock = options.mock or upstream
    server = nginx.start(options)
    return server
  end

  describe("suspends only the request that made it, in the phase", function()
    local phases = {
      server_rewrite = [[
        server_rewrite_by_lua_block { if ngx.var.uri == "/call" then ngx.ctx.word = call() end }
        location = /call { content_by_lua_block { ngx.print(ngx.ctx.word) } }]],
      rewrite = [[location = /call {
        rewrite_by_lua_block { ngx.ctx.word = call() }
        content_by_lua_block { ngx.print(ngx.ctx.word) }
      }]],
      access = [[location = /call {
        access_by_lua_block { ngx.ctx.word = call() }
        content_by_lua_block { ngx.print(ngx.ctx.word) }
      }]],
      content = [[location = /call { content_by_lua_block { ngx.print((call())) } }]],
      ["content, in a light thread"] = [[location = /call { content_by_lua_block {
        ngx.print((select(2, ngx.thread.wait(ngx.thread.spawn(call)))))
      } }]],
      ["content, in a coroutine"] = [[location = /call { content_by_lua_block {
        ngx.print((coroutine.wrap(call)()))
      } }]],
      timer = [[location = /call { content_by_lua_block {
        local done, word = require("ngx.semaphore").new()
        ngx.timer.at(0, function()
          word = call()
          done:post(1)
        end)
        done:wait(10)
        ngx.print(word)
      } }]],
    }
    for phase, block in pairs(phases) do
      it(phase, function()
        start{
          http = [[init_by_lua_block { call = require("spec.support.inside").call }]],
          server = block .. " location = /other { return 200 other; }",
        }
        upstream:fault{delay = 1}
        local call = server:send("/call")
        nginx.eventually("the call is in flight", function() return #upstream:requests() == 1 end)
        local answered = 0
        http.collect({call}, 10, function()
          assert.equal("other", server:get("/other").body)
          answered = answered + 1
        end)
        assert.equal("ok", call.body)
        assert.is_true(call.took > 0.9, call.took)
        assert.is_true(answered > 20)
      end)
    end
  end)

  -- The phases in which no call can wait. The specs read the call's result in the error log, because the log phase is
  -- after the answer.
  local refusing = {
    init = {http = "init_by_lua_block { $call }", way = "ngx.timer.at(0, ...) in init_worker_by_lua"},
    init_worker = {http = "init_worker_by_lua_block { $call }"},
    set = {server = "location = / { set_by_lua_block $word { $call } return 200 ''; }"},
    header_filter = {server = "location = / { return 200 ''; header_filter_by_lua_block { $call } }"},
    body_filter = {server = "location = / { return 200 'x'; body_filter_by_lua_block { $call } }"},
    log = {server = "location = / { return 200 ''; log_by_lua_block { $call } }"},
    exit_worker = {http = "exit_worker_by_lua_block { $call }", way = "give loop = 'block'"},
  }

  -- Starts an nginx that makes a call in a phase. Returns the call's result, as it is in nginx's log.
  local function told(case, options)
    local call = ("ngx.log(ngx.WARN, 'told ', ngx.get_phase(), ': ', (require('spec.support.inside').call(%s)), '.')"):
      format(options)
    local function filled(text) return text and text:gsub("%$call", (call:gsub("%%", "%%%%"))) end
    start{http = filled(case.http), server = filled(case.server) or "location = / { return 200 ''; }"}
    server:text("/")
    server:signal("QUIT") -- starts the phase exit_worker
    return nginx.eventually("a line in the log", function() return server:log():match("told ([^\n]*)") end)
  end

  describe("is refused, with the phase and a solution, in the phase", function()
    for phase, case in pairs(refusing) do
      it(phase, function()
        local text = told(case, "")
        assert.matches(("^%s: .-cmr%%.platforms: nothing can wait in nginx's %s phase: "):format(phase, phase), text)
        assert.matches(case.way or "make the call from ngx.timer.at(0, ...), or give loop = 'block'", text, 1, true)
        assert.equal(0, #upstream:requests())
      end)
    end
  end)

  describe("with loop = 'block' is made in the phase", function()
    for phase, case in pairs(refusing) do
      it(phase, function()
        assert.matches("^" .. phase .. ": ok%.", (told(case, "{loop = 'block'}")))
        assert.equal(1, #upstream:requests())
      end)
    end
  end)

  describe("in a function that C calls back", function()
    local PLACES = [[
      local places = {
        gsub = function(run) local _ = ("x"):gsub("x", run) end,
        sort = function(run) table.sort({1, 2}, function(one, other) run() return one < other end) end,
        require = function(run)
          package.preload["cmr.spec.module"], package.loaded["cmr.spec.module"] = run, nil
          require "cmr.spec.module"
        end,
        field = function(run) return setmetatable({}, {__index = run}).field end,
        pcall = pcall,
      }
      local inside = require "spec.support.inside"
      local ways = {
        call = function(client) return client:request("POST", "/x") end,
        start = function(client) return client:start("reexport", {mailboxId = "M"}):wait() end,
        map = function(client) for _, res in client:map("reexport", {{mailboxId = "M"}}) do return res end end,
      }
      local function try(place, way, options)
        local ok, message = "not run"
        places[place](function() ok, message = pcall(ways[way], inside.client(options)) return "" end)
        ngx.say(place, " ", way, ": ", tostring(ok), " ", type(message) == "string" and message or "")
      end
    ]]

    it("is not sent, and the error names a solution; in other functions it is sent once", function()
      start{server = "location = / { content_by_lua_block {" .. PLACES .. [[
        for _, place in ipairs{"gsub", "sort", "require"} do
          for _, way in ipairs{"call", "start", "map"} do try(place, way, {retries = 0}) end
        end
      } } location = /waits { content_by_lua_block {]] .. PLACES .. [[
        for _, place in ipairs{"field", "pcall"} do
          for _, way in ipairs{"call", "start", "map"} do try(place, way, {retries = 0}) end
        end
        try("gsub", "call", {retries = 0, loop = "block"})
      } }]]}
      upstream:fault{times = 100, body = {status = 200}}
      local count = 0
      for line in server:text("/"):gmatch("[^\n]+") do
        count = count + 1
        assert.matches("nothing can wait in a function that C calls back", line, 1, true)
        assert.matches("or give loop = 'block'", line, 1, true)
      end
      assert.equal(9, count)
      assert.equal(0, #upstream:requests())
      for line in server:text("/waits"):gmatch("[^\n]+") do assert.matches("true", line, 1, true) end
      assert.equal(7, #upstream:requests())
    end)

    it("cannot wait for a job, which can be waited for outside", function()
      start{server = [[location = / { content_by_lua_block {
        local inside = require "spec.support.inside"
        local job = inside.client{retries = 0}:start("platforms", inside.USER)
        local message
        local _ = ("x"):gsub("x", function() message = select(2, pcall(job.wait, job)) end)
        ngx.say(message)
        ngx.say(type(job:wait()))
      } }]]}
      upstream:fault{delay = 0.1}
      local text = server:text("/")
      assert.matches("cmr.job:wait: nothing can wait in a function that C calls back", text, 1, true)
      assert.matches("\ntable", text, 1, true)
    end)
  end)

  it("writes the failure of a hook into the error log", function()
    start{server = [[location = / { content_by_lua_block {
      local inside = require "spec.support.inside"
      local client = inside.client{retries = 0, on_response = function() error "the hook is broken" end}
      ngx.print(inside.word(client:platforms(inside.USER)))
    } }]]}
    assert.equal("ok", server:text("/"))
    assert.matches("%[error%][^\n]*cmr: a hook failed: [^\n]*the hook is broken", server:log())
    assert.is_nil(nginx.read(server.directory .. "/output"):find("hook", 1, true))
  end)

  describe("without its key", function()
    it("says what nginx needs when there is no `env` line", function()
      start{hide = "CMR_API_KEY", server = [[location = / { content_by_lua_block {
        local res, why, err = require("cmr").platforms("x")
        ngx.print(tostring(res), " ", err.kind, " ", why)
      } }]]}
      local text = server:text("/")
      assert.matches("^nil invalid_argument platforms: no API key", text)
      assert.matches("env CMR_API_KEY;", text, 1, true)
      assert.equal(0, #upstream:requests())
    end)
  end)

  describe("with an engine from before the fork", function()
    local INIT = [[init_by_lua_block {
      local word = require("spec.support.inside").call{loop = "block"}
      ngx.log(ngx.WARN, "in the master: ", word, ".")
      client = require("spec.support.inside").client{retries = 0}
    }]]
    local CALL = [[location = / { content_by_lua_block {
      local inside = require "spec.support.inside"
      ngx.print(ngx.worker.pid(), " ", inside.word(client:platforms(inside.USER)))
    } }]]

    for _, kind in ipairs{"http", "tls"} do
      it("works in the master and in every worker, over " .. kind, function()
        upstream = mock.shared(kind)
        start{http = INIT, server = CALL, workers = 3}
        assert.matches("in the master: ok.", server:log(), 1, true)
        local seen, count = {}, 0
        nginx.eventually("answers by every worker", function()
          local pid, word = server:text("/"):match("^(%d+) (.*)$")
          assert.equal("ok", word)
          if not seen[pid] then seen[pid], count = true, count + 1 end
          return count == 3
        end)
        server:reload()
        assert.matches(" ok$", server:text("/"))
        local connections = {}
        for _, request in ipairs(upstream:requests()) do connections[request.connection] = true end
        local different = 0
        for _ in pairs(connections) do different = different + 1 end
        -- The master made two connections, and each of the three workers made its own.
        assert.is_true(different >= 5, different)
      end)
    end
  end)
end)
