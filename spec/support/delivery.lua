-- Deliveries as the vendor would sign them: headers(scheme, body, {key, time, signature, timestamp}).

local core = require "cmr.core"
local schemes = require "cmr.webhook.signature"

local delivery = { KEY = "Partner-Key/1+2=", NOW = 1790000000 }

local function hex(bytes)
  return (bytes:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

function delivery.headers(name, body, given)
  given = given or {}
  local scheme = schemes.list[name]
  local timestamp = given.timestamp or schemes.timestamp(given.time or delivery.NOW, scheme.unit)
  local digest = core.hmac_sha256(given.key or delivery.KEY, schemes.message(scheme.signs, timestamp, body))
  return {
    ["cmr-x-timestamp"] = timestamp,
    ["cmr-x-signature"] = given.signature or (scheme.digest == "hex" and hex or core.base64)(digest),
  }
end

return delivery
