---A store's lists of events, which client:await reads. Each id of an event has its own list.

local core = require "cmr.core"
local events = require "cmr.webhook.events"
local tables = require "cmr.util.tables"

local event_lists = {}

-- Returns the content of an event, without the time at which it was received.
local function content(stored)
  stored.receivedAt = nil
  return tables.canonical(stored)
end

local function is_stored(store, name, json)
  local wanted = content(core.json_decode(json))
  for _, stored in ipairs(store:list(name) or {}) do
    if content(core.json_decode(stored)) == wanted then return true end
  end
  return false
end

---Stores an event under all its ids. If the store fails for one id, removes the event from the lists to which it was
---just added.
---@param store cmr.Store
---@param event cmr.Event The event as it was delivered.
---@param copy fun(): table Returns the copy to store, see redact.copy.
---@param ttl number seconds
---@param may_be_stored boolean If true, a list may already have the event. A list that has it then stays the same.
---@return boolean? ok
---@return string? message the store's message
function event_lists.put(store, event, copy, ttl, may_be_stored)
  local json, added = nil, {}
  for _, name in ipairs(events.list_names(event)) do
    if not json then
      local stored = copy()
      stored.receivedAt = core.time()
      json = core.json_encode(stored)
    end
    if not may_be_stored or not is_stored(store, name, json) then
      local ok, message = store:append(name, json, ttl)
      if not ok then
        for _, earlier in ipairs(added) do
          store:remove(earlier, json)
        end
        return nil, message
      end
      added[#added + 1] = name
    end
  end
  return true
end

return event_lists
