--- A store of one process, gone with it. See cmr.store.

local core = require "cmr.core"
local window = require "cmr.store.window"

local Store = {}
Store.__index = Store

local LOST = "the lease is over"
local SPARE = 1000 -- entries before the first look for those that nobody will ask for again

--- A store of its own.
-- @tparam[opt] function now a clock that only goes forward, seconds
-- @treturn table store
function Store.new(now)
  return setmetatable({ now = now or core.now, entries = {}, count = 0, room = SPARE, tokens = 0 }, Store)
end

-- Forgets what is over, whenever there is twice as much as was left the last time.
local function tidy(self)
  local now, left = self.now(), 0
  for name, entry in pairs(self.entries) do
    if entry.over <= now then
      self.entries[name] = nil
    else
      left = left + 1
    end
  end
  self.count, self.room = left, math.max(SPARE, 2 * left)
end

-- The entry of a name, unless it is over.
local function get(self, name)
  local entry = self.entries[name]
  return entry and entry.over > self.now() and entry or nil
end

local function put(self, name, entry, ttl)
  if not self.entries[name] then self.count = self.count + 1 end
  entry.over = self.now() + ttl
  self.entries[name] = entry
  if self.count > self.room then tidy(self) end
  return entry
end

function Store:claim(name, lease)
  local entry = get(self, "claim:" .. name)
  if entry then
    if entry.done then return nil, "done" end
    return nil, "busy", entry.over - self.now()
  end
  self.tokens = self.tokens + 1
  return put(self, "claim:" .. name, { token = self.tokens, done = false }, lease).token
end

function Store:done(name, token, ttl)
  local entry = get(self, "claim:" .. name)
  if entry and entry.token ~= token then return nil, LOST end
  entry = put(self, "claim:" .. name, entry or {}, ttl) -- the same table: marking it asks for no memory
  entry.done, entry.token = true, nil
  return true
end

function Store:release(name, token)
  local entry = get(self, "claim:" .. name)
  if not entry or entry.token ~= token then return nil, LOST end
  entry.over = self.now()
  return true
end

function Store:append(name, text, ttl)
  local texts = put(self, "list:" .. name, get(self, "list:" .. name) or {}, ttl)
  texts[#texts + 1] = text
  return true
end

function Store:list(name)
  local texts = {}
  for place, text in ipairs(get(self, "list:" .. name) or {}) do
    texts[place] = text
  end
  return texts
end

function Store:take(name, count, seconds)
  local times = put(self, "take:" .. name, get(self, "take:" .. name) or {}, seconds)
  return window(times, self.now(), count, seconds)
end

function Store:untake(name)
  table.remove(get(self, "take:" .. name) or {})
  return true
end

return Store
