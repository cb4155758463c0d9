--- How a delivery may be signed. The documents say: HMAC-SHA256 of the raw body, keyed with the partner's API key, and
-- a Unix timestamp beside it (help). They leave open whether the timestamp is signed as well, and how digest and
-- timestamp are written. Every combination has a name: what is signed, how the digest is written, what the timestamp
-- counts.

local schemes = {
  --- The headers, in lower case (help).
  SIGNATURE = "cmr-x-signature",
  TIMESTAMP = "cmr-x-timestamp",
}

--- How many of the unit are a second.
local per_second = { seconds = 1, milliseconds = 1000 }

--- The schemes in an array and by name: {name, signs = "body"|"timestamp.body", digest = "hex"|"base64", unit =
-- "seconds"|"milliseconds"}. A body that is an object in JSON can't begin with a timestamp and a dot, so that no
-- delivery signed in one way is one in the other.
schemes.list = {}
for _, signs in ipairs { "body", "timestamp.body" } do
  for _, digest in ipairs { "hex", "base64" } do
    for _, unit in ipairs { "seconds", "milliseconds" } do
      local name = ("%s-%s-%s"):format(signs, digest, unit)
      local scheme = { name = name, signs = signs, digest = digest, unit = unit }
      schemes.list[#schemes.list + 1], schemes.list[name] = scheme, scheme
    end
  end
end

--- The name of a scheme.
function schemes.name(signs, digest, unit)
  return ("%s-%s-%s"):format(signs, digest, unit)
end

--- What is signed.
-- @tparam string signs "body" or "timestamp.body"
-- @tparam string timestamp the header as it is
-- @tparam string body the raw one
function schemes.message(signs, timestamp, body)
  return signs == "body" and body or timestamp .. "." .. body
end

--- How a digest is written, "hex" or "base64"; nil for any spelling but the one each has: lower-case hexadecimal, or
-- Base64 with padding and no bits left over.
function schemes.digest(signature)
  if #signature == 64 and not signature:find "[^0-9a-f]" then return "hex" end
  return #signature == 44 and signature:find "^[A-Za-z0-9+/]+[AEIMQUYcgkosw048]=$" and "base64" or nil
end

--- What a timestamp says: seconds since 1970 and the unit it counts, told by its length; nil when it is no whole
-- number.
function schemes.time(timestamp)
  if #timestamp > 15 or not timestamp:find "^[1-9]%d*$" then return nil end
  local unit = #timestamp < 12 and "seconds" or "milliseconds" -- 12 digits of seconds are the year 5138 and later
  return tonumber(timestamp) / per_second[unit], unit
end

--- A time as a timestamp of that unit.
-- @tparam number seconds since 1970
function schemes.timestamp(seconds, unit)
  return ("%d"):format(math.floor(seconds * per_second[unit]))
end

return schemes
