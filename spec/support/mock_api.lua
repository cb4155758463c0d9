-- Calls the mock's API, for specs of its answers. `yes` expects a success, `no` a refusal, and `ask` any answer.
local assert = require "luassert"
local cjson = require "cjson"
local http = require "spec.support.http"
local mock = require "spec.support.mock"

local mock_api = {USER = mock.USER, MAILBOX = mock.MAILBOX}

local Api = {}
Api.__index = Api

-- The methods, for spec/support/still_mock.lua.
mock_api.Api = Api

-- Sends one request over a socket, which takes far less time than the curl program.
local function send(url, method, headers, body)
  if type(body) == "table" then body = cjson.encode(body) end
  local port, path = url:match("^http://127%.0%.0%.1:(%d+)(/.*)$")
  local answered = http.send(port, path, {method = method, headers = headers, body = body}):answer()
  assert.is_number(answered.status, answered.why)
  return {status = answered.status, headers = answered.headers, text = answered.body,
    body = cjson.decode(answered.body)}
end

---Returns the shared mock, with its initial data.
function mock_api.new()
  return setmetatable({server = mock.shared("http")}, Api)
end

local function encode(text)
  return (tostring(text):gsub("[^%w%-._~]", function(char) return ("%%%02X"):format(char:byte()) end))
end

---Sends a request. Accepts any answer that is an envelope.
-- @param what "METHOD /path"
-- @param query {name = value}, or nil
-- @param body a table, JSON text, or nil
function Api:ask(what, query, body)
  local method, path = what:match("^(%u+) (/.*)$")
  local parts = {}
  for name, value in pairs(query or {}) do parts[#parts + 1] = name .. "=" .. encode(value) end
  if #parts > 0 then path = path .. "?" .. table.concat(parts, "&") end
  local headers = {["cmr-x-api-key"] = self.server.key, ["Content-Type"] = "application/json"}
  local reply = send(self.server.base_url .. path, method, headers, body)
  assert.equal("application/json", reply.headers["content-type"])
  assert.equal(reply.status, reply.body.status)
  assert.is_string(reply.body.message)
  return reply
end

---Sends a request that must succeed.
-- @return the answer's data, and the whole answer
function Api:yes(what, query, body)
  local reply = self:ask(what, query, body)
  assert.is_true(reply.status == 200 or reply.status == 201, reply.text)
  return reply.body.data, reply
end

---Sends a request that must be refused with this status, and with this text in the message.
-- @return the answer
function Api:no(status, message, what, query, body)
  local reply = self:ask(what, query, body)
  mock.refused(status, nil, reply)
  assert.matches(message, reply.body.message, 1, true)
  return reply
end

---Calls the mock's control interface. Returns its answer.
function Api:control(name, body)
  local reply = send(self.server.control_url .. name, "POST", {["x-mock-token"] = self.server.token}, body)
  assert.equal(200, reply.status, reply.text)
  return reply.body
end

Api.seed = Api.control -- for "users", "domains", "subscriptions" and "mailboxes"

---Sets the balance of the wallet.
function Api:wallet(balance)
  self:control("wallet", {balance = balance})
end

---Moves the mock's clock forward by some seconds.
function Api:advance(seconds)
  self:control("clock", {advance = seconds})
end

---Asserts that the answer names this part as assumed. With false, asserts that it names none.
function mock_api.assumed(what, reply)
  local said = reply.headers["x-mock-assumed"]
  if not what then return assert.is_nil(said) end
  assert.matches(what, tostring(said), 1, true)
end

---Converts a time as the API writes it to seconds since 1970.
function mock_api.time(text)
  local year, month, day, hour, minute, second = text:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)%.000Z$")
  assert.is_string(year, text)
  local offset = os.time(os.date("*t", 86400)) - os.time(os.date("!*t", 86400))
  return os.time{year = year, month = month, day = day, hour = hour, min = minute, sec = second, isdst = false} + offset
end

mock_api.null = cjson.null

return mock_api
