--- The limiter of the place the code runs in, where a client is not given another. A limiter has
--
--   reserve(key, rate, now, most)   the next place in a key's line: seconds to wait, or nil and how long it would be
--   pause(key, now, seconds)        the server said to wait

local limiter = {}

-- How many workers of nginx there are to share a rate, without knowing of each other.
local function workers()
  local ngx = package.loaded.ngx
  return ngx and ngx.worker and ngx.worker.count and ngx.worker.count() or 1
end

local everyone = require("cmr.limiter.memory").new(workers()) -- one line per key, whichever client asks

--- In nginx the workers share a line through lua_shared_dict cmr; without it each takes its part of the rate.
-- @treturn table limiter
function limiter.here()
  local ngx = package.loaded.ngx
  local dict = ngx and ngx.shared and ngx.shared.cmr
  if dict then return require("cmr.limiter.shdict").new(dict) end
  return everyone
end

return limiter
