---A store's lists of events, which client:await reads. Each id of an event has its own list.

local core = require "cmr.core"
local events = require "cmr.webhook.events"
local tables = require "cmr.util.tables"

local event_lists = {}

-- Returns an event's content as text, without receivedAt.
local function content(stored)
  stored.receivedAt = nil
  return tables.canonical(stored)
end

local function is_stored(store, name, json, seconds)
  local event = core.json_decode(json)
  local oldest, wanted = event.receivedAt - seconds, content(event)
  for _, text in ipairs(store:list(name) or {}) do
    local stored = core.json_decode(text)
    if (stored.receivedAt or 0) > oldest and content(stored) == wanted then return true end
  end
  return false
end

---Stores an event under all its ids. If the store fails for one id, removes the event from the lists that just got the
---event.
---@param store cmr.Store
---@param event cmr.Event The event as it was delivered.
---@param copy fun(): table Returns the copy to store, see redact.copy.
---@param ttl number seconds
---@param stored_seconds number If 0, every list gets the event. Otherwise, skips each list that got the same content in
---the last `stored_seconds` seconds.
---@return boolean? ok
---@return string? message the store's message
function event_lists.put(store, event, copy, ttl, stored_seconds)
  local json, added = nil, {}
  for _, name in ipairs(events.list_names(event)) do
    if not json then
      local stored = copy()
      stored.receivedAt = core.time()
      json = core.json_encode(stored)
    end
    if stored_seconds == 0 or not is_stored(store, name, json, stored_seconds) then
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
