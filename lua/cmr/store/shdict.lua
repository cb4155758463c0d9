---A store for all workers of an nginx, in one to three dictionaries (lua_shared_dict). It survives a reload. A full
---dictionary for events refuses new events. Any other full dictionary loses its least recently used entries, and the
---error log says so.

local core = require "cmr.core"
local shared_dict = require "cmr.util.shared_dict"
local stores = require "cmr.store"

---@class cmr.store.Shdict: cmr.Store
local Store = {}
Store.__index = Store
Store.__name = "cmr.store.shdict"

local DONE = "done"
local MIN_RELEASE_SECONDS = 1
local SPARE = 1 / 8 -- `extend` adds this share of the TTL to the life of a list's texts

-- The sizes for computing what fits into a dictionary. nginx allocates pages of 4 KB. The header of a page is outside
-- the page; the header of an entry is inside the page. nginx reserves a few pages for itself.
local PAGE_BYTES, PAGE_HEADER_BYTES, RESERVED_PAGES, ENTRY_HEADER_BYTES = 4096, 24, 3, 68

---Makes a store on a dictionary, such as ngx.shared.cmr.
---@param dict table
---@param events table? A dictionary for lists. When it is full, the store refuses new texts. Default: `dict`.
---@param claims table? The dictionary for claims. Default: `dict`.
function Store.new(dict, events, claims)
  return setmetatable({ dict = dict, events = events, claims = claims or dict }, Store)
end

-- Returns the dictionary for a list. A quota's list is in `dict`, like its counter.
local function dict_of_list(self, name)
  return name:sub(1, #stores.QUOTA) ~= stores.QUOTA and self.events or self.dict
end

-- Returns the dictionary for a counter. The counter of an event's deliveries is in the dictionary of claims, because
-- this counter is needed only as long as the claim.
local function dict_of_counter(self, name)
  return name:sub(1, #stores.TRIES) == stores.TRIES and self.claims or self.dict
end

-- Returns whether an empty dictionary would have room for an entry of this size.
local function would_fit(dict, bytes)
  local pages = math.floor(dict:capacity() / (PAGE_BYTES + PAGE_HEADER_BYTES)) - RESERVED_PAGES
  return math.ceil((bytes + ENTRY_HEADER_BYTES) / PAGE_BYTES) <= pages
end

function Store:claim(name, lease)
  local dict, key = self.claims, "cmr:claim:" .. name
  local token, message = dict:incr("cmr:token", 1, 0)
  while token do
    local ok
    ok, message = shared_dict.put(dict, "add", key, token, lease)
    if ok then return token end
    if message ~= "exists" then break end
    local owner, left = dict:get(key), dict:ttl(key)
    if owner == DONE then return nil, "done" end
    if owner then return nil, "busy", left or 0 end -- no owner: the claim has just ended, so the loop tries again
  end
  return nil, "unavailable", message
end

function Store:done(name, token, ttl)
  local dict, key = self.claims, "cmr:claim:" .. name
  if (dict:get(key) or token) ~= token then return nil, stores.LEASE_OVER end
  -- overwrites even a claim that another worker has just made, because this worker has already handled the event
  local ok, message = shared_dict.put(dict, "set", key, DONE, ttl)
  return ok or nil, message
end

function Store:renew(name, token, lease)
  local dict, key = self.claims, "cmr:claim:" .. name
  -- read the token again: if the lease ended after the first read, another worker may have the claim
  local held = dict:get(key) == token and dict:expire(key, lease) and dict:get(key) == token
  if not held then return nil, stores.LEASE_OVER end
  return true
end

function Store:release(name, token)
  local dict, key = self.claims, "cmr:claim:" .. name
  if dict:get(key) ~= token then return nil, stores.LEASE_OVER end
  -- does not delete a claim that ends soon: a late deletion could remove another worker's new claim
  local left = dict:ttl(key)
  if left and left > MIN_RELEASE_SECONDS then dict:delete(key) end
  return true
end

-- Returns the seconds until the oldest text of a list expires, or nil if the list has no text.
local function oldest_ttl(dict, key, count)
  for index = 1, count do
    local ttl = dict:ttl(key .. ":" .. index)
    if ttl then return ttl end
  end
end

-- Keeps the texts of a list for at least `ttl` seconds. If the oldest text would expire before that, all texts get a
-- new time with some reserve, so that most later appends change nothing. Returns how many seconds the next appended
-- text must live, so that it does not expire before the oldest text.
local function extend(dict, key, count, ttl)
  local longer, oldest = ttl * (1 + SPARE), oldest_ttl(dict, key, count)
  if not oldest or oldest >= ttl then return math.max(longer, oldest or longer) end
  for index = 1, count do
    dict:expire(key .. ":" .. index, longer)
  end
  return longer
end

-- Appends to a list. A list consists of a counter and an entry for each text, and it ends when the counter expires. The
-- store does not use nginx's own lists, because only their ends can be read.
function Store:append(name, text, ttl)
  local dict, key = dict_of_list(self, name), "cmr:list:" .. name
  local put = dict == self.events and shared_dict.put_if_room or shared_dict.put
  put(dict, "add", key, 0, ttl)
  local index, message = dict:incr(key, 1)
  if index then
    dict:expire(key, ttl)
    local text_ttl = extend(dict, key, index - 1, ttl)
    local ok
    ok, message = put(dict, "set", key .. ":" .. index, text, text_ttl)
    if ok then return true end
    dict:delete(key .. ":" .. index) -- an earlier list of this name may have left a text at this index
  end
  -- "not found" means that there is no counter
  if message ~= "no memory" and message ~= "not found" then return nil, message end
  return nil, would_fit(dict, #key + #text) and "full" or "too_large"
end

function Store:list(name)
  local dict, key, texts = dict_of_list(self, name), "cmr:list:" .. name, {}
  for index = 1, dict:get(key) or 0 do
    texts[#texts + 1] = dict:get(key .. ":" .. index) -- nil for a text that was removed, or is not stored yet
  end
  return texts
end

function Store:remove(name, text)
  local dict, key = dict_of_list(self, name), "cmr:list:" .. name
  for index = 1, dict:get(key) or 0 do
    local entry = key .. ":" .. index
    if dict:get(entry) == text then
      dict:delete(entry)
      return true
    end
  end
  return false
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
  local dict = dict_of_counter(self, name)
  local ok, message = shared_dict.update(dict, "cmr:window:" .. name, function(value)
    local times = parse_times(value)
    count, wait = stores.count_in_window(times, core.now(), limit, window)
    if count then return table.concat(times, " "), window end
  end)
  if not ok then return nil, "unavailable", message end
  if not count then return nil, "exhausted", wait end
  return count
end

function Store:uncount(name)
  local dict, key = dict_of_counter(self, name), "cmr:window:" .. name
  local ok, message = shared_dict.update(dict, key, function(value)
    local times, ttl = parse_times(value), dict:ttl(key)
    if not table.remove(times) or not ttl then return nil end
    if times[1] then return table.concat(times, " "), ttl end
    dict:delete(key) -- safe, because this worker has the lock
  end)
  return ok or nil, message
end

return Store
