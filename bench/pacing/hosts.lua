-- Runs hosts: several nginx with several workers each. All use the same key, and call as fast as their limiter allows.
local nginx = require "spec.support.nginx"

local hosts_module = {}

local Hosts = {}
Hosts.__index = Hosts

local HTTP = [[
  lua_shared_dict cmr 1m;
  lua_shared_dict seen 1m;
  init_worker_by_lua_block {
    local seen = ngx.shared.seen
    local options = {rate = 4, timeout = 60}
    if $redis then
      options.limiter = require("cmr.limiter.redis").new{
        port = $redis, fallback_shares = $hosts, timeout = $timeout, prefix = "$prefix",
      }
    end
    local client = require("cmr").new(options)
    local function calls()
      seen:incr("running", 1, 0)
      while not seen:get "stop" do
        local res, why = client:platforms "BVZGM5TE9BMP3PP0VWGW943RGV1B"
        seen:incr(res and "ok" or "lost", 1, 0)
        if not res then ngx.log(ngx.ERR, why) end
      end
      seen:incr("running", -1)
    end
    for _ = 1, $lines do ngx.timer.at(0, calls) end
  }
]]
local SERVER = [[
  location = /stop { content_by_lua_block { ngx.shared.seen:set("stop", true) } }
  location = /seen { content_by_lua_block { ngx.print(ngx.shared.seen:get(ngx.var.arg_what) or 0) } }
]]

--- Starts the hosts.
-- @param options
--   mock     the API
--   redis    a server of spec.support.redis that the hosts share; nil: each host has its own limiter
--   hosts    the number of hosts; default 3
--   workers  the number of workers of each host; default 4
--   lines    the number of calls at once in each worker; default 2
--   timeout  the timeout of Redis in seconds; default 0.5
--   prefix   the prefix of the keys in Redis; default "cmr:"
function hosts_module.start(options)
  local values = {
    redis = options.redis and tostring(options.redis.port) or "false",
    hosts = tostring(options.hosts or 3),
    timeout = tostring(options.timeout or 0.5),
    prefix = options.prefix or "cmr:",
    lines = tostring(options.lines or 2),
  }
  local hosts = setmetatable({ workers = options.workers or 4 }, Hosts)
  for index = 1, options.hosts or 3 do
    hosts[index] = nginx.start {
      mock = options.mock,
      workers = hosts.workers,
      http = HTTP:gsub("%$(%a+)", values),
      server = SERVER,
    }
  end
  return hosts
end

--- Returns the sum over all hosts of a counter: "ok", "lost" (calls that failed) or "running".
function Hosts:seen(what)
  local sum = 0
  for _, host in ipairs(self) do
    sum = sum + tonumber(host:text("/seen?what=" .. what))
  end
  return sum
end

--- Returns an array with the number of outage warnings that each process wrote.
function Hosts:warnings()
  local counts = {}
  for _, host in ipairs(self) do
    local by_pid = {}
    for pid in host:log():gmatch "%[warn%] (%d+)#[^\n]*cmr: Redis at" do
      by_pid[pid] = (by_pid[pid] or 0) + 1
    end
    for _, pid in ipairs(host:workers()) do
      counts[#counts + 1] = by_pid[pid] or 0
    end
  end
  return counts
end

--- Waits for the calls in flight, and stops the hosts.
-- @return the numbers of calls that succeeded and that failed
function Hosts:stop()
  for _, host in ipairs(self) do
    host:text "/stop"
  end
  nginx.eventually("the calls end", function()
    return self:seen "running" == 0
  end, 60)
  local ok, lost = self:seen "ok", self:seen "lost"
  for _, host in ipairs(self) do
    host:stop()
  end
  return ok, lost
end

--- Returns how often the API answered recent requests with 200 and with 429, by status.
function hosts_module.answers(mock)
  local counts = { [200] = 0, [429] = 0 }
  for _, request in ipairs(mock:requests()) do
    counts[request.status] = (counts[request.status] or 0) + 1
  end
  return counts
end

return hosts_module
