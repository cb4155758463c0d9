-- Webhooks of the mock: where they go, what is to be delivered, how each attempt ended. Pure; cmr.mock.webhook_sender sends.
local events = require "cmr.webhook.events"
local signature = require "cmr.webhook.signature"
local json = require "cmr.mock.json"
local random = require "cmr.util.random"

local webhooks = {}
webhooks.__index = webhooks

-- Seconds after a failed attempt until the next one; after the last the delivery has failed. Documented: at once, about
-- 30 s, about 5 min; assumed: that the first of the three is the delivery itself, and that each counts from the one
-- before.
local RETRIES = { 30, 300 }
local KEPT = 10000 -- deliveries; older ones are forgotten

-- What the documents do not settle: how it is signed.
local SIGNATURE_FORMAT = "body-hex-seconds"

--- Nothing to deliver, and nowhere.
-- @param now returns the time, as retries count it
function webhooks.new(now)
  return setmetatable({ now = now, destinations = {}, deliveries = {} }, webhooks)
end

--- Check a destination that came as JSON.
-- @param given {url, signatureFormat = "body-hex-seconds", actionId = true}: url on this machine,
--   signatureFormat one of cmr.webhook.signature_formats, actionId whether data has one, as in the samples of the help centre
-- @return it, or nil and what is wrong
function webhooks.check(given)
  local tls, host, port, path = given.url:match "^http(s?)://([%w.]+):?(%d*)(.*)$"
  if not tls then
    tls, host, port, path = given.url:match "^http(s?)://(%[::1%]):?(%d*)(.*)$"
  end
  local here = host and (host == "localhost" or host == "[::1]" or host:find "^127%.%d+%.%d+%.%d+$")
  if not here or path:find "[%c ]" or not path:find "^[/?]" and path ~= "" then
    return nil, "'url' must be http or https on this machine: http://127.0.0.1:PORT/PATH"
  end
  local format = signature.FORMATS[given.signatureFormat or SIGNATURE_FORMAT]
  if not format then return nil, "'signatureFormat' must be a name like " .. SIGNATURE_FORMAT end
  return {
    url = given.url,
    tls = tls == "s",
    host = host == "localhost" and "127.0.0.1" or host,
    name = host,
    port = port == "" and (tls == "s" and 443 or 80) or tonumber(port),
    path = path:sub(1, 1) == "/" and path or "/" .. path,
    signature_format = format,
    action_id = given.actionId ~= false,
  }
end

--- Send what happens from now on there as well; a destination of the same url is replaced.
function webhooks:add(destination)
  for index, other in ipairs(self.destinations) do
    if other.url == destination.url then table.remove(self.destinations, index) end
  end
  table.insert(self.destinations, destination)
end

-- The members of data that no document names.
local function assumed(row, data)
  local known, list = { actionId = true }, {}
  for _, field in ipairs(row.fields) do
    known[field.name] = true
  end
  for name in pairs(data) do
    if not known[name] then list[#list + 1] = name end
  end
  table.sort(list)
  return #list > 0 and "data's " .. table.concat(list, ", ") or nil
end

local function body_of(event, destination)
  local data = {}
  for name, value in pairs(event.data) do
    data[name] = value
  end
  if destination.action_id then data.actionId = event.ticket and event.ticket.actionId end
  return json.encode { [event.row.key] = event.row.name, eventId = event.id, data = data }
end

--- Something has happened.
-- @param name one of the documented events
-- @param data what they tell; members that are nil are left out
-- @param ticket {actionId = of the call that this is the outcome of, once it is answered}, or nil
function webhooks:tell(name, data, ticket)
  local row = assert(events[name], name)
  local event = { row = row, data = data, ticket = ticket, id = row.key == "event" and random.id(28) or nil }
  for _, destination in ipairs(self.destinations) do
    self:enqueue { event = event, destination = destination, assumed = assumed(row, data) }
  end
end

function webhooks:enqueue(delivery)
  self.count = (self.count or 0) + 1
  delivery.id, delivery.attempts, delivery.state, delivery.due = self.count, {}, "pending", self.now()
  table.insert(self.deliveries, delivery)
  if #self.deliveries > KEPT then table.remove(self.deliveries, 1) end
end

--- Deliver a delivery again, as its own with its own attempts, so many times.
-- @return how many, or nil and why not
function webhooks:again(id, times)
  for _, delivery in ipairs(self.deliveries) do
    if delivery.id == id then
      for _ = 1, times do
        self:enqueue { event = delivery.event, destination = delivery.destination, assumed = delivery.assumed }
      end
      return times
    end
  end
  return nil, "no such delivery"
end

--- The deliveries whose time has come, at most so many; their attempts are begun.
function webhooks:due(most)
  local list, now = {}, self.now()
  for _, delivery in ipairs(self.deliveries) do
    if #list >= most then break end
    if delivery.due and delivery.due <= now then
      delivery.due = nil
      delivery.body = delivery.body or body_of(delivery.event, delivery.destination)
      list[#list + 1] = delivery
    end
  end
  return list
end

--- How an attempt ended: the status of the answer, or nil and why there was none.
function webhooks:settle(delivery, status, why)
  local attempts = delivery.attempts
  attempts[#attempts + 1] = { at = self.now(), status = status, error = why }
  if status and status >= 200 and status <= 299 then
    delivery.state = "delivered"
  elseif RETRIES[#attempts] then
    delivery.due = self.now() + RETRIES[#attempts]
  else
    delivery.state = "failed"
  end
end

--- All of them for GET /_mock/deliveries.
function webhooks:list()
  local list = json.array()
  for index, delivery in ipairs(self.deliveries) do
    list[index] = {
      id = delivery.id,
      event = delivery.event.row.name,
      eventId = delivery.event.id,
      url = delivery.destination.url,
      signatureFormat = delivery.destination.signature_format.name,
      state = delivery.state,
      attempts = json.array(delivery.attempts),
      body = delivery.body or body_of(delivery.event, delivery.destination),
    }
  end
  return list
end

return webhooks
