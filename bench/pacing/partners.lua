-- make bench-partners: a day of 1,000 partners on 10 hosts of 4 workers, in virtual time. The library's own limiters
-- decide. This program imitates the network, Redis and the API. Environment variables: PARTNERS (1000), HOURS (24).
local core = require "cmr.core"
local heap = require "cmr.util.heap"
local limiter = require "cmr.limiter"
local memory_limiter = require "cmr.limiter.memory"
local redis_limiter = require "cmr.limiter.redis"

local PARTNERS = tonumber(os.getenv "PARTNERS") or 1000
local HOURS = tonumber(os.getenv "HOURS") or 24
local HOSTS, WORKERS = 10, 4
local RATE, LIMIT = 4, 5 -- requests per second and key: the configured rate, and the API's limit
local CALLS_PER_MINUTE = 1 -- of a partner, all day
local BURST_CALLS, BURST_SECONDS = 60, 10 -- more calls of a partner, spread over the first seconds of each hour
local TIMEOUT = 30
local ATTEMPTS = 3
local NETWORK_SECONDS = 0.005
local HOUR = 3600
local DEAD_HOST, DIES_AT, RETURNS_AT = 3, 10 * HOUR + 5, 11 * HOUR + 5 -- both times are in a burst
local FAILOVER_AT, FAILOVER_SECONDS = 14 * HOUR + 3, 20 -- in a burst; the new master has lost the queues
local REDIS_RETRY_SECONDS = 1

local now = 0
core.now = function()
  return now
end

local seed = 7
local function random()
  seed = (seed * 16807) % 2147483647
  return seed / 2147483647
end

-- Imitates Redis. `queues` has the next free slot of each queue. is_down says whether Redis is down, and eval does what
-- the limiter's script does.
local redis = { retry_seconds = REDIS_RETRY_SECONDS, address = "virtual", queues = {}, count = 0, most = 0 }

function redis.is_down()
  return now >= FAILOVER_AT and now < FAILOVER_AT + FAILOVER_SECONDS
end

function redis.eval(_, _, names, args)
  if redis.is_down() then
    redis.queues, redis.count = {}, 0
    return nil, "no answer", "unavailable"
  end
  local length, after, max_wait = args[1], args[2], args[3]
  local queue = redis.queues[names[1]]
  local slot = math.max(now + after, queue or 0)
  local reserved = slot - now <= max_wait
  if reserved then
    if not queue then redis.count = redis.count + 1 end
    redis.queues[names[1]] = slot + length
    redis.most = math.max(redis.most, redis.count)
  end
  return { ("%.6f"):format(slot), ("%.6f"):format(now), reserved and 1 or 0 }
end

-- Does what Redis does by itself: removes each queue whose last slot is over.
local function expire()
  for name, next_slot in pairs(redis.queues) do
    if next_slot <= now then
      redis.queues[name], redis.count = nil, redis.count - 1
    end
  end
end

local hosts = {}
for number = 1, HOSTS do
  local dictionary = memory_limiter.new() -- shared by the workers of a host, like lua_shared_dict
  limiter.default = function()
    return dictionary
  end
  hosts[number] = { dictionary = dictionary }
  for worker = 1, WORKERS do
    hosts[number][worker] = redis_limiter.new { redis = redis, fallback_shares = HOSTS }
  end
end

local function is_dead(number)
  return number == DEAD_HOST and now >= DIES_AT and now < RETURNS_AT
end

local events = {} -- a heap: calls that arrive, and attempts that leave
local counts = { calls = 0, answered = 0, refused = 0, refused_in_failover = 0, too_late = 0, lost = 0, failed = 0 }
local waits = {} -- a wait in hundredths of a second -> the number of requests that waited so long
local accepted = {} -- key -> the times of the last requests that the API accepted

-- The strictest way to count: no second has more than LIMIT.
local function accepts(key, time)
  local times = accepted[key] or { first = 1, last = 0 }
  accepted[key] = times
  while times[times.first] and times[times.first] <= time - 1 do
    times[times.first], times.first = nil, times.first + 1
  end
  if times.last - times.first + 1 >= LIMIT then return false end
  times.last = times.last + 1
  times[times.last] = time
  return true
end

local function reserve(call)
  local delay = call.limiter:reserve(call.key, RATE, call.deadline - now)
  if not delay then
    counts.too_late = counts.too_late + 1
    return
  end
  call.at, call.run = now + delay + NETWORK_SECONDS * random(), "leave"
  heap.push(events, call, "at")
end

local function leave(call)
  if is_dead(call.host) then
    counts.lost = counts.lost + 1
    return
  end
  if accepts(call.key, now) then
    counts.answered = counts.answered + 1
    local wait = math.floor((now - call.begun_at) * 100)
    waits[wait] = (waits[wait] or 0) + 1
    return
  end
  counts.refused = counts.refused + 1
  local since = now - FAILOVER_AT
  if since >= 0 and since < FAILOVER_SECONDS + TIMEOUT then
    counts.refused_in_failover = counts.refused_in_failover + 1
  end
  call.limiter:pause(call.key, 1)
  call.attempts = call.attempts + 1
  if call.attempts >= ATTEMPTS then
    counts.failed = counts.failed + 1
    return
  end
  reserve(call)
end

local function arrive(key)
  local host
  repeat
    host = math.floor(random() * HOSTS) + 1
  until not is_dead(host)
  counts.calls = counts.calls + 1
  local worker = hosts[host][math.floor(random() * WORKERS) + 1]
  reserve { key = key, host = host, limiter = worker, begun_at = now, deadline = now + TIMEOUT, attempts = 0 }
end

-- Plans the calls of the next minute, so that the heap stays small.
local function plan(minute)
  local from = minute * 60
  for number = 1, PARTNERS do
    local key = "partner" .. number
    for _ = 1, CALLS_PER_MINUTE do
      heap.push(events, { at = from + 60 * random(), run = "arrive", key = key }, "at")
    end
    for _ = 1, minute % 60 == 0 and BURST_CALLS or 0 do
      heap.push(events, { at = from + BURST_SECONDS * random(), run = "arrive", key = key }, "at")
    end
  end
end

local function run()
  for minute = 0, HOURS * 60 do -- the minute after the end lets the last calls leave
    if minute < HOURS * 60 then plan(minute) end
    while events[1] and events[1].at < (minute + 1) * 60 do
      local event = heap.pop(events, "at")
      now = event.at
      if event.run == "arrive" then
        arrive(event.key)
      else
        leave(event)
      end
    end
    now = (minute + 1) * 60
    expire()
  end
end

-- Returns the wait in seconds that the given fraction of the answered calls did not exceed.
local function percentile(part)
  local hundredths, sum = {}, 0
  for wait in pairs(waits) do
    hundredths[#hundredths + 1] = wait
  end
  table.sort(hundredths)
  for _, wait in ipairs(hundredths) do
    sum = sum + waits[wait]
    if sum >= part * counts.answered then return wait / 100 end
  end
end

local function most_remembered()
  local most = 0
  for _, host in ipairs(hosts) do
    most = math.max(most, host.dictionary.next_slots.count)
    for _, worker in ipairs(host) do
      most = math.max(most, worker.latest_slots.count)
    end
  end
  return most
end

io.stderr = setmetatable({}, { __index = { write = function() end } }) -- luacheck: ignore 122
local begun = os.clock()
run()
print(
  ("%d partners, %d hosts of %d workers, %d hours; %.0f s of CPU time"):format(
    PARTNERS,
    HOSTS,
    WORKERS,
    HOURS,
    os.clock() - begun
  )
)
print(
  ("calls %d, answered %d, lost with a host %d, no slot in time %d, failed by 429 %d"):format(
    counts.calls,
    counts.answered,
    counts.lost,
    counts.too_late,
    counts.failed
  )
)
print(("answers of 429: %d, of them around the failover %d"):format(counts.refused, counts.refused_in_failover))
print(("waits: half %.2f s, 99 %% %.2f s, longest %.2f s"):format(percentile(0.5), percentile(0.99), percentile(1)))
print(
  ("queues in Redis at most %d; a limiter remembers %d keys; Lua memory of all workers %.1f MB"):format(
    redis.most,
    most_remembered(),
    collectgarbage "count" / 1024
  )
)
