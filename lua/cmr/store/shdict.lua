--- A store of all workers of an nginx in a lua_shared_dict, which survives a reload. See cmr.store.
--
-- A dictionary that is full forgets what was not used for longest, and the error log says so.

local core = require "cmr.core"
local lock = require "cmr.util.shared_dict"
local window = require "cmr.store.window"

local Store = {}
Store.__index = Store

local DONE = "done"
local LOST = "the lease is over"
local ENDING = 1 -- seconds of a lease that are left to pass by themselves
local FLUSHED = 1000 -- entries at most that are over and go at once

--- A store on a dictionary.
-- @tparam table dict as from ngx.shared.cmr
-- @treturn table store
function Store.new(dict)
  return setmetatable({ dict = dict }, Store)
end

-- Stores by "add" or "set"; where there is no memory, first what is over goes, and then what is oldest.
local function put(dict, how, key, value, ttl)
  local fine, why = dict["safe_" .. how](dict, key, value, ttl)
  if why ~= "no memory" then return fine, why end
  dict:flush_expired(FLUSHED)
  local forcible
  fine, why, forcible = dict[how](dict, key, value, ttl)
  local ngx = package.loaded.ngx
  if ngx and (forcible or not fine) then
    ngx.log(ngx.ERR, "cmr: the lua_shared_dict is too small: ", fine and "what was oldest is forgotten" or why)
  end
  return fine, why
end

function Store:claim(name, lease)
  local dict, key = self.dict, "cmr:claim:" .. name
  local token, why = dict:incr("cmr:token", 1, 0)
  while token do
    local fine
    fine, why = put(dict, "add", key, token, lease)
    if fine then
      return token
    elseif why ~= "exists" then
      break
    end
    local held, left = dict:get(key), dict:ttl(key)
    if held == DONE then
      return nil, "done"
    elseif held then
      return nil, "busy", left or 0
    end -- else it was given back just now
  end
  return nil, "away", why
end

function Store:done(name, token, ttl)
  local dict, key = self.dict, "cmr:claim:" .. name
  if (dict:get(key) or token) ~= token then return nil, LOST end
  local fine, why = put(dict, "set", key, DONE, ttl) -- should it be claimed just now: done it is all the same
  return fine or nil, why
end

function Store:release(name, token)
  local dict, key = self.dict, "cmr:claim:" .. name
  if dict:get(key) ~= token then return nil, LOST end
  if (dict:ttl(key) or 0) > ENDING then -- else it could be another's by now
    dict:delete(key)
  end
  return true
end

-- A list is a number of texts, and each of them under its own name: of a dictionary's own lists none but the ends can
-- be read.
function Store:append(name, text, ttl)
  local dict, key = self.dict, "cmr:list:" .. name
  put(dict, "add", key, 0, ttl)
  local place, why = dict:incr(key, 1)
  if place then
    dict:expire(key, ttl)
    for earlier = 1, place - 1 do
      dict:expire(key .. ":" .. earlier, ttl) -- the list is kept, and not its last texts
    end
    local fine
    fine, why = put(dict, "set", key .. ":" .. place, text, ttl)
    if fine then return true end
  end
  return nil, why == "no memory" and "full" or why
end

function Store:list(name)
  local dict, key, texts = self.dict, "cmr:list:" .. name, {}
  for place = 1, dict:get(key) or 0 do
    texts[#texts + 1] = dict:get(key .. ":" .. place) -- one that is counted may not be there yet
  end
  return texts
end

-- Reads the times of what was taken and changes them, while nobody else does.
local function times_of(dict, name, change_them, seconds)
  local key, guard = "cmr:take:" .. name, "cmr:lock:take:" .. name
  local taken, left, held, fine, why
  repeat
    local mine, times = lock.take(dict, guard), {}
    for time in (dict:get(key) or ""):gmatch "%S+" do
      times[#times + 1] = tonumber(time)
    end
    taken, left = change_them(times)
    held, fine = lock.holds(dict, guard, mine), true
    if taken and held then
      fine, why = put(dict, "set", key, table.concat(times, " "), seconds or dict:ttl(key))
    end
    lock.free(dict, guard)
  until held
  if not fine then return nil, "away", why end
  return taken, left
end

function Store:take(name, count, seconds)
  return times_of(self.dict, name, function(times)
    return window(times, core.now(), count, seconds)
  end, seconds)
end

function Store:untake(name)
  local untaken, _, why = times_of(self.dict, name, function(times)
    return table.remove(times) ~= nil
  end)
  if untaken == nil then return nil, why end
  return true
end

return Store
