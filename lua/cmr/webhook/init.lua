---Webhooks: how the outcome of an accepted operation arrives.
---
---    local event, message, err = cmr.webhook.verify(raw_body, headers)
---    if not event then return answer(err.status, message) end
---    if seen(cmr.webhook.id(event)) then return answer(200) end -- the vendor delivers an event more than once
---
---It is undocumented whether the timestamp is signed. If it is not, anyone who has seen a delivery can send it again
---with a fresh timestamp. The tolerance then protects nothing: only the event's id reveals the replay.

local receiver = require "cmr.webhook.receiver"
local signature_formats = require "cmr.webhook.signature_formats"
local validate = require "cmr.util.validate"
local verify = require "cmr.webhook.verify"

---Verifies and receives webhooks.
---@class cmr.Webhook
---@field signature_formats string[] What option signature_format takes: "body-hex-seconds" and seven others.
local webhook = { signature_formats = signature_formats.NAMES }

---Checks that a delivery is the vendor's and fresh: in constant time, over the bytes as received. A body that was
---decoded and encoded again has other bytes. The headers cmr-x-signature and cmr-x-timestamp are needed.
---@param raw_body string
---@param headers table<string, string|string[]> Names in any case, as ngx.req.get_headers() returns them.
---@param options? cmr.VerifyOptions
---@return cmr.Event? event As the vendor sent it, decoded.
---@return string? message
---@return cmr.Refusal? err Its status is the HTTP status to answer with.
function webhook.verify(raw_body, headers, options)
  return verify.delivery(raw_body, headers, validate.options("webhook.verify", verify.SPEC, verify.DEFAULTS, options))
end

---Receives webhooks in nginx. Each event runs its function once, however often it is delivered, and to however many
---workers. It is stored for client:await.
---
---    init_by_lua_block {
---      receive = require("cmr").webhook.handler { on = { ["mailbox.created"] = function(event, delivery) ... end } }
---    }
---    location = /webhook { content_by_lua_block { receive() } }
---
---@param options cmr.HandlerOptions
---@return fun() handler For content_by_lua: reads the body, answers with the status of cmr.Receiver:receive.
---@return cmr.Receiver receiver For its dead letters.
webhook.handler = receiver.handler

---Receives webhooks in any other server.
---@param options cmr.HandlerOptions
---@return cmr.Receiver receiver
function webhook.receiver(options)
  return receiver.new("webhook.receiver", options)
end

---Returns facts about an event that verify returned, or nil for any other table.
---@param event cmr.Event
---@return cmr.Delivery? info
webhook.info = verify.info

---Returns the id of an event, which is the same in each of its deliveries. It is the eventId. An event
---without one, such as the samples of warmup and subscription events, gets "sha256:" and the hash of its body.
---@param event cmr.Event
---@return string? id nil if the table has no eventId and does not come from verify.
function webhook.id(event)
  local info = verify.info(event)
  return info and info.id or type(event.eventId) == "string" and event.eventId or nil
end

---Returns the event's name. Warmup events keep it under a key of their own.
---@param event cmr.Event
---@return cmr.EventName name
function webhook.name(event)
  return event.event or event.eventType
end

return webhook
