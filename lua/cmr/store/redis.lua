--- A store of many hosts in Redis (5 or newer). Each operation is one script: it happens as a whole, by Redis's own
-- clock. See cmr.store.

local redis = require "cmr.redis.scripts"

local Store = {}
Store.__index = Store

local LOST = "the lease is over"

local claim = {
  source = [[
  local held = redis.call('GET', KEYS[1])
  if held == 'done' then return {'done', 0} end
  if held then return {'busy', redis.call('PTTL', KEYS[1])} end
  local now = redis.call('TIME')
  local token = now[1] .. '.' .. now[2]
  redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
  return {'ours', token}
]],
}

local done = {
  source = [[
  local held = redis.call('GET', KEYS[1])
  if held and held ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], 'done', 'PX', ARGV[2])
  return 1
]],
}

local release =
  { source = [[
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  return redis.call('DEL', KEYS[1])
]] }

local append =
  { source = [[
  redis.call('RPUSH', KEYS[1], ARGV[1])
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
]] }

local list = { source = [[
  return redis.call('LRANGE', KEYS[1], 0, -1)
]] }

-- As in cmr.store.window, in milliseconds.
local take = {
  source = [[
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local count, window = tonumber(ARGV[1]), tonumber(ARGV[2])
  local first = redis.call('LINDEX', KEYS[1], 0)
  while first and first + window <= now do
    redis.call('LPOP', KEYS[1])
    first = redis.call('LINDEX', KEYS[1], 0)
  end
  local taken = redis.call('LLEN', KEYS[1])
  if taken >= count then
    return {0, redis.call('LINDEX', KEYS[1], taken - count) + window - now}
  end
  redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {taken + 1, 0}
]],
}

local untake = { source = [[
  redis.call('RPOP', KEYS[1])
  return 1
]] }

--- A store in Redis.
-- @tparam table given the options of cmr.redis.scripts, or redis = a connection made with it
-- @treturn table store
function Store.new(given)
  return setmetatable({ redis = given.redis or redis.new(given) }, Store)
end

-- Redis counts in whole milliseconds.
local function ms(seconds)
  return ("%.0f"):format(math.max(1, seconds * 1000))
end

-- A script that answers with 1, or with 0 where the lease is over.
local function changed(self, script, name, ...)
  local answer, why = self.redis:eval(script, { name }, { ... })
  if not answer then
    return nil, why
  elseif answer == 0 then
    return nil, LOST
  end
  return true
end

function Store:claim(name, lease)
  local answer, why = self.redis:eval(claim, { "claim:" .. name }, { ms(lease) })
  if not answer then
    return nil, "away", why
  elseif answer[1] == "ours" then
    return answer[2]
  elseif answer[1] == "busy" then
    return nil, "busy", math.max(0, answer[2] / 1000)
  end
  return nil, "done"
end

function Store:done(name, token, ttl)
  return changed(self, done, "claim:" .. name, token, ms(ttl))
end

function Store:release(name, token)
  return changed(self, release, "claim:" .. name, token)
end

function Store:append(name, text, ttl)
  return changed(self, append, "list:" .. name, text, ms(ttl))
end

function Store:list(name)
  return self.redis:eval(list, { "list:" .. name }, {})
end

function Store:take(name, count, seconds)
  local answer, why = self.redis:eval(take, { "take:" .. name }, { count, ms(seconds) })
  if not answer then
    return nil, "away", why
  elseif answer[1] == 0 then
    return nil, answer[2] / 1000
  end
  return answer[1]
end

function Store:untake(name)
  return changed(self, untake, "take:" .. name)
end

return Store
