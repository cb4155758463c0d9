-- For wrk, with the number of its connections as argument: the first request of each waits a while, so that they do not
-- all go through the same motions at the same time, and a run's end does not cut off all of a generation.
local SPREAD = 200 -- ms

local left

function init(arguments)
  math.randomseed(42)
  left = tonumber(arguments[1])
end

function delay()
  left = left - 1
  return left >= 0 and math.random(0, SPREAD) or 0
end
