-- The checks that must hold for all inputs. fuzz.c loads this file once. A check that fails raises an error.

local core, KEY = ...
local checks = {}

local function check(fact, what, ...)
  if not fact then
    error("BROKEN: " .. what:format(...), 2)
  end
end

local kinds, outcomes = {}, { not_sent = true, rejected = true, unknown = true }
for kind in ([[network timeout tls bad_response unauthorized payment_required forbidden not_found conflict bad_request
    rate_limited quota_exceeded server_error unexpected_status cancelled invalid_argument]]):gmatch "%S+" do
  kinds[kind] = true
end

--- Checks that no string in the value contains the key.
local function check_untold(value)
  if type(value) == "string" then
    check(not value:find(KEY, 1, true), "the key is told: %q", value)
  elseif type(value) == "table" then
    for name, member in pairs(value) do
      check_untold(name)
      check_untold(member)
    end
  end
end

--- Checks that a message is fit for a line of a log and for a terminal.
function checks.message(message)
  check(type(message) == "string" and #message > 0 and #message <= 800, "a message of no or any size")
  check(utf8.len(message), "a message that is no UTF-8: %q", message)
  check(not message:find "%c" and not message:find "\u{C2}[\x80-\x9F]", "a message that drives a terminal: %q", message)
  check_untold(message)
end

--- Checks a result: one value; or nil, a message and an error. Returns the error, or nil.
function checks.result(...)
  local res, message, err = ...
  if res ~= nil then
    check(select("#", ...) == 1, "%d values", select("#", ...))
    return nil
  end
  check(select("#", ...) == 3, "%d values after nil", select("#", ...))
  checks.message(message)
  check(message == err.message and message == tostring(err), "two messages")
  check(kinds[err.kind], "kind %s", err.kind)
  check(outcomes[err.outcome], "outcome %s", err.outcome)
  check(err.operation and message:sub(1, #err.operation + 2) == err.operation .. ": ", "not the operation's message")
  check(not err.retry_after or err.retry_after > 0 and err.retry_after < math.huge, "retry_after %s", err.retry_after)
  check_untold(err)
  return err
end

--- Checks the result of wrong arguments: an error, with nothing sent.
function checks.invalid_argument(...)
  local err = checks.result(...)
  check(err and err.kind == "invalid_argument" and err.outcome == "not_sent", "not an argument's error: %s",
    err and err.kind)
  check(type(err.code) == "string" and #err.code > 0, "no code")
  for _, name in ipairs { "field", "reason", "expected", "got", "suggestion" } do
    check(not err[name] or name == "field" and err[name] == "" or checks.message(err[name]) == nil, "no text: %s", name)
  end
end

--- Checks a decoded envelope: a table without null as a member.
function checks.envelope(value)
  check(type(value) == "table", "a %s for an envelope", type(value))
  for name, member in pairs(value) do
    check(type(name) ~= "string" or member ~= core.null, "a null for the member %q", name)
    if type(member) == "table" then
      checks.envelope(member)
    end
  end
end

function checks.headers(headers)
  for name, value in pairs(headers or {}) do
    check(type(name) == "string" and not name:find "%u" and not name:find "[:\n]", "a header's name %q", name)
    check(type(value) == "string" and not value:find "\n", "a header's value")
    check_untold(value)
  end
end

--- Checks the result of a transfer. A Retry-After in seconds must be the error's retry_after.
function checks.transfer(info, ...)
  local err = checks.result(...)
  checks.headers(info.headers)
  check(info.sends >= 1 and (not err or err.outcome ~= "not_sent"), "sent, and not known")
  check(info.method == "GET" or info.sends == 1, "sent twice")
  local said = info.headers and info.headers["retry-after"]
  if err and err.status == info.status and err.kind ~= "bad_response" and said and said:find "^[1-9]%d?%d?%d?%d?$" then
    check(err.retry_after == tonumber(said), "Retry-After %s, but %s", said, err.retry_after)
  end
end

--- Returns whether two values are the same in JSON. A nil or a null in an object is the same as no member. Two numbers
--- are also the same if they are equal as floats.
local function equal(a, b)
  if type(a) == "number" and type(b) == "number" then
    return a == b or a + 0.0 == b + 0.0
  elseif type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for name, value in pairs(a) do
    if not equal(value, b[name]) and not (value == core.null and b[name] == nil) then
      return false
    end
  end
  for name, value in pairs(b) do
    if a[name] == nil and value ~= core.null then
      return false
    end
  end
  return true
end
checks.equal = equal

--- Checks the method, the URL and the body of a prepared call.
function checks.call(call, base_url, body, given)
  local info = call:info()
  local url = info.url
  check(#url <= 8000 and url:sub(1, #base_url + 1) == base_url .. "/", "the URL %q", url)
  check(not url:find "[^\x21-\x7E]" and not url:find("[#\\]"), "a URL with %q", url)
  local path = url:match("^[^?]*"):gsub("%%2[eE]", ".")
  check(not path:find "/%.%.?/" and not path:find "/%.%.?$", "dots in %q", url)
  check(("GET POST PUT PATCH DELETE"):find(call:request().method, 1, true), "the method %s", call:request().method)
  check(not body or not body:find "%z", "a NUL in the body")
  if body then
    local decoded, why = core.json_decode(body)
    check(decoded ~= nil, "a body that is no JSON: %s", why)
    check(given == nil or equal(given, decoded), "not the body that was given: %s", body)
  end
end

local function holds_nul(value)
  if type(value) ~= "table" then return type(value) == "string" and value:find("\0", 1, true) ~= nil end
  for name, member in pairs(value) do
    if holds_nul(name) or holds_nul(member) then return true end
  end
  return false
end

--- Checks that a decoded value can be encoded again, and that the result has the same value. Only a value with a NUL
--- cannot be encoded.
function checks.json(value, why)
  if value == nil then
    check(type(why) == "string", "no message")
    return
  end
  local said, text = pcall(core.json_encode, value)
  if not said then
    check(holds_nul(value), "not encoded: %s", text) -- a long message may be cut before the words about the NUL
    return
  end
  local again, message = core.json_decode(text)
  check(again ~= nil, "not decoded: %s: %s", message, text)
  check(equal(value, again), "not the same: %s", text)
end

--- Checks that a Lua value is the same after it was encoded as JSON and decoded again. Accepts a value that the core
--- refuses to encode.
function checks.encoded(value)
  local said, text = pcall(core.json_encode, value)
  if said then
    local again, message = core.json_decode(text)
    check(again ~= nil, "not decoded: %s: %s", message, text)
    check(equal(value, again), "not the same: %s", text)
  end
end

--- Checks a delivery of a webhook. Loads its code at the first call.
function checks.delivery(...)
  package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
  checks.delivery = assert(loadfile "spec/fuzz/webhook.lua")(core, KEY, checks)
  return checks.delivery(...)
end

return checks
