-- Checks the requests that calls really send. Compares the requests that a mock recorded with texts from the vendor's
-- documentation. The mock's answers make no difference here.
local assert = require "luassert"
local cjson = require "cjson"
local client_of = require("spec.support.client").new
local mock = require "spec.support.mock"

local BASE = "/api/v1/integration"

local Recorded = {}
Recorded.__index = Recorded

-- Decodes a query, and asserts that no name occurs twice.
local function decode_query(text)
  local query = {}
  local function plain(part)
    return (part:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end))
  end
  for pair in text:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]+)=(.*)$")
    assert.is_truthy(name, text)
    assert.is_nil(query[plain(name)], text)
    query[plain(name)] = plain(value)
  end
  return query
end

local function check_body(expected, request)
  local headers = request.headers
  assert.is_nil(headers["transfer-encoding"])
  if expected then
    assert.equal("application/json", headers["content-type"])
    assert.equal(tostring(#request.body), headers["content-length"])
    assert.same(cjson.decode(expected), cjson.decode(request.body))
    -- assert.same does not notice a whole number that was sent as a float, such as 1.0.
    assert.not_matches("%d%.0+[,}%]]", request.body)
  else
    assert.equal("", request.body)
    assert.is_nil(headers["content-type"])
    assert.equal("0", headers["content-length"] or "0")
  end
end

---Starts recording.
-- @param options for the client, in addition to those of spec.support.client; the client does not retry
-- @return {server, client}
function Recorded.new(options)
  local server = mock.shared("http")
  local all = {retries = 0}
  for name, value in pairs(options or {}) do all[name] = value end
  return setmetatable({server = server, client = client_of(server, all), seen = 0}, Recorded)
end

---Asserts that this number of requests arrived since the last check, and that all of them are as expected.
-- @param count the number of requests
-- @param expected {method, path below the base, query = {name = text}, body = JSON text}; without `body`, a request
--   must have none
-- @return the last request, as the mock recorded it
function Recorded:sent(count, expected)
  local requests = self.server:requests()
  local before = self.seen
  self.seen = #requests
  assert.equal(count, #requests - before, "requests")
  for index = before + 1, #requests do
    local request = requests[index]
    assert.equal(expected[1] .. " " .. BASE .. expected[2], request.method .. " " .. request.path)
    assert.same(expected.query or {}, decode_query(request.raw_query))
    assert.equal(self.server.key, request.headers["cmr-x-api-key"])
    assert.is_nil(request.headers.authorization)
    check_body(expected.body, request)
  end
  return requests[#requests]
end

---Asserts that a function raises an error with this text in its message, and that nothing was sent.
function Recorded:raises(message, action)
  local good, why = pcall(action)
  assert.is_false(good, "it did not raise: " .. message)
  assert.matches(message, why, 1, true)
  self:sent(0)
end

---Asserts that a function returns an error about its data with this text in the message, and that nothing was sent.
function Recorded:refuses(message, action)
  local answer, why, err = action()
  assert.is_nil(answer)
  assert.matches(message, why, 1, true)
  assert.equal("invalid_argument", err.kind)
  assert.equal("not_sent", err.outcome)
  self:sent(0)
end

---Asserts that each of these fields is required: without it, the call raises and nothing is sent.
-- @param fields the arguments of the call
-- @param names array of the fields; each is left out once
-- @param action function(fields) that makes the call
function Recorded:requires(fields, names, action)
  for _, left_out in ipairs(names) do
    local rest = {}
    for name, value in pairs(fields) do
      if name ~= left_out then rest[name] = value end
    end
    self:raises(("missing required argument '%s'"):format(left_out), function() action(rest) end)
  end
end

return Recorded
