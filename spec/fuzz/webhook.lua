-- Makes a delivery from the fuzzer's input, and checks the result of webhook.verify by a second version of the rules.
-- verify must accept an event that is fresh and signed with the key. It must refuse all others, with a known kind.

local core, KEY, checks = ...
local webhook = require "cmr.webhook"

local NOW, MOST = 1790000000, 2000

local kinds = {}
for kind in ([[no_key too_large missing_signature missing_timestamp repeated_header malformed_signature bad_signature
    malformed_timestamp stale future not_json no_event]]):gmatch "%S+" do
  kinds[kind] = true
end

local timestamps = { tostring(NOW), NOW .. "000", tostring(NOW - 301), NOW + 299 .. "999", "1", "", "0x6ab0", "-1",
  "1e9", "1.79e9", " " .. NOW }
local keys = { KEY, "other", { "other", KEY }, {}, "" }
local bodies = { '{"event":"x"}', '{"eventType":"x"}', "{}", "[]" }

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function pick(list, choice)
  return list[choice % #list + 1]
end

-- Signs a delivery. One bit of `how` chooses the signed text, the next one the encoding.
local function sign(how, timestamp, body)
  local digest = core.hmac_sha256(KEY, how % 2 == 0 and body or timestamp .. "." .. body)
  return how % 4 < 2 and hex(digest) or core.base64(digest)
end

-- Changes one byte of the text.
local function change(text, at)
  if text == "" then return text end
  at = at % #text + 1
  return text:sub(1, at - 1) .. string.char((text:byte(at) + 1) % 256) .. text:sub(at + 1)
end

-- The ways to pass the two headers. Each returns the headers and a number: 1 if verify finds both headers once, 2 if it
-- finds one of them twice, 0 if it does not find both.
local shapes = {
  function(s, t) return { ["cmr-x-signature"] = s, ["cmr-x-timestamp"] = t }, 1 end,
  function(s, t) return { ["Cmr-X-Signature"] = s, ["CMR-X-TIMESTAMP"] = t, other = "1" }, 1 end,
  function(s, t) return { ["cmr-x-signature"] = { s }, ["cmr-x-timestamp"] = { t } }, 1 end,
  function(s, t) return { ["cmr-x-signature"] = s, ["CMR-x-signature"] = s, ["cmr-x-timestamp"] = t }, 2 end,
  function(s, t) return { ["cmr-x-signature"] = { s, s }, ["cmr-x-timestamp"] = t }, 2 end,
  function(s, t) return { ["cmr-x-signature"] = s, ["cmr-x-timestamp"] = { t, "1" } }, 2 end,
  function(s) return { ["cmr-x-signature"] = s }, 0 end,
  function(_, t) return { ["cmr-x-timestamp"] = t, ["x-cmr-signature"] = "1" }, 0 end,
  function(s, t) return { s, t, [1.5] = s, ["cmr-x-signature"] = true, ["cmr-x-timestamp"] = 1 }, 0 end,
}

-- Returns whether verify must accept a delivery, and its signature format.
local function good(key, count, timestamp, signature, body, format)
  local known = key == KEY or type(key) == "table" and key[2] == KEY
  if not known or count ~= 1 or #body > MOST or not timestamp:find "^[1-9]%d*$" or #timestamp > 15 then return false end
  local milliseconds = #timestamp >= 12
  local time = tonumber(timestamp) / (milliseconds and 1000 or 1)
  if math.abs(time - NOW) > 300 then return false end
  local unit = milliseconds and "milliseconds" or "seconds"
  for how, name in pairs { [0] = "body-hex-", "timestamp.body-hex-", "body-base64-", "timestamp.body-base64-" } do
    if sign(how, timestamp, body) == signature and (not format or format == name .. unit) then
      local event = core.json_decode(body)
      if type(event) ~= "table" or not body:find "^%s*{" then return false end
      local first = type(event.event) == "string" and event.event or event.eventType
      return type(first) == "string" and first ~= "", name .. unit
    end
  end
  return false
end

local function check(fact, what, ...)
  if not fact then error("BROKEN: " .. what:format(...), 2) end
end

return function(how, shape, at, options, timestamp, signature, body)
  if timestamp == "" then timestamp = pick(timestamps, at) end
  if body == "" then body = pick(bodies, options) end
  if how < 200 then signature = sign(how, timestamp, body) end
  if at >= 240 then body = change(body, how) elseif at >= 225 then signature = change(signature, how) end
  local key = options < 160 and KEY or pick(keys, options)
  local format = options >= 64 and options < 128 and pick(webhook.signature_formats, options) or nil
  local headers, count = pick(shapes, shape < 160 and 0 or shape)(signature, timestamp)
  if signature == "" or timestamp == "" then count = 0 end

  local event, message, err =
    webhook.verify(body, headers, { api_key = key, now = NOW, max_body = MOST, signature_format = format })
  local wanted, name = good(key, count, timestamp, signature, body, format)
  check((event ~= nil) == wanted, "%s: %q", event and "accepted" or "refused as " .. err.kind, body)
  if event then
    local info = webhook.info(event)
    check(message == nil and info.signature_format == name, "the signature format is %s", name)
    check(info.timestamp_signed == (name:sub(1, 1) == "t"), "timestamp_signed")
    check(type(info.id) == "string" and info.id ~= "" and webhook.id(event) == info.id, "the id")
  else
    checks.message(message)
    check(kinds[err.kind] and err.message == message and tostring(err) == message, "kind %s", tostring(err.kind))
    check(math.type(err.status) == "integer" and err.status >= 400, "status")
  end
end
