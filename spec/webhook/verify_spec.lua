-- Whether a delivery is the vendor's: every signature format, and every kind of refusal.

local cmr = require "cmr"
local core = require "cmr.core"
local signature_formats = require "cmr.webhook.signature_formats"
local delivery = require "spec.support.delivery"

local webhook = require "cmr.webhook"

local KEY, NOW = delivery.KEY, delivery.NOW
local BODY = '{"event":"mailbox.created","eventId":"6SSHBXWR3N4JEKGRQSG3KW3D76N6","data":{"mailboxId":"mbx_001"}}'

-- Verifies a delivery with these options, and with valid ones in place of missing ones.
local function verify(body, headers, options)
  local all = { api_key = KEY, now = NOW }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return webhook.verify(body, headers, all)
end

-- The documented status for each kind of refusal.
local STATUS = {
  no_key = 500, too_large = 413, missing_signature = 401, missing_timestamp = 401, repeated_header = 400,
  malformed_signature = 400, malformed_timestamp = 400, bad_signature = 401, stale = 401, future = 401, not_json = 400,
  no_event = 400,
}

local function refused(kind, body, headers, options)
  local event, message, err = verify(body, headers, options)
  assert.is_nil(event)
  assert.equal(kind, err.kind, message)
  assert.equal(message, err.message)
  assert.equal(message, tostring(err))
  assert.equal(STATUS[kind], err.status)
  assert.is_nil((message:find(KEY, 1, true)))
end

local function signed(format, given)
  return delivery.headers(format or "body-hex-seconds", BODY, given)
end

describe("the primitives", function()
  it("return the published HMAC-SHA256, SHA-256 and Base64 of a few texts", function()
    local function hex(bytes)
      return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
    end
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      hex(core.hmac_sha256("Jefe", "what do ya want for nothing?"))) -- RFC 4231
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex(core.sha256 ""))
    assert.equal("Zm9vYg==", core.base64 "foob") -- RFC 4648
    assert.equal("", core.base64 "")
    assert.has_error(function() core.base64(("x"):rep(33)) end)
  end)

  it("compare strings, whatever they contain", function()
    assert.is_true(core.same("a\0b", "a\0b"))
    assert.is_true(core.same("", ""))
    assert.is_false(core.same("a\0b", "a\0c"))
    assert.is_false(core.same("a", "ab"))
  end)
end)

describe("a delivery", function()
  for _, format in ipairs(webhook.signature_formats) do
    it("signed as " .. format .. " is accepted, also if only this format is allowed, which excludes others", function()
      local headers = signed(format)
      local event = assert(verify(BODY, headers))
      assert.same(core.json_decode(BODY), event)
      local info = webhook.info(event)
      assert.equal(format, info.signature_format)
      assert.equal(NOW, info.timestamp)
      assert.equal(format:find "^timestamp" ~= nil, info.timestamp_signed)
      for _, pinned in ipairs(webhook.signature_formats) do
        local accepted, _, err = verify(BODY, headers, { signature_format = pinned })
        assert.equal(pinned == format, accepted ~= nil)
        local parts, others = signature_formats.FORMATS[format], signature_formats.FORMATS[pinned]
        if not accepted then
          assert.equal(parts.encoding ~= others.encoding and "malformed_signature"
            or parts.unit ~= others.unit and "malformed_timestamp" or "bad_signature", err.kind)
        end
      end
    end)

    it("signed as " .. format .. " is refused with any bit of its body or its signature changed", function()
      local headers = signed(format)
      for at = 1, #BODY do
        local changed = BODY:sub(1, at - 1) .. string.char((BODY:byte(at) + 1) % 256) .. BODY:sub(at + 1)
        refused("bad_signature", changed, headers)
      end
      refused("bad_signature", BODY .. " ", headers)
      refused("bad_signature", "", headers)
      local digest = headers["cmr-x-signature"]
      for at = 1, #digest - 2 do
        local other = digest:sub(at, at) == "a" and "b" or "a"
        refused("bad_signature", BODY, signed(format, {signature = digest:sub(1, at - 1) .. other
          .. digest:sub(at + 1)}))
      end
    end)
  end

  it("is refused with another timestamp if the timestamp is signed", function()
    local headers = signed "timestamp.body-hex-seconds"
    headers["cmr-x-timestamp"] = tostring(NOW + 1)
    refused("bad_signature", BODY, headers)
  end)

  it("is accepted with another timestamp if the timestamp is not signed, and info says so", function()
    local headers = signed()
    headers["cmr-x-timestamp"] = tostring(NOW + 1)
    assert.is_false(webhook.info(assert(verify(BODY, headers))).timestamp_signed)
  end)

  it("may be as old as the tolerance, or as far in the future, and no more", function()
    for kind, sign in pairs { stale = 1, future = -1 } do
      for _, format in ipairs(webhook.signature_formats) do
        assert(verify(BODY, signed(format), { now = NOW + sign * 300 }))
        refused(kind, BODY, signed(format), { now = NOW + sign * 301 })
        assert(verify(BODY, signed(format), { now = function() return NOW + sign * 301 end, tolerance = 301 }))
      end
    end
    refused("stale", BODY, signed(), { now = NOW + 1, tolerance = 0 })
  end)

  it("is checked with the machine's clock if no time is given", function()
    local headers = signed(nil, { time = os.time() })
    assert(webhook.verify(BODY, headers, { api_key = KEY }))
    local old = signed(nil, { time = os.time() - 400 })
    assert.equal("stale", select(3, webhook.verify(BODY, old, { api_key = KEY })).kind)
  end)

  it("of another key is refused, and so is one of an old key that is no longer named", function()
    refused("bad_signature", BODY, signed(), { api_key = "another" })
    refused("bad_signature", BODY, signed(), { api_key = { "another", "third" } })
    local event = assert(verify(BODY, signed(), { api_key = { "another", KEY } }))
    assert.equal(2, webhook.info(event).key)
  end)

  it("is not checked without a key, because anyone can sign with an empty one", function()
    for _, none in ipairs { "", {}, { "" } } do
      refused("no_key", BODY, delivery.headers("body-hex-seconds", BODY, { key = "" }), { api_key = none })
    end
  end)

  it("needs both headers", function()
    for name, kind in pairs { ["cmr-x-signature"] = "missing_signature", ["cmr-x-timestamp"] = "missing_timestamp" } do
      local headers = signed()
      for _, none in ipairs { "", {}, false, true, 1 } do
        headers[name] = none or nil
        refused(kind, BODY, headers)
      end
    end
  end)

  it("may have its headers in any case, but each only once", function()
    local headers = signed()
    local other = { Host = "x", ["CMR-X-Signature"] = headers["cmr-x-signature"],
      ["Cmr-x-TIMESTAMP"] = { headers["cmr-x-timestamp"] } }
    assert(verify(BODY, other))
    for name, value in pairs(headers) do
      local twice = signed()
      twice[name] = { value, value }
      refused("repeated_header", BODY, twice)
      twice[name], twice[name:upper()] = value, value
      refused("repeated_header", BODY, twice)
    end
  end)

  it("has its digest in one spelling only", function()
    local hex = signed "body-hex-seconds"["cmr-x-signature"]
    local base64 = signed "body-base64-seconds"["cmr-x-signature"]
    local last = base64:sub(43, 43)
    for what, other in pairs {
      upper = hex:upper(),
      mixed = hex:gsub("%l", string.upper, 1),
      prefixed = "sha256=" .. hex,
      short = hex:sub(1, 63),
      long = hex .. "0",
      blank_before = " " .. hex,
      blank_after = hex .. "\n",
      not_hex = hex:sub(1, 63) .. "g",
      nul = hex:sub(1, 63) .. "\0",
      no_padding = base64:sub(1, 43),
      more_padding = base64 .. "=",
      url = base64:gsub("[+/]", "-"):sub(1, 42) .. "-=",
      bits_left = base64:sub(1, 42) .. string.char(last:byte() + 1) .. "=",
      twice = core.base64(hex:sub(1, 32)) .. core.base64(hex:sub(33)),
      one = "a",
    } do
      local _, message, err = verify(BODY, signed(nil, { signature = other }))
      assert.equal("malformed_signature", err and err.kind, what)
      assert.is_true(#other < 40 or not message:find(other, 1, true))
    end
  end)

  it("has its timestamp in one spelling only", function()
    for _, other in ipairs { "0", "-1", "+" .. NOW, "0" .. NOW, NOW .. ".0", "1e9", "0x10", " " .. NOW, NOW .. " ",
      "now", "nan", ("9"):rep(16), ("9"):rep(400), "2024-05-01T10:00:00Z" } do
      refused("malformed_timestamp", BODY, signed(nil, { timestamp = other }))
    end
  end)

  it("has a timestamp in seconds with up to 11 digits, or in milliseconds with 12 to 15 digits", function()
    for text, expected in pairs {
      ["1"] = { 1, "seconds" },
      ["99999999999"] = { 99999999999, "seconds" },
      ["100000000000"] = { 1e8, "milliseconds" },
      ["1790000000123"] = { 1790000000.123, "milliseconds" },
      ["999999999999999"] = { 999999999999.999, "milliseconds" },
      ["1000000000000000"] = {},
    } do
      assert.same(expected, { signature_formats.parse_timestamp(text) })
    end
    assert.equal("1790000000", signature_formats.timestamp(1790000000.25, "seconds"))
    assert.equal("1790000000250", signature_formats.timestamp(1790000000.25, "milliseconds"))
  end)

  it("is not decoded before its signature is checked", function()
    refused("bad_signature", "no JSON", delivery.headers("body-hex-seconds", "other"))
  end)

  it("must be a JSON object that names an event", function()
    local function of(body)
      return body, delivery.headers("timestamp.body-base64-milliseconds", body)
    end
    for _, text in ipairs { "", "null", "1", '"x"', "[]", '[{"event":"x"}]', "{", '{"event":"x"}}', '{"event":"x\0"}',
      '\239\187\191[]', '\239\187{"event":"x"}' } do
      refused("not_json", of(text))
    end
    assert.same({ event = "x" }, verify(of '\239\187\191 {"event":"x"}'))
    assert.same({ event = "x", n = "\239\191\189" }, verify(of '{"event":"x","n":"\\ud83d"}'))
    for _, text in ipairs { "{}", '{"event":1}', '{"event":""}', '{"eventType":{}}', '{"data":{}}' } do
      refused("no_event", of(text))
    end
  end)

  it("may be as large as max_body, which is 1 MiB by default", function()
    local function of(size)
      local body = '{"event":"x"' .. (" "):rep(size - 13) .. "}"
      return body, delivery.headers("body-hex-seconds", body)
    end
    assert(verify(of(1024 * 1024)))
    refused("too_large", of(1024 * 1024 + 1))
    local body, headers = of(100)
    assert(verify(body, headers, { max_body = 100 }))
    refused("too_large", body, headers, { max_body = 99 })
    refused("too_large", body, headers, { max_body = 0 })
  end)

  it("signed with several keys in one header is accepted when one of them is ours", function()
    local ours, other = signed()["cmr-x-signature"], signed(nil, { key = "another" })["cmr-x-signature"]
    local base64 = signed "body-base64-seconds"["cmr-x-signature"]
    local function with(signature)
      return signed(nil, { signature = signature })
    end
    for _, between in ipairs { ",", " ", ", ", "\t,  " } do
      for _, list in ipairs { { other, ours }, { ours, other }, { other, base64 }, { "v1", "x=y", ours } } do
        local event = assert(verify(BODY, with(table.concat(list, between))))
        assert.equal(1, webhook.info(event).key)
      end
      refused("bad_signature", BODY, with(other .. between .. other))
      refused("malformed_signature", BODY, with("v1" .. between .. "x=y"))
    end
    local info = webhook.info(assert(verify(BODY, with(other .. "," .. base64), { api_key = { "third", KEY } })))
    assert.equal("body-base64-seconds", info.signature_format)
    assert.equal(2, info.key)
    local pinned = { signature_format = "body-hex-seconds" }
    assert(verify(BODY, with(base64 .. "," .. ours), pinned))
    refused("bad_signature", BODY, with(base64 .. "," .. other), pinned)
    refused("malformed_signature", BODY, with(base64 .. "," .. base64), pinned)
    refused("malformed_signature", BODY, with " , ,")
    refused("malformed_signature", BODY, with(ours:sub(1, 32) .. "," .. ours:sub(33)))
    assert(verify(BODY, with((other .. ","):rep(9) .. ours)))
    refused("malformed_signature", BODY, with((other .. ","):rep(10) .. ours))
  end)

  it("cannot be checked with a key that has a line break in it", function()
    for _, key in ipairs { KEY .. "\n", " " .. KEY, "two words", "\0", "schl\195\188ssel" } do
      for _, given in ipairs { key, { KEY, key } } do
        local ok, message = pcall(webhook.verify, BODY, {}, { api_key = given })
        assert.is_false(ok)
        assert.matches("bad option 'api_key' (a string or an array of strings, without a space", message, 1, true)
        assert.is_nil((message:find(KEY, 1, true)))
      end
    end
    local getenv = os.getenv
    finally(function() os.getenv = getenv end) -- luacheck: ignore 122
    os.getenv = function(name) return name == "CMR_API_KEY" and KEY .. "\n" or getenv(name) end -- luacheck: ignore 122
    local event, message, err = webhook.verify(BODY, signed(nil, { key = KEY .. "\n" }), { now = NOW })
    assert.is_nil(event)
    assert.equal("no_key", err.kind)
    assert.matches("$CMR_API_KEY holds a space, a line break", message, 1, true)
    local ok, raised = pcall(cmr.webhook.receiver, {})
    assert.is_false(ok)
    assert.matches("cmr.webhook.receiver: $CMR_API_KEY holds a space, a line break", raised, 1, true)
    assert(verify(BODY, signed()))
  end)

  it("is checked with the environment's key if no key is given, and only then", function()
    local getenv, key = os.getenv, nil
    finally(function() os.getenv = getenv end) -- luacheck: ignore 122
    os.getenv = function(name) -- luacheck: ignore 122
      if name == "CMR_API_KEY" then return key end
      return getenv(name)
    end
    for _, of_environment in ipairs { KEY, "another", "two words", "" } do
      key = of_environment
      assert(verify(BODY, signed()))
      assert.is_table(cmr.webhook.receiver { api_key = KEY })
      local event, _, err = webhook.verify(BODY, signed(), { now = NOW })
      assert.equal(key == KEY, event ~= nil)
      if not event then assert.equal(key == "another" and "bad_signature" or "no_key", err.kind) end
      assert.equal(key ~= "two words", (pcall(cmr.webhook.receiver, {})))
    end
  end)

  it("cannot be sent as one signed without its timestamp, because the signed text is not a JSON object then", function()
    local headers = signed "timestamp.body-hex-seconds"
    refused("not_json", headers["cmr-x-timestamp"] .. "." .. BODY, headers)
  end)
end)

describe("an event", function()
  local function event_of(body)
    return assert(verify(body, delivery.headers("body-hex-seconds", body)))
  end

  it("is identified by its eventId, or by the hash of its body", function()
    assert.equal("6SSHBXWR3N4JEKGRQSG3KW3D76N6", webhook.id(event_of(BODY)))
    local warmup = '{"eventType":"mailbox.warmup.started","data":{}}'
    local id = webhook.id(event_of(warmup))
    assert.matches("^sha256:%x+$", id)
    assert.equal(7 + 64, #id)
    assert.equal(id, webhook.id(event_of(warmup)))
    assert.not_equal(id, webhook.id(event_of(warmup .. " ")))
    assert.equal(webhook.info(event_of(warmup)).body_hash, id)
    assert.matches("^sha256:", webhook.id(event_of '{"event":"x","eventId":""}'))
    assert.matches("^sha256:", webhook.id(event_of '{"event":"x","eventId":7}'))
  end)

  it("has its name in event or eventType", function()
    local event = event_of '{"eventType":"mailbox.warmup.started","data":{}}'
    assert.equal("mailbox.warmup.started", webhook.name(event))
    assert.equal("mailbox.warmup.started", webhook.info(event).event)
    assert.is_nil(event.event)
  end)

  it("is collected when nobody uses it any more, with the facts about it", function()
    local seen = setmetatable({}, { __mode = "k" })
    seen[event_of(BODY)] = true
    for _ = 1, 3 do collectgarbage() end
    assert.is_nil(next(seen))
  end)

  it("with an unknown name is an event as well", function()
    assert.equal("mailbox.levitated", webhook.name(event_of '{"event":"mailbox.levitated"}'))
  end)

  it("that verify did not return is identified by its eventId only", function()
    assert.equal("x", webhook.id { eventId = "x" })
    assert.same({}, {webhook.id{eventId = 1}, webhook.id{eventId = ""}})
    assert.is_nil(webhook.info {})
  end)
end)

describe("a mistake in the arguments", function()
  local function raises(message, ...)
    local arguments, count = { ... }, select("#", ...)
    local fine, why = pcall(function() return webhook.verify((table.unpack or unpack)(arguments, 1, count)) end)
    assert.is_false(fine)
    assert.matches(message, why)
    assert.matches("verify_spec", why)
  end

  it("raises at the caller's line", function()
    raises("the body must be a string", nil, {})
    raises("the headers must be a table", BODY, nil)
    raises("unknown option 'api%-key' %(did you mean 'api_key'", BODY, {}, { ["api-key"] = KEY })
    raises("unknown option '1'", BODY, {}, { "x" })
    raises("bad option 'tolerance'", BODY, {}, { tolerance = -1 })
    raises("bad option 'tolerance'", BODY, {}, { tolerance = 0 / 0 })
    raises("bad option 'max_body'", BODY, {}, { max_body = "1" })
    raises("bad option 'now' %(a number or a function expected, got string%)", BODY, {}, { now = "1" })
    raises("bad option 'signature_format'", BODY, {}, { signature_format = "body" })
    raises("bad option 'signature_format'", BODY, {}, { signature_format = 1 })
    raises("bad option 'api_key'", BODY, {}, { api_key = 1 })
    raises("bad option 'api_key'", BODY, {}, { api_key = { 1 } })
  end)

  it("does not show the key", function()
    local _, why = pcall(webhook.verify, BODY, {}, { api_key = { { KEY } } })
    assert.is_nil((why:find(KEY, 1, true)))
  end)
end)

describe("the kinds of refusal", function()
  it("come with a text that says what is wrong", function()
    local function says(message, body, headers, options)
      local _, text = verify(body, headers, options)
      assert.equal("webhook: " .. message, text)
    end
    local base64, hex = signed "body-base64-seconds", signed()
    says("no API key: give api_key or set CMR_API_KEY (nginx hides it without 'env CMR_API_KEY;')", BODY, hex,
      { api_key = "" })
    says(("the body has %d bytes, the maximum is 98"):format(#BODY), BODY, hex, { max_body = 98 })
    says("the header cmr-x-signature is missing", BODY, { ["cmr-x-timestamp"] = "1" })
    says("the header cmr-x-timestamp is missing", BODY, { ["cmr-x-signature"] = hex["cmr-x-signature"] })
    says("the header cmr-x-signature comes more than once", BODY, { ["cmr-x-signature"] = { "a", "b" } })
    local malformed = "cmr-x-signature is no SHA-256 digest in %s"
    says(malformed:format "hex or base64", BODY, signed(nil, { signature = "x" }))
    says(malformed:format "hex", BODY, base64, { signature_format = "body-hex-seconds" })
    says(malformed:format "base64", BODY, hex, { signature_format = "body-base64-seconds" })
    malformed = "cmr-x-timestamp is no Unix time in %s"
    says(malformed:format "seconds or milliseconds", BODY, signed(nil, { timestamp = "x" }))
    says(malformed:format "milliseconds", BODY, hex, { signature_format = "body-hex-milliseconds" })
    says(malformed:format "seconds", BODY, signed "body-hex-milliseconds", { signature_format = "body-hex-seconds" })
    says("the signature does not fit this delivery and the key", "{}", hex)
    says("the signature does not fit this delivery and any of the keys", "{}", hex, { api_key = { KEY, "another" } })
    says("signed 301 s ago, the tolerance is 300 s", BODY, hex, { now = NOW + 301 })
    says("signed 9 s in the future, the tolerance is 0.5 s", BODY, hex, { now = NOW - 9, tolerance = 0.5 })
    says("the body is not a JSON object", "[]", delivery.headers("body-hex-seconds", "[]"))
    says("the body names no event: neither 'event' nor 'eventType' is a string", "{}",
      delivery.headers("body-hex-seconds", "{}"))
  end)

  it("are those in the types for editors", function()
    local file = assert(io.open "types/cmr.lua")
    local listed = file:read("*a"):match "\n%-%-%-@alias cmr%.RefusalKind\n(.-)\n\n"
    file:close()
    local told = {}
    for kind in listed:gmatch '| "([%l_]+)"' do
      told[kind] = true
    end
    for kind, status in pairs(require "cmr.webhook.verify".STATUS) do
      assert.is_true(told[kind], kind)
      assert.is_true(status >= 400 and status <= 599)
      told[kind] = nil
    end
    assert.same({}, told)
  end)
end)

describe("the module", function()
  it("has webhooks as a field", function()
    assert.equal(webhook, cmr.webhook)
  end)
end)
