-- Measures an nginx worker whose calls are answered at once.
local measure = require "bench.measure"
local site = require "bench.site"

local nginx_instant = { title = "nginx, instant answers over TLS, 64 connections" }

local CONNECTIONS = 64

function nginx_instant.run(size)
  local seconds = size.quick and 1 or 4
  local servers = { cosocket = site.start "cosocket", ours = site.start "ours" }

  local function rate(server)
    server:load(CONNECTIONS, 1)()
    return function()
      return server:load(CONNECTIONS, seconds)()
    end
  end

  local bars = measure.bars(size.rounds, {
    { name = "cosocket client", note = "HTTP/1.1", run = rate(servers.cosocket) },
    { name = "cmr", note = "HTTP/2", ours = true, run = rate(servers.ours) },
  })
  for _, server in pairs(servers) do
    server:stop()
  end
  local ratio = measure.ratio(bars[2], bars[1])
  return {
    {
      name = nginx_instant.title,
      against = "the cosocket client",
      unit = "calls/s",
      bars = bars,
      value = ratio,
      target = ">= 0.33 x",
      note = ratio >= 0.5 and "a harder target, 0.5 ×, is met too" or "a harder target, 0.5 ×, is missed",
    },
  }
end

return nginx_instant
