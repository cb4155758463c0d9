-- A client for many concurrent requests over plain HTTP, for specs of servers. It shows when each answer came, and can
-- disconnect in the middle.
local socket = require "socket"

local http = {}

local Request = {}
Request.__index = Request

--- Connects to a port of this machine and sends a request.
-- @param port number
-- @param path the path with its query
-- @param options method ("GET"), headers = {name = value}, body = text
-- @return a request; http.collect or request:answer() waits for its answer
function http.send(port, path, options)
  options = options or {}
  local body = options.body or ""
  -- with HTTP/1.0, no answer is chunked
  local lines = {("%s %s HTTP/1.0"):format(options.method or "GET", path), "Host: localhost"}
  for name, value in pairs(options.headers or {}) do table.insert(lines, name .. ": " .. value) end
  if options.body then table.insert(lines, "Content-Length: " .. #body) end
  local request = setmetatable({begun = socket.gettime(), parts = {}, path = path}, Request)
  local connection, why = socket.connect("127.0.0.1", port)
  if not connection then
    request.why = why
    return request
  end
  connection:setoption("tcp-nodelay", true)
  connection:settimeout(10)
  request.connection = connection
  local _, failed = connection:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body)
  connection:settimeout(0)
  if failed then request:close(failed) end
  return request
end

---Disconnects, whether the request was answered or not.
function Request:close(why)
  if self.connection then
    self.connection:close()
    self.connection, self.why = nil, why or "closed by the client"
  end
end

-- Reads the bytes that have arrived. At the end of the response, makes the answer.
function Request:read()
  local data, failed, partial = self.connection:receive(65536)
  table.insert(self.parts, data or partial)
  if not failed or failed == "timeout" then return end
  self:close(failed)
  self.took = socket.gettime() - self.begun
  local status, head, body = table.concat(self.parts):match("^HTTP/%S+ (%d+)[^\r]*(.-)\r\n\r\n(.*)$")
  if not status then return end
  self.status, self.body, self.headers, self.why = tonumber(status), body, {}, nil
  for name, value in head:gmatch("\r\n([^:\r\n]+): ?([^\r\n]*)") do self.headers[name:lower()] = value end
  local length = tonumber(self.headers["content-length"])
  if length and length ~= #body then self.status, self.why = nil, "cut short" end
end

--- Waits for the answers to requests.
-- @param requests an array; each request gets status, headers, body and took (seconds); without an answer it gets why
-- @param seconds the maximum wait; a request without an answer then gets why = "no answer"
-- @param poll a function that is called repeatedly during the wait; the wait ends when it returns true
function http.collect(requests, seconds, poll)
  local limit = socket.gettime() + (seconds or 10)
  while true do
    local waiting, owner = {}, {}
    for _, request in ipairs(requests) do
      if request.connection then
        table.insert(waiting, request.connection)
        owner[request.connection] = request
      end
    end
    local left = limit - socket.gettime()
    if #waiting == 0 or poll and poll() then return requests end
    if left <= 0 then break end
    for _, connection in ipairs((socket.select(waiting, nil, poll and 0 or left))) do owner[connection]:read() end
  end
  for _, request in ipairs(requests) do request:close("no answer") end
  return requests
end

---Waits for the answer, and returns the request, which contains the answer.
function Request:answer(seconds)
  return http.collect({self}, seconds)[1]
end

return http
