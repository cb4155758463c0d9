---The limiter of all hosts that share a Redis. It spaces slots like cmr.limiter.memory, but stores the queue in Redis,
---and uses Redis's clock.
---
---    local limiter = require("cmr.limiter.redis").new { host = "10.0.0.5", fallback_shares = 3 }
---    local client = cmr.new { limiter = limiter } -- make limiter and client once in a process, not for each call
---
---A script in Redis reserves the slots. While Redis is unavailable or refuses the script for a key, each host uses its
---own queue, with its share of the rate.

local core = require "cmr.core"
local expiring = require "cmr.util.expiring"
local limiter = require "cmr.limiter"
local log = require "cmr.util.log"
local redis = require "cmr.redis.scripts"
local validate = require "cmr.util.validate"

---@class cmr.limiter.Redis: cmr.Limiter
local Limiter = {}
Limiter.__index = Limiter
Limiter.__name = "cmr.limiter.redis"

local MAX_LATE_SECONDS = 0.1
local SLOT_SECONDS = 60 -- how long cmr remembers a slot after the slot's time
local REFUSAL_SECONDS = 3600 -- how long cmr remembers a refused key; a remembered key gets no second warning
local MAX_REDIS_SECONDS = 1e9 -- stands for infinity, which Redis's Lua cannot read

-- Parses a number. Lua 5.1's tonumber expects the decimal point of the locale.
local function read_number(text)
  return core.json_decode(text)
end

local SPEC = { fallback_shares = validate.integer(1) }

-- Finds the next slot that is at least `after` seconds away. Reserves the slot if it is at most `max_wait` seconds
-- away. Returns the slot's time, Redis's time, and 1 if the slot is reserved, otherwise 0.
-- To pause the queue for `after` seconds, the caller reserves a slot of length 0 at the end of the pause.
-- The key expires with its last slot. The script also stores the time of the queue's last change. If this time is in
-- the future, Redis's clock was set back, so the queue moves back too.
local RESERVE = [[
local time, length, after, max_wait = redis.call("TIME"), tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = time[1] + time[2] / 1e6
local next_slot, changed = (redis.call("GET", KEYS[1]) or "0 0"):match("(%S+) (%S+)")
local slot = math.max(now + after, next_slot - math.max(0, changed - now))
local reserved = slot - now <= max_wait
if reserved then
  local ttl = math.ceil((slot + length - now) * 1000) + 1
  redis.call("SET", KEYS[1], ("%.6f %.6f"):format(slot + length, now), "PX", ttl)
end
return {("%.6f"):format(slot), ("%.6f"):format(now), reserved and 1 or 0}
]]

---Options of cmr.limiter.redis.
---@class cmr.RedisLimiterOptions: cmr.RedisOptions
---@field redis? cmr.Redis A connection to Redis. Without it, the limiter makes a connection with the other options.
---
---How many limiters share the rate while Redis is unavailable. In an nginx with `lua_shared_dict cmr`, all workers
---share one limiter. Elsewhere each process has its own limiter. Default: 1.
---@field fallback_shares? integer

---Makes a limiter.
---@param options? cmr.RedisLimiterOptions
function Limiter.new(options)
  local opts = redis.options("limiter.redis.new", SPEC, options)
  return setmetatable({
    redis = opts.redis,
    fallback_shares = opts.fallback_shares or 1,
    local_limiter = limiter.default(),
    latest_slots = expiring.new(), -- key -> the latest noted slot, on Redis's clock
    both_until = -math.huge, -- until this time, a slot must be free in the local queue and in the queue in Redis
    -- refused key -> a time; up to this time, `reserve` uses both queues for the key
    refused_until = expiring.new(),
  }, Limiter)
end

-- Returns how many seconds later than usual a reply arrived. `server_time` is the time of Redis's clock in the reply.
local function lateness(self, sent_at, received_at, server_time)
  local offset = received_at - server_time
  local late = offset - (self.usual_offset or offset)
  local clock_was_set_back = late > received_at - sent_at -- the network delays a reply by the round trip at most
  if late <= 0 or clock_was_set_back then
    self.usual_offset = offset
    return 0
  end
  self.usual_offset = self.usual_offset + late / 16 -- a network that stays slow becomes the usual one
  return late
end

-- Notes that Redis refuses the script for a key, and logs this once. Other keys are not affected.
local function note_refusal(self, key, message, time)
  if not self.refused_until:get(key) then
    local format = "Redis at %s refuses a slot in queue:%s (%s); each host uses its own queue until Redis accepts again"
    log.warn(format, tostring(self.redis.address), key, message)
  end
  self.refused_until:set(key, time, time + REFUSAL_SECONDS, core.now())
end

-- Notes the slot of a reply. `latest_before` is the slot that was noted before the request to Redis.
--   slot < latest_before   Redis lost its data, or its clock was set back: notes the slot in any case
--   otherwise              keeps a later slot that another coroutine has noted meanwhile
-- The note ends SLOT_SECONDS after the slot's time.
local function note_slot(self, key, slot, latest_before, time)
  if slot >= latest_before then slot = math.max(slot, self.latest_slots:get(key) or 0) end
  self.latest_slots:set(key, slot, time + SLOT_SECONDS, core.now())
end

-- Reserves a slot in Redis. Returns the seconds until the slot (negative for a past slot), and whether the slot was
-- reserved. Returns nil after one of these failures:
--   Redis is unavailable
--   Redis refuses the script for this key
--   the slot is before the noted slot of an earlier reply: Redis lost its data, or its clock was set back
-- After a failure, this host uses its local queue, but other hosts may still use Redis. So until the other hosts have
-- noticed the failure too, a slot must be free in the local queue and in Redis.
local function reserve_in_redis(self, key, length, after, max_wait)
  local sent_at, latest_slot = core.now(), self.latest_slots:get(key) or 0
  local args = { length, after, math.min(max_wait, MAX_REDIS_SECONDS) }
  local reply, message, reason = self.redis:eval(RESERVE, { "queue:" .. key }, args)
  local received_at = core.now()
  local noticed_at = received_at + 2 * self.redis.retry_seconds -- when the other hosts have noticed a failure too
  if reason == "refused" then
    note_refusal(self, key, message, noticed_at)
    return nil
  end
  local slot = reply and read_number(reply[1])
  if slot then note_slot(self, key, slot, latest_slot, received_at + slot - read_number(reply[2])) end
  if not slot or slot < latest_slot then
    self.both_until = noticed_at
    return nil
  end
  if received_at >= (self.refused_until:get(key) or math.huge) then self.refused_until:remove(key) end
  local server_time = read_number(reply[2])
  return slot - server_time - lateness(self, sent_at, received_at, server_time), reply[3] == 1
end

---Reserves the key's next slot. See cmr.Limiter.
function Limiter:reserve(key, rate, max_wait)
  local begun_at, after = core.now(), 0
  local both = begun_at < math.max(self.both_until, self.refused_until:get(key) or self.both_until)
  if both then
    local delay, needed = self.local_limiter:reserve(key, rate / self.fallback_shares, max_wait)
    if not delay then return nil, needed end
    after = delay
  end
  local delay, reserved = reserve_in_redis(self, key, 1 / rate, after, max_wait)
  if delay and delay < -MAX_LATE_SECONDS then -- the reply came long after the slot: skips this slot
    delay, reserved = reserve_in_redis(self, key, 1 / rate, after, max_wait)
  end
  local elapsed = core.now() - begun_at
  if delay then
    -- if Redis becomes unavailable, the local queue must continue after this slot
    self.local_limiter:pause(key, delay + self.fallback_shares / rate)
    delay = math.max(0, delay)
    if not reserved then return nil, delay end
    return delay
  end
  if not both then return self:reserve(key, rate, max_wait - elapsed) end
  return math.max(0, after - elapsed)
end

---Pauses a key: for some seconds, no host gets a slot.
function Limiter:pause(key, seconds)
  self.local_limiter:pause(key, seconds)
  reserve_in_redis(self, key, 0, seconds, MAX_REDIS_SECONDS)
end

return Limiter
