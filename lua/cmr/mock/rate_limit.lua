---The mock's rate limit. Pure: the caller passes the time. The vendor documents 5 requests per second for each key, but
---not how the API counts the requests. So this module has the three usual ways of counting.

local rate_limit = {}

local EPSILON_SECONDS = 1e-9 -- allows for rounding: a request after exactly Retry-After seconds must pass

local algorithms = {}

-- The algorithm "bucket": each request needs a token. New tokens arrive at the rate; at most `limit` tokens are saved.
function algorithms.bucket(limit, window)
  local tokens, last = limit, nil
  return function(now)
    if last then tokens = math.min(limit, tokens + (now - last) * limit / window) end
    last = now
    if tokens + EPSILON_SECONDS < 1 then return false, (1 - tokens) * window / limit end
    tokens = tokens - 1
    return true
  end
end

-- The algorithm "fixed": a window begins at each multiple of `window` seconds. At most `limit` requests pass in a
-- window.
function algorithms.fixed(limit, window)
  local current, count
  return function(now)
    local tick = math.floor(now / window + EPSILON_SECONDS)
    if tick ~= current then
      current, count = tick, 0
    end
    if count >= limit then return false, (tick + 1) * window - now end
    count = count + 1
    return true
  end
end

-- The algorithm "sliding": at most `limit` requests pass in any interval of the window's length. A refused request
-- does not count.
function algorithms.sliding(limit, window)
  local times, index = {}, 0 -- `times`: a ring buffer with the times of the last `limit` requests that passed
  return function(now)
    local oldest = times[index + 1]
    if oldest and now - oldest + EPSILON_SECONDS < window then return false, oldest + window - now end
    times[index + 1] = now
    index = (index + 1) % limit
    return true
  end
end

---Returns whether there is an algorithm of this name.
---@param name string
---@return boolean
function rate_limit.exists(name)
  return algorithms[name] ~= nil
end

---Makes a limiter for one key.
---@param name string "bucket", "fixed" or "sliding"
---@param per_second number 0 means no limit. A rate below 1 makes the window longer: 0.5 is one request in 2 s.
---@return function take Called with the time in seconds. Returns true, or false and the seconds to wait.
function rate_limit.new(name, per_second)
  if per_second == 0 then
    return function()
      return true
    end
  end
  local limit = math.max(1, math.floor(per_second))
  return algorithms[name](limit, limit / per_second)
end

return rate_limit
