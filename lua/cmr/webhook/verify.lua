---Checks that a delivery comes from the vendor, is fresh and can be read. The module reads the environment and the
---clock, and does no other I/O.

local ascii = require "cmr.util.ascii"
local core = require "cmr.core"
local errors = require "cmr.util.errors"
local events = require "cmr.webhook.events"
local signature_formats = require "cmr.webhook.signature_formats"
local validate = require "cmr.util.validate"

local verify = {}

---The reason why a delivery is refused.
---@alias cmr.RefusalKind
---| "no_key" # neither the option api_key nor $CMR_API_KEY is set
---| "too_large" # the body is larger than max_body
---| "missing_signature" # the signature's header is absent or empty: the request is probably not from the vendor
---| "missing_timestamp"
---| "repeated_header" # the header of the signature or of the timestamp comes more than once
---| "malformed_signature" # the signature's header has over ten signatures, or none in an accepted format
---| "malformed_timestamp" # the timestamp is no whole number, or is not in the unit of signature_format
---| "bad_signature" # the body, the timestamp or the signature was changed, or another key signed
---| "stale" # the timestamp is older than the tolerance allows: a replay, or a wrong clock
---| "future" # the timestamp is later than the tolerance allows
---| "not_json" # the body is signed and fresh, but is no JSON object
---| "no_event" # the body is a JSON object that names no event

---The refusal of a delivery. tostring(err) returns its message.
---@class cmr.Refusal
---@field kind cmr.RefusalKind The reason of the refusal.
---@field message string A text for a log.
---@field status integer The HTTP status to answer with.

---Options of cmr.webhook.verify.
---@class cmr.VerifyOptions
---@field api_key? string|string[] The key that signs, or several keys while you replace the key. Default: $CMR_API_KEY.
---@field tolerance? number Seconds by which the timestamp may be too early or too late. Default: 300 (help page).
---@field max_body? integer Maximum bytes of the body. Default: 1 MiB.
---
---The signature format to accept, one of cmr.webhook.signature_formats. Default: all formats.
---@field signature_format? string
---@field now? number|fun(): number The time in seconds since 1970. Default: os.time.

---An event from the vendor. A warmup event has its name in `eventType`. Every other event has its name in `event`.
---@class cmr.Event
---@field event? cmr.EventName The event's name.
---@field eventType? cmr.EventName The name of a warmup event.
---@field eventId? string Absent from the samples of warmup and subscription events: see cmr.webhook.id.
---@field data? table<string, any> The documented fields are in docs/reference.md.

---Facts about an event that cmr.webhook.verify returned.
---@class cmr.Delivery
---@field signature_format string The signature format of the delivery.
---@field timestamp number Seconds since 1970.
---@field timestamp_signed boolean Whether the timestamp is signed. If it is not, only the id reveals a replay.
---@field age number Seconds from the timestamp to the check.
---@field event cmr.EventName The event's name, from the body's `event` or `eventType`.
---@field id string The eventId. If the event has no eventId, body_hash.
---@field body_hash string "sha256:" and the hash of the body.
---@field key integer Which key signed: 1 is the first key. Empty keys are not counted.

-- The HTTP status for each kind of refusal.
verify.STATUS = {
  no_key = 500, -- the fault of the receiver, and not of the sender
  too_large = 413,
  missing_signature = 401,
  missing_timestamp = 401,
  repeated_header = 400,
  malformed_signature = 400,
  malformed_timestamp = 400,
  bad_signature = 401,
  stale = 401,
  future = 401,
  not_json = 400,
  no_event = 400,
}

local MAX_SIGNATURES = 10 -- maximum in one header, because find_signer compares every signature with every key

-- Returns whether the value is a string of visible ASCII characters. For example, a line break at the end of a key
-- would make every signature invalid.
local function is_key(value)
  return type(value) == "string" and not value:find "[^!-~]"
end

verify.SPEC = {
  api_key = {
    expected = "a string or an array of strings, without a space, a line break or another character that no key has",
    test = function(value)
      for _, key in ipairs(type(value) == "table" and value or {}) do
        if not is_key(key) then return false end
      end
      return type(value) == "table" or is_key(value)
    end,
  },
  tolerance = validate.number(0, nil, "seconds"),
  max_body = validate.number(0, nil, "bytes"),
  signature_format = {
    expected = "one of cmr.webhook.signature_formats",
    test = function(value)
      return signature_formats.FORMATS[value] ~= nil
    end,
  },
  now = validate.either("number", "function"),
}

verify.DEFAULTS = { tolerance = 300, max_body = 1024 * 1024, now = os.time } -- the vendor's help page advises 300 s

local ENCODERS = { hex = core.hex, base64 = core.base64 }

local infos = setmetatable({}, { __mode = "k" }) -- event -> the facts about it

local function refuse(kind, message, ...)
  message = "webhook: " .. message:format(...)
  return nil, message, core.error { kind = kind, message = message, status = verify.STATUS[kind] }
end

---Returns the reason why the key in $CMR_API_KEY cannot be used, or nil. Also returns nil if the options have a key,
---because cmr then ignores $CMR_API_KEY.
---@param opts cmr.VerifyOptions
---@return string? message The message does not show the key.
function verify.problem_with_key(opts)
  if opts.api_key or is_key(os.getenv "CMR_API_KEY" or "") then return nil end
  return "$CMR_API_KEY holds a space, a line break or another character that no key has"
end

---Returns the keys that may have signed a delivery. Skips empty keys, because anyone could sign with an empty key.
---@param opts cmr.VerifyOptions
---@return string[] keys Empty if there is no key that can be used.
function verify.keys(opts)
  local list = opts.api_key or not verify.problem_with_key(opts) and os.getenv "CMR_API_KEY" or ""
  local keys = {}
  for _, key in ipairs(type(list) == "table" and list or { list }) do
    if key ~= "" then keys[#keys + 1] = key end
  end
  return keys
end

-- Returns the value of a header. If the header is absent or empty, returns nil and false. If the header is repeated,
-- returns nil and true.
local function find_header(headers, name)
  local found, count = nil, 0
  for key, value in pairs(headers) do
    if type(key) == "string" and ascii.lower(key) == name then
      count = count + (type(value) == "table" and #value or 1)
      found = type(value) == "table" and value[1] or value
    end
  end
  if count == 1 and type(found) == "string" and found ~= "" then return found end
  return nil, count > 1
end

local function read_header(headers, name, kind)
  local value, repeated = find_header(headers, name)
  if value then return value end
  if repeated then return refuse("repeated_header", "the header %s comes more than once", name) end
  return refuse(kind, "the header %s is missing", name)
end

-- Returns which parts of the delivery are signed, the digest's encoding, and the position of the key that signed.
-- Returns nil if no key made any of the digests.
local function find_signer(body, timestamp, digests, format, keys)
  for _, signs in ipairs(signature_formats.SIGNED_PARTS) do
    if not format or format.signs == signs then
      local signed_text = signature_formats.signed_text(signs, timestamp, body)
      for index, key in ipairs(keys) do
        local made = core.hmac_sha256(key, signed_text)
        for _, digest in ipairs(digests) do
          if core.same(ENCODERS[digest.encoding](made), digest.text) then return signs, digest.encoding, index end
        end
      end
    end
  end
end

-- Returns the digests in a header. During the replacement of a key, the vendor may sign with the old and the new key.
-- Commas or spaces separate the digests.
local function parse_signature(header, format)
  local digests, count = {}, 0
  for word in header:gmatch "[^,%s]+" do
    count = count + 1
    local encoding = signature_formats.encoding(word)
    if encoding and (not format or format.encoding == encoding) then
      digests[#digests + 1] = { text = word, encoding = encoding }
    end
  end
  local is_list = count <= MAX_SIGNATURES and not header:find "^[,%s]" and not header:find "[,%s]$"
  return is_list and digests or {}
end

-- Checks the signature. Returns facts about the delivery.
local function authenticate(body, headers, opts, keys)
  local header, message, err = read_header(headers, signature_formats.SIGNATURE_HEADER, "missing_signature")
  if not header then return nil, message, err end
  local timestamp
  timestamp, message, err = read_header(headers, signature_formats.TIMESTAMP_HEADER, "missing_timestamp")
  if not timestamp then return nil, message, err end
  local format = signature_formats.FORMATS[opts.signature_format]
  local digests = parse_signature(header, format)
  if #digests == 0 then
    local expected = format and format.encoding or "hex or base64"
    return refuse("malformed_signature", "%s is no SHA-256 digest in %s", signature_formats.SIGNATURE_HEADER, expected)
  end
  local seconds, unit = signature_formats.parse_timestamp(timestamp)
  if not seconds or format and format.unit ~= unit then
    local expected = format and format.unit or "seconds or milliseconds"
    return refuse("malformed_timestamp", "%s is no Unix time in %s", signature_formats.TIMESTAMP_HEADER, expected)
  end
  local signs, encoding, key = find_signer(body, timestamp, digests, format, keys)
  if not signs then
    local which = #keys == 1 and "the key" or "any of the keys"
    return refuse("bad_signature", "the signature does not fit this delivery and %s", which)
  end
  return {
    signature_format = signature_formats.name(signs, encoding, unit),
    timestamp = seconds,
    timestamp_signed = signs ~= "body",
    key = key,
  }
end

---Does the same as cmr.webhook.verify, with options that have been checked before.
function verify.delivery(body, headers, opts)
  if type(body) ~= "string" then
    errors.raise "webhook.verify: the body must be a string, as received (in nginx: ngx.req.get_body_data or _file)"
  elseif type(headers) ~= "table" then
    errors.raise "webhook.verify: the headers must be a table, name = value"
  end
  local keys = verify.keys(opts)
  if #keys == 0 then
    local problem = verify.problem_with_key(opts)
    if problem then return refuse("no_key", "%s", problem) end
    return refuse("no_key", "no API key: give api_key or set CMR_API_KEY (nginx hides it without 'env CMR_API_KEY;')")
  elseif #body > opts.max_body then
    return refuse("too_large", "the body has %d bytes, the maximum is %.0f", #body, opts.max_body)
  end
  local info, message, err = authenticate(body, headers, opts, keys)
  if not info then return nil, message, err end
  info.age = (type(opts.now) == "function" and opts.now() or opts.now) - info.timestamp
  if info.age > opts.tolerance then
    return refuse("stale", "signed %.0f s ago, the tolerance is %g s", info.age, opts.tolerance)
  elseif info.age < -opts.tolerance then
    return refuse("future", "signed %.0f s in the future, the tolerance is %g s", -info.age, opts.tolerance)
  end
  local event = body:find "^\239?\187?\191?[ \t\r\n]*{" and core.json_decode(body)
  if type(event) ~= "table" then return refuse("not_json", "the body is not a JSON object") end
  info.event = type(event.event) == "string" and event.event or event.eventType
  if type(info.event) ~= "string" or info.event == "" then
    return refuse("no_event", "the body names no event: neither 'event' nor 'eventType' is a string")
  end
  info.body_hash = "sha256:" .. core.hex(core.sha256(body))
  info.id = events.event_id(event) or info.body_hash
  infos[event] = info
  return event
end

---Lets verify.info return `info` for an event that was read from a store.
---@param event cmr.Event
---@param info cmr.Delivery
function verify.remember(event, info)
  infos[event] = info
end

---Returns facts about an event. See cmr.webhook.info.
function verify.info(event)
  return infos[event]
end

return verify
