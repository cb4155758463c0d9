-- luacheck: ignore
-- Webhooks

---Why a delivery is refused.
---@alias cmr.RefusalKind
---| "no_key" # neither api_key nor $CMR_API_KEY
---| "too_large" # the body is over max_body
---| "missing_signature"
---| "missing_timestamp"
---| "repeated_header" # signature or timestamp more than once
---| "malformed_signature" # no digest in its one spelling, or not as the pinned signature format writes it
---| "malformed_timestamp" # no whole number, or not in the pinned signature format's unit
---| "bad_signature" # changed, or signed with another key
---| "stale" # signed, but longer ago than the tolerance
---| "future" # signed, but later than the tolerance allows
---| "not_json" # signed and fresh, but no object in JSON
---| "no_event" # such an object, but it names no event

---A delivery that is not accepted. tostring gives its message.
---@class cmr.Refusal
---@field kind cmr.RefusalKind
---@field message string
---@field status integer The HTTP status to answer with.

---@class cmr.VerifyOptions
---@field api_key? string|string[] The key that signs, or several while one replaces another. Default: $CMR_API_KEY.
---@field tolerance? number Seconds that the timestamp may be off, either way. Default: 300.
---@field max_body? integer Bytes. Default: 1 MiB.
---@field signature_format? string One of the names in signature_formats, and no other is accepted. Default: any of them.
---@field now? number|fun(): number Seconds since 1970. Default: os.time.

---An event as the vendor sent it: its name is under event or, of warmup events, under eventType.
---@class cmr.Event
---@field event? cmr.EventName
---@field eventType? cmr.EventName
---@field eventId? string Absent from the samples of warmup events: see id.
---@field data? table<string, any>

---What is known of an event that verify returned.
---@class cmr.Delivery
---@field signature_format string How it was signed.
---@field timestamp number Seconds since 1970.
---@field timestamp_signed boolean false: the timestamp protects nothing, a replay is told by the id only.
---@field age number Seconds.
---@field event cmr.EventName
---@field id string eventId, or body_hash without one.
---@field body_hash string
---@field key integer Which of several keys.

---What an event runs. It failed when it raises, or returns false, or nil and why: then the vendor tries again.
---@alias cmr.EventHandler fun(event: cmr.Event): any, any

---@class cmr.HandlerOptions: cmr.VerifyOptions
---@field on? table<string, cmr.EventHandler> By the event's name; "*" for those without one.
---@field store? cmr.Store Default: in nginx lua_shared_dict cmr where there is one; else this process.
---@field lease? number Seconds a handler may take; then the event is anybody's again. Default: 240.
---@field done_ttl? number Seconds for which a duplicate is known. Default: 7 days.
---@field event_ttl? number Seconds for which client:await finds an event. Default: 3600.
---@field store_passwords? boolean Whether what it finds has the passwords. Default: false.
---@field log? fun(level: "WARN"|"ERR", message: string) Default: nginx's error log, else standard error.

---@class cmr.Receiver
local Receiver = {}

---Receives a delivery; the HTTP status to answer with: 200 done, now or before; 400, 401, 413 refused; 500 failed; 503
---being handled elsewhere, or the store is unavailable.
---@param raw_body string
---@param headers table<string, string|string[]> Names in any case.
---@return integer status
function Receiver:receive(raw_body, headers) end

---@class cmr.Webhook
---@field signature_formats string[] The names of all signature formats.
local webhook = {}

---Is this delivery the vendor's? Checked over the bytes that were received.
---@param raw_body string
---@param headers table<string, string|string[]> Names in any case.
---@param options? cmr.VerifyOptions
---@return cmr.Event? event
---@return string? message
---@return cmr.Refusal? err
function webhook.verify(raw_body, headers, options) end

---Receives webhooks in nginx, each event once: a function for content_by_lua.
---@param options cmr.HandlerOptions
---@return fun()
function webhook.handler(options) end

---The same for other servers.
---@param options cmr.HandlerOptions
---@return cmr.Receiver
function webhook.receiver(options) end

---What is known of an event that verify returned; nil for any other table.
---@param event cmr.Event
---@return cmr.Delivery?
function webhook.info(event) end

---What tells an event from every other, also when it is delivered again.
---@param event cmr.Event
---@return string?
function webhook.id(event) end

---The event's name, under whichever key.
---@param event cmr.Event
---@return cmr.EventName
function webhook.name(event) end
