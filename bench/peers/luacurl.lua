-- Makes calls with Debian's lua-curl and lua-cjson, one after another on one easy handle: luacurl.lua COUNT. Prints the
-- seconds. lua-curl has no multi interface. It uses HTTP/2, which is libcurl's default.
local cjson = require "cjson"
local curl = require "curl"
local socket = require "socket"

local easy = curl.easy_init()
easy:setopt(curl.OPT_URL, os.getenv "BENCH_URL")
easy:setopt(curl.OPT_CAINFO, os.getenv "CMR_CA_FILE")
easy:setopt(curl.OPT_PROXY, "")
easy:setopt(curl.OPT_ACCEPT_ENCODING, "")
easy:setopt(curl.OPT_HTTPHEADER, { "Accept: application/json", "cmr-x-api-key: " .. os.getenv "CMR_API_KEY" })

local parts
easy:setopt(curl.OPT_WRITEFUNCTION, function(bytes)
  parts[#parts + 1] = bytes
  return #bytes
end)

local function call()
  parts = {}
  assert(easy:perform())
  assert(cjson.decode(table.concat(parts)).status == 200)
end

local count = tonumber(arg[1])
for _ = 0, count / 10 do
  call()
end -- opens the connection and warms up
local begun = socket.gettime()
for _ = 1, count do
  call()
end
print(socket.gettime() - begun)
