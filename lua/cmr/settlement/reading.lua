---How the members of answers and events are read. Pure.

local documented_events = require "cmr.webhook.events"

local reading = {}

---An event's name -> the event that announces how many of it follow, and the member of data with this number.
reading.ANNOUNCEMENTS = {}
for _, event in ipairs(documented_events) do
  local announces = event.announces
  if announces then reading.ANNOUNCEMENTS[announces.event] = { event = event.name, count = announces.count } end
end

---Returns a text that is not empty; nil for everything else.
function reading.nonempty(value)
  return type(value) == "string" and value ~= "" and value or nil
end

---Returns the first of some fields that holds a text.
---@param count? integer Only so many of the fields are read.
function reading.first_of(value, fields, count)
  for index = 1, count or #fields do
    local text = reading.nonempty(value[fields[index]])
    if text then return text end
  end
end

---Returns the name of an event.
function reading.event_name(event)
  return event.event or event.eventType
end

---Returns the data of an event; an empty table where there is none.
function reading.event_data(event)
  return type(event.data) == "table" and event.data or {}
end

return reading
