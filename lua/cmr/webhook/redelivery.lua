---How long the vendor may deliver an event again. Pure.

local events = require "cmr.webhook.events"
local text = require "cmr.util.text"

local redelivery = {
  MAX_TRIES = 3, -- the vendor delivers an event at most this often (help page)
  -- All deliveries of an event arrive within this time. The vendor waits up to 60 s for each answer, and then delivers
  -- again after about 30 s or 5 min (help page). So the last delivery arrives in less than 9 min.
  SECONDS = 10 * text.MINUTE,
}

---Returns for how many seconds deliveries of the same content count as one event. With an eventId: math.huge. Without
---an eventId, only the content identifies an event, and a later event may have the same content, for example the second
---start of a warmup. So the time is limited to redelivery.SECONDS, in which the vendor may deliver again, plus the
---tolerance. During the tolerance, a stranger's copy of the last delivery still passes the check of the timestamp.
---@param event cmr.Event
---@param tolerance number See cmr.VerifyOptions.
---@return number seconds
function redelivery.same_event_seconds(event, tolerance)
  return events.event_id(event) and math.huge or redelivery.SECONDS + tolerance
end

return redelivery
