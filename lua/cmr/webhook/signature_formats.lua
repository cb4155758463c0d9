---The ways in which the vendor may sign a delivery. Pure.
---
---According to the help page, one header has an HMAC-SHA256 of the raw body, made with the partner's API key. Another
---header has a Unix timestamp. It is undocumented whether the timestamp is signed too, how the digest is encoded, and
---which unit the timestamp has. A signature format is one combination of answers to these three questions.

local signature_formats = {
  SIGNATURE_HEADER = "cmr-x-signature", -- the help page writes this and the next name in lower case
  TIMESTAMP_HEADER = "cmr-x-timestamp",
  -- The two texts that may be signed: the body alone, or the timestamp, a dot and the body. The second text can never
  -- be a body, because a body is a JSON object and does not begin with a timestamp.
  SIGNED_PARTS = { "body", "timestamp.body" },
  NAMES = {}, -- string[]: the names of all formats
  FORMATS = {}, -- by name: {name, signs, encoding, unit}
}

local ENCODINGS = { "hex", "base64" }
local UNITS = { "seconds", "milliseconds" }

local TICKS_PER_SECOND = { seconds = 1, milliseconds = 1000 }
local MAX_TIMESTAMP_DIGITS = 15
local MIN_MILLISECONDS_DIGITS = 12 -- a time in seconds with this many digits would be in the year 5138 or later

---Returns the name of a signature format.
---@param signs "body"|"timestamp.body"
---@param encoding "hex"|"base64"
---@param unit "seconds"|"milliseconds"
function signature_formats.name(signs, encoding, unit)
  return ("%s-%s-%s"):format(signs, encoding, unit)
end

---Returns the signed text. `timestamp` is the value of the timestamp's header, and `body` is the body as received.
function signature_formats.signed_text(signs, timestamp, body)
  return signs == "body" and body or timestamp .. "." .. body
end

---Returns the encoding of a digest. Accepts only one spelling in each encoding: lower-case hexadecimal, or Base64 with
---padding and with 0 in the unused bits.
---@return "hex"|"base64"|nil encoding
function signature_formats.encoding(digest)
  if #digest == 64 and not digest:find "[^0-9a-f]" then return "hex" end
  return #digest == 44 and digest:find "^[A-Za-z0-9+/]+[AEIMQUYcgkosw048]=$" and "base64" or nil
end

---Reads a timestamp. The number of its digits shows the unit.
---@return number? seconds Since 1970; nil if the timestamp is no whole number.
---@return "seconds"|"milliseconds"|nil unit
function signature_formats.parse_timestamp(timestamp)
  if #timestamp > MAX_TIMESTAMP_DIGITS or not timestamp:find "^[1-9]%d*$" then return nil end
  local unit = #timestamp < MIN_MILLISECONDS_DIGITS and "seconds" or "milliseconds"
  return tonumber(timestamp) / TICKS_PER_SECOND[unit], unit
end

---Returns the value of the timestamp's header for a time in seconds.
function signature_formats.timestamp(seconds, unit)
  return ("%d"):format(math.floor(seconds * TICKS_PER_SECOND[unit]))
end

for _, signs in ipairs(signature_formats.SIGNED_PARTS) do
  for _, encoding in ipairs(ENCODINGS) do
    for _, unit in ipairs(UNITS) do
      local name = signature_formats.name(signs, encoding, unit)
      signature_formats.NAMES[#signature_formats.NAMES + 1] = name
      signature_formats.FORMATS[name] = { name = name, signs = signs, encoding = encoding, unit = unit }
    end
  end
end

return signature_formats
