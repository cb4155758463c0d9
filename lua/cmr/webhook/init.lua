--- Webhooks: how the outcome of what was only accepted arrives.
--
--   local event, why, err = cmr.webhook.verify(raw_body, headers)
--   if not event then return answer(err.status, why) end
--   if seen(cmr.webhook.id(event)) then return answer(200) end -- deliveries repeat, by the vendor's design
--
-- Whether the timestamp is signed is not documented. Where it is not, anybody who has seen a delivery can send it again
-- with a fresh timestamp: then the tolerance protects nothing, and only the event's id tells a replay.

local handler = require "cmr.webhook.handler"
local receiver = require "cmr.webhook.receiver"
local schemes = require "cmr.webhook.signature"
local verify = require "cmr.webhook.verify"

local webhook = {}

--- The names of the schemes that `scheme` can pin: "body-hex-seconds" ... "timestamp.body-base64-milliseconds".
webhook.schemes = {}
for index, scheme in ipairs(schemes.list) do
  webhook.schemes[index] = scheme.name
end

--- Is this delivery the vendor's? Checked in constant time, over the bytes that were received: a body that was decoded
-- and encoded again is another one.
-- @tparam string raw_body
-- @tparam table headers name = value in any case, as ngx.req.get_headers() has them; a list of values is refused
-- @tparam[opt] table options
--   api_key: the key that signs (help: the partner's API key), or several while one replaces another; default
--     $CMR_API_KEY
--   tolerance: seconds that the timestamp may be off, either way; default 300 (help)
--   max_body: bytes; default 1 MiB
--   scheme: one of cmr.webhook.signature, and no other is accepted; default: any of them
--   now: seconds since 1970, or a function that returns them; default os.time
-- @treturn[1] table the event as the vendor sent it, decoded: event or eventType, data, mostly eventId
-- @treturn[2] nil, a message and an error with kind (see kinds in cmr.webhook.verify) and status, the HTTP status to
-- refuse it with. A mistake in the arguments raises.
webhook.verify = verify.verify

--- What is known of an event that verify returned.
-- @tparam table event
-- @treturn table scheme (its name), timestamp (seconds since 1970), timestamp_signed (false: it protects nothing), age
-- (seconds), event (its name, wherever it stood), id (eventId or, without one, body_hash), body_hash ("sha256:..."),
-- key (which of several); nil for any other table
webhook.info = verify.info

--- What tells an event from every other and is the same when it is delivered again.
-- @tparam table event
-- @treturn string its eventId or, where the vendor gave none (warmup events), "sha256:" and the hash of its body; nil
-- for a table without either
function webhook.id(event)
  local known = verify.info(event)
  return known and known.id or type(event.eventId) == "string" and event.eventId or nil
end

--- The event's name, under whichever of its two keys it stands.
-- @tparam table event
-- @treturn string
function webhook.name(event)
  return event.event or event.eventType
end

--- Receives webhooks in nginx: each event runs its function once, however often, wherever and to which worker it is
-- delivered, and is kept for client:await.
--
--   init_by_lua_block {
--     received = require "cmr".webhook.handler{ on = { ["mailbox.created"] = function(event) ... end } }
--   }
--   location = /webhook { content_by_lua_block { received() } }
--
-- @tparam table options those of verify (api_key, tolerance, max_body, scheme, now), and
--   on: event name = function(event); "*" for those without one. An event without a function is answered with 200, too.
--     A function that raises, or returns false, or nil and why, has failed: the vendor gets a 500 and tries again. It
--     should be done within the vendor's 60 s, and has to be within the lease.
--   store: where events are remembered, see cmr.store; default: lua_shared_dict cmr, which the client's await has too.
--     Where several hosts receive, or one host awaits what another receives: cmr.store.redis
--   lease: seconds, 240; when a worker died in mid-work, the event is anybody's after that
--   done_ttl: seconds, 7 days, for which a duplicate is known. Where the timestamp is not signed nothing else stops a
--     replay
--   event_ttl: seconds, 3600, for which client:await finds an event
--   store_passwords: false; whether what it finds has the passwords. The function gets the whole event either way
--   log: function(level, message), "WARN" or "ERR"; default nginx's error log. No message has a password or the key
-- @treturn function for content_by_lua: it reads the body and answers, with no body, 200 done, now or before; 400, 401,
-- 413 refused; 500 failed; 503 being handled elsewhere, or the store is away. Mistakes in the options raise.
webhook.handler = handler

--- The same for other servers: receiver:receive(raw_body, headers) returns the HTTP status to answer with.
-- @tparam table options as of handler
-- @treturn table receiver
function webhook.receiver(options)
  return receiver.new(options, "webhook.receiver")
end

return webhook
