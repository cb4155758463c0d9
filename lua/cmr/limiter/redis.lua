---A limiter for all hosts that share a Redis, by Redis's clock.
---
---    local limiter = require("cmr.limiter.redis").new{host = "10.0.0.5", fallback_shares = 3}
---    local client = cmr.new{limiter = limiter}     -- once in a process, and not for each call
---
---While Redis is unavailable every host uses its local limiter, at its share of the rate.

local core = require "cmr.core"
local errors = require "cmr.util.errors"
local limiter = require "cmr.limiter"
local redis = require "cmr.redis.scripts"
local validate = require "cmr.util.validate"

local SPEC = { fallback_shares = validate.integer(1) }

local LATE_SECONDS = 0.1 -- if the reply is this late, the slot is skipped: the next one is already due
local FOREVER_SECONDS = 1e9 -- Redis's Lua reads no infinity
local OUTAGE_RETRIES = 2 -- tries of a host to reach Redis, until it must have noticed an outage

-- Reserves the next slot that is at least `after` seconds away. Returns its time, Redis's time, and 1 if it was
-- reserved. A pause is a slot of length 0. The key expires with its last slot. If Redis's clock was set back, the queue
-- moves back with it; for that the time of the last change is stored too.
local RESERVE = {
  source = [[
local time, length, after, most = redis.call("TIME"), tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = time[1] + time[2] / 1e6
local free, changed = (redis.call("GET", KEYS[1]) or "0 0"):match("(%S+) (%S+)")
local slot = math.max(now + after, free - math.max(0, changed - now))
local reserved = slot - now <= most
if reserved then
  local free = slot + length
  redis.call("SET", KEYS[1], ("%.6f %.6f"):format(free, now), "PX", math.ceil((free - now) * 1000) + 1)
end
return {("%.6f"):format(slot), ("%.6f"):format(now), reserved and 1 or 0}
]],
}

---What cmr.limiter.redis.new takes. fallback_shares is the number of independent limiters when Redis is unavailable:
---one per nginx with lua_shared_dict cmr, otherwise one per process.
---@class cmr.RedisLimiterOptions: cmr.RedisOptions
---@field fallback_shares? integer How many limiters share the rate while Redis is unavailable. Default: 1.
---@field redis? table A connection from cmr.redis.scripts, in place of its options.

local RedisLimiter = {}
RedisLimiter.__index = RedisLimiter
RedisLimiter.__name = "cmr.limiter.redis"

---Makes a limiter on Redis.
---@param opts? cmr.RedisLimiterOptions
---@return cmr.Limiter limiter
function RedisLimiter.new(opts)
  local redis_opts = {}
  for name, value in pairs(opts or {}) do
    redis_opts[name] = value
  end
  local connection = redis_opts.redis
  local own_opts = validate.options("limiter.redis", SPEC, { fallback_shares = 1 }, {
    fallback_shares = redis_opts.fallback_shares,
  })
  redis_opts.fallback_shares, redis_opts.redis = nil, nil
  local extra = next(redis_opts)
  if connection and extra then
    errors.raise(("limiter.redis: bad option '%s' (the connection in option redis has it)"):format(extra))
  end
  return setmetatable({
    redis = connection or redis.new(redis_opts),
    fallback_shares = own_opts.fallback_shares,
    local_limiter = limiter.default(),
    latest_slots = {}, -- by key, on Redis's clock
    careful_until = -math.huge, -- before this time every slot is also reserved in the local limiter
  }, RedisLimiter)
end

-- How much slower this reply was than the fastest one. Cannot exceed the round trip: if it seems to, a clock was set,
-- and we start measuring again. The baseline drifts by 1/16 per reply, so that a slower network becomes the norm.
local function lateness(self, sent_at, received_at, server_time)
  local lag = received_at - server_time
  local late = lag - (self.min_lag or lag)
  if late <= 0 or late > received_at - sent_at then
    self.min_lag = lag
    return 0
  end
  self.min_lag = self.min_lag + late / 16
  return late
end

-- Reserves the next shared slot that is at least `after` seconds away. A slot earlier than the last one means that
-- Redis lost its data. We treat it as unavailable until every host has had time to push its own position.
-- Returns the seconds until the slot, negative when it is past, and whether it was reserved; nil: Redis is unavailable.
local function reserve_shared(self, key, length, after, max_wait)
  local sent_at, latest = core.now(), self.latest_slots[key] or 0
  local reply = self.redis:eval(RESERVE, { "free:" .. key }, { length, after, math.min(max_wait, FOREVER_SECONDS) })
  local received_at = core.now()
  local slot = reply and tonumber(reply[1])
  if slot then self.latest_slots[key] = slot < latest and slot or math.max(slot, self.latest_slots[key] or 0) end
  if not slot or slot < latest then
    self.careful_until = received_at + OUTAGE_RETRIES * self.redis.retry
    return nil
  end
  local server_time = tonumber(reply[2])
  return slot - server_time - lateness(self, sent_at, received_at, server_time), reply[3] == 1
end

function RedisLimiter:reserve(key, rate, now, max_wait)
  local started_at, after = core.now(), 0
  local careful = started_at < self.careful_until
  if careful then
    local delay, needed = self.local_limiter:reserve(key, rate / self.fallback_shares, now, max_wait)
    if not delay then return nil, needed end
    after = delay
  end
  local delay, reserved = reserve_shared(self, key, 1 / rate, after, max_wait)
  if delay and delay < -LATE_SECONDS then
    delay, reserved = reserve_shared(self, key, 1 / rate, after, max_wait)
  end
  local spent = core.now() - started_at
  if delay then
    -- where the local limiter continues if Redis becomes unavailable now
    self.local_limiter:pause(key, now + spent, delay + self.fallback_shares / rate)
    if not reserved then return nil, delay end
    return math.max(0, delay)
  elseif not careful then
    return self:reserve(key, rate, now + spent, max_wait - spent)
  end
  return math.max(0, after - spent)
end

function RedisLimiter:pause(key, now, seconds)
  self.local_limiter:pause(key, now, seconds)
  reserve_shared(self, key, 0, seconds, FOREVER_SECONDS)
end

return RedisLimiter
