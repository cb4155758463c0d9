---Dead letters are events that could not be handled or stored, and that the vendor does not deliver again. The store
---has them in a list, as JSON.

local core = require "cmr.core"
local tables = require "cmr.util.tables"

---An event that was not handled or not stored, and that the vendor does not deliver again.
---@class cmr.DeadLetter
---@field id string The id of the letter.
---@field name string The event's name.
---@field event_id? string The event's eventId.
---@field failed_at integer Seconds since 1970.
---@field tries integer The number of deliveries of the event.
---@field reason string The reason why the event was not handled or not stored.
---The event. It has passwords only with the option store_passwords. Nil when the store had no room for the event.
---@field event? cmr.Event
---@field info cmr.Delivery The result of cmr.webhook.info for the event, without age and body_hash.

local dead_letters = {}

local LIST = "dead"

local texts = setmetatable({}, { __mode = "k" }) -- letter -> its text in the store

---Returns the dead letters in a store, oldest first.
---@param store cmr.Store
---@return cmr.DeadLetter[]? letters
---@return string? message
function dead_letters.list(store)
  local stored, message = store:list(LIST)
  if not stored then return nil, message end
  local letters = {}
  for _, text in ipairs(stored) do
    local letter = core.json_decode(text)
    if tables.is_object(letter) and type(letter.id) == "string" then
      letters[#letters + 1], texts[letter] = letter, text
    end
  end
  return letters
end

---Finds a dead letter.
---@return cmr.DeadLetter? letter
---@return string? message
function dead_letters.find(store, id)
  local letters, message = dead_letters.list(store)
  for _, letter in ipairs(letters or {}) do
    if letter.id == id then return letter end
  end
  return nil, message or ("there is no dead letter '%s'"):format(tostring(id))
end

---Stores a dead letter, unless it is already stored. If there is no room for its event, stores it without the event.
---@param store cmr.Store
---@param letter cmr.DeadLetter
---@param ttl number seconds
---@return boolean? ok
---@return string? message
function dead_letters.put(store, letter, ttl)
  if dead_letters.find(store, letter.id) then return true end
  local ok, message = store:append(LIST, core.json_encode(letter), ttl)
  if ok or message ~= "full" and message ~= "too_large" then return ok, message end
  letter.event = nil
  return store:append(LIST, core.json_encode(letter), ttl)
end

---Removes a dead letter from the store.
---@param store cmr.Store
---@param letter cmr.DeadLetter A letter from dead_letters.list or dead_letters.find.
---@return boolean? removed
---@return string? message
function dead_letters.remove(store, letter)
  return store:remove(LIST, texts[letter])
end

return dead_letters
