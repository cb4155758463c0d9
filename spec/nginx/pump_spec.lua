-- Requests that end during a call, and timers that do not run. All other waiting requests must be answered.
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local socket = require "socket"

local CALL = [[
  location = /call { content_by_lua_block { ngx.print((require("spec.support.inside").call())) } }
]]

-- Locations with two light threads each. While one thread waits for its call, the other ends the request, ends that
-- thread, or redirects the request.
local SIBLINGS = [[
  location = /exit { content_by_lua_block {
    ngx.thread.spawn(require("spec.support.inside").call)
    ngx.sleep(0.1)
    ngx.exit(tonumber(ngx.var.arg_with))
  } }
  location = /sibling_exits { content_by_lua_block {
    ngx.thread.spawn(function() ngx.sleep(0.1) ngx.exit(403) end)
    ngx.print((require("spec.support.inside").call()))
  } }
  location = /kill { content_by_lua_block {
    local thread = ngx.thread.spawn(require("spec.support.inside").call)
    ngx.sleep(0.1)
    ngx.print(tostring(ngx.thread.kill(thread)))
  } }
  location = /redirect { content_by_lua_block {
    ngx.thread.spawn(require("spec.support.inside").call)
    ngx.sleep(0.1)
    ngx.exec("/call")
  } }
]]

-- The ways in which a timer of nginx does not run.
local BROKEN_TIMERS = {
  ["fail"] = {http = "init_worker_by_lua_block { ngx.timer.at = function() return nil, 'none' end }"},
  ["are too many already"] = {http = [[
    lua_max_pending_timers 1;
    init_worker_by_lua_block { ngx.timer.at(3600, function() end) }
  ]]},
  ["are made and not run"] = {
    http = [[
      lua_max_running_timers 1;
      init_worker_by_lua_block { ngx.timer.at(0, function() ngx.sleep(3600) end) }
    ]],
    unclean = {"lua_max_running_timers are not enough"},
  },
}

describe("nginx #nginx", function()
  local upstream, server

  before_each(function() upstream = mock.shared("tls") end)

  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  local function start(options)
    options.mock = upstream
    server = nginx.start(options)
    server:text("/call") -- opens the connection
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

  -- Answers with the number of calls that this worker has in flight.
  local IN_FLIGHT = [[
    location = /in_flight { content_by_lua_block { ngx.print(require("cmr.core").engine():count()) } }
  ]]

  local function comes_to_rest()
    nginx.eventually("nothing is in flight", function() return server:text("/in_flight") == "0" end)
  end

  for _, check in ipairs{"on", "off"} do
    describe("with lua_check_client_abort " .. check, function()
      before_each(function()
        start{http = ("lua_check_client_abort %s;"):format(check), server = CALL .. IN_FLIGHT}
      end)

      it("answers the others when clients go away", function()
        upstream:fault{delay = 1, times = 40}
        local leaving, staying = {}, {}
        for index = 1, 20 do leaving[index], staying[index] = server:send("/call"), server:send("/call") end
        received(40)
        for _, request in ipairs(leaving) do request:close() end
        all_are("ok", http.collect(staying))
        all_are("ok", http.collect(send("/call", 5)))
        comes_to_rest()
      end)

      it("answers the others when the first client goes away", function()
        upstream:fault{delay = 0.7, times = 3}
        local first = server:send("/call")
        received(1)
        local second = server:send("/call")
        first:close()
        all_are("ok", http.collect({second, server:send("/call")}))
      end)

      it("answers clients that come after others went away at any time", function()
        local pending = {}
        for _ = 1, 60 do
          upstream:fault{delay = 0.02}
          local leaving = server:send("/call")
          table.insert(pending, server:send("/call"))
          http.collect({leaving}, math.random() * 0.04)
        end
        all_are("ok", http.collect(pending))
        comes_to_rest()
      end)

      it("does not repeat a call that was in flight", function()
        server:stop()
        start{http = ("lua_check_client_abort %s;"):format(check), server = CALL .. IN_FLIGHT .. [[
          location = /reexport { content_by_lua_block {
            local inside = require "spec.support.inside"
            ngx.print(inside.word(inside.shared():reexport{mailboxId = inside.MAILBOX}))
          } }
        ]]}
        upstream:fault{match = {operation = "reexport"}, delay = 0.3}
        local request = server:send("/reexport")
        received(1)
        request:close()
        comes_to_rest()
        local requests = upstream:requests()
        assert.equal(1, #requests)
        assert.equal(200, requests[1].status)
      end)
    end)
  end

  describe("answers the others, when a request", function()
    for what, path in pairs{
      ["ends by ngx.exit while its light thread waits"] = {"/exit?with=403", 403},
      ["ends by an error while its light thread waits"] = {"/exit?with=500", 500},
      ["closes while its light thread waits"] = {"/exit?with=444", nil},
      ["waits and its light thread ends it"] = {"/sibling_exits", 403},
      ["kills its light thread"] = {"/kill", 200},
    } do
      it(what, function()
        start{server = CALL .. IN_FLIGHT .. SIBLINGS}
        upstream:fault{delay = 0.5, times = 20}
        local ending, staying = {}, {}
        for index = 1, 10 do ending[index], staying[index] = server:send(path[1]), server:send("/call") end
        http.collect(ending)
        http.collect(staying)
        for _, request in ipairs(ending) do assert.equal(path[2], request.status) end
        all_are("ok", staying)
        comes_to_rest()
        assert.equal("ok", server:text("/call"))
      end)
    end

    it("is redirected internally while its light thread waits", function()
      start{server = CALL .. IN_FLIGHT .. SIBLINGS, unclean = {"attempt to abort with pending subrequests"}}
      upstream:fault{delay = 0.5, times = 20}
      local staying = send("/call", 5)
      http.collect(send("/redirect", 5))
      all_are("ok", http.collect(staying))
      comes_to_rest()
    end)
  end)

  for how, broken in pairs(BROKEN_TIMERS) do
    describe("whose timers " .. how, function()
      local function begin(more)
        start{
          http = broken.http .. (more or ""), server = CALL .. IN_FLIGHT, unclean = broken.unclean,
        }
      end

      it("answers one request", function()
        begin()
        for _ = 1, 3 do
          upstream:fault{delay = 0.2}
          local answer = server:get("/call")
          assert.equal("ok", answer.body)
          assert.is_true(answer.took < 5, answer.took)
        end
      end)

      it("answers many requests", function()
        begin()
        upstream:fault{delay = 0.3, times = 50}
        local requests = http.collect(send("/call", 50))
        all_are("ok", requests)
        for _, request in ipairs(requests) do assert.is_true(request.took < 5, request.took) end
      end)

      it("answers the other clients when some go away", function()
        begin "lua_check_client_abort on;"
        upstream:fault{delay = 0.6, times = 30}
        local requests = send("/call", 30)
        received(30)
        for index = 1, 15 do table.remove(requests, 1 + index):close() end
        table.remove(requests, 1):close() -- the first request steps the engine for all
        http.collect(requests)
        all_are("ok", requests)
        for _, request in ipairs(requests) do assert.is_true(request.took < 5, request.took) end
        all_are("ok", http.collect(send("/call", 5)))
      end)
    end)
  end

  it("whose pump starts late, does not start more and more pumps", function()
    start{server = CALL .. IN_FLIGHT .. [[
      location = /late { content_by_lua_block {
        local sleep = ngx.sleep
        ngx.sleep = function(seconds) return sleep(seconds == 0.001 and 0.3 or seconds) end -- delays the pump
      } }
      location = /running { content_by_lua_block { ngx.print(ngx.timer.running_count()) } }
    ]]}
    server:get("/late")
    upstream:fault{delay = 4}
    local requests, most = {server:send("/call")}, 0
    for _ = 1, 30 do
      table.insert(requests, server:send("/call"))
      most = math.max(most, tonumber(server:text("/running")))
      socket.sleep(0.1)
    end
    assert.is_true(most >= 1 and most <= 4, most)
    all_are("ok", http.collect(requests))
  end)

  local REPAIR = [[
    location = /break { content_by_lua_block { made = ngx.timer.at ngx.timer.at = function() return nil, "no" end } }
    location = /repair { content_by_lua_block { ngx.timer.at = made } }
    location = /running { content_by_lua_block { ngx.print(ngx.timer.running_count()) } }
  ]]

  it("whose timers work again during a call, gets its pump back during that call", function()
    start{server = CALL .. IN_FLIGHT .. REPAIR}
    upstream:fault{delay = 5}
    server:text("/break")
    local request = server:send("/call")
    received(1)
    server:text("/repair")
    nginx.eventually("a pump runs", function() return server:text("/running") == "1" end, 4)
    assert.equal("1", server:text("/in_flight"))
    assert.equal("ok", request:answer().body)
    nginx.eventually("no timer runs", function() return server:text("/running") == "0" end)
  end)

  it("whose timers work again, works as before", function()
    start{server = CALL .. IN_FLIGHT .. REPAIR}
    upstream:fault{delay = 0.5, times = 2}
    server:text("/break")
    local requests = send("/call", 2)
    received(2)
    server:text("/repair")
    all_are("ok", http.collect(requests))
    upstream:fault{delay = 0.3}
    local request = server:send("/call")
    received(3)
    assert.equal("1", server:text("/running"))
    assert.equal("ok", request:answer().body)
    assert.is_true(request.took < 5, request.took)
    nginx.eventually("no timer runs", function() return server:text("/running") == "0" end)
  end)
end)
