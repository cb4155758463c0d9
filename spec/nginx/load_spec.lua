-- What else a worker does while calls are in flight, and what it does without calls.
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local socket = require "socket"

local LOCATIONS = [[
  location = /call { content_by_lua_block { ngx.print((require("spec.support.inside").call())) } }
  location = /other { content_by_lua_block { ngx.print("other") } }
  location = /timers { content_by_lua_block { ngx.print(ngx.timer.running_count() + ngx.timer.pending_count()) } }
]]

describe("a worker of nginx #nginx", function()
  local upstream, server

  before_each(function()
    upstream = mock.shared("tls")
    server = nginx.start{mock = upstream, server = LOCATIONS}
    assert.equal("ok", server:text("/call"))
    upstream:reset()
  end)

  after_each(function() server:stop() end)

  local function send(count)
    local requests = {}
    for index = 1, count do requests[index] = server:send("/call") end
    return requests
  end

  local function all_ok(requests)
    for _, request in ipairs(requests) do assert.equal("ok", request.body or request.why) end
  end

  local function median(values)
    table.sort(values)
    return values[math.ceil(#values / 2)]
  end

  it("answers unrelated requests in 20 ms (the median) while 200 slow calls are in flight", function()
    upstream:fault{delay = 1, times = 200}
    local requests = send(200)
    local times, begun = {}, socket.gettime()
    http.collect(requests, 20, function()
      times[#times + 1] = server:get("/other").took
      return socket.gettime() - begun > 0.4
    end)
    local open = 0
    for _, request in ipairs(requests) do open = open + (request.connection and 1 or 0) end
    assert.equal(200, open)
    assert.is_true(#times > 10, #times)
    assert.is_true(median(times) < 0.02, median(times))
    all_ok(http.collect(requests))
    assert.equal(200, #upstream:requests())
    for _, request in ipairs(requests) do assert.is_true(request.took < 4, request.took) end
  end)

  it("has one timer for all calls in flight", function()
    upstream:fault{delay = 1, times = 50}
    local requests = send(50)
    nginx.eventually("the calls are in flight", function() return #upstream:requests() == 50 end)
    assert.equal("1", server:text("/timers"))
    all_ok(http.collect(requests))
    nginx.eventually("no timer", function() return server:text("/timers") == "0" end)
  end)

  describe("without calls in flight", function()
    local pid

    before_each(function()
      for _ = 1, 3 do all_ok(http.collect(send(40))) end
      nginx.eventually("no timer", function() return server:text("/timers") == "0" end)
      pid = server:workers()[1]
    end)

    it("does not wake up", function()
      local function switches()
        return tonumber(nginx.read(("/proc/%s/status"):format(pid)):match("\nvoluntary_ctxt_switches:%s+(%d+)"))
      end
      local before = switches()
      socket.sleep(3)
      assert.is_true(switches() - before <= 1, switches() - before)
      assert.equal("ok", server:text("/call"))
    end)

    it("makes no system calls", function()
      if nginx.output("command -v strace") == "" then return pending "strace is not here" end
      local trace = os.tmpname()
      nginx.output(("timeout 3 strace -f -o %s -p %s 2>&1"):format(trace, pid))
      local calls = nginx.read(trace)
      os.remove(trace)
      assert.matches("epoll_wait", calls)
      assert.is_nil(calls:find("\n.*\n.*\n"), calls) -- one wait, which began before strace and ended after it
    end)
  end)
end)
