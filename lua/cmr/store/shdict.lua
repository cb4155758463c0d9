---A store of all workers of an nginx, in a lua_shared_dict. It survives a reload. A dictionary that is full loses its
---least recently used entries, and the error log says so.

local core = require "cmr.core"
local shared_dict = require "cmr.util.shared_dict"
local stores = require "cmr.store"

---@class cmr.store.Shdict: cmr.Store
local Store = {}
Store.__index = Store
Store.__name = "cmr.store.shdict"

local DONE = "done"
local MIN_RELEASE_SECONDS = 1

---Makes a store on a dictionary, as in ngx.shared.cmr.
function Store.new(dict)
  return setmetatable({ dict = dict }, Store)
end

function Store:claim(name, lease)
  local dict, key = self.dict, "cmr:claim:" .. name
  local token, message = dict:incr("cmr:token", 1, 0)
  while token do
    local ok
    ok, message = shared_dict.put(dict, "add", key, token, lease)
    if ok then return token end
    if message ~= "exists" then break end
    local owner, left = dict:get(key), dict:ttl(key)
    if owner == DONE then return nil, "done" end
    if owner then return nil, "busy", left or 0 end -- else it was released just now
  end
  return nil, "unavailable", message
end

function Store:done(name, token, ttl)
  local dict, key = self.dict, "cmr:claim:" .. name
  if (dict:get(key) or token) ~= token then return nil, stores.LEASE_OVER end
  -- overwrites a claim taken this instant: the event was handled
  local ok, message = shared_dict.put(dict, "set", key, DONE, ttl)
  return ok or nil, message
end

function Store:release(name, token)
  local dict, key = self.dict, "cmr:claim:" .. name
  if dict:get(key) ~= token then return nil, stores.LEASE_OVER end
  -- a claim this close to its end is left to expire: it may be another worker's by now
  if (dict:ttl(key) or 0) > MIN_RELEASE_SECONDS then dict:delete(key) end
  return true
end

-- A list is a counter, and an entry for each text: nginx reads only the ends of its own lists.
function Store:append(name, text, ttl)
  local dict, key = self.dict, "cmr:list:" .. name
  shared_dict.put(dict, "add", key, 0, ttl)
  local index, message = dict:incr(key, 1)
  if index then
    dict:expire(key, ttl)
    for earlier = 1, index - 1 do
      dict:expire(key .. ":" .. earlier, ttl) -- the whole list lives as long as its last text
    end
    local ok
    ok, message = shared_dict.put(dict, "set", key .. ":" .. index, text, ttl)
    if ok then return true end
  end
  return nil, message == "no memory" and "full" or message
end

function Store:list(name)
  local dict, key, texts = self.dict, "cmr:list:" .. name, {}
  for index = 1, dict:get(key) or 0 do
    texts[#texts + 1] = dict:get(key .. ":" .. index) -- nil if it is counted but not stored yet
  end
  return texts
end

local function parse_times(value)
  local times = {}
  for time in (value or ""):gmatch "%S+" do
    times[#times + 1] = tonumber(time)
  end
  return times
end

function Store:count(name, limit, window)
  local count, wait
  local ok, message = shared_dict.update(self.dict, "cmr:window:" .. name, function(value)
    local times = parse_times(value)
    count, wait = stores.count_in_window(times, core.now(), limit, window)
    if count then return table.concat(times, " "), window end
  end)
  if not ok then return nil, "unavailable", message end
  if not count then return nil, "exhausted", wait end
  return count
end

function Store:uncount(name)
  local key = "cmr:window:" .. name
  local ok, message = shared_dict.update(self.dict, key, function(value)
    local times, ttl = parse_times(value), self.dict:ttl(key)
    if table.remove(times) and ttl then return table.concat(times, " "), ttl end
  end)
  return ok or nil, message
end

return Store
