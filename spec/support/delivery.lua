-- Signs deliveries like the vendor. headers(format, body, options) takes the options {key, time, signature, timestamp}.

local core = require "cmr.core"
local signature = require "cmr.webhook.signature_formats"
local text = require "cmr.util.text"

local delivery = { KEY = "Partner-Key/1+2=", NOW = 1790000000 }

function delivery.headers(name, body, given)
  given = given or {}
  local format = signature.FORMATS[name]
  local timestamp = given.timestamp or signature.timestamp(given.time or delivery.NOW, format.unit)
  local digest = core.hmac_sha256(given.key or delivery.KEY, signature.signed_text(format.signs, timestamp, body))
  return {
    ["cmr-x-timestamp"] = timestamp,
    ["cmr-x-signature"] = given.signature or (format.encoding == "hex" and text.hex or core.base64)(digest),
  }
end

return delivery
