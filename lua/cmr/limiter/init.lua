---Rate limits: chooses the limiter that fits the process, and lets a call wait for its slot.

local core = require "cmr.core"
local expiring = require "cmr.util.expiring"
local shared_dict = require "cmr.util.shared_dict"

---A limiter reserves slots in the rate limit of a key. It has its own clock, because the clocks of two loops cannot be
---compared.
---@class cmr.Limiter
---Reserves the key's next slot, and returns the seconds until the slot. The rate is in requests per second. If the slot
---is more than max_wait seconds away, does not reserve it; returns nil and the seconds until the slot.
---@field reserve fun(self: cmr.Limiter, key: string, rate: number, max_wait: number): number?, number?
---
---Gives out no slot for some seconds, because the server asked for a pause.
---@field pause fun(self: cmr.Limiter, key: string, seconds: number)

local MAX_PAUSE_SECONDS = 60 -- the longest pause that one answer can cause for its key

local limiter = {}

-- Returns the number of nginx workers that share the rate without coordination.
local function worker_count()
  local ngx = package.loaded.ngx
  return ngx and ngx.worker and ngx.worker.count and ngx.worker.count() or 1
end

local process_limiter = require("cmr.limiter.memory").new(worker_count()) -- all clients of this process share it
local paused_until = expiring.new() -- key -> the end of the last pause in this process, on the clock of core.now

---Returns the default limiter of a client without a ledger. In nginx, this limiter is in lua_shared_dict cmr, which all
---workers share. Without this dictionary, each worker gets its share of the rate.
function limiter.default()
  local dict = shared_dict.default()
  if dict then return require("cmr.limiter.shdict").new(dict) end
  return process_limiter
end

---Waits for a slot in the key's rate limit. During the wait, another call's answer may ask for a pause. If the pause
---has not ended when the slot comes, this call gives up the slot. The call then waits for a slot after the pause.
---@param self cmr.Limiter
---@param key string
---@param rate number The requests per second.
---@param loop cmr.Loop
---@param deadline number the deadline, on the clock of loop.now
---@param job cmr.Job? If the job is cancelled, the wait ends at once in nginx; elsewhere, when the sleep is over.
---@return boolean? ok Nil when the slot is after the deadline.
---@return number? needed The seconds until the slot.
---@return number? max_wait The seconds until the deadline.
function limiter.wait_for_slot(self, key, rate, loop, deadline, job)
  repeat
    local pause_end, max_wait = paused_until:get(key), deadline - loop.now()
    local delay, needed = self:reserve(key, rate, max_wait)
    if not delay then return nil, needed, max_wait end
    if delay > 0 then loop.sleep(core.engine(), delay, job) end
    if job and job.cancelled then return true end
    local latest_end = paused_until:get(key)
  until not latest_end or latest_end == pause_end or latest_end <= core.now()
  return true
end

---Delays all calls of a key, because the server asked for a pause.
function limiter.pause(self, key, seconds)
  seconds = math.min(MAX_PAUSE_SECONDS, seconds)
  local now = core.now()
  local pause_end = math.max(paused_until:get(key) or 0, now + seconds)
  paused_until:set(key, pause_end, pause_end, now)
  self:pause(key, seconds)
end

return limiter
