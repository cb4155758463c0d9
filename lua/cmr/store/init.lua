--- What outlives a call and is shared: which events are handled, what they said, what is used up. A store has
--
--   claim(name, lease)         a token when the name is ours for `lease` seconds; or nil, "busy", the seconds left of
--                              another's lease; nil, "done"; nil, "away", why
--   done(name, token, ttl)     true: remembered as done for `ttl` seconds, also when the claim is over, and
--                              nobody else's; or nil, why (another's by now, or away)
--   release(name, token)       true: anybody's again; or nil, why
--   append(name, text, ttl)    true: added to the list of that name, which is kept for `ttl` seconds; or nil, why;
--                              nil, "full" when there will be no room for it, however often it is tried
--   list(name)                 the texts, oldest first; or nil, why
--   take(name, count, window)  the number taken within the last `window` seconds, this one included; nil, the seconds
--                              until the next may be taken, when they are `count` already; nil, "away", why
--   untake(name)               true: the newest one was not used after all; or nil, why
--
-- Times are in seconds. Whose holder crashed, that is anybody's again when the lease is over. There is one of a process
-- (memory), one of an nginx (shdict), and one of many hosts (redis).

local store = {}

local ours -- of this process

local METHODS = { "claim", "done", "release", "append", "list", "take", "untake" }

--- Whether a value is a store; and what it has to be.
function store.is_one(value)
  for _, method in ipairs(METHODS) do
    if type(value) ~= "table" or type(value[method]) ~= "function" then
      return false, "a table with " .. table.concat(METHODS, ", ")
    end
  end
  return true
end

--- The one that fits the place: lua_shared_dict cmr in nginx, where there is one; else this process's own.
-- @treturn table store
function store.here()
  local ngx = package.loaded.ngx
  local dict = ngx and ngx.shared and ngx.shared.cmr
  if dict then return require("cmr.store.shdict").new(dict) end
  ours = ours or require("cmr.store.memory").new()
  return ours
end

return store
