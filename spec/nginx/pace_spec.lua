-- The rate of all workers together. The mock counts the requests, and allows 5 in each second of its clock.
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local socket = require "socket"

local PACED = [[
  location = /paced { content_by_lua_block {
    local inside = require "spec.support.inside"
    inside.paced = inside.paced or inside.client{rate = 4, retries = 0}
    ngx.print(ngx.worker.pid(), " ", inside.word(inside.paced:platforms(inside.USER)))
  } }
]]

describe("nginx with 2 workers #nginx", function()
  local upstream, server

  before_each(function()
    upstream = mock.shared("tls")
    upstream:reset{rate = 5, window = "fixed"}
  end)

  after_each(function() server:stop() end)

  local function start(shared)
    server = nginx.start{mock = upstream, workers = 2, http = shared or "", server = PACED}
  end

  -- Sends requests at once, which must all succeed. Returns how many each worker handled.
  local function burst(count)
    local requests, by_worker = {}, {}
    for index = 1, count do requests[index] = server:send("/paced") end
    for _, request in ipairs(http.collect(requests, 30)) do
      local pid, word = (request.body or request.why):match("^(%d+) (.*)$")
      assert.equal("ok", word or request.body or request.why)
      by_worker[pid] = (by_worker[pid] or 0) + 1
    end
    return by_worker
  end

  local function statuses()
    local seen = {}
    for _, request in ipairs(upstream:requests()) do seen[request.status] = (seen[request.status] or 0) + 1 end
    return seen
  end

  -- Repeats the burst if the kernel gave all connections to one worker.
  local function burst_by_both(count)
    local seconds, by_worker
    nginx.eventually("both workers take part", function()
      local begun = socket.gettime()
      by_worker = burst(count)
      seconds = socket.gettime() - begun
      return next(by_worker, (next(by_worker)))
    end, 60)
    return seconds, by_worker
  end

  describe("and lua_shared_dict cmr", function()
    it("has one queue: 4 a second together, and no more", function()
      start "lua_shared_dict cmr 1m;"
      local seconds = burst_by_both(17)
      assert.is_true(seconds > 16 / 4 - 0.1 and seconds < 16 / 4 + 3, seconds)
      assert.is_nil(statuses()[429])
    end)

    it("loses no slot, however many requests come at once", function()
      server = nginx.start{workers = 4, http = "lua_shared_dict cmr 1m;", server = [[
        location = /reserve { content_by_lua_block {
          local limiter = require("cmr.limiter.shdict").new(ngx.shared.cmr)
          for _ = 1, 20000 do limiter:reserve("key", 1000, math.huge) end
          ngx.print(ngx.worker.pid())
        } }
        location = /pause { content_by_lua_block {
          require("cmr.limiter.shdict").new(ngx.shared.cmr):pause("key", 1000) -- now the queue cannot become empty
        } }
        location = /end { content_by_lua_block { ngx.print(("%.6f"):format(ngx.shared.cmr:get "cmr:queue:key")) } }
      ]]}
      server:get "/pause"
      local begun = tonumber(server:text "/end")
      local requests, workers = {}, {}
      for index = 1, 12 do requests[index] = server:send "/reserve" end
      for _, request in ipairs(http.collect(requests, 60)) do workers[request.body] = true end
      assert.is_truthy(next(workers, (next(workers))))
      local taken = tonumber(server:text "/end") - begun
      assert.is_true(math.abs(taken - 12 * 20000 / 1000) < 0.0005, taken)
    end)

    it("keeps the queue over a reload", function()
      start "lua_shared_dict cmr 1m;"
      local requests = {}
      for index = 1, 12 do requests[index] = server:send("/paced") end
      nginx.eventually("some have left", function() return #upstream:requests() > 2 end)
      server:reload()
      burst(4)
      http.collect(requests)
      for _, request in ipairs(requests) do assert.matches(" ok$", request.body) end
      assert.same({[200] = 16}, statuses())
    end)
  end)

  it("gives each worker its share of the rate without lua_shared_dict cmr", function()
    start()
    local seconds, by_worker = burst_by_both(12)
    local most = 0
    for _, count in pairs(by_worker) do most = math.max(most, count) end
    assert.is_true(seconds > (most - 1) / 2 - 0.1 and seconds < (most - 1) / 2 + 2, seconds)
    assert.is_nil(statuses()[429])
  end)
end)
