---Reads the members of answers and events. Pure.

local reading = {}

local announcements

---Some events announce others: a member of their data says how many events with another name follow. Returns the event
---that announces the events with this name, and the member with their number. Returns nil if no event announces them.
---@param name string
---@return {event: string, count: string}?
function reading.announcement(name)
  if not announcements then
    announcements = {}
    for _, event in ipairs(require "cmr.webhook.events") do
      local announces = event.announces
      if announces then announcements[announces.event] = { event = event.name, count = announces.count } end
    end
  end
  return announcements[name]
end

---Returns the value if it is a text that is not empty, else nil.
function reading.nonempty(value)
  return type(value) == "string" and value ~= "" and value or nil
end

---Returns the first text in some fields of a table.
---@param count? integer Reads only this many of the fields.
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

---Returns the data of an event, or an empty table if it has none.
function reading.event_data(event)
  return type(event.data) == "table" and event.data or {}
end

return reading
