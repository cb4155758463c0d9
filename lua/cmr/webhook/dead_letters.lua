---A letter is an event that was not handled or not stored. The letter is stored at the first failure, because the next
---delivery may never arrive. Until the time `dead_at`, the vendor may deliver the event again. From then on, the letter
---is a dead letter. The store has a list of the letters, as JSON.

local core = require "cmr.core"
local tables = require "cmr.util.tables"

---An event that was not handled or not stored, and that the vendor does not deliver again.
---@class cmr.DeadLetter
---@field id string The id of the letter.
---@field name string The event's name.
---@field event_id? string The event's eventId.
---@field failed_at integer Seconds since 1970.
---
---The time after which the vendor does not deliver the event again. Seconds since 1970. Nil if the event is too large
---for the store.
---@field dead_at? integer
---@field tries integer The number of deliveries of the event.
---@field reason string The reason why the event was not handled or not stored.
---
---The event. It has passwords only with the option store_passwords. Nil when the store had no room for the event.
---@field event? cmr.Event
---@field info cmr.Delivery The result of cmr.webhook.info for the event, without age and body_hash.

local dead_letters = {}

local LIST = "dead"

local texts = setmetatable({}, { __mode = "k" }) -- letter -> its text in the store

-- Returns the letters in a store, oldest first, including letters that are not dead yet. If `id` is given, returns only
-- the letters whose text contains the id: after an outage, decoding all letters would take long.
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

local function is_dead(letter)
  return not letter.dead_at or letter.dead_at <= os.time()
end

---Returns the hash of a letter's event. Events without an id have the same hash if they have the same content.
---@param letter cmr.DeadLetter
---@return string hash
function dead_letters.hash(letter)
  return (letter.id:match "^[^%-]*")
end

-- Returns two lists of letters with this hash. The first list has the letters of the last `seconds` seconds, which
-- belong to one event. The second list has the older letters, which belong to other events.
local function list_of_event(store, hash, seconds)
  local oldest, letters, others = os.time() - seconds, {}, {}
  for _, letter in ipairs(list_all(store, hash) or {}) do
    if dead_letters.hash(letter) == hash then
      local list = letter.failed_at > oldest and letters or others
      list[#list + 1] = letter
    end
  end
  return letters, others
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
  for _, letter in ipairs(letters or {}) do
    if letter.id == id then return letter end
  end
  return nil, message or ("there is no dead letter '%s'"):format(tostring(id))
end

---Stores a letter in place of the earlier letters about the same event. In these cases, the earlier letters stay, and
---the new letter is not stored:
---  one of them is dead already
---  one of them contains the event, and the store has no room for the new letter
---  the store fails
---If no earlier letter contains the event, and there is no room, the function stores the new letter without the event.
---@param store cmr.Store
---@param letter cmr.DeadLetter Its id is the event's hash. The function extends the id if an older event has this hash.
---@param ttl number seconds
---@param seconds number Letters with this hash that are older than `seconds` seconds belong to other events.
---@return boolean? ok
---@return string? message
function dead_letters.put(store, letter, ttl, seconds)
  local earlier, others = list_of_event(store, letter.id, seconds)
  local has_event = false
  for _, known in ipairs(earlier) do
    if is_dead(known) then return true end
    has_event = has_event or known.event ~= nil
  end
  if others[1] then letter.id = ("%s-%d"):format(letter.id, letter.failed_at) end
  local ok, message = store:append(LIST, core.json_encode(letter), ttl)
  if not ok and (message == "full" or message == "too_large") and not has_event then
    letter.event = nil
    ok, message = store:append(LIST, core.json_encode(letter), ttl)
  end
  if not earlier[1] then return ok, message end
  for _, known in ipairs(ok and earlier or {}) do
    dead_letters.remove(store, known)
  end
  return true
end

---Removes the letters of a handled event. Keeps the letter of an event that is too large for the store.
---@param store cmr.Store
---@param hash string
---@param seconds number Letters with this hash that are older than `seconds` seconds belong to other events.
function dead_letters.settle(store, hash, seconds)
  for _, letter in ipairs((list_of_event(store, hash, seconds))) do
    if letter.dead_at then dead_letters.remove(store, letter) end
  end
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
