-- Measures an nginx worker with many slow calls in flight: its calls per second, and how soon it answers other
-- requests.
local measure = require "bench.measure"
local site = require "bench.site"

local nginx_load = { title = "nginx, one worker, 512 calls of 0.2 s at once" }

local CONNECTIONS, DELAY = 512, "0.2"
local PAUSE = 0.004 -- seconds between two requests for the unrelated location

-- Returns the calls per second, and the 99th percentile of the time that the unrelated location takes under this load.
local function loaded(server, connections, seconds)
  local finish = server:load(connections, seconds, true)
  local look = server:probe("/other", 10000, PAUSE, seconds * 0.8)
  local _, high = look()
  return { rate = finish(), high = high * 1000 }
end

function nginx_load.run(size)
  local seconds = size.quick and 2 or 5
  local servers = {
    cosocket = site.start("cosocket", DELAY),
    ours = site.start("ours", DELAY),
    blocking = site.start("blocking", DELAY),
  }
  for _, kind in ipairs { "cosocket", "ours" } do
    servers[kind]:load(CONNECTIONS, 3)()
  end -- opens the connections
  local rate, high = measure.bars(size.rounds, {
    {
      name = "cosocket client",
      note = "HTTP/1.1",
      run = function()
        return loaded(servers.cosocket, CONNECTIONS, seconds)
      end,
    },
    {
      name = "cmr",
      note = "HTTP/2",
      ours = true,
      run = function()
        return loaded(servers.ours, CONNECTIONS, seconds)
      end,
    },
    {
      name = "cmr with loop = 'block', 4 at once",
      note = "HTTP/2",
      once = true,
      run = function()
        return loaded(servers.blocking, 4, seconds)
      end,
    },
  }, { "rate", "high" })
  for _, server in pairs(servers) do
    server:stop()
  end
  local blocked = high[3].median
  high[3] = nil -- such a long bar would make the other bars very short
  return {
    {
      name = nginx_load.title .. ": rate",
      against = "the cosocket client",
      unit = "calls/s",
      bars = rate,
      value = measure.ratio(rate[2], rate[1]),
      target = ">= 0.97 x",
    },
    {
      name = "the same: p99 of an unrelated location",
      against = "the same under the cosocket client",
      unit = "ms",
      bars = high,
      value = measure.ratio(high[2], high[1]),
      target = "<= 2 x",
      note = ("while a call blocks: %.0f ms"):format(blocked),
    },
  }
end

return nginx_load
