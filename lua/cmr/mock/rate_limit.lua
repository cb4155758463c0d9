-- The rate limit, pure: the caller passes the clock in. The vendor documents 5 requests per second per key but not how
-- they are counted, so there are the three usual ways to choose from.
local rate = {}

-- Waiting exactly as long as one was told must be enough in spite of rounding.
local EPSILON = 1e-9

local algorithms = {}

-- Tokens drip in at the rate; `limit` of them may be saved up.
function algorithms.bucket(limit, window)
  local tokens, last = limit, nil
  return function(now)
    if last then tokens = math.min(limit, tokens + (now - last) * limit / window) end
    last = now
    if tokens + EPSILON < 1 then return false, (1 - tokens) * window / limit end
    tokens = tokens - 1
    return true
  end
end

-- `limit` requests between two ticks of the clock, then none until the next tick.
function algorithms.fixed(limit, window)
  local current, count
  return function(now)
    local slot = math.floor(now / window + EPSILON)
    if slot ~= current then
      current, count = slot, 0
    end
    if count >= limit then return false, (slot + 1) * window - now end
    count = count + 1
    return true
  end
end

-- `limit` requests in any stretch of one window. A refused request does not count.
function algorithms.sliding(limit, window)
  local times, at = {}, 0 -- a ring of the last `limit` requests let through
  return function(now)
    local oldest = times[at + 1]
    if oldest and now - oldest + EPSILON < window then return false, oldest + window - now end
    times[at + 1] = now
    at = (at + 1) % limit
    return true
  end
end

--- Is there an algorithm of this name?
function rate.known(name)
  return algorithms[name] ~= nil
end

--- A limiter for one key.
-- @param name "bucket", "fixed" or "sliding"
-- @param per_second requests per second, 0 for no limit; a fraction widens the window: 0.5 is one request in 2 s
-- @return take(now), now in seconds: true when the request may pass, else false and the seconds until one may
function rate.new(name, per_second)
  if per_second == 0 then
    return function()
      return true
    end
  end
  local limit = math.max(1, math.floor(per_second))
  return algorithms[name](limit, limit / per_second)
end

return rate
