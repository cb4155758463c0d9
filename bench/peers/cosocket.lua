-- A small client on nginx's cosockets, with HTTP/1.1 over TLS and reused connections. It does only what one known
-- server needs.
local cjson = require "cjson"

local url, key = os.getenv "CMR_BASE_URL", os.getenv "CMR_API_KEY"
local host, port, base = url:match "^https://([^:/]+):(%d+)(.*)$"

local cosocket = {}

--- Makes one call.
-- @return the decoded answer, or nil and a message
function cosocket.call(user)
  local socket = ngx.socket.tcp()
  socket:settimeout(12000)
  local connected, why = socket:connect(host, tonumber(port))
  if not connected then return nil, why end
  if socket:getreusedtimes() == 0 then
    -- a cosocket cannot check an IP address in a certificate, so it checks the name
    local secured, fault = socket:sslhandshake(nil, "localhost", true)
    if not secured then return nil, fault end
  end
  socket:send {
    "GET ",
    base,
    "/exports/platform-credentials?userId=",
    user,
    " HTTP/1.1\r\nHost: ",
    host,
    ":",
    port,
    "\r\nAccept: application/json\r\ncmr-x-api-key: ",
    key,
    "\r\n\r\n",
  }
  local line, fault = socket:receive "*l"
  local status = line and tonumber(line:match "^HTTP/1.1 (%d+)")
  if not status then return nil, fault or "not HTTP" end
  local length = 0
  repeat
    line, fault = socket:receive "*l"
    if not line then return nil, fault end
    length = tonumber(line:match "^[Cc]ontent%-[Ll]ength: (%d+)") or length
  until line == ""
  local body, lost = socket:receive(length)
  if not body then return nil, lost end
  socket:setkeepalive(3600000, 1024)
  if status ~= 200 then return nil, "HTTP " .. status end
  return cjson.decode(body)
end

return cosocket
