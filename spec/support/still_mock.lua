-- The mock's API in this process, without a server. Only a spec moves its clock, so a spec can check the exact second
-- at which a time limit ends. It has the methods of spec/support/mock_api.lua.
local answers = require "cmr.mock.answer"
local assert = require "luassert"
local cjson = require "cjson"
local control = require "cmr.mock.control"
local Dispatch = require "cmr.mock.dispatch"
local mock_api = require "spec.support.mock_api"
local operations = require "cmr.operations"
local State = require "cmr.mock.state"

local still_mock = {USER = mock_api.USER, MAILBOX = mock_api.MAILBOX, null = cjson.null, START = 1700000000}

local BASE, KEY, TOKEN = "/api/v1/integration", "the-key", "the-token"

local Still = setmetatable({}, {__index = mock_api.Api})
Still.__index = Still

---Makes a mock with its initial data.
-- @param settings the settings of cmr.mock.state; by default without a rate limit
function still_mock.new(settings)
  settings = settings or {}
  settings.rate, settings.window = settings.rate or 0, settings.window or "bucket"
  local self = setmetatable({now = still_mock.START, seen = 0}, Still)
  self.state = State.new(settings, function() return self.now end)
  local rows = {}
  for index, row in ipairs(operations) do rows[index] = row end
  self.config = {token = TOKEN, key = KEY, base = BASE, operations = rows}
  self.dispatch = Dispatch.new(self.config, self.state)
  return self
end

local function decoded(reply)
  local text = answers.body(reply)
  return {status = reply.status, headers = reply.headers, text = text, body = cjson.decode(text)}
end

function Still:ask(what, query, body)
  local method, path = what:match("^(%u+) (/.*)$")
  local texts = {}
  for name, value in pairs(query or {}) do texts[name] = tostring(value) end
  if type(body) == "table" then body = cjson.encode(body) end
  local request = {method = method, path = BASE .. path, query = texts, raw_body = body or "",
    headers = {["cmr-x-api-key"] = KEY, ["content-type"] = "application/json"}}
  self.dispatch:identify(request)
  local reply = decoded(self.dispatch:answer(request))
  assert.equal(reply.status, reply.body.status)
  return reply
end

---Sends a control call. Returns the status and the decoded answer.
function Still:call(method, name, fields)
  local request = {method = method, path = "/_mock/" .. name, headers = {["x-mock-token"] = TOKEN}, query = {},
    raw_body = ""}
  if method == "GET" then
    for field, value in pairs(fields or {}) do request.query[field] = tostring(value) end
  else
    request.raw_body = type(fields) == "string" and fields or cjson.encode(fields or {})
    if request.raw_body == "[]" then request.raw_body = "{}" end
  end
  local reply = decoded(control.answer(request, self.state, self.config))
  return reply.status, reply.body, reply
end

---Sends a control call that must succeed. Returns its answer.
function Still:control(name, fields, method)
  local status, body = self:call(method or "POST", name, fields)
  assert.equal(200, status, body.error)
  return body
end

Still.seed = Still.control

---Returns the answer to GET /_mock/NAME.
function Still:get(name, query)
  return self:control(name, query, "GET")
end

---Asserts that a control call is refused with this message.
function Still:refuses(message, method, name, fields)
  local status, body = self:call(method, name, fields)
  assert.equal(400, status)
  assert.equal(message, body.error)
end

---Moves the clock forward.
function Still:advance(seconds)
  self.now = self.now + seconds
end

---Returns the events since the last call of this method, as {{name, data}, ...} in their order. The mock keeps events
---only if there is a destination for them, so the first call adds one if there is none.
function Still:events()
  if self.seen == 0 and not self.state.deliveries.destinations[1] then
    self:control("webhooks", {url = "http://127.0.0.1:1/"})
  end
  local found, list = {}, self:get("deliveries")
  for index = self.seen + 1, #list do
    local event = cjson.decode(list[index].body)
    found[#found + 1] = {event.event or event.eventType, event.data}
  end
  self.seen = #list
  return found
end

---Returns what a function took from the wallet.
function Still:cost(run)
  local before = self:get("status").balance
  run()
  return before - self:get("status").balance
end

return still_mock
