---The webhook deliveries: their destinations, bodies and attempts. Pure: cmr.mock.webhook_sender sends them.

local events = require "cmr.webhook.events"
local json = require "cmr.mock.json"
local random = require "cmr.util.random"
local signature_formats = require "cmr.webhook.signature_formats"
local tables = require "cmr.util.tables"

local Deliveries = {}
Deliveries.__index = Deliveries
Deliveries.__name = "cmr.mock.deliveries"

-- The waits between the three attempts. If the third attempt fails, the delivery has failed. The documentation says
-- when the attempts happen: at once, after about 30 s, after about 5 min. Assumed: "at once" is the first attempt. Also
-- assumed: each wait starts at the end of the attempt before it.
local RETRY_SECONDS = { 30, 300 }
local MAX_DELIVERIES = 10000 -- the mock drops older deliveries
local ORDERED_FAILURE = "the mock was told to fail this attempt, and sent nothing"
-- the default; a test may choose another format, because the real format is undocumented
local SIGNATURE_FORMAT = "body-hex-seconds"

---Makes an empty object for deliveries and destinations.
---@param now function Returns the time in seconds, on the clock for retries.
---@return table deliveries
function Deliveries.new(now)
  return setmetatable({
    now = now,
    destinations = {},
    last_destination_id = 0,
    failing = {}, -- by URL: how many of the next attempts fail
    items = {},
    count = 0,
    revision = 0, -- rises with each change of a delivery
  }, Deliveries)
end

---Makes a destination, or returns nil and a message.
---@param fields table {url, signatureFormat?, actionId?}. The URL must be on this machine. signatureFormat is a name
---  such as "body-hex-seconds". With actionId = false, the events have no actionId, as in some of the vendor's samples.
---@return table? destination
---@return string? message
function Deliveries.destination(fields)
  local tls, host, port, path = fields.url:match "^http(s?)://([%w.]+):?(%d*)(.*)$"
  if not tls then
    tls, host, port, path = fields.url:match "^http(s?)://(%[::1%]):?(%d*)(.*)$"
  end
  local is_local = host and (host == "localhost" or host == "[::1]" or host:find "^127%.%d+%.%d+%.%d+$")
  if not is_local or path:find "[%c ]" or not path:find "^[/?]" and path ~= "" then
    return nil, "'url' must be http or https on this machine: http://127.0.0.1:PORT/PATH"
  end
  local format = signature_formats.FORMATS[fields.signatureFormat or SIGNATURE_FORMAT]
  if not format then return nil, "'signatureFormat' must be a name like " .. SIGNATURE_FORMAT end
  return {
    url = fields.url,
    tls = tls == "s",
    host = host == "localhost" and "127.0.0.1" or host,
    name = host,
    port = port == "" and (tls == "s" and 443 or 80) or tonumber(port),
    path = path:sub(1, 1) == "/" and path or "/" .. path,
    signature_format = format,
    action_id = fields.actionId ~= false,
  }
end

-- Returns the index of a destination in the list.
local function index_of(self, field, value)
  for index, destination in ipairs(self.destinations) do
    if destination[field] == value then return index end
  end
end

---Adds a destination that gets all later events. If an older destination has the same URL, the new destination replaces
---the older one and gets its id.
---@param destination table
function Deliveries:add(destination)
  local index = index_of(self, "url", destination.url)
  if index then
    destination.id = table.remove(self.destinations, index).id
  else
    self.last_destination_id = self.last_destination_id + 1
    destination.id = self.last_destination_id
  end
  table.insert(self.destinations, destination)
end

---Returns the destination with an id.
---@param id number
---@return table? destination
---@return string? message
function Deliveries:find(id)
  local index = index_of(self, "id", id)
  if not index then return nil, "no such destination" end
  return self.destinations[index]
end

---Removes a destination. Its pending deliveries stay.
---@param id number
---@return boolean? ok
---@return string? message
function Deliveries:remove(id)
  local index = index_of(self, "id", id)
  if not index then return nil, "no such destination" end
  self.failing[table.remove(self.destinations, index).url] = nil
  return true
end

---Makes the next attempts at a URL fail. Such an attempt sends nothing.
---@param url string
---@param attempts number
function Deliveries:fail_next(url, attempts)
  self.failing[url] = attempts > 0 and attempts or nil
end

---Returns how many of the next attempts at a URL fail.
---@param url string
---@return number attempts
function Deliveries:failures_left(url)
  return self.failing[url] or 0
end

-- Returns words that name the undocumented members of an event's data: "data's price, quantity". Nil if there are none.
local function assumed(kind, data)
  local undocumented = {}
  for name in pairs(data) do
    undocumented[name] = name ~= "actionId" or nil
  end
  for _, field in ipairs(kind.fields) do
    undocumented[field.name] = nil
  end
  local names = tables.sorted_keys(undocumented)
  return #names > 0 and "data's " .. table.concat(names, ", ") or nil
end

local function body_of(event, destination)
  local data = {}
  for name, value in pairs(event.data) do
    data[name] = value
  end
  if destination.action_id then data.actionId = event.action and event.action.actionId end
  return json.encode { [event.kind.key] = event.kind.name, eventId = event.id, data = data }
end

local function enqueue(self, event, destination)
  self.count, self.revision = self.count + 1, self.revision + 1
  table.insert(self.items, {
    id = self.count,
    event = event,
    destination = destination,
    assumed = assumed(event.kind, event.data),
    attempts = {},
    state = "pending",
    due_at = self.now(),
  })
  if #self.items > MAX_DELIVERIES then table.remove(self.items, 1) end
end

---Emits an event to every destination.
---@param name string The name of a documented event.
---@param data table The event's data. Nil members are omitted.
---@param action table? The call that caused the event. This table gets the actionId when the call is answered.
function Deliveries:emit(name, data, action)
  local kind = assert(events[name], name)
  local event = { kind = kind, data = data, action = action, id = kind.key == "event" and random.id(28) or nil }
  for _, destination in ipairs(self.destinations) do
    enqueue(self, event, destination)
  end
end

local function find(self, id)
  for _, delivery in ipairs(self.items) do
    if delivery.id == id then return delivery end
  end
  return nil, "no such delivery"
end

---Repeats a delivery. Each repetition is a new delivery with its own attempts.
---@param id number
---@param times number The number of repetitions.
---@param format table? Another signature format than the delivery's.
---@return boolean? ok
---@return string? message
function Deliveries:redeliver(id, times, format)
  local delivery, message = find(self, id)
  if not delivery then return nil, message end
  local destination = delivery.destination
  if format then
    destination = tables.copy(destination)
    destination.signature_format = format
  end
  for _ = 1, times do
    enqueue(self, delivery.event, destination)
  end
  return true
end

---Ends a pending delivery as failed. An attempt that is under way continues, but is the last attempt.
---@param id number
---@return boolean? ok
---@return string? message
function Deliveries:give_up(id)
  local delivery, message = find(self, id)
  if not delivery then return nil, message end
  if delivery.state ~= "pending" then return nil, "the delivery is " .. delivery.state end
  delivery.is_given_up, delivery.due_at, delivery.state = true, nil, "failed"
  self.revision = self.revision + 1
  return true
end

---Takes the deliveries that are due. Their next attempt counts as started.
---@param max integer
---@return table[] deliveries
function Deliveries:due(max)
  local due, now = {}, self.now()
  for _, delivery in ipairs(self.items) do
    if #due >= max then break end
    if delivery.due_at and delivery.due_at <= now then
      delivery.due_at = nil
      delivery.body = delivery.body or body_of(delivery.event, delivery.destination)
      due[#due + 1] = delivery
    end
  end
  return due
end

---Checks whether a test ordered this attempt to fail. If so, uses up one ordered failure; the caller must not send.
---@param delivery table
---@return string? message The reason of the failure. Nil if no failure is ordered.
function Deliveries:ordered_failure(delivery)
  local url = delivery.destination.url
  local left = self:failures_left(url)
  if left == 0 then return nil end
  self:fail_next(url, left - 1)
  return ORDERED_FAILURE
end

---Ends an attempt.
---@param delivery table
---@param status number? The status of the answer; nil when there was no answer.
---@param message string? The reason, when there was no answer.
function Deliveries:finish_attempt(delivery, status, message)
  local attempts, now = delivery.attempts, self.now()
  attempts[#attempts + 1] = { at = now, status = status, error = message }
  self.revision = self.revision + 1
  if status and status >= 200 and status <= 299 then
    delivery.state = "delivered"
  elseif RETRY_SECONDS[#attempts] and not delivery.is_given_up then
    delivery.due_at = now + RETRY_SECONDS[#attempts]
  else
    delivery.state = "failed"
  end
end

---Lists the deliveries, as GET /_mock/deliveries shows them.
---@param limit integer? How many of the newest deliveries to list. Default: all.
---@return table[] deliveries
function Deliveries:list(limit)
  local list, items = json.array(), self.items
  for index = math.max(1, #items - (limit or #items) + 1), #items do
    local delivery = items[index]
    list[#list + 1] = {
      id = delivery.id,
      event = delivery.event.kind.name,
      eventId = delivery.event.id,
      url = delivery.destination.url,
      signatureFormat = delivery.destination.signature_format.name,
      state = delivery.state,
      dueAt = delivery.due_at,
      assumed = delivery.assumed,
      attempts = json.array(delivery.attempts),
      body = delivery.body or body_of(delivery.event, delivery.destination),
    }
  end
  return list
end

return Deliveries
