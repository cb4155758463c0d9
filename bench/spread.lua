-- A script for wrk. Its argument is the number of connections. The first request of each connection waits for a random
-- time. Otherwise all connections would work in step, and the end of a run would cut off all of their last requests.
local SPREAD = 200 -- in ms

local left

function init(arguments)
  math.randomseed(42)
  left = tonumber(arguments[1])
end

function delay()
  left = left - 1
  return left >= 0 and math.random(0, SPREAD) or 0
end
