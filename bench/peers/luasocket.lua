-- Makes calls with luasocket, luasec and lua-cjson over HTTP/1.1, one after another. Prints the seconds.
--   luasocket.lua COUNT        with ssl.https of luasec, which opens a new connection for every call
--   luasocket.lua COUNT keep   on one connection; this program writes the HTTP itself
local cjson = require "cjson"
local https = require "ssl.https"
local ltn12 = require "ltn12"
local socket = require "socket"
local ssl = require "ssl"

local count, keep = tonumber(arg[1]), arg[2] == "keep"
local url = os.getenv "BENCH_URL"
local host, port, path = url:match "^https://([^:/]+):(%d+)(.*)$"
local TLS = {
  mode = "client",
  protocol = "any",
  options = { "all", "no_sslv3" },
  verify = "peer",
  cafile = os.getenv "CMR_CA_FILE",
}

local function new_connection()
  local parts = {}
  local _, status = https.request {
    url = url,
    sink = ltn12.sink.table(parts),
    headers = { ["cmr-x-api-key"] = os.getenv "CMR_API_KEY" },
    verify = TLS.verify,
    cafile = TLS.cafile,
  }
  assert(status == 200, status)
  return cjson.decode(table.concat(parts))
end

local connection
local function kept_connection()
  if not connection then
    connection = socket.tcp()
    assert(connection:connect(host, port))
    connection:setoption("tcp-nodelay", true)
    connection = assert(ssl.wrap(connection, TLS))
    assert(connection:dohandshake())
  end
  assert(
    connection:send(
      ("GET %s HTTP/1.1\r\nHost: %s:%s\r\nAccept: application/json\r\ncmr-x-api-key: %s\r\n\r\n"):format(
        path,
        host,
        port,
        os.getenv "CMR_API_KEY"
      )
    )
  )
  local status = assert(connection:receive "*l"):match "^HTTP/1.1 (%d+)"
  assert(status == "200", status)
  local length
  repeat
    local line = assert(connection:receive "*l")
    length = line:match "^[Cc]ontent%-[Ll]ength: (%d+)" or length
  until line == ""
  return cjson.decode((assert(connection:receive(tonumber(length)))))
end

local call = keep and kept_connection or new_connection
for _ = 0, count / 10 do
  assert(call().status == 200)
end -- opens the connection and warms up
local begun = socket.gettime()
for _ = 1, count do
  assert(call().status == 200)
end
print(socket.gettime() - begun)
