---Reads the members of answers and events. Pure.

local reading = {}

local announcements

---An event may announce events with another name: a member of its data says how many of them follow. Returns the name
---of the event that announces the events called `name`, and the name of that member. Returns nil if there is none.
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

---Reads some fields of a table, in order. Returns the first text that is not empty.
---@param count? integer The number of fields to read, from the first field. Default: all.
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
