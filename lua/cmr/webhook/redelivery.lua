---How often and for how long the vendor may deliver an event. Pure.

local events = require "cmr.webhook.events"
local text = require "cmr.util.text"

local redelivery = {
  MAX_TRIES = 3, -- the vendor delivers an event at most this many times (help page)
  -- All deliveries of an event arrive within this time. The vendor waits up to 60 s for each answer, and delivers again
  -- about 30 s and about 5 min later (help page). So the last delivery arrives in less than 9 min.
  SECONDS = 10 * text.MINUTE,
}

---Returns the time in which deliveries of the same content count as one event. For an event with an eventId, returns
---math.huge. For any other event, returns the sum of redelivery.SECONDS and `tolerance`. The vendor may deliver an
---event again within redelivery.SECONDS. For another `tolerance` seconds, the timestamp of the last delivery is valid,
---so a stranger could send a copy of it. After that, the same content means a new event. For example, a warmup has
---started again.
---@param event cmr.Event
---@param tolerance number See cmr.VerifyOptions.
---@return number seconds
function redelivery.same_event_seconds(event, tolerance)
  return events.event_id(event) and math.huge or redelivery.SECONDS + tolerance
end

return redelivery
