---Faults that a test orders. A fault makes the next matching requests go wrong.

local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"

local faults = {
  ---The fields with which a test orders a fault. control.lua checks them.
  FIELDS = {
    match = "table?",
    times = "number?",
    status = "number?",
    headers = "table?",
    body = "any?",
    delay = "number?",
    close = "any?",
  },
}

-- A condition's name -> function(value, names). The function turns the value into the form that requests have, such as
-- "post" into "POST". If no request can have the value, the function returns nil and a message.
local MATCH_FIELDS = {
  operation = function(value, names)
    local name = value:gsub("-", "_") -- also accepts a name with hyphens, as in the command
    if names[name] then return name end
    return nil, ("there is no operation '%s'; 'cmr operations' lists them"):format(value)
  end,
  method = function(value)
    if value:find "^%a+$" then return value:upper() end
    return nil, "'match.method' must be a method such as POST"
  end,
  path = function(value)
    if value:find "^/[^?]*$" then return value end
    return nil, "'match.path' must begin with / and have no query"
  end,
}

local function read_match(match, names)
  local read = {}
  for name, value in pairs(match) do
    if not MATCH_FIELDS[name] or type(value) ~= "string" then
      return nil, ("'match.%s' is unknown or not a string"):format(name)
    end
    local message
    read[name], message = MATCH_FIELDS[name](value, names)
    if message then return nil, message end
  end
  return read
end

---Makes the fault that a test orders, or refuses the order.
---@param order table {match = {operation, method, path}, times = 1, status, headers, body, delay = seconds, close}.
---A string in `body` is sent unchanged, and any other body as JSON. With a status and no body, the mock sends an
---envelope. With close = true, the mock closes the connection and does not carry out the request. With close = "after",
---the mock carries out the request and closes the connection without an answer.
---@param names table<string, any> Has the name of each operation as a key.
---@return table? fault The order, with defaults for the fields that it omits.
---@return string? message
function faults.new(order, names)
  local headers, close, status = order.headers or {}, order.close, order.status
  local times, delay = order.times or 1, order.delay or 0
  local match, message = read_match(order.match or {}, names)
  if not match then return nil, message end
  for name, value in pairs(headers) do
    if type(value) ~= "string" then return nil, ("'headers.%s' must be a string"):format(name) end
  end
  if close ~= nil and type(close) ~= "boolean" and close ~= "after" then
    return nil, "'close' must be true, false or \"after\""
  end
  if close == "after" and (status or order.body ~= nil) then
    return nil, "'close' = \"after\" sends no answer, so 'status' and 'body' have no use"
  end
  if status and (status < 200 or status > 599 or status % 1 ~= 0) then return nil, "'status' must be 200 to 599" end
  if times < 1 or times % 1 ~= 0 then return nil, "'times' must be a whole number from 1" end
  if delay < 0 then return nil, "'delay' must be seconds, 0 or more" end
  order.match, order.headers, order.left, order.delay = match, headers, times, delay
  return order
end

local function matches(match, request)
  return (match.operation == nil or match.operation == request.operation_name)
    and (match.method == nil or match.method == request.method)
    and (match.path == nil or match.path == request.path or match.path == request.operation_path)
end

---Returns the first fault that matches a request. Removes the fault from the list when it has matched `times` requests.
---@param list table[]
---@param request table
---@return table? fault
function faults.take(list, request)
  for index, fault in ipairs(list) do
    if matches(fault.match, request) then
      fault.left = fault.left - 1
      if fault.left == 0 then table.remove(list, index) end
      return fault
    end
  end
end

---Returns the answer of a fault.
---@param fault table
---@return table? answer Nil if the fault leaves the answer to the API.
function faults.answer(fault)
  if not fault.status and fault.body == nil then return nil end
  local reply = answer.new(fault.status or 200, "mock: a fault was ordered")
  if type(fault.body) == "string" then
    reply.body = fault.body
  elseif fault.body ~= nil then
    reply.body = json.encode(fault.body)
  end
  return reply
end

return faults
