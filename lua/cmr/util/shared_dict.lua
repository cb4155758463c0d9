---Works with nginx's shared memory: finds the dictionaries of the library, and adds atomic operations that nginx
---lacks.

local core = require "cmr.core"
local log = require "cmr.util.log"

-- The names of the dictionaries. There are three, because a full dictionary may lose its oldest entries: many handled
-- events must not push out awaited events or quotas.
local shared_dict = {
  MAIN = "cmr", -- quotas and the rate limit's queue; takes the place of EVENTS or CLAIMS if these are not declared
  EVENTS = "cmr_events", -- dead letters, and events for client:await; it refuses new entries when it is full
  CLAIMS = "cmr_claims", -- the claims of events that are being handled, and the marks of events that are done
}

local LOCK_SECONDS = 0.05 -- an older lock is deleted, because its worker was probably killed
local MAX_FLUSHED_ENTRIES = 1000
local FLUSH_PAUSE_SECONDS = 1 -- the pause after a flush that found nothing: such a flush reads the whole dictionary
local WARNING_PAUSE_SECONDS = 60

-- dictionary -> the time from which this worker may flush it again (flush_at), or warn about it again (warn_at)
local flush_at, warn_at = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

---Returns the dictionary that nginx.conf declares as `lua_shared_dict NAME`.
---@param name string
---@return table? dict Nil outside nginx, or without this declaration.
function shared_dict.find(name)
  local ngx = package.loaded.ngx
  return ngx and ngx.shared and ngx.shared[name] or nil
end

---Returns the dictionary `cmr`. If there is neither this dictionary nor a ledger, each worker has a default limiter and
---a default store of its own.
---@return table? dict
function shared_dict.default()
  return shared_dict.find(shared_dict.MAIN)
end

-- Takes a lock, and waits while another worker has the lock. Returns the lock's value, which is the time of locking.
-- The lock has no TTL, because nginx counts a TTL from the worker's cached clock. If the dictionary has no memory for
-- the lock, returns nil, and the caller goes on without a lock.
local function acquire(dict, lock_key)
  while true do
    local now = core.now()
    local ok, message = dict:add(lock_key, now)
    if ok then return now end
    if message ~= "exists" then return nil end
    local since = dict:get(lock_key)
    if since and now - since > LOCK_SECONDS then dict:delete(lock_key) end
  end
end

local function flush_expired(dict)
  local now = core.now()
  if now < (flush_at[dict] or 0) then return end
  if dict:flush_expired(MAX_FLUSHED_ENTRIES) == 0 then flush_at[dict] = now + FLUSH_PAUSE_SECONDS end
end

---Stores a value if there is room for it. To make room, the function removes only expired entries.
---@param dict table
---@param method "add"|"set"
---@param key string
---@param value any
---@param ttl number? Seconds; nil means for ever.
---@return boolean? ok Nil if nothing was stored; the second result is then "exists" or "no memory".
function shared_dict.put_if_room(dict, method, key, value, ttl)
  local ok, message = dict["safe_" .. method](dict, key, value, ttl)
  if message ~= "no memory" then return ok, message end
  flush_expired(dict)
  return dict["safe_" .. method](dict, key, value, ttl)
end

---Stores a value. If there is no memory, removes expired entries. If that is not enough, removes the least recently
---used entries. Logs a loss of entries at most once a minute.
---@param method "add"|"set"
---@param ttl number? Seconds; nil means for ever.
---@return boolean? ok Nil if nothing was stored; the second result is then "exists" or "no memory".
function shared_dict.put(dict, method, key, value, ttl)
  local ok, message = shared_dict.put_if_room(dict, method, key, value, ttl)
  if message ~= "no memory" then return ok, message end
  local evicted
  ok, message, evicted = dict[method](dict, key, value, ttl)
  local now = core.now()
  if (evicted or not ok) and now >= (warn_at[dict] or 0) then
    warn_at[dict] = now + WARNING_PAUSE_SECONDS
    log.error("the lua_shared_dict is too small: %s", ok and "its oldest entries are lost" or message)
  end
  return ok, message
end

---Replaces a value under a lock, because a dictionary has no compare-and-set. `change` must not yield. Another worker
---may take the lock if this worker stops for too long. Then the function drops the result of `change` and starts again.
---@param change fun(value: any): any, number? Returns the new value and its TTL, or nil to keep the old value.
---@return boolean? ok or nil and a message
function shared_dict.update(dict, key, change)
  local lock_key = "cmr:lock:" .. key
  local lock_token, is_holder, ok, message
  repeat
    lock_token = acquire(dict, lock_key)
    local value, ttl = change(dict:get(key))
    is_holder, ok = not lock_token or dict:get(lock_key) == lock_token, true
    if is_holder and value ~= nil then
      ok, message = shared_dict.put(dict, "set", key, value, ttl)
    end
    if lock_token and is_holder then dict:delete(lock_key) end
  until is_holder
  return ok, message
end

return shared_dict
