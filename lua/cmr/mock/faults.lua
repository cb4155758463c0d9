-- Faults ordered by a test: what goes wrong with the next requests that match.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"

local faults = {}

local MATCH = { operation = "string", method = "string", path = "string" }
local FIELDS = { match = "table", times = "number", status = "number", headers = "table", delay = "number" }

--- Check an order that came as JSON; so that a misspelt one does not silently do nothing.
-- @param order {match = {operation, method, path}, times = 1, status, headers = {}, body, delay = seconds, close}:
--   `body` is text sent as it is, or a value sent as JSON (without one, an envelope for the status); `close` is true
--   (closed without reading the body, nothing is done) or "after" (the request is carried out, its answer is lost)
-- @return the order, ready for faults.take, or nil and what is wrong
function faults.check(order)
  for name, value in pairs(order) do
    local want = FIELDS[name]
    if want and type(value) ~= want then return nil, ("'%s' must be a %s"):format(name, want) end
    if not want and name ~= "body" and name ~= "close" then return nil, ("unknown field '%s'"):format(name) end
  end
  for name, value in pairs(order.match or {}) do
    if type(value) ~= MATCH[name] then return nil, ("'match.%s' is unknown or no string"):format(name) end
  end
  for name, value in pairs(order.headers or {}) do
    if type(value) ~= "string" then return nil, ("'headers.%s' must be a string"):format(name) end
  end
  local close, status, times, delay = order.close, order.status, order.times or 1, order.delay or 0
  if close ~= nil and type(close) ~= "boolean" and close ~= "after" then
    return nil, "'close' must be true, false or \"after\""
  end
  if status and (status < 200 or status > 599 or status % 1 ~= 0) then return nil, "'status' must be 200 to 599" end
  if times < 1 or times % 1 ~= 0 then return nil, "'times' must be a whole number from 1" end
  if delay < 0 then return nil, "'delay' must be seconds, 0 or more" end
  return {
    match = order.match or {},
    left = times,
    status = status,
    headers = order.headers or {},
    body = order.body,
    delay = delay,
    close = close,
  }
end

local function matches(want, request)
  return (want.operation == nil or want.operation == request.operation_name)
    and (want.method == nil or want.method == request.method)
    and (want.path == nil or want.path == request.path or want.path == request.operation_path)
end

--- The first fault in `queue` meant for this request, counted down and removed when used up; or nil.
function faults.take(queue, request)
  for index, fault in ipairs(queue) do
    if matches(fault.match, request) then
      fault.left = fault.left - 1
      if fault.left == 0 then table.remove(queue, index) end
      return fault
    end
  end
end

--- The answer a fault gives, or nil when it leaves the answer to the API.
function faults.answer(fault)
  if not fault.status and fault.body == nil then return nil end
  local status = fault.status or 200
  local reply = answer.new(status, "mock: a fault was ordered")
  if type(fault.body) == "string" then
    reply.body = fault.body
  elseif fault.body ~= nil then
    reply.body = json.encode(fault.body)
  end
  return reply
end

return faults
