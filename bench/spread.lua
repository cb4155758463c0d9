-- For wrk: the first request of every connection waits a while, so that they do not all go through the same motions
-- at the same time, and a run's end does not cut off all of a generation.
local SPREAD = 200 -- ms

local started, connections = 0, nil

function init()
  math.randomseed(42)
  connections = 512
end

function delay()
  started = started + 1
  return started <= connections and math.random(0, SPREAD) or 0
end
