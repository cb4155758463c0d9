--- When the next request may leave, for all hosts that share a Redis: the line of cmr.limiter.memory, kept there, by
-- Redis's clock.
--
--     local limiter = require("cmr.limiter.redis").new{host = "10.0.0.5", fallback_shares = 3}
--     local client = cmr.new{limiter = limiter}     -- once in a process, and not for each call
--
-- While Redis is away every host keeps a line of its own, at its part of the rate.

local core = require "cmr.core"
local limiter = require "cmr.limiter"
local raise = require("cmr.util.errors").raise
local redis = require "cmr.redis.scripts"

local Limiter = {}
Limiter.__index = Limiter

local LATE = 0.1 -- seconds; a place that is older when it becomes known is left empty: others follow closely

-- The next place, not before a time from now: when it is, what time it is, whether it was taken. Nothing is left of a
-- line without a place ahead. A pause is a place that is not before its end and takes no room. The line goes back with
-- a clock that is set back, or nobody would leave until that is where it was: it is kept with the time of its change.
local RESERVE = {
  source = [[
local time, room, after, most = redis.call("TIME"), tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = time[1] + time[2] / 1e6
local free, changed = (redis.call("GET", KEYS[1]) or "0 0"):match("(%S+) (%S+)")
local at = math.max(now + after, free - math.max(0, changed - now))
local taken = at - now <= most
if taken then
  redis.call("SET", KEYS[1], ("%.6f %.6f"):format(at + room, now), "PX", math.ceil((at + room - now) * 1000) + 1)
end
return {("%.6f"):format(at), ("%.6f"):format(now), taken and 1 or 0}
]],
}
local FOREVER = 1e9 -- seconds; Redis's Lua reads no infinity

--- A limiter on Redis.
-- @tparam[opt] table given the options of cmr.redis.scripts, or redis = a connection; and
--   fallback_shares  how many share the rate while Redis is away: machines, and where neither nginx nor lua_shared_dict cmr joins
--          the processes of one, processes; 1
-- @treturn table limiter
function Limiter.new(given)
  local options = {}
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  local fallback_shares, connection = options.fallback_shares or 1, options.redis
  options.fallback_shares, options.redis = nil, nil
  if type(fallback_shares) ~= "number" or fallback_shares < 1 or fallback_shares % 1 ~= 0 then
    raise "limiter.redis: bad option 'fallback_shares' (a whole number from 1 expected)"
  elseif connection and next(options) then
    raise(("limiter.redis: bad option '%s' (it is for the connection, which was given)"):format(next(options)))
  end
  return setmetatable({
    redis = connection or redis.new(options),
    fallback_shares = fallback_shares,
    own = limiter.here(),
    known = {}, -- the last place of each key, by Redis's clock
    careful = -math.huge, -- when the own line needs no more be kept beside that of Redis
  }, Limiter)
end

-- How much longer than the quickest an answer was on its way here. It is no more than the whole exchange took: when it
-- seems so, a clock was set. A way that stays longer becomes the usual one.
local function lateness(self, asked, got, theirs)
  local lag = got - theirs
  local late = lag - (self.least or lag)
  if late <= 0 or late > got - asked then
    self.least = lag
    return 0
  end
  self.least = self.least + late / 16
  return late
end

-- The next place of the shared line, not before a time from now. A Redis that gives a place before one it gave already
-- has forgotten the line: it is no better than one that is away, until every host has told it how far its own goes.
-- @return seconds until then, negative when it is past, and whether it was taken; or nil when Redis is away
local function ask(self, key, room, after, most)
  local asked, known = core.now(), self.known[key] or 0
  local answer = self.redis:eval(RESERVE, { "free:" .. key }, { room, after, math.min(most, FOREVER) })
  local got = core.now()
  local at = answer and tonumber(answer[1])
  if at then self.known[key] = at < known and at or math.max(at, self.known[key] or 0) end
  if not at or at < known then
    self.careful = got + 2 * self.redis.retry -- others may find it out later than this one
    return nil
  end
  local now = tonumber(answer[2])
  return at - now - lateness(self, asked, got, now), answer[3] == 1
end

--- Takes the next place in the line. See cmr.limiter.memory.
function Limiter:reserve(key, rate, now, most)
  local asked, after = core.now(), 0
  local careful = asked < self.careful
  if careful then
    local delay, needed = self.own:reserve(key, rate / self.fallback_shares, now, most)
    if not delay then return nil, needed end
    after = delay
  end
  local delay, taken = ask(self, key, 1 / rate, after, most)
  if delay and delay < -LATE then
    delay, taken = ask(self, key, 1 / rate, after, most)
  end
  local spent = core.now() - asked
  if delay then
    self.own:pause(key, now + spent, delay + self.fallback_shares / rate) -- where it begins, should Redis go away now
    if not taken then return nil, delay end
    return math.max(0, delay)
  elseif not careful then
    return self:reserve(key, rate, now + spent, most - spent)
  end
  return math.max(0, after - spent)
end

--- No place is within a time, on no host. See cmr.limiter.memory.
function Limiter:pause(key, now, seconds)
  self.own:pause(key, now, seconds)
  ask(self, key, 0, seconds, FOREVER)
end

return Limiter
