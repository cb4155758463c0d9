---Webhooks, which report the outcome of an accepted operation.
---
---    local event, message, err = cmr.webhook.verify(raw_body, headers)
---    if not event then return answer(err.status, message) end
---    if seen(cmr.webhook.id(event)) then return answer(200) end -- the vendor may deliver an event more than once
---
---It is undocumented whether the timestamp is signed. If the timestamp is not signed, anyone who has seen a delivery
---can send it again with a new timestamp. The tolerance then protects nothing, and only the event's id reveals the
---replay.

local events = require "cmr.webhook.events"
local receiver = require "cmr.webhook.receiver"
local signature_formats = require "cmr.webhook.signature_formats"
local validate = require "cmr.util.validate"
local verify = require "cmr.webhook.verify"

---Verifies and receives webhooks.
---@class cmr.Webhook
---@field signature_formats string[] The values of the option signature_format: "body-hex-seconds" and seven others.
local webhook = { signature_formats = signature_formats.NAMES }

---Checks that a delivery comes from the vendor and is fresh. Signatures are compared in constant time. Pass the body's
---bytes as received: a body that was decoded and encoded again has other bytes. The headers cmr-x-signature and
---cmr-x-timestamp are needed.
---@param raw_body string
---@param headers table<string, string|string[]> Such as ngx.req.get_headers(). The case of a name does not matter.
---@param options? cmr.VerifyOptions
---@return cmr.Event? event The decoded event.
---@return string? message
---@return cmr.Refusal? err The refusal. err.status is the HTTP status to answer with.
function webhook.verify(raw_body, headers, options)
  return verify.delivery(raw_body, headers, validate.options("webhook.verify", verify.SPEC, verify.DEFAULTS, options))
end

---Receives webhooks in nginx. When your function for an event has succeeded, the handler does not call the function for
---this event again. This is true even if the vendor delivers the event several times, or to several workers. The
---handler also stores the event for client:await.
---
---    init_by_lua_block {
---      receive = require("cmr").webhook.handler { on = { ["mailbox.created"] = function(event, delivery) ... end } }
---    }
---    location = /webhook { content_by_lua_block { receive() } }
---
---@param options cmr.HandlerOptions
---@return fun() handler The function for content_by_lua. It reads the body, and answers with the receiver's status.
---@return cmr.Receiver receiver The receiver, which has the dead letters.
webhook.handler = receiver.handler

---Makes a receiver for webhooks in a server other than nginx.
---@param options cmr.HandlerOptions
---@return cmr.Receiver receiver
function webhook.receiver(options)
  return receiver.new("webhook.receiver", options)
end

---Returns facts about an event that cmr.webhook.verify returned or that a handler of cmr gets. Returns nil for any
---other table.
---@param event cmr.Event
---@return cmr.Delivery? info
webhook.info = verify.info

---Returns the id of an event. All deliveries of the event have the same id. Normally the id is the eventId. The samples
---of warmup and subscription events have no eventId. For an event without an eventId, the id is "sha256:" and the hash
---of the body. cmr knows this hash only for an event that cmr.webhook.verify returned or that a handler of cmr gets.
---For any other table without an eventId, the id is nil.
---
---Two events without an eventId have the same id if their bodies are the same, for example when a warmup starts twice.
---So the receiver recognises duplicates of such an event for only a limited time after it handled the event. This time
---is 10 minutes plus the option `tolerance`, so the default is 15 minutes in all. All deliveries of one event arrive in
---less than 9 minutes.
---@param event cmr.Event
---@return string? id
function webhook.id(event)
  local info = verify.info(event)
  return info and info.id or events.event_id(event)
end

---Returns the event's name. A warmup event has its name under `eventType`. Every other event has its name under
---`event`.
---@param event cmr.Event
---@return cmr.EventName name
function webhook.name(event)
  return event.event or event.eventType
end

return webhook
