---A store in the memory of one process. It ends with the process.

local core = require "cmr.core"
local stores = require "cmr.store"

---@class cmr.store.Memory: cmr.Store
local Store = {}
Store.__index = Store
Store.__name = "cmr.store.memory"

local MIN_SWEEP_ENTRIES = 1000 -- at least this many entries are added between two removals of expired entries

---Makes a store.
---@param now? fun(): number A clock that never goes back, in seconds.
function Store.new(now)
  return setmetatable({
    now = now or core.now,
    claims = {},
    lists = {},
    windows = {},
    unswept = MIN_SWEEP_ENTRIES, -- how many entries may be added before the next removal
  }, Store)
end

-- Removes expired entries, and counts the entries that are left. If N entries are left, the next removal comes after N
-- additions. If N is less than MIN_SWEEP_ENTRIES, the next removal comes after MIN_SWEEP_ENTRIES additions. So the mean
-- cost of an addition does not grow with the store. A large store at most doubles between two removals.
local function sweep(self)
  local now, left = self.now(), 0
  for _, entries in ipairs { self.claims, self.lists, self.windows } do
    for name, entry in pairs(entries) do
      if entry.expires <= now then
        entries[name] = nil
      else
        left = left + 1
      end
    end
  end
  self.unswept = math.max(MIN_SWEEP_ENTRIES, left)
end

local function get(self, entries, name)
  local entry = entries[name]
  return entry and entry.expires > self.now() and entry or nil
end

local function put(self, entries, name, entry, ttl)
  entry.expires = self.now() + ttl
  entries[name] = entry
  self.unswept = self.unswept - 1
  if self.unswept == 0 then sweep(self) end
  return entry
end

-- Makes a claim. The claim has all its fields from the start, so that marking it as done later needs no memory.
local function new_claim(token)
  return { token = token, done = false, expires = 0 }
end

function Store:claim(name, lease)
  local entry = get(self, self.claims, name)
  if entry and entry.done then return nil, "done" end
  if entry then return nil, "busy", entry.expires - self.now() end
  return put(self, self.claims, name, new_claim {}, lease).token
end

function Store:done(name, token, ttl)
  local entry = get(self, self.claims, name)
  if entry and entry.token ~= token then return nil, stores.LEASE_OVER end
  entry = entry or new_claim()
  entry.done, entry.token = true, nil
  put(self, self.claims, name, entry, ttl)
  return true
end

function Store:renew(name, token, lease)
  local entry = get(self, self.claims, name)
  if not entry or entry.token ~= token then return nil, stores.LEASE_OVER end
  entry.expires = self.now() + lease
  return true
end

function Store:release(name, token)
  local entry = get(self, self.claims, name)
  if not entry or entry.token ~= token then return nil, stores.LEASE_OVER end
  entry.expires = self.now()
  return true
end

function Store:append(name, text, ttl)
  local texts = put(self, self.lists, name, get(self, self.lists, name) or {}, ttl)
  texts[#texts + 1] = text
  return true
end

function Store:list(name)
  local copy = {}
  for index, text in ipairs(get(self, self.lists, name) or {}) do
    copy[index] = text
  end
  return copy
end

function Store:remove(name, text)
  local texts = get(self, self.lists, name) or {}
  for index, other in ipairs(texts) do
    if other == text then
      table.remove(texts, index)
      return true
    end
  end
  return false
end

function Store:count(name, limit, window)
  local times = put(self, self.windows, name, get(self, self.windows, name) or {}, window)
  local count, wait = stores.count_in_window(times, self.now(), limit, window)
  if not count then return nil, "exhausted", wait end
  return count
end

function Store:uncount(name)
  local times = get(self, self.windows, name)
  table.remove(times or {})
  if times and #times == 0 then self.windows[name] = nil end
  return true
end

return Store
