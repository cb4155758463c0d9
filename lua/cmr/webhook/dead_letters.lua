---Dead letters are events that could not be handled or stored, and that the vendor does not deliver again. The store
---has them in a list, as JSON. A letter is stored at the first failure, because the next delivery may never arrive.
---Until the time `dead_at`, the vendor may deliver the event again, and the letter is not dead yet.

local core = require "cmr.core"
local tables = require "cmr.util.tables"

---An event that was not handled or not stored, and that the vendor does not deliver again.
---@class cmr.DeadLetter
---@field id string The id of the letter.
---@field name string The event's name.
---@field event_id? string The event's eventId.
---@field failed_at integer Seconds since 1970.
---The time after which the vendor does not deliver the event again. Seconds since 1970. Nil if the event is too large
---for the store.
---@field dead_at? integer
---@field tries integer The number of deliveries of the event.
---@field reason string The reason why the event was not handled or not stored.
---The event. It has passwords only with the option store_passwords. Nil when the store had no room for the event.
---@field event? cmr.Event
---@field info cmr.Delivery The result of cmr.webhook.info for the event, without age and body_hash.

local dead_letters = {}

local LIST = "dead"

local texts = setmetatable({}, { __mode = "k" }) -- letter -> its text in the store

-- Returns the letters in a store, oldest first, also those that are not dead yet. With the id of an event's letter,
-- skips most other letters, because decoding all of them would take long after an outage.
local function list_all(store, id)
  local stored, message = store:list(LIST)
  if not stored then return nil, message end
  local letters = {}
  for _, text in ipairs(stored) do
    local letter = (not id or text:find(id, 1, true)) and core.json_decode(text)
    if tables.is_object(letter) and type(letter.id) == "string" then
      letters[#letters + 1], texts[letter] = letter, text
    end
  end
  return letters
end

local function find(letters, id)
  for _, letter in ipairs(letters or {}) do
    if letter.id == id then return letter end
  end
end

local function is_dead(letter)
  return not letter.dead_at or letter.dead_at <= os.time()
end

---Returns the dead letters in a store, oldest first.
---@param store cmr.Store
---@return cmr.DeadLetter[]? letters
---@return string? message
function dead_letters.list(store)
  local letters, message = list_all(store)
  if not letters then return nil, message end
  local dead = {}
  for _, letter in ipairs(letters) do
    if is_dead(letter) then dead[#dead + 1] = letter end
  end
  return dead
end

---Finds a dead letter.
---@return cmr.DeadLetter? letter
---@return string? message
function dead_letters.find(store, id)
  local letters, message = dead_letters.list(store)
  local letter = find(letters, id)
  if letter then return letter end
  return nil, message or ("there is no dead letter '%s'"):format(tostring(id))
end

---Stores a letter, unless the event already has a dead letter. Replaces a letter of the event that is not dead yet. If
---there is no room, leaves an earlier letter that has the event; else stores the letter without the event.
---@param store cmr.Store
---@param letter cmr.DeadLetter
---@param ttl number seconds
---@return boolean? ok
---@return string? message
function dead_letters.put(store, letter, ttl)
  local earlier = find(list_all(store, letter.id), letter.id)
  if earlier and is_dead(earlier) then return true end
  local ok, message = store:append(LIST, core.json_encode(letter), ttl)
  if not ok and (message == "full" or message == "too_large") and not (earlier and earlier.event) then
    letter.event = nil
    ok, message = store:append(LIST, core.json_encode(letter), ttl)
  end
  if not earlier then return ok, message end
  if ok then dead_letters.remove(store, earlier) end
  return true
end

---Removes the letter of an event that was handled, dead or not. Leaves the letter of an event that is too large for the
---store.
---@param store cmr.Store
---@param id string
function dead_letters.settle(store, id)
  local letter = find(list_all(store, id), id)
  if letter and letter.dead_at then dead_letters.remove(store, letter) end
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
