---How long the vendor may deliver an event again. Pure.

local text = require "cmr.util.text"

local redelivery = {
  MAX_TRIES = 3, -- the vendor delivers an event at most this often (help page)
  -- No delivery of an event comes this long after another one. The vendor waits up to 60 s for each answer, and then
  -- about 30 s or 5 min (help page). That is less than 9 min for all deliveries.
  SECONDS = 10 * text.MINUTE,
}

---Returns the seconds for which a delivery of the same content is the same event. Without an eventId, only the content
---identifies an event. A later event may have the same content, for example the second start of a warmup. So the
---deliveries are the same event only while the vendor delivers again, and while a stranger's copy would be accepted.
---@param event cmr.Event
---@param info cmr.Delivery
---@param tolerance number See cmr.VerifyOptions.
---@return number seconds
function redelivery.same_event_seconds(event, info, tolerance)
  return info.id == event.eventId and math.huge or redelivery.SECONDS + tolerance
end

return redelivery
