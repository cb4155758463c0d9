---nginx's shared memory: finds the lua_shared_dict of the library, and adds the atomic operations that nginx lacks.

local core = require "cmr.core"
local log = require "cmr.util.log"

local shared_dict = {}

local LOCK_SECONDS = 0.05 -- then the lock of a worker that was killed is free
local MAX_FLUSHED_ENTRIES = 1000

---The dictionary that nginx.conf declares as `lua_shared_dict cmr`.
---@return table? dict nil outside nginx, or if it is not declared
function shared_dict.default()
  local ngx = package.loaded.ngx
  return ngx and ngx.shared and ngx.shared.cmr or nil
end

-- Waits for a lock. The value is the time of locking. A TTL would not do: nginx counts it from the worker's cached
-- clock. Returns nil if the dictionary has no memory for the lock: then no other worker is locked out.
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

---Stores a value. If there is no memory, removes expired entries, then the least recently used ones, and logs that.
---@param method "add"|"set"
---@param ttl number? seconds; nil: for good
---@return boolean? ok or nil and "exists" or "no memory"
function shared_dict.put(dict, method, key, value, ttl)
  local ok, message = dict["safe_" .. method](dict, key, value, ttl)
  if message ~= "no memory" then return ok, message end
  dict:flush_expired(MAX_FLUSHED_ENTRIES)
  local evicted
  ok, message, evicted = dict[method](dict, key, value, ttl)
  if evicted or not ok then
    log.error("the lua_shared_dict is too small: %s", ok and "its oldest entries are lost" or message)
  end
  return ok, message
end

---Replaces a value under a lock: a dictionary has no compare-and-set. `change` must not yield. A worker that was
---stopped for longer than the lock lasts does not write, but starts again.
---@param change fun(value: any): any, number? returns the new value and its TTL; nil leaves the old one
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
