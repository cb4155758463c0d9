--- Is a delivery the vendor's, fresh and readable? No I/O but for the environment.

local core = require "cmr.core"
local raise = require("cmr.util.errors").raise
local schemes = require "cmr.webhook.signature"

local verify = {}

--- Why a delivery is refused: err.kind, and the HTTP status that says so to whoever sent it.
verify.kinds = {
  no_key = 500, -- ours to mend: no api_key and no $CMR_API_KEY
  too_large = 413, -- the body is over max_body
  missing_signature = 401, -- no such header, or an empty one; also what a stranger's request looks like
  missing_timestamp = 401,
  repeated_header = 400, -- either header more than once: nobody can say which one counts
  malformed_signature = 400, -- not a digest in its one spelling, or not as the pinned scheme writes it
  malformed_timestamp = 400, -- not a whole number, or not in the pinned scheme's unit
  bad_signature = 401, -- not signed with any of the keys: body, timestamp or signature were changed, or another key
  stale = 401, -- signed, but longer ago than the tolerance: perhaps a replay, perhaps a clock
  future = 401, -- signed, but later than the tolerance allows
  not_json = 400, -- signed and fresh, but not an object in JSON
  no_event = 400, -- such an object, but it names no event
}

local DEFAULTS = { tolerance = 300, max_body = 1024 * 1024 } -- the vendor's advice is 5 minutes (help)

local facts = setmetatable({}, { __mode = "k" }) -- of each event handed out

local function is_number(value)
  return type(value) == "number" and value >= 0, "a number, 0 or more"
end

local checks = {
  tolerance = is_number,
  max_body = is_number,
  now = function(value)
    return type(value) == "number" or type(value) == "function", "seconds since 1970, or a function that returns them"
  end,
  scheme = function(value)
    return schemes.list[value] ~= nil and type(value) == "string", "one of cmr.webhook.signature"
  end,
  api_key = function(value)
    for _, key in ipairs(type(value) == "table" and value or {}) do
      if type(key) ~= "string" then return false, "a string, or an array of strings" end
    end
    return type(value) == "string" or type(value) == "table", "a string, or an array of strings"
  end,
}

local names = {}
for name in pairs(checks) do
  names[#names + 1] = name
end
table.sort(names)

--- Raises unless these are options of verify's.
-- @tparam table given
-- @tparam string caller for the message: "webhook.verify"
function verify.check(given, caller)
  for name, value in pairs(given) do
    if not checks[name] then
      local meant = type(name) == "string" and core.suggest(name, names)
      local hint = meant and (" (did you mean '%s'?)"):format(meant) or ""
      raise(("%s: unknown option '%s'%s"):format(caller, tostring(name), hint))
    end
    local good, expected = checks[name](value)
    if not good then raise(("%s: bad option '%s' (%s expected)"):format(caller, name, expected)) end
  end
end

local function refuse(kind, message, ...)
  message = "webhook: " .. message:format(...)
  return nil, message, core.error { kind = kind, message = message, status = verify.kinds[kind] }
end

-- The keys that may have signed, the empty ones left out.
local function keys_of(given)
  local list = given or os.getenv "CMR_API_KEY" or ""
  local keys = {}
  for _, key in ipairs(type(list) == "table" and list or { list }) do
    if key ~= "" then keys[#keys + 1] = key end
  end
  return keys
end

-- The header's only value, whatever the case of its name; or nil and how often it is there.
local function header(headers, wanted)
  local found, count
  for name, value in pairs(headers) do
    if type(name) == "string" and name:lower() == wanted then
      count = (count or 0) + (type(value) == "table" and #value or 1)
      found = type(value) == "table" and value[1] or value
    end
  end
  if count == 1 and type(found) == "string" and found ~= "" then return found end
  return nil, count and count > 1
end

local function headers_of(headers)
  local found = {}
  for _, what in ipairs { "signature", "timestamp" } do
    local name = what == "signature" and schemes.SIGNATURE or schemes.TIMESTAMP
    local value, repeated = header(headers, name)
    if repeated then
      return refuse("repeated_header", "the header %s is there more than once", name)
    elseif not value then
      return refuse("missing_" .. what, "the header %s is missing", name)
    end
    found[what] = value
  end
  return found
end

local function hex(bytes)
  return (bytes:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

local write = { hex = hex, base64 = core.base64 }

-- What was signed and with which of the keys; nil when it was with none.
local function signer(body, found, digest, pinned, keys)
  for _, signs in ipairs { "body", "timestamp.body" } do
    local message = (not pinned or pinned.signs == signs) and schemes.message(signs, found.timestamp, body)
    for index, key in ipairs(message and keys or {}) do
      if core.same(write[digest](core.hmac_sha256(key, message)), found.signature) then return signs, index end
    end
  end
end

-- How it is signed, and when: the facts so far.
local function authenticate(body, headers, given, keys)
  local found, message, err = headers_of(headers)
  if not found then return nil, message, err end
  local pinned = schemes.list[given.scheme]
  local digest = schemes.digest(found.signature)
  if not digest or pinned and pinned.digest ~= digest then
    local wanted = pinned and pinned.digest or "hex or base64"
    return refuse("malformed_signature", "%s is no SHA-256 digest in %s", schemes.SIGNATURE, wanted)
  end
  local time, unit = schemes.time(found.timestamp)
  if not time or pinned and pinned.unit ~= unit then
    local wanted = pinned and pinned.unit or "seconds or milliseconds"
    return refuse("malformed_timestamp", "%s is no Unix time in %s", schemes.TIMESTAMP, wanted)
  end
  local signs, key = signer(body, found, digest, pinned, keys)
  if not signs then
    return refuse(
      "bad_signature",
      "the signature is not that of this delivery under %s",
      #keys == 1 and "the key" or "any of the keys"
    )
  end
  return {
    scheme = schemes.name(signs, digest, unit),
    timestamp = time,
    timestamp_signed = signs ~= "body",
    key = key,
  }
end

local function clock(now)
  return type(now) == "function" and now() or now or os.time()
end

--- See cmr.webhook.verify.
function verify.verify(body, headers, given)
  if type(body) ~= "string" then
    raise "webhook.verify: the body must be a string, as it was received (in nginx: ngx.req.get_body_data or _file)"
  elseif type(headers) ~= "table" then
    raise "webhook.verify: the headers must be a table, name = value"
  end
  given = given or {}
  verify.check(given, "webhook.verify")
  local keys, most = keys_of(given.api_key), given.max_body or DEFAULTS.max_body
  if #keys == 0 then
    return refuse("no_key", "no API key: give api_key or set CMR_API_KEY (nginx hides it without 'env CMR_API_KEY;')")
  elseif #body > most then
    return refuse("too_large", "the body has %d bytes, the most is %d", #body, most)
  end
  local known, message, err = authenticate(body, headers, given, keys)
  if not known then return nil, message, err end
  local tolerance = given.tolerance or DEFAULTS.tolerance
  known.age = clock(given.now) - known.timestamp
  if known.age > tolerance then
    return refuse("stale", "signed %.0f s ago, the tolerance is %g s", known.age, tolerance)
  elseif known.age < -tolerance then
    return refuse("future", "signed %.0f s in the future, the tolerance is %g s", -known.age, tolerance)
  end
  local event = body:find "^[ \t\r\n]*{" and core.json_decode(body)
  if type(event) ~= "table" then return refuse("not_json", "the body is not an object in JSON") end
  known.event = type(event.event) == "string" and event.event or event.eventType
  if type(known.event) ~= "string" or known.event == "" then
    return refuse("no_event", "the body names no event: neither 'event' nor 'eventType' is a string")
  end
  known.body_hash = "sha256:" .. hex(core.sha256(body))
  known.id = type(event.eventId) == "string" and event.eventId ~= "" and event.eventId or known.body_hash
  facts[event] = known
  return event
end

--- See cmr.webhook.info.
function verify.info(event)
  return facts[event]
end

return verify
