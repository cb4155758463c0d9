-- Runs an nginx with a client in its one worker. A request for /call makes a call. A request for /other makes none.
local nginx = require "spec.support.nginx"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local site = {}

local HTTP = [[
  lua_ssl_trusted_certificate $ca;
  lua_ssl_verify_depth 2;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
]]

local SERVER = [[
  location = /other { return 200 "other"; }
  location = /call {
    content_by_lua_block {
      local res, why = require("$client").call("$user", $argument)
      if not res then
        ngx.status = 502
        return ngx.say(why)
      end
      ngx.header.content_length = #res.message
      ngx.print(res.message)
    }
  }
]]

site.CLIENTS = {
  ours = { client = "bench.clients.nginx", argument = "nil" },
  blocking = { client = "bench.clients.nginx", argument = '"block"' },
  cosocket = { client = "bench.peers.cosocket", argument = "nil" },
}

local Site = {}
Site.__index = Site

--- Starts an nginx.
-- @param kind the kind of client, a name in CLIENTS
-- @param seconds how long the upstream server takes to answer; nil: it answers at once
function site.start(kind, seconds)
  local env = upstream.env(seconds)
  local client = site.CLIENTS[kind]
  local values = { ca = env.CMR_CA_FILE, user = upstream.USER, client = client.client, argument = client.argument }
  local server = nginx.start {
    mock = { key = env.CMR_API_KEY, base_url = env.CMR_BASE_URL, ca_file = env.CMR_CA_FILE },
    http = HTTP:gsub("%$(%a+)", values),
    server = SERVER:gsub("%$(%a+)", values),
  }
  server:text "/call"
  return setmetatable({ server = server }, Site)
end

function Site:url(path)
  return ("http://127.0.0.1:%d%s"):format(self.server.port, path)
end

--- Starts to request /call again and again for some seconds.
-- @param spread whether the connections begin at different times; see bench/spread.lua
-- @return a function that waits for the end and returns the number of answers per second
function Site:load(connections, seconds, spread)
  local finish = shell.start(
    ("wrk -t1 -c%d -d%ds --timeout 20s %s %s %s"):format(
      connections,
      seconds,
      spread and "-s bench/spread.lua" or "",
      self:url "/call",
      spread and "-- " .. connections or ""
    )
  )
  return function()
    local text = finish()
    if text:find "Non%-2xx" or text:find "Socket errors" then error("the load was not answered:\n" .. text, 0) end
    return tonumber(text:match "Requests/sec:%s+([%d.]+)")
  end
end

--- Starts requests one after another.
-- @param path the path of the requests
-- @param count the number of requests
-- @param pause seconds between two requests
-- @param limit seconds after which no other request starts
-- @return a function that waits for the end and returns the median and the 99th percentile, in seconds
function Site:probe(path, count, pause, limit)
  local finish = shell.start(
    ("build/bench/easy %d %g %g"):format(count, pause or 0, limit or 1e9),
    { BENCH_URL = self:url(path), CMR_API_KEY = "none" }
  )
  return function()
    local median, high = finish():match "^%S+ %S+ (%S+) (%S+)"
    return tonumber(median), tonumber(high)
  end
end

function Site:stop()
  self.server:stop()
end

return site
