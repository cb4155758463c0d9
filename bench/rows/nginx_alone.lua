-- Measures an nginx worker that makes one slow call at a time.
local measure = require "bench.measure"
local site = require "bench.site"

local nginx_alone = { title = "nginx, one call of 0.2 s at a time: added median latency" }

function nginx_alone.run(size)
  local count = size.quick and 3 or 20
  local servers = { cosocket = site.start("cosocket", "0.2"), ours = site.start("ours", "0.2") }

  local function median(server)
    return function()
      return server:probe("/call", count)() * 1000
    end
  end

  local bars = measure.bars(size.rounds, {
    { name = "cosocket client", note = "HTTP/1.1", run = median(servers.cosocket) },
    { name = "cmr", note = "HTTP/2", ours = true, run = median(servers.ours) },
  })
  for _, server in pairs(servers) do
    server:stop()
  end
  return {
    {
      name = nginx_alone.title,
      against = "the cosocket client",
      unit = "ms",
      bars = bars,
      value = measure.combined(bars[2], bars[1], function(a, b)
        return a - b
      end),
      target = "<= 2 ms",
    },
  }
end

return nginx_alone
