---A store for many hosts, in Redis 5 or newer. Each method runs one script, which is atomic and uses Redis's clock.

local redis = require "cmr.redis.scripts"
local stores = require "cmr.store"

---@class cmr.store.Redis: cmr.Store
local Store = {}
Store.__index = Store
Store.__name = "cmr.store.redis"

local CLAIM = [[
local owner = redis.call('GET', KEYS[1])
if owner == 'done' then return {'done', 0} end
if owner then return {'busy', redis.call('PTTL', KEYS[1])} end
local now = redis.call('TIME')
local token = now[1] .. '.' .. now[2]
redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
return {'claimed', token}
]]

local DONE = [[
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], 'done', 'PX', ARGV[2])
return 1
]]

local RENEW = [[
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
]]

local RELEASE = [[
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
]]

local APPEND = [[
redis.call('RPUSH', KEYS[1], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
]]

local LIST = "return redis.call('LRANGE', KEYS[1], 0, -1)"

local REMOVE = "return redis.call('LREM', KEYS[1], 1, ARGV[1])"

-- Does the same as stores.count_in_window, in milliseconds.
local COUNT = [[
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and oldest + window <= now do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local count = redis.call('LLEN', KEYS[1])
if count >= limit then
  return {0, redis.call('LINDEX', KEYS[1], count - limit) + window - now}
end
redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {count + 1, 0}
]]

local UNCOUNT = "redis.call('RPOP', KEYS[1]) return 1"

---Makes a store.
---@param options? cmr.RedisOptions The options of a new connection, or {redis = an existing cmr.Redis}.
function Store.new(options)
  return setmetatable({ redis = redis.options("store.redis.new", {}, options).redis }, Store)
end

local function milliseconds(seconds)
  return ("%.0f"):format(math.max(1, seconds * 1000))
end

-- Runs a script that returns 1, or 0 if the lease has ended.
local function change(self, script, key, ...)
  local reply, message = self.redis:eval(script, { key }, { ... })
  if not reply then return nil, message end
  if reply == 0 then return nil, stores.LEASE_OVER end
  return true
end

function Store:claim(name, lease)
  local reply, message = self.redis:eval(CLAIM, { "claim:" .. name }, { milliseconds(lease) })
  if not reply then return nil, "unavailable", message end
  local state, detail = reply[1], reply[2]
  if state == "claimed" then return detail end
  return nil, state, state == "busy" and math.max(0, detail / 1000) or nil
end

function Store:done(name, token, ttl)
  return change(self, DONE, "claim:" .. name, token, milliseconds(ttl))
end

function Store:renew(name, token, lease)
  return change(self, RENEW, "claim:" .. name, token, milliseconds(lease))
end

function Store:release(name, token)
  return change(self, RELEASE, "claim:" .. name, token)
end

function Store:append(name, text, ttl)
  return change(self, APPEND, "list:" .. name, text, milliseconds(ttl))
end

function Store:list(name)
  return self.redis:eval(LIST, { "list:" .. name }, {})
end

function Store:remove(name, text)
  local removed, message = self.redis:eval(REMOVE, { "list:" .. name }, { text })
  if not removed then return nil, message end
  return removed > 0
end

function Store:count(name, limit, window)
  local reply, message = self.redis:eval(COUNT, { "window:" .. name }, { limit, milliseconds(window) })
  if not reply then return nil, "unavailable", message end
  if reply[1] == 0 then return nil, "exhausted", reply[2] / 1000 end
  return reply[1]
end

function Store:uncount(name)
  return change(self, UNCOUNT, "window:" .. name)
end

return Store
