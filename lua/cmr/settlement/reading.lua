---Reads the members of answers and events. Pure.

local reading = {}

local announcements

---Some events announce how many other events follow. For example, data.quantity of mailbox.order.success is the number
---of mailbox.created events. `name` is the name of the events that follow. Returns the announcing event, and the name
---of the member of its data that has the number. Returns nil if no event announces events with this name.
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

---Returns the value if it is a text that is not empty. Otherwise returns nil.
function reading.nonempty(value)
  return type(value) == "string" and value ~= "" and value or nil
end

---Reads some fields of a table, in order. Returns the first text that is not empty.
function reading.first_of(value, fields)
  for _, field in ipairs(fields) do
    local text = reading.nonempty(value[field])
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
