-- A server that receives webhooks, one request after the other, in the process of the spec.
local assert = require "luassert"
local socket = require "socket"

local TIMEOUT_SECONDS = 10

local receiver = {}

local Receiver = {}
Receiver.__index = Receiver

---Starts a server on a free port of this machine.
function receiver.new()
  local socket_listener = assert(socket.bind("127.0.0.1", 0, 1024))
  local _, port = socket_listener:getsockname()
  return setmetatable({listener = socket_listener, url = ("http://127.0.0.1:%d/hook?x=1"):format(port)}, Receiver)
end

--- Waits for the next delivery and answers it.
-- @param status the status of the answer, or a function that gets the delivery and returns it; default: 200; false
--   closes the connection without an answer
-- @param limit the maximum wait in seconds; after it, the function returns nil
-- @return {line, headers = {lower-case name = value}, body}
function Receiver:next(status, limit)
  self.listener:settimeout(limit or TIMEOUT_SECONDS)
  local connection = self.listener:accept()
  if not connection then
    assert.is_number(limit, "no delivery came")
    return nil
  end
  connection:settimeout(TIMEOUT_SECONDS)
  local delivery = {line = assert(connection:receive "*l"), headers = {}}
  for line in function() return connection:receive "*l" end do
    if line == "" then break end
    local name, value = line:match("^([^:]+): ?(.*)$")
    assert.is_nil(delivery.headers[name:lower()])
    delivery.headers[name:lower()] = value
  end
  delivery.body = connection:receive(tonumber(delivery.headers["content-length"]))
  if type(status) == "function" then status = status(delivery) end
  if status ~= false then
    connection:send(("HTTP/1.1 %d x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"):format(status or 200))
  end
  connection:close()
  return delivery
end

function Receiver:close()
  self.listener:close()
end

return receiver
