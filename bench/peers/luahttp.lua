-- Makes calls with lua-http and lua-cjson on one HTTP/2 connection: luahttp.lua COUNT [AT_ONCE]. Prints the seconds.
local cjson = require "cjson"
local client = require "http.client"
local context = require "openssl.ssl.context"
local cqueues = require "cqueues"
local headers = require "http.headers"
local store = require "openssl.x509.store"
local tls = require "http.tls"

local count, at_once = tonumber(arg[1]), tonumber(arg[2] or 1)
local host, port, path = os.getenv("BENCH_URL"):match "^https://([^:/]+):(%d+)(.*)$"

local trusted = store.new()
trusted:add(os.getenv "CMR_CA_FILE")
local secure = tls.new_client_context()
secure:setStore(trusted)
secure:setVerify(context.VERIFY_PEER)

local connection

local function call()
  local request = headers.new()
  request:append(":method", "GET")
  request:append(":scheme", "https")
  request:append(":authority", host .. ":" .. port)
  request:append(":path", path)
  request:append("accept", "application/json")
  request:append("cmr-x-api-key", os.getenv "CMR_API_KEY", true)
  local stream = connection:new_stream()
  assert(stream:write_headers(request, true))
  assert(assert(stream:get_headers()):get ":status" == "200")
  return assert(cjson.decode(assert(stream:get_body_as_string())).status == 200)
end

local loop = cqueues.new()
loop:wrap(function()
  connection = assert(client.connect { host = host, port = tonumber(port), tls = true, ctx = secure })
  assert(connection.version == 2)
  for _ = 0, count / 10 do
    call()
  end -- warms up
  local begun, left, workers = cqueues.monotime(), count, cqueues.new()
  for _ = 1, at_once do
    workers:wrap(function()
      while left > 0 do
        left = left - 1
        call()
      end
    end)
  end
  assert(workers:loop())
  print(cqueues.monotime() - begun)
end)
assert(loop:loop())
os.exit(0, false) -- exits without running lua-http's finalizers, which take long
